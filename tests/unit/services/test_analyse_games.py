"""The dispatcher: what is searched, what is stored, and what happens when the user or an engine interferes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.domain.batch import WorkerState
from desktop_app.domain.game import GameId, GameState, Ply
from desktop_app.domain.profile import AnalysisKey, Profile, SearchSpec
from desktop_app.domain.work import ItemState, JobState
from desktop_app.services.show_game import show_game
from tests.fakes.fake_evaluator import FAKE_ENGINE, FakeEngines
from tests.unit.library.records import make_record
from tests.unit.services.batches import DEADLINE_S, NODES, SHARING, Bench, add_games, store

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.library.library import Library

DEEPER = SearchSpec.of_profile(Profile.QUICK)
FOOLS_MATE = ("f2f3", "e7e5", "g2g4", "d8h4")


def evaluations(library: Library, game_id: GameId) -> dict[Ply, Evaluation]:
    """What the game shows."""
    found = library.evaluations.of_game(game_id)
    return {} if found is None else dict(found.evaluations)


def test_a_batch_analyses_every_position_once(bench: Bench) -> None:
    """All games end analysed, each position is searched exactly once, warm-ups apart, and the figures add up."""
    games = add_games(bench.library, 5, plies=21)
    bench.run(games)
    assert bench.states(games) == [GameState.ANALYSED] * 5
    assert all(len(evaluations(bench.library, game)) == 22 for game in games)
    counters = bench.batch.counters()
    assert (counters.games_done, counters.games_failed, counters.games_skipped) == (5, 0, 0)
    assert (counters.positions, counters.positions_reused) == (110, 0)
    warmups = counters.warmup_nodes // 1000
    assert len(bench.engines.searched) == 110 + warmups
    assert counters.nodes == 110 * 1000
    snapshot = bench.batch.snapshot()
    assert (snapshot.positions_done, snapshot.positions_total, snapshot.items_done) == (110, 110, 5)
    assert sorted(bench.ended(ItemState.DONE)) == sorted(games)


def test_the_summary_of_the_row_is_that_of_the_viewer(bench: Bench) -> None:
    """Columns stored with the last chunk equal what judging all evaluations gives."""
    [game] = add_games(bench.library, 1, plies=40)
    bench.run([game])
    view, row = show_game(bench.library, game), bench.library.games.rows([game])[0]
    assert view.summary is not None
    assert row.white_accuracy == pytest.approx(view.summary.white.accuracy)
    assert row.black_acpl == pytest.approx(view.summary.black.acpl)
    assert (row.white_blunders, row.black_mistakes) == (view.summary.white.blunders, view.summary.black.mistakes)


def test_finished_positions_are_stored_without_a_search(bench: Bench) -> None:
    """A mated position is a fact: the game is complete with it, and no engine is asked."""
    [game] = store(bench.library, [make_record(*FOOLS_MATE)])
    bench.run([game])
    assert bench.states([game]) == [GameState.ANALYSED]
    assert bench.batch.counters().positions == 4
    assert max(moves for _, moves in bench.engines.searched) == 3


def test_games_without_anything_to_analyse_are_skipped(bench: Bench) -> None:
    """They stay unanalysed with the reason, and the rest goes on."""
    odd, fine = store(bench.library, [make_record(not_judged="variant Duck is not judged"), make_record("e2e4")])
    bench.run([odd, fine])
    assert bench.states([odd, fine]) == [GameState.UNANALYSED, GameState.ANALYSED]
    assert bench.batch.counters().games_skipped == 1
    assert [news.error for news in bench.items if news.skipped] == ["variant Duck is not judged"]


def test_repeating_a_finished_job_searches_nothing(bench: Bench) -> None:
    """What is analysed just so is done at once."""
    games = add_games(bench.library, 3)
    bench.run(games)
    before = len(bench.engines.searched)
    bench.run(games)
    assert len(bench.engines.searched) == before
    assert bench.batch.counters().games_done == 3
    assert bench.batch.counters().positions == 0


def test_equal_positions_are_copied_between_games(bench: Bench) -> None:
    """Outside the reproducible mode a position is never searched twice by the same engine."""
    line = ("e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6")
    games = store(bench.library, [make_record(*line, "b5a4", Round="1"), make_record(*line, "b5c6", Round="2")])
    bench.run(games, SHARING, workers=1)
    counters = bench.batch.counters()
    # The start and the six positions of the common line.
    assert (counters.positions, counters.positions_reused) == (16, 7)
    assert not bench.engines.repeated()
    first, second = (evaluations(bench.library, game) for game in games)
    assert all(first[Ply(ply)].score == second[Ply(ply)].score for ply in range(7))
    assert bench.states(games) == [GameState.ANALYSED] * 2


def test_what_the_board_decides_is_no_reuse(bench: Bench) -> None:
    """A mated position is told as a fact: it was neither searched nor taken from another game."""
    bench.run(store(bench.library, [make_record("f2f3", "e7e5", "g2g4", "d8h4")]), SHARING, workers=1)
    assert {news.ply: news.reused for news in bench.positions} == dict.fromkeys(range(5), False)
    assert bench.batch.counters().positions_reused == 0


def test_the_reproducible_mode_shares_nothing(bench: Bench) -> None:
    """With --nodes each game stands for itself."""
    games = store(bench.library, [make_record("e2e4", White="A"), make_record("e2e4", White="B")])
    bench.run(games, NODES, workers=1)
    assert (bench.batch.counters().positions, bench.batch.counters().positions_reused) == (4, 0)


def test_pause_and_resume_lose_nothing(bench: Bench) -> None:
    """Paused workers wait between two positions; afterwards each position still was searched once."""
    games = add_games(bench.library, 4)
    bench.engines.gate.clear()
    bench.start(games)
    bench.wait(lambda: any(row.state is WorkerState.SEARCHING for row in bench.batch.snapshot().worker_rows))
    bench.batch.pause()
    bench.engines.gate.set()
    bench.wait(lambda: {row.state for row in bench.batch.snapshot().worker_rows} == {WorkerState.PAUSED})
    searched = len(bench.engines.searched)
    assert bench.batch.snapshot().state is JobState.PAUSED
    assert bench.library.jobs.unfinished()[0].state is JobState.PAUSED
    assert len(bench.engines.searched) == searched
    bench.batch.resume_running()
    bench.wait_for_state(JobState.DONE)
    counters = bench.batch.counters()
    assert len(bench.engines.searched) == counters.positions + counters.warmup_nodes // 1000 == 84 + 4 * 2


def test_cancel_keeps_what_is_stored(bench: Bench) -> None:
    """Cancelling stops running searches at once; stored chunks stay and are not searched again later."""
    games = add_games(bench.library, 3)
    bench.start(games, workers=1)
    bench.wait(lambda: bench.batch.counters().positions >= 8)
    bench.engines.gate.clear()
    bench.batch.cancel()
    bench.wait(lambda: not bench.batch.snapshot().worker_rows)
    assert bench.batch.snapshot().state is JobState.CANCELLED
    assert set(bench.states(games)) <= {GameState.ANALYSED, GameState.UNANALYSED}
    stored = sum(len(evaluations(bench.library, game)) for game in games)
    assert stored >= 8
    bench.engines.gate.set()
    bench.run(games)
    assert bench.states(games) == [GameState.ANALYSED] * 3
    assert bench.batch.counters().positions == 63 - stored


def test_more_and_fewer_workers_while_running(bench: Bench) -> None:
    """New workers are named once; those too many end after their chunk, and nothing is lost."""
    games = add_games(bench.library, 6)
    bench.engines.gate.clear()
    bench.start(games, workers=1)
    bench.wait(lambda: bench.batch.snapshot().workers == 1)
    bench.batch.set_workers(3)
    assert bench.batch.claim_workers() == (1, 2)
    assert bench.batch.claim_workers() == ()
    for worker in (1, 2):
        with bench.batch._lock:
            bench.batch._crew.reserved.discard(worker)
    bench.hire()
    bench.wait(lambda: bench.batch.snapshot().workers == 3)
    bench.batch.set_workers(1)
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    assert bench.states(games) == [GameState.ANALYSED] * 6
    assert bench.batch.counters().positions == 6 * 21


def test_a_worker_that_still_closes_its_engine_takes_nothing_from_its_successor(bench: Bench) -> None:
    """A number may be given to a new worker while the old one's engine ends; no chunk is handed out twice for it."""
    games = add_games(bench.library, 6)
    bench.engines.gate.clear()
    bench.start(games, workers=2)
    bench.wait(lambda: [row.state for row in bench.batch.snapshot().worker_rows] == [WorkerState.SEARCHING] * 2)
    staying, leaving = bench.threads
    go_on = threading.Event()
    bench.engines.faults = lambda _fen: threading.current_thread() is staying and not go_on.wait(DEADLINE_S)
    bench.engines.closing.clear()
    bench.batch.set_workers(1)
    bench.engines.gate.set()
    bench.wait(lambda: bench.batch.snapshot().workers == 1)
    bench.engines.gate.clear()
    bench.batch.set_workers(2)
    bench.hire()
    bench.wait(lambda: [row.state for row in bench.batch.snapshot().worker_rows] == [WorkerState.SEARCHING] * 2)
    assert leaving.is_alive()
    bench.engines.closing.set()
    leaving.join(DEADLINE_S)
    assert not leaving.is_alive()
    assert bench.batch.snapshot().workers == 2
    assert bench.batch.claim_workers() == ()
    go_on.set()
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    counters = bench.batch.counters()
    assert counters.positions == 6 * 21
    assert len(bench.engines.searched) == counters.positions + counters.warmup_nodes // 1000


