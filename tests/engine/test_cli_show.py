"""`kibitz show --json` after a real analysis of games that are not of the usual kind, each from import to verdicts."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import chess
import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

PLY_KEYS = {
    "ply", "san", "uci", "fen_after", "clock_s", "white_cp", "white_mate", "depth", "nodes", "best_uci", "best_san",
    "pv", "judgement", "nag", "confidence", "move_accuracy", "comment", "variations_pgn",
}  # fmt: skip

LONG_PLIES = 320
CHESS960 = """[Event "Another start"]
[White "Anna"]
[Black "Bert"]
[Result "0-1"]
[Variant "Chess960"]
[SetUp "1"]
[FEN "nrkbbqrn/pppppppp/8/8/8/8/PPPPPPPP/NRKBBQRN w GBgb - 0 1"]

1. e4 e5 2. Bf3 Bf6 3. d3 $6 d6 4. Bd2 Bd7 5. Qe2 Qe7 6. O-O O-O-O 0-1
"""
PARTIAL = """[Event "Broken tail"]
[White "Carla"]
[Black "Dirk"]
[Result "1-0"]

1. e4 e5 2. Qh5 Ke7 3. Qxe5# Kd6 4. Nf3 1-0
"""
BLACK_FIRST = """[Event "From a position"]
[White "Emil"]
[Black "Fritz"]
[Result "0-1"]
[SetUp "1"]
[FEN "6k1/5ppp/8/8/8/1r6/r4PPP/6K1 b - - 0 30"]

30... g6 0-1
"""


def long_game() -> str:
    """`LONG_PLIES` legal half-moves, drawn by seeded chance, that end in the middle of the game."""
    board, draw, text = chess.Board(), random.Random(0), ""  # noqa: S311 -- a repeatable game, not a secret
    for index in range(LONG_PLIES):
        move = draw.choice(list(board.legal_moves))
        text += f"{'' if index % 2 else f'{index // 2 + 1}. '}{board.san(move)} "
        board.push(move)
    assert not board.is_game_over()
    return f'[Event "Long"]\n[White "Gerd"]\n[Black "Hans"]\n[Result "1/2-1/2"]\n\n{text}1/2-1/2\n'


def run(*arguments: str) -> str:
    """The program's standard output; it ended well."""
    command = [sys.executable, "-m", "desktop_app", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What `show --json` prints of each game, by White's name, after import and analysis by the program itself."""
    folder: Path = tmp_path_factory.mktemp("shown")
    source, library = folder / "odd.pgn", ("--library", str(folder / "l.kibitz"))
    source.write_text(f"{CHESS960}\n{PARTIAL}\n{BLACK_FIRST}\n{long_game()}", encoding="utf-8")
    run("import", str(source), *library)
    run("analyse", "--all", "--nodes", "400", "--workers", "2", "--json", *library)
    shown = [json.loads(run("show", str(number), "--json", *library)) for number in range(1, 5)]
    return {game["headers"]["White"]: game for game in shown}


def replayed(game: dict[str, Any]) -> chess.Board:
    """The board after the game's own moves, each of which stands where it says."""
    board = chess.Board(game["start_fen"], chess960=game["variant"] == "chess960")
    for number, ply in enumerate(game["plies"], start=1):
        assert ply["ply"] == number
        assert ply.keys() >= PLY_KEYS
        best = board.parse_uci(ply["best_uci"])
        assert (best in board.legal_moves, board.san(best)) == (True, ply["best_san"])
        board.push_uci(ply["uci"])
        assert ply["fen_after"] == board.fen()
        line = board.copy()
        for san in ply["pv"]:
            line.push_san(san)
    return board


def test_every_game_is_evaluated_ply_by_ply(games: dict[str, dict[str, Any]]) -> None:
    """Moves, positions, better moves and lines agree with the board, and no ply is left without a score."""
    for game in games.values():
        board = replayed(game)
        assert game["state"] == "analysed"
        assert game["analysis"]["complete"]
        unscored = [ply["ply"] for ply in game["plies"] if ply["white_cp"] is None and ply["white_mate"] is None]
        assert unscored == ([len(game["plies"])] if board.is_checkmate() else [])


def test_chess960_castles_with_its_own_rooks(games: dict[str, dict[str, Any]]) -> None:
    """Castling is written as the king taking its rook, and judged as any other move."""
    game = games["Anna"]
    assert [ply["uci"] for ply in game["plies"][-2:]] == ["c1g1", "c8b8"]
    assert game["plies"][-1]["san"] == "O-O-O"
    assert game["plies"][4]["nags"] == [6]


def test_a_broken_tail_is_told_and_the_rest_judged(games: dict[str, dict[str, Any]]) -> None:
    """The legal beginning is judged; what was left out is said."""
    game = games["Carla"]
    assert [ply["san"] for ply in game["plies"]] == ["e4", "e5", "Qh5", "Ke7", "Qxe5#"]
    assert "Kd6" in game["partial"]
    assert game["plies"][3]["judgement"] == "blunder"


def test_black_begins_and_misses_a_mate(games: dict[str, dict[str, Any]]) -> None:
    """Ply 1 is Black's; the engine's choice mates at once, and the root's score is from White's side."""
    game = games["Emil"]
    assert game["start_fen"].split()[1] == "b"
    assert game["analysis"]["root"]["white_mate"] == -1
    assert game["plies"][0]["best_san"] in {"Ra1#", "Rb1#"}


def test_more_than_three_hundred_plies(games: dict[str, dict[str, Any]]) -> None:
    """Nothing is cut off, and both sides have an accuracy."""
    game = games["Gerd"]
    assert len(game["plies"]) == LONG_PLIES
    assert game["summary"]["white"]["accuracy"] is not None
    assert game["summary"]["black"]["accuracy"] is not None
