"""Run blocking services off the main thread and answer on it. The one door from the window to the services.

Main thread: every public method and every callback. Pool threads: the work itself. Small pools, each for a reason:
`work` for what takes long (import, export), `reads` so that a page of the table never waits behind an import, `behind`
for what nobody waits for (indexing positions) or what comes in parts (the explorer's counts).
Called by controllers; stopped by `application`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from desktop_app.errors import CancelledError
from desktop_app.ui.runtime.cancel import Cancel

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)
T = TypeVar("T")
_PROGRESS_INTERVAL_S = 0.1


class Operation(QObject):
    """One running service call, as the main thread sees it. Signals arrive on the main thread.

    `finished` comes last and always exactly once, unless the operations were stopped before.
    """

    progressed = Signal(int, int, str)
    finished = Signal()

    def __init__(self, title: str, parent: QObject) -> None:
        super().__init__(parent)
        self.title = title
        self.cancel_token = Cancel()
        self.started = time.monotonic()

    @Slot()
    def cancel(self) -> None:
        """Ask the work to stop; what it committed stays."""
        self.cancel_token.cancel()


class _Progress:
    """A `ports.ProgressSink` that forwards the newest figure at most ten times a second, coalesced at the source."""

    def __init__(self, send: Callable[[int, int, str], None]) -> None:
        self._send = send
        self._last = 0.0

    def progress(self, done: int, total: int, text: str) -> None:
        """Forward, or drop when the last one was sent less than 100 ms ago (the end is always sent)."""
        now = time.monotonic()
        if now - self._last >= _PROGRESS_INTERVAL_S or (total and done >= total):
            self._last = now
            self._send(done, total, text)


class _Job(QRunnable):
    """Carries a call to a pool thread; whatever happens there, an answer goes back."""

    def __init__(
        self, number: int, call: Callable[[], Any], answer: Callable[[int, Any, BaseException | None], None]
    ) -> None:
        super().__init__()
        self.setAutoDelete(True)
        self._number, self._call, self._answer = number, call, answer

    def run(self) -> None:
        """Pool thread. Catches everything: an exception that escapes a runnable answers nobody."""
        try:
            result = self._call()
        except BaseException as error:  # noqa: BLE001 - any escape would leave the caller waiting for ever
            self._answer(self._number, None, error)
        else:
            self._answer(self._number, result, None)


class Operations(QObject):
    """Starts service calls and delivers their answers. Lives on the main thread for the whole run.

    Signals: `failed(title, error)` for every error nobody handles; the window shows it as a notification.
    """

    failed = Signal(str, object)
    _answered = Signal(int, object, object)
    _progressed = Signal(int, int, int, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work, self._reads, self._behind = QThreadPool(self), QThreadPool(self), QThreadPool(self)
        for pool in (self._work, self._reads, self._behind):
            pool.setMaxThreadCount(2)
        self._waiting: dict[
            int, tuple[Operation, Callable[[Any], None] | None, Callable[[Exception], None] | None]
        ] = {}
        self._at_work: dict[int, str] = {}
        self._next = 0
        self._lock = threading.Lock()
        self._open = True
        self._answered.connect(self._on_answered)
        self._progressed.connect(self._on_progressed)

    def run(
        self,
        title: str,
        call: Callable[[Cancel, _Progress], T],
        *,
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        reads: bool = False,
        behind: bool = False,
    ) -> Operation:
        """Start `call(cancel, progress)` on a pool thread.

        `done` or `failed` is called on the main thread. Without `failed`, an error becomes the `failed` signal;
        being cancelled is never an error. `reads` chooses the pool for short queries, `behind` that for quiet work.
        """
        self._next += 1
        number = self._next
        operation = Operation(title, self)
        self._waiting[number] = (operation, done, failed)
        if not self._open:
            return operation
        progress = _Progress(lambda n, total, text: self._send(self._progressed, number, n, total, text))
        token = operation.cancel_token
        job = _Job(
            number,
            lambda: self._work_on(number, title, partial(call, token, progress)),
            partial(self._send, self._answered),
        )
        (self._reads if reads else self._behind if behind else self._work).start(job)
        return operation

    def read(
        self,
        title: str,
        call: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None] | None = None,
    ) -> Operation:
        """Run a short query; `done` gets its answer on the main thread."""
        return self.run(title, lambda _cancel, _progress: call(), done=done, failed=failed, reads=True)

    async def ask(self, title: str, call: Callable[[], T]) -> T:
        """Await a short query. Raises what it raised. Needs a running loop that is integrated with Qt's."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.read(title, call, future.set_result, future.set_exception)
        return await future

    @property
    def running(self) -> list[Operation]:
        """Operations without an answer yet."""
        return [operation for operation, _, _ in self._waiting.values()]

    def stop(self, budget_ms: int) -> bool:
        """Cancel everything, join the pools. No answers follow.

        Returns False when some work outlived the budget; the log says which.
        """
        with self._lock:
            self._open = False
        for operation in self.running:
            operation.cancel()
        pools = (self._work, self._reads, self._behind)
        for pool in pools:
            pool.clear()
        deadline = time.monotonic() + budget_ms / 1000
        joined = True
        for pool in pools:
            joined = pool.waitForDone(max(1, int((deadline - time.monotonic()) * 1000))) and joined
        if not joined:
            with self._lock:
                titles = sorted(self._at_work.values())
            _log.warning("still at work after %d ms: %s", budget_ms, ", ".join(titles))
        return joined

    def _work_on(self, number: int, title: str, call: Callable[[], T]) -> T:
        """Pool thread."""
        with self._lock:
            self._at_work[number] = title
        try:
            return call()
        finally:
            with self._lock:
                del self._at_work[number]

    def _send(self, signal: Any, *values: object) -> None:
        """Pool thread: emit unless stopped; the receiver may already be gone then."""
        with self._lock:
            if self._open:
                signal.emit(*values)

    @Slot(int, int, int, str)
    def _on_progressed(self, number: int, done: int, total: int, text: str) -> None:
        entry = self._waiting.get(number)
        if entry:
            entry[0].progressed.emit(done, total, text)

    @Slot(int, object, object)
    def _on_answered(self, number: int, result: Any, error: Exception | None) -> None:
        operation, done, failed = self._waiting.pop(number)
        try:
            if error is None:
                if done:
                    done(result)
            elif failed:
                failed(error)
            elif not isinstance(error, CancelledError):
                _log.error("%s failed", operation.title, exc_info=error)
                self.failed.emit(operation.title, error)
        finally:
            operation.finished.emit()
            operation.deleteLater()
