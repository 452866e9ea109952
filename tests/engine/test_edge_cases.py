"""The edge cases of judgement.md 5.4 and the checks of 5.7, with the real program and a real Stockfish.

One library holds a game of every kind; it is analysed once with a few nodes. What `show --json` then says of each is
compared with the definitions, which `by_hand` computes a second time.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import chess
import pytest

from desktop_app.cli.main import main
from tests.engine.by_hand import KINDS, Expected, expected

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.by_hand import Shown

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

NODES = "150"
LONG_PLIES = 306
BEYOND = 300
"""Lichess stops here."""

COUNTS = ("inaccuracies", "mistakes", "blunders")


def quiet_walk(plies: int) -> str:
    """Moves of a long game in SAN: pseudo-random ones that take nothing where that can be, so that nothing ends it."""
    board, number, sans = chess.Board(), 1, []
    for _ in range(plies):
        moves = sorted(board.legal_moves, key=chess.Move.uci)
        quiet = [move for move in moves if not board.is_capture(move)] or moves
        number = (number * 1_103_515_245 + 12_345) % 2**31
        sans.append(board.san_and_push(quiet[(number >> 8) % len(quiet)]))
    return " ".join(sans)


GAMES = {
    "chess960": (
        """[Variant "Chess960"]\n[SetUp "1"]\n[FEN "rk5r/pppppppp/nn6/8/8/NN6/PPPPPPPP/RK5R w KQkq - 0 1"]""",
        "1. d4 d5 2. O-O O-O-O 3. c4 dxc4 4. Nxc4 Rxd4 5. Nxd4 Nxc4 *",
    ),
    "black_first": (
        """[SetUp "1"]\n[FEN "r1bqkbnr/pppp1ppp/2n5/4p3/2B1P3/5N2/PPPP1PPP/RNBQK2R b KQkq - 3 3"]""",
        "3... f6 4. O-O g5 5. Nxg5 fxg5 6. Qh5+ Ke7 7. Qf7+ Kd6 8. Qd5+ Ke7 9. Qf7+ *",
    ),
    "partial": ("", "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. Qh5 Be7 *"),
    "long": ("", f"{quiet_walk(LONG_PLIES)} *"),
    "one_ply": ("", "1. f3 *"),
    "one_colour": ("""[SetUp "1"]\n[FEN "4k3/8/8/8/8/8/3r4/R3K3 b - - 0 1"]""", "1... Kd7 *"),
    "no_moves": ("", "1-0"),
    "null_moves": ("", "1. e4 -- 2. d4 -- *"),
    "four_plies": ("", "1. f3 e5 2. g4 Nc6 *"),
    "stalemate": ("""[SetUp "1"]\n[FEN "k7/8/1K6/8/8/8/8/2Q5 w - - 0 1"]""", "1. Qd1 Kb8 2. Qd7 Ka8 3. Qc7 1/2-1/2"),
    "mate": ("", "1. e4 e5 2. Bc4 Nc6 3. Qh5 Nf6 4. Qxf7# 1-0"),
    "bare_kings": ("""[SetUp "1"]\n[FEN "8/8/8/3k4/8/3qK3/8/8 w - - 0 1"]""", "1. Kxd3 1/2-1/2"),
    "short_draw": (
        "",
        "1. e4 e5 2. Nf3 Nc6 3. Bb5 Nf6 4. O-O Nxe4 5. Re1 Nd6 6. Nxe5 Be7 7. Bf1 Nxe5 8. Rxe5 O-O 1/2-1/2",
    ),
    "fivefold": (
        "",
        "1. Nf3 Nf6 2. Ng1 Ng8 3. Nf3 Nf6 4. Ng1 Ng8 5. Nf3 Nf6 6. Ng1 Ng8 7. Nf3 Nf6 8. Ng1 Ng8 9. e4 g5 10. d4 f6 *",
    ),
}
"""Headers beyond the usual ones, and moves. One is cut short by an illegal move (5. Qh5 of `partial`)."""

NUMBERS = {name: number for number, name in enumerate(GAMES, start=1)}
JUDGED = [name for name in GAMES if name not in {"no_moves", "null_moves"}]
CASES = pytest.mark.parametrize("name", JUDGED)


def run(*arguments: str) -> str:
    """Run `kibitz` as a process of its own and return what it printed."""
    command = [sys.executable, "-m", "desktop_app", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def no_window(_files: list[str], _library: str | None) -> int:
    """Stand where the window would be opened; headless commands never come here."""
    pytest.fail("a headless command opened the window")


def printed(*arguments: str) -> str:
    """What `kibitz` prints, run in this process: a dozen processes would take longer than all the searches."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(list(arguments), open_window=no_window) == 0
    return out.getvalue()


def shown(location: Path, name: str) -> Shown:
    """What `show --json` says of a game."""
    game: Shown = json.loads(printed("show", str(NUMBERS[name]), "--json", "--library", str(location)))
    return game


