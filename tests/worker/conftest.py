"""Real brokers, real worker processes, and waiting for what must come."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

pytest.importorskip("celery", reason="workers need Celery, which the core does not")

from desktop_app.engine.discovery import find_engine
from desktop_app.worker.client import Cluster
from desktop_app.worker.messages import ChunkTask
from tests import brokers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from desktop_app.worker.messages import Delivery, WorkerStatus

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 60.0
VISIBILITY_S = "4"
ITALIAN = ("e2e4", "e7e5", "g1f3", "b8c6", "f1c4", "f8c5", "c2c3", "g8f6", "d2d4", "e5d4")
START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"

ON_REDIS = pytest.mark.parametrize("broker", ["redis"], indirect=True)
"""For what does not depend on the kind of broker, or concerns Redis alone: workers take seconds to start."""

_numbers = itertools.count(1)


def a_task(
    *, nodes: int = 2000, plies: tuple[int, ...] = (3, 2), batch: str = "", fen: str = START, **changed: object
) -> ChunkTask:
    """A chunk of the Italian game with an id of its own."""
    number = next(_numbers)
    task = ChunkTask(
        task_id=f"task-{number}", batch=batch or f"batch-{number}", root_fen=fen, moves=ITALIAN, chess960=False,
        plies=plies, warmup_ply=plies[0] + 1, limit_nodes=nodes, reproducible=True,
    )  # fmt: skip
    return ChunkTask(**({name: getattr(task, name) for name in task.__dataclass_fields__} | changed))  # type: ignore[arg-type] - tests change what they like


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until the condition holds."""
    deadline, pause = time.monotonic() + DEADLINE_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        pause.wait(0.02)


def statuses(cluster: Cluster, wanted: int = 1) -> tuple[WorkerStatus, ...]:
    """What all of so many workers say of themselves; on a busy machine an answer may come too late to be heard."""
    found: list[tuple[WorkerStatus, ...]] = []

    def all_answered() -> bool:
        found.append(cluster.workers(0.5))
        return len(found[-1]) == wanted

    wait_for(all_answered, f"{wanted} workers to answer")
    return found[-1]


def collect(cluster: Cluster, wanted: int, *, more_for_s: float = 0.0) -> list[Delivery]:
    """The next answers, acknowledged; and for `more_for_s` those that should not come."""
    found: list[Delivery] = []
    deadline = time.monotonic() + DEADLINE_S
    while len(found) < wanted and time.monotonic() < deadline:
        for delivery in cluster.results(0.5):
            delivery.ack()
            found.append(delivery)
            if len(found) == wanted:
                break
    assert len(found) == wanted, f"{len(found)} answers of {wanted}"
    if more_for_s:
        for delivery in cluster.results(more_for_s):
            delivery.ack()
            found.append(delivery)
    return found


class Worker:
    """A `kibitz worker` in a process of its own."""

    def __init__(self, broker: str, folder: Path, *arguments: str, engine: str) -> None:
        self.name = f"w{next(_numbers)}"
        self._log = folder / f"{self.name}.log"
        words = [sys.executable, "-m", "desktop_app", "worker", "--broker", broker, "--engine", engine]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*words, "--name", self.name, "--processes", "1", *arguments],
                cwd=ROOT, env=os.environ | {"KIBITZ_VISIBILITY_S": VISIBILITY_S}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def said(self) -> str:
        """What it printed and logged."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def ready(self) -> Worker:
        """Wait until it takes chunks."""
        wait_for(lambda: "Ready:" in self.said() or self.process.poll() is not None, f"the worker\n{self.said()}")
        assert self.process.poll() is None, self.said()
        return self

    def tree(self) -> list[psutil.Process]:
        """Its processes and engines, itself apart."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []

    def searchers(self) -> list[psutil.Process]:
        """The processes that search: children of the main process."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.process.pid).children()
        return []

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(DEADLINE_S)

    def end(self) -> None:
        """Whatever it does: it and all its processes are gone after this."""
        tree = self.tree()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE_S)
        for process in tree:
            with contextlib.suppress(psutil.Error):
                process.kill()
        wait_for(lambda: not alive(tree), "the worker's processes to be gone")


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Which of them still run."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.fixture(autouse=True)
def _short_visibility(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBITZ_VISIBILITY_S", VISIBILITY_S)


@pytest.fixture(scope="session")
def stockfish() -> str:
    """Path of the Stockfish on this machine; `make test` installs one."""
    return find_engine()


@pytest.fixture(scope="session", autouse=True)
def servers() -> Iterator[dict[str, brokers.Broker]]:
    """Both brokers, those that are installed; started before any test looks at what processes run."""
    with contextlib.ExitStack() as stack:
        found: dict[str, brokers.Broker] = {}
        for name, serve in (("redis", brokers.redis), ("rabbitmq", brokers.rabbitmq)):
            broker = stack.enter_context(serve())
            if broker is not None:
                found[name] = broker
        yield found


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest, servers: dict[str, brokers.Broker]) -> brokers.Broker:
    """Each of the two."""
    if request.param not in servers:
        brokers.missing(request.param)
    return servers[request.param]


@pytest.fixture
def url(broker: brokers.Broker) -> str:
    """Its URL. Each test leaves its queues empty, see `cluster`."""
    return broker.url


@pytest.fixture
def cluster(url: str) -> Iterator[Cluster]:
    """A cluster whose queues are empty, before and after."""
    with Cluster(url) as opened:
        _drain(opened)
        yield opened
        _drain(opened)


def _drain(cluster: Cluster) -> None:
    """Take everything away that a test left on the broker."""
    app = cluster._app
    from desktop_app.worker.app import chunk_queue, dead_queue, results_queue  # noqa: PLC0415 - kombu, after the skip

    if cluster._results is not None:
        cluster._results.close()
    with app.connection_for_write() as connection:
        channel = connection.channel()
        for queue in (chunk_queue("chunks"), dead_queue(), results_queue()):
            bound = queue.bind(channel)
            bound.declare()
            bound.purge()
        if hasattr(channel, "unacked_key"):
            channel.client.delete(channel.unacked_key, channel.unacked_index_key)


@pytest.fixture
def start_worker(url: str, tmp_path: Path, stockfish: str) -> Iterator[Callable[..., Worker]]:
    """Starts workers on the test's broker; all of them are gone afterwards."""
    started: list[Worker] = []

    def start(*arguments: str, engine: str = stockfish, broker: str = url) -> Worker:
        worker = Worker(broker, tmp_path, *arguments, engine=engine)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.end()
