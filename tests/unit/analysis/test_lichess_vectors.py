"""Every vector of the family `lichess` in tests/data/judgement.json: what Lichess's own tests assert, and our pins."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import chess
import chess.variant
import pytest

from desktop_app.analysis.judge import judge_game, judge_scores
from desktop_app.analysis.phases import Division, divide
from desktop_app.analysis.summary import rounded, summarise
from desktop_app.analysis.win_chances import (
    about_as_good,
    has_several_solutions,
    move_accuracy,
    population_stdev,
    win_percent,
    win_percent_of_cp,
)
from desktop_app.domain.evaluation import Cp, Mate, Over, Score, to_cp
from desktop_app.domain.judgement import LICHESS_EXACT, STRICT_20, GameSummary, MoveVerdict

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "judgement.json").read_text())["vectors"]
BY_ID = {vector["id"]: vector for vector in VECTORS}


def vectors(kind: str) -> Any:
    """Parametrise over the family's vectors of a kind."""
    chosen = [vector for vector in VECTORS if vector["kind"] == kind and vector["family"] == "lichess"]
    assert chosen
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector["id"])


OTHERS = {
    ("en_croissant", "en_croissant_annotation"): 8,
    ("en_croissant", "win_percent"): 3,
    ("en_croissant", "move_accuracy_cp"): 2,
    ("en_croissant", "cp_loss"): 2,
    ("stockfish_wdl", "stockfish_wdl"): 6,
    ("pgn", "pgn_comment"): 18,
}
OURS = {
    "advice": 36, "annotated_game": 4, "division": 7, "division_exact": 7, "game_accuracy": 19, "game_summary": 4,
    "has_multiple_solutions": 2, "mate_to_cp_sign": 6, "mate_win_percent_lt": 1, "move_accuracy": 10, "phase_of": 5,
    "population_stdev": 3, "pov_diff_lt_0_14": 17, "win_percent": 17,
}  # fmt: skip


def test_no_vector_is_left_out() -> None:
    """Every vector of the family has a kind that a test here takes, and there are as many as there should be.

    The comments' vectors are pgn's test; Stockfish's WDL model we do not use.
    """
    found = Counter((vector["family"], vector["kind"]) for vector in VECTORS)
    assert found == {**{("lichess", kind): count for kind, count in OURS.items()}, **OTHERS}
    assert Counter(vector["origin"] for vector in VECTORS) == {"upstream": 103, "computed": 74}
    assert all(f'@vectors("{kind}")' in Path(__file__).read_text(encoding="utf-8") for kind in OURS)


def of_en_croissant(kind: str) -> list[dict[str, Any]]:
    """En Croissant's vectors of a kind."""
    return [vector for vector in VECTORS if (vector["family"], vector["kind"]) == ("en_croissant", kind)]


@pytest.mark.parametrize("vector", of_en_croissant("en_croissant_annotation"), ids=lambda vector: vector["id"])
def test_strict_20_marks_as_en_croissant_does(vector: dict[str, Any]) -> None:
    """Its bands are 5, 10 and 20 points too: the moves its own tests mark get the same glyphs."""
    given = vector["input"]
    found = judge_scores(
        Cp(given["prev_cp"]),
        Cp(given["cur_cp"]),
        white=given["mover"] == "white",
        top_move_played=False,
        grading=STRICT_20,
    )
    assert (found.glyph if found else "") == vector["expect"]


@pytest.mark.parametrize("vector", of_en_croissant("win_percent"), ids=lambda vector: vector["id"])
def test_its_win_percent_is_ours(vector: dict[str, Any]) -> None:
    """Both use Lichess's curve."""
    expect = vector["expect"]
    assert win_percent_of_cp(vector["input"]["cp"]) == pytest.approx(expect["value"], abs=expect["abs_tol"])


@pytest.mark.parametrize("vector", of_en_croissant("cp_loss"), ids=lambda vector: vector["id"])
def test_its_centipawn_loss_is_ours(vector: dict[str, Any]) -> None:
    """Mates are ±1000 there too."""
    given = vector["input"]
    sign = 1 if given["mover"] == "white" else -1
    assert max(0, sign * (to_cp(known(given["prev"])) - to_cp(known(given["cur"])))) == vector["expect"]


