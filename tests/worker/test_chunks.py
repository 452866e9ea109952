"""Chunks that go through a broker and real workers come back right, in the right order, and once."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.analysis.payload import result_to_payload
from desktop_app.analysis.run import run_chunk
from desktop_app.engine.discovery import identify
from desktop_app.engine.session import EngineSession
from desktop_app.worker.app import TASK
from desktop_app.worker.lifecycle import chunk_of
from desktop_app.worker.messages import EngineWish, Priority, RefusedError
from desktop_app.worker.wire import task_to_payload
from tests.fakes.fake_uci import fake_engine
from tests.worker.conftest import ON_REDIS, a_task, alive, collect, statuses, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.worker.client import Cluster
    from desktop_app.worker.messages import ChunkTask
    from tests.worker.conftest import Worker

pytestmark = pytest.mark.engine


class Source:
    """A source that lets one chunk run through."""

    def checkpoint(self, worker: int) -> None:
        """Go on."""

    def evaluated(self, *news: object) -> None:
        """Nobody listens."""


def searched_here(task: ChunkTask, engine: str) -> list[Any]:
    """The evaluations the local loop finds, times left out."""
    session = EngineSession.open(engine, hash_mb=task.hash_mb)
    try:
        result = run_chunk(chunk_of(task, 1), session, Source(), 0)  # type: ignore[arg-type] - as much of it as is used
    finally:
        session.close()
    return timeless(result_to_payload(result)["evaluations"])


def timeless(evaluations: list[Any]) -> list[Any]:
    """Evaluations without what differs from run to run."""
    return [[ply, {name: value for name, value in one.items() if name != "engine_ms"}] for ply, one in evaluations]


def busy(cluster: Cluster, task: ChunkTask) -> Callable[[], bool]:
    """Whether some worker searches this task."""
    return lambda: any(task.task_id in worker.tasks for worker in cluster.workers(0.3))


def test_a_chunk_comes_back_as_if_searched_here_classes_in_order(
    cluster: Cluster, start_worker: Callable[..., Worker], stockfish: str
) -> None:
    """Same nodes, same evaluations; what waits is taken by class, whatever the order it was submitted in."""
    tasks = {priority: [a_task(), a_task()] for priority in reversed(Priority)}
    for priority, each in tasks.items():
        assert cluster.submit_many(each, priority=priority) == 2
    lengths = cluster.queue_lengths()
    assert lengths.chunks == 6
    assert set(lengths.by_priority.values()) in ({2}, set())
    start_worker().ready()
    answers = collect(cluster, 6)
    assert [answer.task_id for answer in answers] == [task.task_id for priority in Priority for task in tasks[priority]]
    first = tasks[Priority.INTERACTIVE][0]
    assert answers[0].result is not None
    assert timeless(answers[0].result["evaluations"]) == searched_here(first, stockfish)
    assert (answers[0].batch, answers[0].attempts, answers[0].failure) == (first.batch, 1, None)
    (worker,) = statuses(cluster)
    assert (worker.chunks_done, worker.positions_done, worker.engine_starts) == (6, 12, 1)
    wait_for(lambda: cluster.queue_lengths() == type(lengths)(0, dict.fromkeys(lengths.by_priority, 0), 0, 0), "zeros")


@ON_REDIS
def test_payloads_that_are_not_chess_become_dead_letters_and_hurt_nobody(
    cluster: Cluster, start_worker: Callable[..., Worker]
) -> None:
    """Whatever is put into the queue, the worker lives on; each piece of garbage can be looked at and thrown away."""
    with pytest.raises(RefusedError, match="legal"):
        cluster.submit(a_task(moves=("e2e5", "e7e5", "g1f3", "b8c6")), priority=Priority.BATCH)
    good = task_to_payload(a_task())
    chunk = good["chunk"]
    garbage: list[Any] = [
        None,
        17,
        "🎲" * 1000,
        [],
        {},
        good | {"version": [99, 99]},
        good | {"chunk": chunk | {"root_fen": "8/8/8/8/8/8/8/8 w - - 0 1"}},
        good | {"chunk": chunk | {"root_fen": "'; DROP TABLE game; --"}},
        good | {"chunk": chunk | {"moves": ["../../etc/passwd"]}},
        good | {"chunk": chunk | {"plies": [99]}},
        good | {"chunk": chunk | {"plies": [3, 3]}},
        good | {"chunk": chunk | {"limit_nodes": 10**15}},
        good | {"chunk": chunk | {"hash_mb": 10**6}},
        good | {"profile": "\nquit"},
    ]
    for number, payload in enumerate(garbage):
        cluster._app.send_task(TASK, args=[payload], task_id=f"garbage-{number}", ignore_result=True)
    cluster._app.send_task(TASK, args=[], kwargs={"sent": "yesterday"}, task_id="garbage-none", ignore_result=True)
    fine = a_task()
    cluster.submit(fine, priority=Priority.BATCH)
    worker = start_worker().ready()
    answers = {answer.task_id: answer for answer in collect(cluster, len(garbage) + 2)}
    assert answers[fine.task_id].result is not None
    assert all(answer.failure for name, answer in answers.items() if name != fine.task_id)
    letters = cluster.dead_letters()
    assert {letter.id for letter in letters} == set(answers) - {fine.task_id}
    assert not any(letter.replayable for letter in letters)
    with pytest.raises(RefusedError):
        cluster.replay(letters[0].id)
    cluster.discard(letters[0].id)
    assert cluster.queue_lengths().dead_letters == len(garbage)
    assert worker.process.poll() is None
    assert statuses(cluster)[0].engine_starts == 1


@ON_REDIS
def test_cancelling_stops_what_runs_and_skips_what_waits(
    cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """An endless search ends when its task or its batch is cancelled; nothing of it is answered; others go on."""
    start_worker(engine=fake_engine(tmp_path, "slow", 600_000)).ready()
    first, second, waiting = a_task(), a_task(batch="unwanted"), a_task(batch="unwanted")
    cluster.submit(first, priority=Priority.BATCH)
    wait_for(busy(cluster, first), "the first to be searched")
    cluster.submit_many([second, waiting], priority=Priority.BATCH)
    cluster.cancel([first.task_id])
    wait_for(busy(cluster, second), "the second to be searched")
    cluster.cancel_batch("unwanted")
    last = a_task()
    cluster.submit(last, priority=Priority.DEEPENING)
    wait_for(busy(cluster, last), "the last to be searched")
    cluster.cancel([last.task_id])
    wait_for(lambda: [worker.tasks for worker in cluster.workers(0.5)] == [()], "an idle worker")
    assert list(cluster.results(0.5)) == []


@ON_REDIS
def test_a_chunk_whose_process_is_killed_is_searched_again_and_answered_once(
    cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """Kill -9 of the searching process: its engine goes along, the chunk is delivered again, one answer comes."""
    endless = fake_engine(tmp_path, "slow", 600_000)
    worker = start_worker(engine=endless).ready()
    task = a_task(plies=(5, 4, 3, 2))
    cluster.submit(task, priority=Priority.BATCH)
    wait_for(lambda: len(worker.tree()) > 1, "an engine")
    tree = worker.tree()
    Path(fake_engine(tmp_path, "ok")).replace(endless)  # the next engine answers
    (searcher,) = worker.searchers()
    searcher.send_signal(signal.SIGKILL)
    wait_for(lambda: not alive(tree), "process and engine to be gone")
    (answer,) = collect(cluster, 1, more_for_s=0.5)
    assert answer.result is not None
    assert answer.attempts == 2


def test_a_worker_that_is_killed_takes_its_engines_along_and_loses_no_chunk(
    cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """Kill -9 of a worker's main process: no engine survives, and another worker answers, once."""
    doomed = start_worker(engine=fake_engine(tmp_path, "slow", 600_000)).ready()
    task = a_task()
    cluster.submit(task, priority=Priority.BATCH)
    wait_for(lambda: len(doomed.tree()) > 1, "an engine")
    tree = doomed.tree()
    doomed.process.send_signal(signal.SIGKILL)
    wait_for(lambda: not alive(tree), "processes and engines to be gone")
    start_worker().ready()
    (answer,) = collect(cluster, 1, more_for_s=0.5)
    assert answer.task_id == task.task_id
    assert answer.result is not None


