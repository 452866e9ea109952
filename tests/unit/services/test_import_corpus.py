"""Real and real-awkward files: everything is read or refused in words, and every byte is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.moves import unpack_moves
from desktop_app.library.prepared import GAME_COLUMNS
from desktop_app.pgn.blocks import BlockCutter
from desktop_app.pgn.reader import read_game
from desktop_app.pgn.sources import open_sources
from desktop_app.pgn.splitter import RawGame
from desktop_app.pgn.streams import as_text
from desktop_app.pgn.tree import read_tree
from desktop_app.services.import_games import import_sources
from desktop_app.services.import_pool import read_here
from desktop_app.services.import_reading import BlockRead

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.library.library import Library

pytestmark = pytest.mark.corpus

REJECTED = {
    "linebreak-mac/database.pgn": "its first move is illegal, as kokopu says too",
    "lichess-practice-the-fork_by_arex_2017.01.29.pgn": "its first move is illegal",
}
"""Every rejected game of pgn_edge, by the end of its file's name."""

ONLY_VARIATIONS_LOST = ("sampleGameThrow.pgn", "greek-gift_by_arex_2017.02.11.pgn", "the-fork_by_arex_2017.01.29.pgn")
"""Files in which python-chess, unlike us, stumbles over illegal text beside the main line."""

SAMPLE_GAMES = 300
LARGE_BYTES = 120_000
"""Files beyond this add time to the comparison, not kinds of games."""


def test_edge_files_are_read_or_refused_in_words(library: Library, corpus: Path) -> None:
    """All of pgn_edge in one import: no crash, figures that add up, and only the listed games rejected."""
    receipt = import_sources(library, [corpus / "pgn_edge"], workers=2)
    assert receipt.read == receipt.imported + receipt.duplicates + receipt.rejected
    assert receipt.bytes_unaccounted == 0
    assert receipt.read > 1900
    refused = [problem for problem in receipt.problems if problem.kind == "rejected" and problem.game_index is not None]
    assert all(problem.source.endswith(tuple(REJECTED)) for problem in refused)
    assert len(refused) == len(REJECTED) == receipt.rejected
    assert all(problem.reason.endswith(".") for problem in receipt.problems)


@pytest.mark.parametrize("name", ["evals", "puzzles", "games/lichess_user_mzfr_474.pgn"])
def test_real_games_are_never_rejected(library: Library, corpus: Path, name: str) -> None:
    """Sites' own exports and puzzle collections come in whole."""
    receipt = import_sources(library, [corpus / name], workers=2)
    assert receipt.rejected == 0
    assert receipt.bytes_unaccounted == 0
    assert receipt.imported > 100


@pytest.mark.parametrize("name", ["chesscom_user_mzfr_1078", "lichess_user_jishanshaikh4_3000", "otb_4000"])
def test_the_first_games_of_large_files_are_never_rejected(corpus: Path, name: str) -> None:
    """A sample of each compressed database: every game a sound record with moves or a reason for none."""
    sources = list(open_sources([corpus / "games" / f"{name}.pgn.zst"]))
    count = 0
    for message in read_here(sources, None):
        assert isinstance(message, BlockRead)
        assert [problem.reason for problem in message.problems if problem.kind == "rejected"] == []
        assert all(game.columns[GAME_COLUMNS.index("partial")] is None for game in message.prepared)
        count += message.games
        if count >= SAMPLE_GAMES:
            break


def test_main_lines_agree_with_python_chess(corpus: Path) -> None:
    """What python-chess makes of the text we keep is the main line we keep, illegal sidelines apart."""
    compared, different = 0, set()
    for source in open_sources([corpus / "pgn_edge", corpus / "evals"]):
        if source.size > LARGE_BYTES:
            continue
        stream, _ = as_text(source.open())
        for block in BlockCutter(stream):
            for piece in block.split():
                record = read_game(piece).record if isinstance(piece, RawGame) else None
                if record is None or record.variant.startswith("unknown:"):
                    continue
                compared += 1
                if list(read_tree(record.pgn).game.mainline_moves()) != unpack_moves(record.moves):
                    different.add(source.name)
        stream.close()
    assert compared > 700
    assert all(name.endswith(ONLY_VARIATIONS_LOST) for name in different)