def score_of(value: dict[str, int] | None, *, mated_white: bool = False) -> Score | None:
    """A vector's score; mate 0 is a finished game."""
    if value is None:
        return None
    if "cp" in value:
        return Cp(value["cp"])
    return Mate(value["mate"]) if value["mate"] else Over(not mated_white)


def known(value: dict[str, int]) -> Score:
    """A vector's score that must be there."""
    score = score_of(value, mated_white=True)
    assert score is not None
    return score


@vectors("win_percent")
def test_win_percent(vector: dict[str, Any]) -> None:
    """Centipawns map to win % as on Lichess."""
    expect = vector["expect"]
    assert win_percent_of_cp(vector["input"]["cp"]) == pytest.approx(expect["value"], abs=expect["abs_tol"])


@vectors("move_accuracy")
def test_move_accuracy(vector: dict[str, Any]) -> None:
    """Win % before and after a move map to its accuracy as on Lichess."""
    value = move_accuracy(vector["input"]["win_before"], vector["input"]["win_after"])
    assert value == pytest.approx(vector["expect"]["value"], abs=vector["expect"]["abs_tol"])


@vectors("mate_to_cp_sign")
def test_a_mate_keeps_its_sign_as_centipawns(vector: dict[str, Any]) -> None:
    """A mate is ±1000 cp for the right side; mate in 0 is the mated side's loss."""
    cp = to_cp(known({"mate": vector["input"]["mate"]}))
    assert (cp > 0) - (cp < 0) == vector["expect"]["sign"]


@vectors("mate_win_percent_lt")
def test_a_mated_side_is_not_winning(vector: dict[str, Any]) -> None:
    """Win % of a mated side is that of -1000 cp."""
    percent = win_percent(known(vector["input"]))
    assert percent < vector["expect"]["lt"]
    assert percent == pytest.approx(win_percent_of_cp(vector["expect"]["within_1_of_win_percent_cp"]), abs=1)


@vectors("pov_diff_lt_0_14")
def test_moves_about_as_good(vector: dict[str, Any]) -> None:
    """The browser's curve says which two moves are about as good."""
    given = vector["input"]
    best, second = known(given["best"]), known(given["second"])
    assert about_as_good(white=given["color"] == "white", best=best, second=second) is vector["expect"]


@vectors("has_multiple_solutions")
def test_several_solutions(vector: dict[str, Any]) -> None:
    """A second winning move is a second solution."""
    given = vector["input"]
    best, second = known(given["best"]), known(given["second"])
    assert has_several_solutions(white=given["color"] == "white", best=best, second=second) is vector["expect"]


@vectors("population_stdev")
def test_population_stdev(vector: dict[str, Any]) -> None:
    """The deviation is the population's, not a sample's."""
    value, expect = population_stdev(vector["input"]), vector["expect"]
    assert value is None if expect is None else value == pytest.approx(expect["value"], abs=expect["abs_tol"])


@vectors("phase_of")
def test_phase_of(vector: dict[str, Any]) -> None:
    """A division tells the phase of a ply."""
    given = vector["input"]
    assert Division(given["middle"], given["end"]).phase_of(given["ply"]) == vector["expect"]


def boards(sans: str, *, final: bool) -> list[chess.Board]:
    """The positions of a game, with or without the last one."""
    board = chess.Board()
    found = [board.copy(stack=False)]
    for san in sans.split():
        board.push_san(san)
        found.append(board.copy(stack=False))
    return found if final else found[:-1]


@vectors("division")
def test_division(vector: dict[str, Any]) -> None:
    """The borders fall where Lichess's own test expects them."""
    division, expect = divide(boards(vector["input"]["sans"], final=False)), vector["expect"]
    for border, (name, value) in zip((division.middle, division.end), expect.items(), strict=True):
        if value is None:
            assert border is None, name
        else:
            assert border is not None, name
            assert value[0] <= border <= value[1], name


@vectors("division_exact")
def test_division_exact(vector: dict[str, Any]) -> None:
    """The borders stay where our own reading of the divider puts them, the last position included or not."""
    sans, expect = BY_ID[vector["input"]["same_game_as"]]["input"]["sans"], vector["expect"]
    assert divide(boards(sans, final=False)) == Division(expect["middle"], expect["end"])
    full = expect["incl_final_board"]
    assert divide(boards(sans, final=True)) == Division(full["middle"], full["end"])


