"""`kibitz find-position`: what it prints and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GAMES = (
    '[Event "A"]\n[White "Anand"]\n[Black "Carlsen"]\n[Date "2020.01.01"]\n[Result "1-0"]\n\n1. d4 Nf6 2. c4 e6 1-0\n\n'
    '[Event "B"]\n[White "So"]\n[Black "Ding"]\n[Date "2021.01.01"]\n[Result "1/2-1/2"]\n\n1. c4 Nf6 2. d4 g6 1/2-1/2\n'
)
AFTER_C4 = "rnbqkb1r/pppppppp/5n2/8/2PP4/8/PP2PPPP/RNBQKBNR b KQkq - 0 2"


@pytest.fixture
def kibitz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command on a library with two games; returns exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--library", str(tmp_path / "l.kibitz")], lambda *_: 99)
        said = capsys.readouterr()
        return code, said.out, said.err

    (tmp_path / "games.pgn").write_text(GAMES)
    assert run("import", str(tmp_path / "games.pgn"))[0] == 0
    return run


def test_json_has_the_promised_shape(kibitz: Callable[..., tuple[int, str, str]]) -> None:
    """Total, games with ply and next move, moves with results: right after an import, transpositions included."""
    code, out, _ = kibitz("find-position", AFTER_C4, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["total"] == 2
    assert [(game["id"], game["ply"], game["next_san"]) for game in found["games"]] == [(2, 3, "g6"), (1, 3, "e6")]
    names = ("san", "games", "white_wins", "draws", "black_wins", "last_played")
    assert [tuple(move[name] for name in names) for move in found["moves"]] == [
        ("e6", 1, 1, 0, 0, "2020.01.01"),
        ("g6", 1, 0, 1, 0, "2021.01.01"),
    ]
    assert found["coverage"] == {"games": 2, "indexed": 2}


def test_limit_and_filter(kibitz: Callable[..., tuple[int, str, str]]) -> None:
    """`--limit` cuts the list, not the total; `--filter` cuts both."""
    found = json.loads(kibitz("find-position", AFTER_C4, "--json", "--limit", "1")[1])
    assert (found["total"], len(found["games"])) == (2, 1)
    found = json.loads(kibitz("find-position", AFTER_C4, "--json", "--filter", "player:anand")[1])
    assert [game["id"] for game in found["games"]] == [1]


def test_tables_for_people(kibitz: Callable[..., tuple[int, str, str]]) -> None:
    """Without --json: how many, the moves, the games; what is not indexed is said."""
    code, out, _ = kibitz("find-position", chess.STARTING_FEN, "--indexed-only")
    assert code == 0
    assert "0 games" in out
    assert "2 games of 2 are not indexed yet" in out
    _, out, _ = kibitz("find-position", chess.STARTING_FEN)
    assert "2 games with this position" in out
    assert "Anand" in out
    assert "d4" in out


def test_a_bad_fen_is_wrong_usage(kibitz: Callable[..., tuple[int, str, str]]) -> None:
    """Exit code 2 and one line."""
    code, out, err = kibitz("find-position", "rubbish")
    assert (code, out, err.count("\n")) == (2, "", 1)