def test_a_game_moved_to_the_front_is_next(bench: Bench) -> None:
    """Opening a queued game makes it the next one to be worked on."""
    games = add_games(bench.library, 8)
    bench.engines.gate.clear()
    bench.start(games, workers=1)
    bench.wait(lambda: any(row.game_id == games[0] for row in bench.batch.snapshot().worker_rows))
    assert bench.batch.move_to_front(games[7])
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    assert bench.ended(ItemState.DONE)[0] == games[7]


def test_reorder_and_remove(bench: Bench) -> None:
    """The queue is worked off in the user's order; removed games stay unanalysed."""
    games = add_games(bench.library, 5)
    bench.engines.gate.clear()
    bench.start(games, workers=1)
    bench.wait(lambda: any(row.game_id == games[0] for row in bench.batch.snapshot().worker_rows))
    bench.batch.reorder([games[4], games[3]])
    assert bench.batch.remove(games[1])
    assert bench.batch.remove(games[0])
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    assert bench.ended(ItemState.DONE) == [games[4], games[3], games[2]]
    assert bench.states(games[:2]) == [GameState.UNANALYSED] * 2


@pytest.mark.expects_log
def test_a_fault_costs_one_retry(library: Library) -> None:
    """A crash is tried once more on a fresh engine; the game ends analysed."""
    crashed: list[str] = []

    def once(fen: str) -> bool:
        if crashed or " b " not in fen:
            return False
        crashed.append(fen)
        return True

    bench = Bench(library, FakeEngines(faults=once))
    games = add_games(library, 2)
    bench.run(games, workers=1)
    assert bench.states(games) == [GameState.ANALYSED] * 2
    assert bench.engines.opened == 2
    assert [item.attempts for item in library.jobs.items(bench.batch.snapshot().job_id)] == [1, 0]  # type: ignore[arg-type]  # a job has run
    bench.close()


