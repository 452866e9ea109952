"""The engine workers: a pool of their own, a long-lived runnable and a warm engine each.

Pool threads run the batch's worker loop and own their engine; the main thread starts and joins them. How many there
should be is decided by the batch. Used by `controllers.batch_controller`.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.ports import Evaluator

_log = logging.getLogger(__name__)
_MOST_WORKERS = 256


class _Tracked:
    """An evaluator on loan to a worker; lets the main thread stop or kill it."""

    def __init__(self, inner: Evaluator, forget: Callable[[_Tracked], None]) -> None:
        self._inner, self._forget = inner, forget

    @property
    def identity(self) -> EngineIdentity:
        """As the engine said."""
        return self._inner.identity

    def new_game(self) -> None:
        """Worker thread."""
        self._inner.new_game()

    def evaluate(self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int) -> Evaluation:
        """Worker thread."""
        return self._inner.evaluate(root_fen=root_fen, moves=moves, chess960=chess960, limit_nodes=limit_nodes)

    def stop(self) -> None:
        """Any thread."""
        self._inner.stop()

    def close(self) -> None:
        """Worker thread."""
        self._forget(self)
        self._inner.close()

    def kill(self) -> None:
        """Any thread: by force where the engine can, else its ordinary end."""
        getattr(self._inner, "kill", self._inner.close)()


class WorkerHost(Protocol):
    """What the pool works for (`services.analyse_games.AnalysisBatch`): any thread; all but `run_worker` at once."""

    def claim_workers(self) -> tuple[int, ...]:
        """Numbers of workers to be started now."""

    def run_worker(self, worker: int, open_evaluator: Callable[[int], Evaluator]) -> None:
        """Work on the calling thread until the worker shall end."""

    def stop_searching(self) -> None:
        """End all workers as soon as their engines obey."""


class _Worker(QRunnable):
    """One worker's whole life on a pool thread."""

    def __init__(self, number: int, pool: EngineWorkers, host: WorkerHost) -> None:
        super().__init__()
        self.setAutoDelete(True)
        self._number, self._pool, self._host = number, pool, host

    def run(self) -> None:
        """Pool thread. Catches everything and always says that it ended."""
        failure = ""
        try:
            self._host.run_worker(self._number, self._pool.open_tracked)
        except BaseException as error:  # noqa: BLE001 - the end of a worker must be told whatever it was
            _log.exception("worker %d ended with an error", self._number)
            failure = str(error) or type(error).__name__
        self._pool.report_end(self._number, failure)


class EngineWorkers(QObject):
    """Runs the workers a host asks for.

    Signals: `worker_ended(number, failure)`; failure is "" for an ordinary end.
    """

    worker_ended = Signal(int, str)

    def __init__(self, open_evaluator: Callable[[int], Evaluator], parent: QObject | None = None) -> None:
        """`open_evaluator(hash_mb)` starts an engine; it is called on worker threads."""
        super().__init__(parent)
        self._open_evaluator = open_evaluator
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(_MOST_WORKERS)
        self._lock = threading.Lock()
        self._tracked: set[_Tracked] = set()
        self._stopping = False

    def top_up(self, host: WorkerHost) -> int:
        """Main thread: start the workers the host misses; returns how many. Idempotent: called at every tick."""
        if self._stopping:
            return 0
        numbers = host.claim_workers()
        for number in numbers:
            self._pool.start(_Worker(number, self, host))
        return len(numbers)

    def stop(self, host: WorkerHost | None, budget_ms: int) -> bool:
        """Any thread: stop searches, join the workers, kill engines at the deadline.

        Returns False when a thread outlived even that.
        """
        with self._lock:
            self._stopping = True
        if host is not None:
            host.stop_searching()
        if self._pool.waitForDone(budget_ms):
            return True
        _log.warning("engines did not stop within %d ms; they are killed", budget_ms)
        with self._lock:
            left = list(self._tracked)
        for evaluator in left:
            evaluator.kill()
        return self._pool.waitForDone(max(500, budget_ms // 2))

    def open_tracked(self, hash_mb: int) -> Evaluator:
        """Worker thread: open an engine and remember it until it is closed."""
        tracked = _Tracked(self._open_evaluator(hash_mb), self._forget)
        with self._lock:
            self._tracked.add(tracked)
            stopping = self._stopping
        if stopping:
            tracked.stop()
        return tracked

    def report_end(self, number: int, failure: str) -> None:
        """Worker thread: the last thing a worker does."""
        with self._lock:
            if not self._stopping:
                self.worker_ended.emit(number, failure)

    def _forget(self, tracked: _Tracked) -> None:
        with self._lock:
            self._tracked.discard(tracked)
