"""The sample games: legal to their known ends, and a clean first import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess.pgn

from desktop_app import paths
from desktop_app.domain.filters import GameQuery
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources

if TYPE_CHECKING:
    from pathlib import Path


def _games() -> list[chess.pgn.Game]:
    games = []
    with paths.resource("samples.pgn").open(encoding="utf-8") as file:
        while (game := chess.pgn.read_game(file)) is not None:
            games.append(game)
    return games


def test_every_sample_is_legal_to_its_end() -> None:
    """No illegal move, a result, and mate on the board where the game is known to have ended in mate."""
    games = _games()
    assert 25 <= len(games) <= 30
    mates = 0
    for game in games:
        assert game.errors == []
        assert game.headers["Result"] in {"1-0", "0-1"}
        board = game.end().board()
        assert not board.is_checkmate() or board.result() == game.headers["Result"]
        mates += board.is_checkmate()
    assert mates == 9


def test_the_samples_are_analysed_in_minutes() -> None:
    """At the quick profile all of them take two cores less than five minutes: few enough plies."""
    assert sum(sum(1 for _ in game.mainline_moves()) for game in _games()) <= 1_500


def test_the_samples_import_without_a_problem(tmp_path: Path) -> None:
    """Every game is new, nothing is rejected or repaired, and every opening has a name."""
    with Library.open(tmp_path / "library.kibitz") as library:
        receipt = import_sources(library, [paths.resource("samples.pgn")], workers=0)
        assert receipt.read == receipt.imported == len(_games())
        assert not receipt.problems
        assert receipt.bytes_unaccounted == 0
        rows = library.games.page(GameQuery(), 0, 50)
        assert all(row.eco and row.opening for row in rows)