@pytest.mark.expects_log
def test_a_second_fault_fails_the_game_and_the_batch_goes_on(library: Library) -> None:
    """The item and its game fail with the reason and leave no figures; retrying them later works."""
    bench = Bench(library)
    bad, good = store(library, [make_record("a2a4", "h7h5", Round="1"), make_record("e2e4", Round="2")])
    bench.engines.faults = lambda fen: fen.startswith("rnbqkbnr/pppppppp/8/8/P7")
    bench.run([bad, good])
    row = library.games.rows([bad])[0]
    assert (row.state, row.error) == (GameState.FAILED, "The fake crashed.")
    assert row.white_acpl is None
    assert bench.states([good]) == [GameState.ANALYSED]
    snapshot = bench.batch.snapshot()
    assert (snapshot.items_failed, snapshot.items_done) == (1, 1)
    bench.engines.faults = lambda _fen: False
    assert bench.batch.retry_failed() == 1
    bench.hire()
    bench.wait(lambda: bench.states([bad]) == [GameState.ANALYSED])
    bench.close()


@pytest.mark.expects_log
def test_an_engine_that_cannot_start_fails_no_game(library: Library) -> None:
    """After a few attempts the job pauses with the reason; once there is an engine it goes on."""
    bench = Bench(library, FakeEngines(missing=True))
    games = add_games(library, 3)
    bench.start(games)
    bench.wait_for_state(JobState.PAUSED)
    assert "There is no engine" in bench.batch.snapshot().error
    assert bench.batch.fault is not None
    assert GameState.FAILED not in bench.states(games)
    bench.engines.missing = False
    bench.batch.resume_running()
    bench.wait_for_state(JobState.DONE)
    assert bench.states(games) == [GameState.ANALYSED] * 3
    bench.close()


