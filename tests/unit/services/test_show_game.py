"""One game as viewer and `show --json` present it: unanalysed, partly analysed, failed, finished, unknown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Over
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId, GameRecord, GameState, Ply
from desktop_app.domain.judgement import Judgement
from desktop_app.domain.moves import pack_moves
from desktop_app.domain.profile import AnalysisKey
from desktop_app.errors import NotFoundError
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.services.import_games import import_text
from desktop_app.services.show_game import show_game
from desktop_app.services.show_json import to_json
from tests.fakes.fake_evaluator import FAKE_ENGINE
from tests.unit.library.records import make_record
from tests.unit.services.batches import NODES, store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.library.library import Library

SCHOLARS_MATE = ("e2e4", "e7e5", "d1h5", "b8c6", "f1c4", "g8f6", "h5f7")
FOUND = {
    0: Evaluation(Cp(30), 20, 1000, "e2e4", ("e2e4", "e7e5")),
    1: Evaluation(Cp(35), 20, 1000, "e7e5", ("e7e5",)),
    2: Evaluation(Cp(32), 20, 1000, "g1f3", ("g1f3", "b8c6")),
    3: Evaluation(Cp(-10), 20, 1000, "b8c6", ("b8c6",)),
    4: Evaluation(Cp(0), 20, 1000, "g1f3", ("g1f3",)),
    5: Evaluation(Cp(10), 20, 1000, "g7g6", ("g7g6", "h5f3")),
    6: Evaluation(Mate(1), 99, 300, "h5f7", ("h5f7",)),
    7: Evaluation(Over(winner=True), 0, 0, None, ()),
}


def evaluate(library: Library, game: GameId, found: Mapping[int, Evaluation], *, total: int) -> None:
    """Store evaluations as a batch would."""
    job = library.jobs.create([game], engine_path="/fake", spec=NODES, workers=1)
    [item] = library.jobs.items(job)
    positions = tuple(StoredPosition(Ply(ply), evaluation, None) for ply, evaluation in found.items())
    key = AnalysisKey(FAKE_ENGINE, NODES)
    library.evaluations.store_chunk(ChunkToStore(item.id, game, key, positions, total, None, "lichess"))


def test_an_analysed_game(library: Library) -> None:
    """Scores belong to the position after a move, the better move to the one before; a blunder shows both lines."""
    [game] = store(library, [make_record(*SCHOLARS_MATE)])
    evaluate(library, game, FOUND, total=8)
    view = show_game(library, game)
    assert view.state is GameState.ANALYSED
    blunder, mate = view.plies[5], view.plies[6]
    assert (blunder.san, blunder.score, blunder.judgement) == ("Nf6", Mate(1), Judgement.BLUNDER)
    assert (blunder.best_uci, blunder.best_san) == ("g7g6", "g6")
    assert blunder.better is not None
    assert (blunder.better.from_ply, blunder.better.sans, blunder.better.score) == (5, ("g6", "Qf3"), Cp(10))
    assert blunder.refutation is not None
    assert (blunder.refutation.from_ply, blunder.refutation.sans) == (6, ("Qxf7#",))
    assert (mate.label, mate.move_accuracy, mate.score, mate.check) == ("mate", 100.0, Over(winner=True), True)
    assert view.plies[0].label == "best"
    assert view.summary is not None
    assert (view.summary.white.blunders, view.summary.black.blunders) == (0, 1)
    assert view.analysis is not None
    assert (view.analysis.root, view.analysis.positions, view.analysis.complete) == (Cp(30), 8, True)


def test_the_json_has_every_field_scripts_rely_on(library: Library) -> None:
    """The shape of product.md section 3, as JSON can carry it."""
    [game] = store(library, [make_record(*SCHOLARS_MATE)])
    evaluate(library, game, FOUND, total=8)
    found = json.loads(json.dumps(to_json(show_game(library, game)), allow_nan=False))
    assert {"id", "headers", "start_fen", "state", "error", "analysis", "plies", "summary"} <= found.keys()
    assert {"engine", "profile", "nodes", "positions", "rules_version", "root"} <= found["analysis"].keys()
    assert found["analysis"]["root"]["white_cp"] == 30
    assert found["start_fen"] == chess.STARTING_FEN
    assert [ply["ply"] for ply in found["plies"]] == list(range(1, 8))
    wanted = {"ply", "san", "uci", "fen_after", "clock_s", "white_cp", "white_mate", "depth", "nodes", "best_uci"}
    wanted |= {"best_san", "pv", "judgement", "nag", "confidence", "move_accuracy", "comment", "variations_pgn"}
    assert all(wanted <= ply.keys() for ply in found["plies"])
    blunder = found["plies"][5]
    assert (blunder["white_cp"], blunder["white_mate"], blunder["pv"]) == (None, 1, ["Qxf7#"])
    assert (blunder["judgement"], blunder["nag"]) == ("blunder", 4)
    assert found["plies"][6]["over"] == "white"
    assert set(found["summary"]["white"]) == {"accuracy", "acpl", "inaccuracies", "mistakes", "blunders"}


def test_an_unanalysed_game(library: Library) -> None:
    """Moves and words are there, scores are not."""
    [game] = store(library, [make_record(*SCHOLARS_MATE, comment="[%clk 0:01:30] too greedy")])
    view = show_game(library, game)
    assert (view.analysis, view.summary) == (None, None)
    assert [ply.san for ply in view.plies][-1] == "Qxf7#"
    last = view.plies[-1]
    assert (last.comment, last.clock_s, last.score, last.label) == ("too greedy", 90.0, None, "not evaluated")


def test_a_partly_analysed_game_fills_in(library: Library) -> None:
    """Only moves with both sides known are judged; news fills holes and never replaces what is stored."""
    [game] = store(library, [make_record(*SCHOLARS_MATE)])
    evaluate(library, game, {ply: FOUND[ply] for ply in (5, 6, 7)}, total=8)
    view = show_game(library, game)
    assert view.state is GameState.IN_PROGRESS
    assert [ply.score is not None for ply in view.plies] == [False] * 4 + [True] * 3
    assert view.plies[5].judgement is Judgement.BLUNDER
    assert view.plies[4].label == "not evaluated"
    news = {Ply(4): FOUND[4], Ply(6): replace(FOUND[6], score=Cp(-500))}
    again = show_game(library, game, news=news)
    assert again.plies[4].move_accuracy is not None
    assert again.plies[5].score == Mate(1)


def test_a_failed_game_counts_for_nothing(library: Library) -> None:
    """What was found is shown, but there is no summary."""
    [game] = store(library, [make_record(*SCHOLARS_MATE)])
    evaluate(library, game, {7: FOUND[7], 6: FOUND[6]}, total=8)
    [job] = library.jobs.unfinished()
    library.jobs.fail_item(library.jobs.items(job.id)[0].id, attempts=2, error="the engine crashed")
    view = show_game(library, game)
    assert (view.state, view.error, view.summary) == (GameState.FAILED, "the engine crashed", None)
    assert view.plies[5].score == Mate(1)


def test_a_variant_nobody_can_replay(library: Library) -> None:
    """It is shown as far as it can be: headers and the reason."""
    record = replace(
        make_record(not_judged="variant Duck is not judged"), variant="unknown:Duck", ply_count=0, moves=b""
    )
    [game] = store(library, [record])
    view = show_game(library, game)
    assert (view.plies, view.not_judged) == ((), "variant Duck is not judged")
    assert "variant Duck;" in view.moves_note
    assert to_json(view)["plies"] == []


def test_a_variant_we_do_not_judge_is_replayed(library: Library) -> None:
    """Atomic games are viewable, without phases or verdicts."""
    record = replace(make_record("g1f3", "d7d5", "f3e5", "c7c6", "e5f7"), variant="atomic", not_judged="atomic")
    [game] = store(library, [record])
    view = show_game(library, game)
    assert view.plies[-1].san == "Nxf7#"
    assert view.plies[-1].phase == ""


def test_chess960_castling_and_black_to_move(library: Library) -> None:
    """Castling is king takes rook; the first move may be Black's, and numbers follow the FEN."""
    fen = "4k2r/5p2/8/8/8/8/8/4K2R b KQkq - 0 31"
    moves = [chess.Move.from_uci("e8h8"), chess.Move.from_uci("e1h1")]
    record = GameRecord(
        (("White", "A"),), "chess960", fen, pack_moves(moves), 2, f'[FEN "{fen}"]\n\n31... O-O 32. O-O *'
    )
    [game] = store(library, [record])
    black, white = show_game(library, game).plies
    assert (black.white, black.move_number, black.san, black.uci) == (False, 31, "O-O", "e8h8")
    assert (white.white, white.move_number, white.san) == (True, 32, "O-O")


def test_a_game_that_is_not_there(library: Library) -> None:
    """The error says so."""
    with pytest.raises(NotFoundError):
        show_game(library, GameId(7))


def test_evaluations_of_the_file_are_evidence_apart(library: Library) -> None:
    """`show --json` gives what the file said beside ours; no figure of ours is made of it."""
    text = '[White "A"]\n[Result "*"]\n\n1. e4 { [%eval 0.35,22] } e5 { [%eval #-3] } 2. Nf3 *\n'
    import_text(library, text, "test")
    found = to_json(show_game(library, library.games.ids(GameQuery())[-1]))
    given = [(ply["file_white_cp"], ply["file_white_mate"], ply["file_depth"]) for ply in found["plies"]]
    assert given == [(35, None, 22), (None, -3, None), (None, None, None)]
    assert all(ply["white_cp"] is None and ply["judgement"] is None for ply in found["plies"])
    assert found["summary"] is None