@ON_REDIS
def test_a_long_chunk_is_not_delivered_twice(
    cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """A chunk that takes longer than Redis's patience stays with its worker, although another one is idle."""
    engine = fake_engine(tmp_path, "slow", 1700)
    for worker in [start_worker(engine=engine), start_worker(engine=engine)]:
        worker.ready()
    task = a_task(plies=(5, 4, 3))
    cluster.submit(task, priority=Priority.BATCH)
    collect(cluster, 1, more_for_s=0.5)
    assert sum(worker.positions_done for worker in statuses(cluster, 2)) == 3


def test_an_engine_that_fails_costs_retries_then_a_dead_letter_that_can_be_replayed(
    cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """Three retries, then the letter, and the submitter is told; replayed where the engine works, it is answered."""
    bad = start_worker(engine=fake_engine(tmp_path, "crash_at", 1)).ready()
    task = a_task()
    cluster.submit(task, priority=Priority.INTERACTIVE)
    (answer,) = collect(cluster, 1)
    assert answer.failure is not None
    assert "ended" in answer.failure
    assert answer.attempts == 4
    (letter,) = cluster.dead_letters()
    assert (letter.id, letter.priority, letter.replayable) == (task.task_id, Priority.INTERACTIVE, True)
    bad.end()
    start_worker().ready()
    cluster.replay(letter.id)
    (answer,) = collect(cluster, 1)
    assert answer.result is not None
    assert cluster.dead_letters() == ()


@ON_REDIS
def test_a_worker_of_another_engine_leaves_the_chunk_to_the_right_one(
    cluster: Cluster, start_worker: Callable[..., Worker], stockfish: str, tmp_path: Path
) -> None:
    """Evaluations of two engines are never mixed."""
    build = identify(stockfish).build
    start_worker(engine=fake_engine(tmp_path, "ok")).ready()
    choosy, anything = a_task(engine=EngineWish(build=build)), a_task()
    cluster.submit_many([choosy, anything], priority=Priority.BATCH)
    (answer,) = collect(cluster, 1)
    assert answer.task_id == anything.task_id
    start_worker().ready()
    (answer,) = collect(cluster, 1)
    assert answer.task_id == choosy.task_id
    assert answer.result is not None
    assert answer.result["engine"]["build"] == build