def test_a_second_job_waits_behind_the_first(bench: Bench) -> None:
    """It is visible while it waits, and starts when the first ends."""
    first, second = add_games(bench.library, 2), add_games(bench.library, 2, seed=2)
    bench.engines.gate.clear()
    bench.start(first)
    waiting = bench.batch.start(second, NODES, 2)
    assert [job.job_id for job in bench.batch.snapshot().waiting_jobs] == [waiting]
    assert bench.states(second) == [GameState.QUEUED] * 2
    bench.engines.gate.set()
    bench.wait(lambda: bench.batch.snapshot().job_id == waiting)
    bench.hire()
    bench.wait(lambda: bench.states(second) == [GameState.ANALYSED] * 2)
    assert bench.states(first) == [GameState.ANALYSED] * 2


def test_an_analysed_game_stays_so_while_analysed_again(bench: Bench) -> None:
    """The old analysis is shown until the new one is complete, however much of that is stored."""
    [game] = add_games(bench.library, 1)
    bench.run([game])
    before = len(bench.engines.searched)

    def hold_in_the_second_chunk(_fen: str) -> bool:
        if len(bench.engines.searched) - before >= 12:
            bench.engines.gate.clear()
        return False

    bench.engines.faults = hold_in_the_second_chunk
    # Deeper than before, so that nothing is taken over from the first analysis and every position is searched.
    bench.start([game], DEEPER, workers=1)
    bench.wait(lambda: bench.batch.counters().positions >= 8 and not bench.engines.gate.is_set())
    again = bench.library.evaluations.of_key(game, AnalysisKey(FAKE_ENGINE, DEEPER))
    assert again is not None
    assert (len(again.evaluations), again.complete) == (8, False)
    assert bench.states([game]) == [GameState.ANALYSED]
    shown = bench.library.evaluations.of_game(game)
    assert shown is not None
    assert (shown.spec, len(shown.evaluations)) == (NODES, 21)
    bench.engines.faults = lambda _fen: False
    bench.engines.gate.set()
    bench.wait_for_state(JobState.DONE)
    shown = bench.library.evaluations.of_game(game)
    assert shown is not None
    assert (shown.spec, len(shown.evaluations)) == (DEEPER, 21)


def test_close_and_resume_search_nothing_twice(library: Library) -> None:
    """A closed batch is gone on with: what it had stored is not searched again."""
    games = add_games(library, 4)
    first = Bench(library)
    first.start(games)
    first.wait(lambda: first.batch.counters().positions >= 16)
    first.close()
    stored = sum(len(evaluations(library, game)) for game in games)
    assert GameState.IN_PROGRESS not in first.states(games)
    second = Bench(library)
    assert second.batch.resume_unfinished() >= 1
    second.hire()
    second.wait_for_state(JobState.DONE)
    assert second.batch.counters().positions == 4 * 21 - stored
    assert second.states(games) == [GameState.ANALYSED] * 4
    second.close()


def test_evaluations_do_not_depend_on_workers(library: Library) -> None:
    """The same games give the same evaluations with one worker and with three."""
    games = add_games(library, 3, plies=30)
    one = Bench(library)
    one.run(games, workers=1)
    one.close()
    key = AnalysisKey(FAKE_ENGINE, NODES)
    found = [library.evaluations.of_key(game, key) for game in games]
    assert all(analysis is not None and analysis.complete for analysis in found)
    board = chess.Board()
    assert all(analysis is not None and analysis.evaluations[Ply(0)].best == "a2a3" for analysis in found), board.fen()
