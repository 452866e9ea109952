"""What `kibitz worker` runs: a Celery worker whose processes each keep one engine warm. On the main thread, until told.

SIGTERM: no new chunks; running ones finish, or are given back when the grace period is over; a second SIGTERM ends the
grace period at once. The pool is Celery's prefork pool: Linux and macOS.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from billiard.process import current_process
from celery import signals
from celery.exceptions import TimeLimitExceeded, WorkerLostError

from desktop_app.engine.discovery import find_engine, identify
from desktop_app.engine.session import EngineSession
from desktop_app.errors import EnvironmentLackingError
from desktop_app.worker.app import TASK, make_app, public_url
from desktop_app.worker.board import Board
from desktop_app.worker.client import Cluster
from desktop_app.worker.lifecycle import SearchDesk
from desktop_app.worker.limits import KEEP_S, MOST_RETRIES
from desktop_app.worker.main_process import MainProcess, sign_of_life_of
from desktop_app.worker.metrics import serve
from desktop_app.worker.outbox import Outbox
from desktop_app.worker.tasks import Call, ChunkRunner, last_words, register, retry_pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Task

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.worker.messages import WorkerStatus
    from desktop_app.worker.metrics import MetricsPage

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What `kibitz worker` was asked for.

    Attributes:
        engine: path of the engine; None to look for one.
        grace_s: how long running chunks may go on after SIGTERM.
        metrics: address and port of the page for Prometheus; None for none.
    """

    broker: str
    engine: str | None = None
    processes: int = 1
    name: str = "worker"
    queues: tuple[str, ...] = ("chunks",)
    grace_s: float = 30.0
    metrics: tuple[str, int] | None = None

    @property
    def hostname(self) -> str:
        """The worker's name in the cluster."""
        return self.name if "@" in self.name else f"{self.name}@{socket.gethostname()}"


