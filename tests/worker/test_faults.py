"""Brokers that go away, stores that are full, workers that are told to end: no chunk is lost, no answer comes twice."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from desktop_app.worker.client import BrokerUnavailableError, Cluster
from desktop_app.worker.messages import Priority
from tests import brokers
from tests.fakes.fake_uci import fake_engine
from tests.worker.conftest import ON_REDIS, a_task, alive, collect, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.worker.conftest import Worker

pytestmark = pytest.mark.engine


@pytest.fixture
def mortal(broker: brokers.Broker) -> Iterator[brokers.Broker]:
    """The test's broker, which is there again afterwards, whatever was done to it."""
    yield broker
    if not broker.answers():
        broker.start()


def engine_runs(worker: Worker) -> Callable[[], bool]:
    """Whether it has a searching process and an engine."""
    return lambda: len(worker.tree()) > 1


def test_told_to_end_it_finishes_its_chunk_first(
    cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """SIGTERM in the middle of a chunk: the answer comes, the exit code is 0, what waits stays for others."""
    worker = start_worker("--grace", "60", engine=fake_engine(tmp_path, "slow", 300)).ready()
    running, waiting = a_task(), a_task()
    cluster.submit(running, priority=Priority.INTERACTIVE)
    wait_for(engine_runs(worker), "the search")
    tree = worker.tree()
    worker.process.send_signal(signal.SIGTERM)
    wait_for(lambda: "Warm shutdown" in worker.said(), "the signal to be heard")
    cluster.submit(waiting, priority=Priority.BATCH)
    assert worker.wait() == 0, worker.said()
    assert [answer.task_id for answer in collect(cluster, 1)] == [running.task_id]
    assert cluster.queue_lengths().chunks == 1
    wait_for(lambda: not alive(tree), "processes and engines to be gone")


@ON_REDIS
@pytest.mark.parametrize("signals", [1, 2])
def test_told_to_end_it_gives_back_what_takes_too_long(
    cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path, signals: int
) -> None:
    """When the grace period is over, or at a second SIGTERM, the chunk is in the queue again; no engine survives."""
    worker = start_worker("--grace", "1" if signals == 1 else "600", engine=fake_engine(tmp_path, "slow", 600_000))
    worker.ready()
    cluster.submit(a_task(), priority=Priority.BATCH)
    wait_for(engine_runs(worker), "the search")
    tree = worker.tree()
    worker.process.send_signal(signal.SIGTERM)
    if signals == 2:
        wait_for(lambda: "Warm shutdown" in worker.said(), "the first signal to be heard")
        worker.process.send_signal(signal.SIGTERM)
    assert worker.wait() == 0, worker.said()
    wait_for(lambda: cluster.queue_lengths().chunks == 1, "the chunk in the queue")
    wait_for(lambda: not alive(tree), "processes and engines to be gone")


def test_a_broker_that_is_killed_and_started_again_costs_nothing(
    mortal: brokers.Broker, cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """Running and waiting chunks are all answered after the broker is back; the client says what is wrong meanwhile."""
    worker = start_worker(engine=fake_engine(tmp_path, "slow", 500)).ready()
    tasks = [a_task() for _ in range(3)]
    cluster.submit_many(tasks, priority=Priority.BATCH)
    wait_for(engine_runs(worker), "the search")
    mortal.kill()
    with pytest.raises(BrokerUnavailableError, match=r"127\.0\.0\.1"):
        cluster.submit(a_task(), priority=Priority.BATCH)
    mortal.start()
    with Cluster(mortal.url) as later:
        found: set[str] = set()
        while len(found) < 3:
            found.update(answer.task_id for answer in collect(later, 1))
        assert found == {task.task_id for task in tasks}


@ON_REDIS
def test_an_answer_that_nobody_can_take_is_kept_until_there_is_room(
    broker: brokers.Redis, cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """The broker is full: the worker waits with its answer, and hands it over when it can; perhaps twice."""
    worker = start_worker(engine=fake_engine(tmp_path, "slow", 400)).ready()
    task = a_task()
    cluster.submit(task, priority=Priority.BATCH)
    wait_for(engine_runs(worker), "the search")
    broker.run("CONFIG", "SET", "maxmemory", "1")
    try:
        wait_for(lambda: "does not take a message" in worker.said(), "the worker to find it full")
        with pytest.raises(BrokerUnavailableError):
            cluster.submit(a_task(), priority=Priority.BATCH)
    finally:
        broker.run("CONFIG", "SET", "maxmemory", "0")
    assert {answer.task_id for answer in collect(cluster, 1, more_for_s=0.5)} == {task.task_id}


def test_an_answer_that_is_not_acknowledged_comes_again(cluster: Cluster, start_worker: Callable[..., Worker]) -> None:
    """A consumer that dies before it has stored an answer loses nothing; one that gives it back gets it again."""
    task = a_task()
    cluster.submit(task, priority=Priority.BATCH)
    start_worker().ready()
    doomed = Cluster(cluster._broker)
    deliveries: list[str] = []
    wait_for(lambda: deliveries.extend(each.task_id for each in doomed.results(0.2)) or deliveries, "the answer")
    doomed.close()
    answers = []
    wait_for(lambda: answers.extend(cluster.results(0.2)) or answers, "the answer again")
    answers[0].give_back()
    assert [answer.task_id for answer in collect(cluster, 1)] == [task.task_id]
    assert deliveries == [task.task_id]


@ON_REDIS
def test_progress_is_told_while_it_searches(
    cluster: Cluster, start_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """Positions arrive one by one, before the answer."""
    list(cluster.news(0.1))  # from now on somebody listens
    start_worker(engine=fake_engine(tmp_path, "slow", 300)).ready()
    task = a_task(plies=(5, 4, 3))
    cluster.submit(task, priority=Priority.BATCH)
    news = []
    wait_for(lambda: news.extend(cluster.news(0.2)) or news, "news")
    assert news[0].task_id == task.task_id
    assert news[0].ply in task.plies
    assert news[0].evaluation["nodes"] > 0
    collect(cluster, 1)


@ON_REDIS
def test_what_is_missing_is_said_in_a_sentence(url: str, start_worker: Callable[..., Worker], tmp_path: Path) -> None:
    """Exit code 3 without broker or engine, 2 for what is no broker's URL; never a traceback, never a password."""
    nowhere = f"redis://:secret@127.0.0.1:{brokers.free_port()}/0"
    broken = tmp_path / "no-engine"
    for worker, code, says in [
        (start_worker(broker=nowhere), 3, "Start Redis"),
        (start_worker(broker=nowhere.replace("redis", "amqp")), 3, "Start RabbitMQ"),
        (start_worker(broker="http://127.0.0.1"), 2, "redis://"),
        (start_worker(engine=str(broken)), 3, str(broken)),
        (start_worker(engine=fake_engine(tmp_path, "not_uci")), 3, "UCI"),
    ]:
        assert worker.wait() == code, worker.said()
        assert says in worker.said()
        assert "Traceback" not in worker.said()
        assert "secret" not in worker.said()
    assert url
