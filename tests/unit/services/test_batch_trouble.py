"""When the library itself gives trouble, and what a confirm sheet is told before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.domain.batch import WorkerState
from desktop_app.domain.game import GameState
from desktop_app.domain.moves import pack_moves
from desktop_app.domain.work import ItemState, JobState
from desktop_app.errors import DiskFullError
from desktop_app.services.analyse_games import plan_cost
from tests.fakes.fake_evaluator import FAKE_ENGINE
from tests.unit.library.records import make_record
from tests.unit.services.batches import NODES, SHARING, Bench, add_games, store

if TYPE_CHECKING:
    from desktop_app.library.library import Library


def limit_pages(library: Library, extra: int) -> None:
    """Let the database grow by so many pages and no further."""

    def run(connection: object) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + extra}")  # type: ignore[attr-defined]

    library.database.write(run)


@pytest.mark.expects_log
def test_a_full_disk_pauses_the_job_and_loses_nothing(library: Library) -> None:
    """The job says why it waits; with room again it goes on, and no game has failed."""
    bench = Bench(library)
    games = add_games(library, 6, plies=60)
    limit_pages(library, 3)
    bench.start(games)
    # Both workers may have met the full disk; the later one must have told before the user goes on.
    bench.wait(lambda: {row.state for row in bench.batch.snapshot().worker_rows} == {WorkerState.PAUSED})
    assert bench.batch.snapshot().state is JobState.PAUSED
    assert isinstance(bench.batch.fault, DiskFullError)
    assert "no room" in bench.batch.snapshot().error
    limit_pages(library, 10_000)
    bench.batch.resume_running()
    bench.wait_for_state(JobState.DONE)
    assert bench.states(games) == [GameState.ANALYSED] * 6
    bench.close()


@pytest.mark.expects_log
def test_a_full_disk_while_a_job_is_made(library: Library) -> None:
    """Starting fails with the reason, and nothing is queued."""
    bench = Bench(library)
    games = add_games(library, 200, plies=4)
    limit_pages(library, 0)
    with pytest.raises(DiskFullError):
        bench.start(games)
    assert set(bench.states(games)) == {GameState.UNANALYSED}
    assert bench.batch.snapshot().state is None
    bench.close()


def test_cost_counts_what_is_left(bench: Bench) -> None:
    """Stored positions cost nothing, games that are not judged are told apart, more workers take less time."""
    library = bench.library
    games = add_games(library, 3)
    [odd] = store(library, [make_record(not_judged="variant Duck")])
    before = plan_cost(library, [*games, odd], NODES, FAKE_ENGINE, workers=1)
    assert (before.games, before.skipped, before.positions, before.already_stored) == (3, 1, 63, 0)
    assert plan_cost(library, games, NODES, FAKE_ENGINE, workers=2).seconds == pytest.approx(before.seconds / 2)
    bench.run(games[:1])
    after = plan_cost(library, [*games, odd], NODES, FAKE_ENGINE, workers=1)
    assert (after.positions, after.already_stored, after.reusable) == (42, 21, 0)


def test_cost_estimates_what_can_be_copied(bench: Bench) -> None:
    """Games that share their opening with analysed ones cost less."""
    line = ("e2e4", "e7e5", "g1f3")
    games = store(bench.library, [make_record(*line, White="A"), make_record(*line, White="B")])
    bench.run(games[:1], SHARING)
    estimate = plan_cost(bench.library, games[1:], SHARING, FAKE_ENGINE, workers=1)
    assert (estimate.positions, estimate.reusable) == (4, 4)


def test_a_game_of_a_stranger_variant_is_skipped_with_a_reason(bench: Bench) -> None:
    """A start position no engine survives is no fault of the engine."""
    moves = pack_moves([chess.Move.from_uci("e1e2")])
    record = replace(make_record("e2e4"), moves=moves, start_fen="8/8/8/8/8/8/8/4K3 w - - 0 1")
    [game] = store(bench.library, [record])
    bench.run([game])
    assert bench.states([game]) == [GameState.UNANALYSED]
    assert bench.items[-1].skipped
    assert bench.items[-1].state is ItemState.DONE
    assert "impossible" in bench.items[-1].error