class WorkerService:
    """One worker: its application, its processes, its end."""

    def __init__(self, settings: WorkerSettings) -> None:
        """Look for engine and broker.

        Raises:
            EnvironmentLackingError: one is missing, or this system has no prefork pool; the text says what to do.
            UsageError: no such kind of broker.
        """
        if sys.platform == "win32":
            raise EnvironmentLackingError(
                "Workers run on Linux and macOS.", action="On Windows run the worker in a container or in WSL."
            )
        self._settings = settings
        with Cluster(settings.broker) as cluster:
            cluster.ping()
        self._engine = find_engine(settings.engine)
        self._identity = _identity_of(self._engine)
        self._board = Board()
        self._runner: ChunkRunner | None = None
        self._page: MetricsPage | None = None
        self._app = make_app(settings.broker, queues=settings.queues)
        self._task = register(self._app, TASK, self._run)
        self._main = MainProcess(
            name=settings.hostname,
            board=self._board,
            identity=self._identity,
            processes=settings.processes,
            queues=settings.queues,
        )

    def status(self) -> WorkerStatus:
        """What the worker says of itself; any thread of the main process."""
        return self._main.status()

    def run(self, on_ready: Callable[[str], None]) -> int:
        """Work until told to end; the exit code. `on_ready` is given a sentence once chunks are taken."""
        settings = self._settings
        self._main.install()
        self._app.steps["consumer"].add(sign_of_life_of(self._main))
        receivers = (
            (signals.setup_logging, _leave_logging),
            (signals.worker_process_init, self._on_process_start),
            (signals.worker_process_shutdown, self._on_process_end),
            (signals.worker_shutting_down, self._on_told_to_end),
            (signals.task_failure, self._on_lost),
            (signals.worker_ready, lambda **_: self._begin(on_ready)),
        )
        for signal, receiver in receivers:
            signal.connect(receiver, weak=False)
        try:
            worker = self._app.Worker(
                hostname=settings.hostname,
                pool="prefork",
                concurrency=settings.processes,
                queues=[f"kibitz.{name}" for name in settings.queues],
                without_gossip=True,
                optimization="fair",
                quiet=True,
                loglevel="INFO",
            )
            worker.start()
        finally:
            for signal, receiver in receivers:
                signal.disconnect(receiver)
            if self._page is not None:
                self._page.close()
        return int(worker.exitcode or 0)

    def _begin(self, on_ready: Callable[[str], None]) -> None:
        # After the searching processes were forked, for the page has a thread.
        if self._settings.metrics is not None and self._page is None:
            address, port = self._settings.metrics
            self._page = serve(self._status, port=port, address=address)
        on_ready(self._sentence())

    def _status(self) -> WorkerStatus:
        """On the page's thread: the main thread may change Celery's set of tasks under it, and then it looks again."""
        for _ in range(10):
            with contextlib.suppress(RuntimeError):
                return self.status()
        raise RuntimeError("the set of running tasks would not keep still")

    def _sentence(self) -> str:
        settings = self._settings
        return (
            f"{settings.hostname}: {settings.processes} x {self._identity.name}, "
            f"chunks from {', '.join(settings.queues)} at {public_url(settings.broker)}"
        )

    # In the searching processes.

    def _on_process_start(self, **_: Any) -> None:
        slot = int(getattr(current_process(), "index", 0) or 0)
        self._runner = ChunkRunner(
            worker=f"{self._settings.hostname}/{slot}",
            identity=self._identity,
            desk=SearchDesk(lambda hash_mb: EngineSession.open(self._engine, hash_mb=hash_mb), self._board, slot),
            board=self._board,
            outbox=Outbox(self._app),
        )

    def _on_process_end(self, **_: Any) -> None:
        if self._runner is not None:
            self._runner.close()

    def _run(self, celery_task: Task[Any, Any], payload: Any, envelope: dict[str, Any]) -> None:
        assert self._runner is not None  # noqa: S101 - made when the process started
        self._runner.run(celery_task, payload, envelope)

    # In the main process.

    def _on_told_to_end(self, **_: Any) -> None:
        """In the handler of SIGTERM, once for each of them."""
        self._board.give_back_in(0.0 if self._board.draining else self._settings.grace_s)

    def _on_lost(
        self, sender: Task[Any, Any] | None = None, exception: BaseException | None = None, **call: Any
    ) -> None:
        """A process died under its chunk, or was killed at the hard time limit."""
        if sender is None or not isinstance(exception, TimeLimitExceeded | WorkerLostError):
            return
        arguments, envelope = call.get("args") or [None], dict(call.get("kwargs") or {})
        retries = 0 if isinstance(exception, TimeLimitExceeded) else MOST_RETRIES
        found = Call(sender, str(call.get("task_id")), arguments[0], envelope, retries=retries)
        lost = found.lost + 1
        if isinstance(exception, TimeLimitExceeded) and lost <= MOST_RETRIES:
            _log.warning("task %s: killed at its time limit", found.task_id)
            found.resubmit(countdown=retry_pause(lost), lost=lost)
            return
        reason = f"The process that searched it died {MOST_RETRIES + 1} times (the last time: {exception})."
        _log.error("task %s is given up: %s", found.task_id, reason)
        # On a thread of its own, for the event loop must go on while the broker is away.
        threading.Thread(target=self._bury, args=(found, reason), name="kibitz-bury", daemon=True).start()

    def _bury(self, call: Call, reason: str) -> None:
        outbox = Outbox(self._app)
        for queue, body in last_words(call, self._settings.hostname, reason):
            outbox.send_patiently(queue, body, seconds=KEEP_S, unwanted=lambda: False)
        outbox.close()


def _identity_of(path: str) -> EngineIdentity:
    identity = identify(path)
    # The pool forks: no thread of ours may hold a lock then.
    for thread in threading.enumerate():
        if thread.name == "engine-watchdog":
            thread.join(5)
    return identity


def _leave_logging(**_: Any) -> None:
    """A receiver of `setup_logging` keeps Celery from setting up logging of its own."""
