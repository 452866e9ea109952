"""The engine workers: a pool of their own, a long-lived runnable and a warm engine each.

Pool threads run `analysis.loop.work` and own their engine; the main thread starts, counts and joins them. How many
there should be is decided by the batch (`pull` answers None to a worker too many). Used by
`controllers.batch_controller`.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from desktop_app.analysis.loop import work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.ports import ChunkSource, Evaluator

_log = logging.getLogger(__name__)


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


class _Worker(QRunnable):
    """One worker's whole life on a pool thread."""

    def __init__(self, number: int, pool: EngineWorkers, source: ChunkSource) -> None:
        super().__init__()
        self.setAutoDelete(True)
        self._number, self._pool, self._source = number, pool, source

    def run(self) -> None:
        """Pool thread. Catches everything and always says that it ended."""
        failure = ""
        try:
            work(self._number, self._source, self._pool.open_tracked)
        except BaseException as error:  # noqa: BLE001 - the end of a worker must be told whatever it was
            _log.exception("worker %d ended with an error", self._number)
            failure = str(error) or type(error).__name__
        self._pool.report_end(self._number, failure)


class EngineWorkers(QObject):
    """Keeps as many workers alive as are wanted while there is a source to pull from.

    Signals: `worker_ended(number, failure)`; failure is "" for an ordinary end.
    """

    worker_ended = Signal(int, str)
    _ended = Signal(int, str)

    def __init__(self, open_evaluator: Callable[[int], Evaluator], parent: QObject | None = None) -> None:
        """`open_evaluator(hash_mb)` starts an engine; it is called on worker threads."""
        super().__init__(parent)
        self._open_evaluator = open_evaluator
        self._pool = QThreadPool(self)
        self._pool.setExpiryTimeout(-1)
        self._lock = threading.Lock()
        self._tracked: set[_Tracked] = set()
        self._stopping = False
        self._source: ChunkSource | None = None
        self._alive: set[int] = set()
        self._ended.connect(self._on_ended)

    @property
    def alive(self) -> int:
        """Workers that have not ended."""
        return len(self._alive)

    def start(self, source: ChunkSource, wanted: int) -> None:
        """Main thread: pull from `source` with `wanted` workers."""
        self._source = source
        self.set_wanted(wanted)

    def set_wanted(self, wanted: int) -> None:
        """Main thread: start missing workers; the source ends those too many. Idempotent: called at every tick."""
        source = self._source
        if source is None or self._stopping:
            return
        self._pool.setMaxThreadCount(max(wanted, len(self._alive), 1))
        for number in range(wanted):
            if number not in self._alive:
                self._alive.add(number)
                self._pool.start(_Worker(number, self, source))

    def release(self) -> None:
        """Main thread: no job is left; workers that end are not replaced."""
        self._source = None

    def stop(self, budget_ms: int) -> bool:
        """Main thread: stop searches, join the workers, kill engines at the deadline. The source must be closed before.

        Returns False when a thread outlived even that.
        """
        self._stopping = True
        self._source = None
        for evaluator in self._open_evaluators():
            evaluator.stop()
        if self._pool.waitForDone(budget_ms):
            return True
        _log.warning("engines did not stop within %d ms; they are killed", budget_ms)
        for evaluator in self._open_evaluators():
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
        if not self._stopping:
            self._ended.emit(number, failure)

    def _forget(self, tracked: _Tracked) -> None:
        with self._lock:
            self._tracked.discard(tracked)

    def _open_evaluators(self) -> list[_Tracked]:
        with self._lock:
            return list(self._tracked)

    @Slot(int, str)
    def _on_ended(self, number: int, failure: str) -> None:
        self._alive.discard(number)
        self.worker_ended.emit(number, failure)