@vectors("advice")
def test_advice(vector: dict[str, Any]) -> None:
    """The table of judgements, with all its mate edges, for both colours."""
    given = vector["input"]
    found = judge_scores(
        known(given["prev"]),
        known(given["cur"]),
        white=given["mover"] == "white",
        top_move_played=given["top_move_played"],
        grading=LICHESS_EXACT,
    )
    assert found == vector["expect"]


def summary_of(scores: list[Score | None], verdicts: list[MoveVerdict], *, start_white: bool) -> GameSummary:
    """A game's summary by Lichess's rules."""
    return summarise(scores=scores, verdicts=verdicts, division=None, start_white=start_white, grading=LICHESS_EXACT)


@vectors("game_accuracy")
def test_game_accuracy(vector: dict[str, Any]) -> None:
    """Accuracy of both sides, from the scores alone."""
    scores: list[Score | None] = [None, *(Cp(cp) for cp in vector["input"]["cp_white_after_each_ply"])]
    start_white = vector["input"]["start_color"] == "white"
    verdicts = judge_game(
        scores=scores,
        best=[None] * len(scores),
        moves=["a2a3"] * (len(scores) - 1),
        start_white=start_white,
        grading=LICHESS_EXACT,
    )
    summary, expect = summary_of(scores, verdicts, start_white=start_white), vector["expect"]
    if expect is None:
        assert (summary.white.accuracy, summary.black.accuracy) == (None, None)
    else:
        for side, name in ((summary.white, "white"), (summary.black, "black")):
            assert side.accuracy == pytest.approx(expect[name]["value"], abs=expect[name]["abs_tol"])


def judged(vector: dict[str, Any]) -> tuple[list[Score | None], list[MoveVerdict], list[str | None]]:
    """An annotated game's scores, our verdicts and the expected ones."""
    given = vector["input"]
    board_type = chess.variant.CrazyhouseBoard if given["variant"] == "crazyhouse" else chess.Board
    board = board_type(given["start_fen"] or board_type.starting_fen)
    start_white = board.turn
    scores: list[Score | None] = [None]
    moves: list[str] = []
    best: list[str | None] = []
    for san, value, _, best_san, top in given["plies"]:
        move = board.parse_san(san)
        moves.append(move.uci())
        other = board.parse_san(best_san).uci() if best_san else "0000"
        best.append(move.uci() if top else other)
        board.push(move)
        score = score_of(value)
        if score is None and board.is_checkmate():
            score = Over(not board.turn)
        scores.append(score)
    verdicts = judge_game(
        scores=scores,
        best=[*best, None],
        moves=moves,
        start_white=start_white,
        standard_start=given["start_fen"] is None,
        grading=LICHESS_EXACT,
    )
    return scores, verdicts, [row[2] for row in given["plies"]]


@vectors("annotated_game")
def test_annotated_game(vector: dict[str, Any]) -> None:
    """Each ply of the games Lichess itself annotated gets Lichess's judgement."""
    _, verdicts, expected = judged(vector)
    assert [verdict.judgement for verdict in verdicts] == expected


def test_the_annotated_games_have_343_evaluated_plies() -> None:
    """The claim "343 of 343" counts what is really there; a mating move has no evaluation."""
    games = [vector for vector in VECTORS if vector["kind"] == "annotated_game"]
    rows = [row for vector in games for row in vector["input"]["plies"]]
    assert len([row for row in rows if row[1] is not None]) == 343


@vectors("game_summary")
def test_game_summary(vector: dict[str, Any]) -> None:
    """ACPL, accuracy and counts of the annotated games."""
    game, expect = BY_ID[vector["input"]["same_game_as"]], vector["expect"]
    scores, verdicts, _ = judged(game)
    start_white = game["input"]["start_color"] == "white"
    summary = summary_of(scores, verdicts, start_white=start_white)
    for side, name in ((summary.white, "white"), (summary.black, "black")):
        assert rounded(side.acpl) == expect["acpl"][name]
        assert side.accuracy == pytest.approx(expect["accuracy"][name], abs=1e-6)
        assert rounded(side.accuracy) == expect["accuracy_displayed"][name]
        counts = game["expect"]["counts"][name]
        assert (side.inaccuracies, side.mistakes, side.blunders) == (
            counts["inaccuracy"],
            counts["mistake"],
            counts["blunder"],
        )