def write_games(path: Path, games: dict[str, tuple[str, str]]) -> None:
    """Write these games as a PGN file."""
    parts = [f'[Event "{name}"]\n{headers}\n\n{moves}\n' for name, (headers, moves) in games.items()]
    path.write_text("\n".join(parts), encoding="utf-8")


@pytest.fixture(scope="module")
def location(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with all these games, analysed."""
    folder = tmp_path_factory.mktemp("edges")
    pgn, library = folder / "edges.pgn", folder / "edges.kibitz"
    write_games(pgn, GAMES)
    run("import", str(pgn), "--library", str(library))
    run("analyse", "--all", "--nodes", NODES, "--workers", "2", "--library", str(library))
    return library


def assert_agrees(game: Shown, by_hand: Expected) -> None:
    """Every verdict, accuracy, loss, count and phase shown is what the definitions say."""
    judged = game["plies"][: len(by_hand.verdicts)]
    for ply, verdict in zip(judged, by_hand.verdicts, strict=True):
        where = f"ply {ply['ply']} {ply['san']}"
        assert (ply["judgement"], ply["label"]) == (verdict.judgement, verdict.label), where
        assert ply["move_accuracy"] == approximately(verdict.accuracy), where
    assert [ply["phase"] for ply in judged] == by_hand.phases
    summary = game["summary"]
    for index, side in enumerate(("white", "black")):
        figures = summary[side]
        assert figures["accuracy"] == approximately(by_hand.accuracy[index])
        assert figures["acpl"] == approximately(by_hand.acpl[index])
        for kind, name in zip(KINDS, COUNTS, strict=True):
            assert figures[name] == by_hand.count(white=side == "white", kind=kind)
        for phase, accuracies in by_hand.phase_accuracy.items():
            assert summary["phases"][phase][f"{side}_accuracy"] == approximately(accuracies[index])
    assert list(summary["phases"]) == list(by_hand.phase_accuracy)


def approximately(value: float | None) -> Any:
    """The value as JSON has it, to six decimals."""
    return None if value is None else pytest.approx(value, abs=2e-6)


@CASES
def test_what_is_shown_is_what_the_definitions_say(location: Path, name: str) -> None:
    """Verdicts, accuracies, losses, counts and phases of a game of each kind, computed a second time."""
    game = shown(location, name)
    assert game["state"] == "analysed"
    assert (game["analysis"]["complete"], game["analysis"]["nodes"]) == (True, int(NODES))
    assert game["analysis"]["positions"] == len(game["plies"]) + 1
    assert_agrees(game, expected(game, chess960=name == "chess960"))


def test_moves_are_compared_in_one_notation_and_castling_is_known(location: Path) -> None:
    """A Chess960 game is played on by engines and by us with the same castling rights."""
    game = shown(location, "chess960")
    assert [ply["san"] for ply in game["plies"][2:4]] == ["O-O", "O-O-O"]
    assert game["variant"] == "chess960"
    root = game["analysis"]["root"]
    assert root["white_cp"] is not None or root["white_mate"] is not None


def test_a_game_from_a_position_starts_with_its_colour_and_its_score(location: Path) -> None:
    """Black moves first, and the first move is measured from what the engine says of the position, not from +0.15."""
    game = shown(location, "black_first")
    assert [move.white for move in expected(game).verdicts[:2]] == [False, True]
    alone = shown(location, "one_colour")
    assert alone["plies"][0]["judgement"] == "blunder"  # it leaves the rook en prise
    assert alone["summary"]["white"] == dict.fromkeys(("accuracy", "acpl")) | dict.fromkeys(COUNTS, 0)
    assert (alone["summary"]["black"]["accuracy"], alone["summary"]["black"]["blunders"]) == (None, 1)


def test_the_legal_part_of_a_cut_game_is_judged(location: Path) -> None:
    """It says where it stopped; nothing is made up beyond."""
    game = shown(location, "partial")
    assert len(game["plies"]) == 8
    assert game["partial"] == 'ply 9: illegal move "Qh5"'


def test_what_cannot_be_judged_is_neither_failed_nor_analysed(location: Path) -> None:
    """No moves, or null moves: there is a reason, and no figure."""
    for name, reason in (("no_moves", "no moves"), ("null_moves", "a null move in the main line")):
        game = shown(location, name)
        assert (game["state"], game["not_judged"], game["error"]) == ("unanalysed", reason, None)
        assert (game["analysis"], game["summary"]) == (None, None)
        assert {ply["judgement"] for ply in game["plies"]} <= {None}


def test_ends_on_the_board(location: Path) -> None:
    """Mate has no score and costs nothing; stalemate and dead positions are 0.00, so a win thrown away is a blunder."""
    mate, stale, bare = (shown(location, name)["plies"][-1] for name in ("mate", "stalemate", "bare_kings"))
    assert (mate["white_cp"], mate["white_mate"], mate["over"], mate["label"]) == (None, None, "white", "mate")
    assert (mate["move_accuracy"], mate["nodes"], mate["judgement"]) == (100, 0, None)
    assert (stale["white_cp"], stale["over"], stale["judgement"]) == (0, "draw", "blunder")
    assert (bare["white_cp"], bare["over"], bare["judgement"]) == (0, "draw", None)
    forced = shown(location, "stalemate")["plies"][3]
    assert (forced["san"], forced["label"], forced["judgement"]) == ("Ka8", "forced", None)


def test_a_draw_by_the_rules_in_mid_game_is_no_search(location: Path) -> None:
    """The fifth time a position stands it is a draw; the move after it is not judged, the game goes on."""
    plies = shown(location, "fivefold")["plies"]
    assert [ply["ply"] for ply in plies if ply["over"]] == [16]
    assert (plies[15]["white_cp"], plies[15]["nodes"]) == (0, 0)
    assert plies[16]["label"] == "not evaluated"
    assert plies[17]["label"] != "not evaluated"


def test_book_moves_are_named_and_judged_as_any_other(location: Path) -> None:
    """The opening is shown; a draw agreed in it changes nothing."""
    game = shown(location, "short_draw")
    assert game["opening"]["eco"] == "C67"
    assert all(ply["move_accuracy"] is not None for ply in game["plies"])


def test_short_games_show_no_accuracy_to_people(location: Path) -> None:
    """Scripts get the number, which the definitions give; the page says why it has none."""
    assert shown(location, "four_plies")["summary"]["white"]["accuracy"] is not None
    page = printed("show", str(NUMBERS["four_plies"]), "--library", str(location))
    assert page.endswith("Too short for an accuracy.\n")
    assert "%" not in page


def test_long_games_are_judged_to_the_end_unless_exactly_as_lichess_does(location: Path) -> None:
    """More than 300 half-moves: all are judged and that is said; `lichess_exact` stops there, and starts from +0.15."""
    page = printed("show", str(NUMBERS["long"]), "--library", str(location))
    assert "Beyond Lichess's limit" in page
    try:
        printed("regrade", "--grading", "lichess_exact", "--library", str(location))
        game = shown(location, "long")
        assert_agrees(game, expected(game, exact=True))
        assert {ply["judgement"] for ply in game["plies"][BEYOND:]} == {None}
        assert "Only the first 150 moves are judged" in printed(
            "show", str(NUMBERS["long"]), "--library", str(location)
        )
        from_position = shown(location, "black_first")
        assert_agrees(from_position, expected(from_position, exact=True))
    finally:
        printed("regrade", "--grading", "lichess", "--library", str(location))


FAILS_AT = """#!{python}
import subprocess, sys
engine = subprocess.Popen([{engine!r}], stdin=subprocess.PIPE, text=True)
for line in sys.stdin:
    if line.rstrip().endswith({moves!r}):
        break
    engine.stdin.write(line)
    engine.stdin.flush()
engine.stdin.close()
engine.wait()
sys.exit(3)
"""
"""A Stockfish that ends whenever it is to search one certain position."""


def test_a_hole_keeps_its_place_and_counts_in_no_figure(tmp_path: Path, stockfish: str) -> None:
    """An engine that ends at one position: the game failed, no figure is shown, what is known stays where it was."""
    moves = GAMES["short_draw"]
    broken, pgn, library = tmp_path / "broken", tmp_path / "one.pgn", tmp_path / "one.kibitz"
    broken.write_text(
        FAILS_AT.format(python=sys.executable, engine=stockfish, moves="moves e2e4 e7e5 g1f3"), encoding="utf-8"
    )
    broken.chmod(0o755)
    write_games(pgn, {"short_draw": moves, "mate": GAMES["black_first"]})
    printed("import", str(pgn), "--library", str(library))
    command = ["analyse", "--all", "--nodes", NODES, "--workers", "1", "--library", str(library), "--engine"]
    done = subprocess.run(
        [sys.executable, "-m", "desktop_app", *command, str(broken)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    game = json.loads(printed("show", "1", "--json", "--library", str(library)))
    assert (game["state"], game["summary"], game["analysis"]["complete"]) == ("failed", None, False)
    assert game["error"]
    known = [ply["ply"] for ply in game["plies"] if ply["nodes"] is not None]
    # The first chunk is of the last eight positions; the one with the hole is stored whole or not at all.
    assert 3 not in known
    assert known[-8:] == list(range(9, 17))
    by_hand = expected(game)
    assert [ply["label"] for ply in game["plies"]] == [verdict.label for verdict in by_hand.verdicts]
    assert [ply["judgement"] for ply in game["plies"]] == [verdict.judgement for verdict in by_hand.verdicts]
    rows = json.loads(printed("list", "--json", "--library", str(library)))["games"]
    assert [(row["state"], row["white_accuracy"] is None) for row in rows] == [("failed", True), ("analysed", False)]
    run(*command, stockfish)
    game = json.loads(printed("show", "1", "--json", "--library", str(library)))
    assert game["state"] == "analysed"
    assert_agrees(game, expected(game))
