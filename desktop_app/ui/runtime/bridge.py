"""From worker threads to the window: news of the batch, coalesced at the source to at most five wake-ups a second.

`BatchBridge` is made on the main thread before the engine pool and outlives it. Its listener methods run on worker
threads; its signals arrive on the main thread. Made by `controllers.batch_controller`.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

if TYPE_CHECKING:
    from desktop_app.domain.batch import ItemNews, JobNews, PositionNews
    from desktop_app.services.changes import Changes

NEWS_INTERVAL_MS = 200
_MOST_POSITIONS = 512


class BatchBridge(QObject):
    """Implements `services.analyse_games.BatchListener`.

    Signals, each at most five times a second:
        positions_arrived(tuple[PositionNews, ...]): ephemeral; the oldest are dropped when too many pile up.
        facts_changed(Changes): durable, merged, never dropped.
        items_changed(tuple[ItemNews, ...]) and jobs_changed(tuple[JobNews, ...]): durable, in order.
    """

    positions_arrived = Signal(object)
    facts_changed = Signal(object)
    items_changed = Signal(object)
    jobs_changed = Signal(object)
    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._woken_already = False
        self._closed = False
        self._positions: list[PositionNews] = []
        self._changes: Changes | None = None
        self._items: list[ItemNews] = []
        self._jobs: list[JobNews] = []
        self._last = float("-inf")
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._flush)
        self._woken.connect(self._on_woken)

    def position(self, news: PositionNews) -> None:
        """Worker thread: one position was evaluated."""
        with self._lock:
            self._positions.append(news)
            if len(self._positions) > _MOST_POSITIONS:
                del self._positions[: _MOST_POSITIONS // 2]
            self._wake()

    def changed(self, changes: Changes) -> None:
        """Worker thread: something was committed."""
        with self._lock:
            self._changes = changes if self._changes is None else self._changes.merge(changes)
            self._wake()

    def item(self, news: ItemNews) -> None:
        """Worker thread: a game of the job changed state."""
        with self._lock:
            self._items.append(news)
            self._wake()

    def job(self, news: JobNews) -> None:
        """Worker thread: the job changed state."""
        with self._lock:
            self._jobs.append(news)
            self._wake()

    def close(self) -> None:
        """Main thread: deliver nothing more. Idempotent."""
        with self._lock:
            self._closed = True
        self._timer.stop()

    def _wake(self) -> None:
        """One queued signal at most is under way; the lock is held."""
        if not self._woken_already and not self._closed:
            self._woken_already = True
            self._woken.emit()

    @Slot()
    def _on_woken(self) -> None:
        wait_ms = NEWS_INTERVAL_MS - (time.monotonic() - self._last) * 1000
        self._timer.start(int(max(0.0, wait_ms)))

    @Slot()
    def _flush(self) -> None:
        self._last = time.monotonic()
        with self._lock:
            self._woken_already = False
            positions, self._positions = self._positions, []
            items, self._items = self._items, []
            jobs, self._jobs = self._jobs, []
            changes, self._changes = self._changes, None
        if self._closed:
            return
        if positions:
            self.positions_arrived.emit(tuple(positions))
        if items:
            self.items_changed.emit(tuple(items))
        if changes:
            self.facts_changed.emit(changes)
        if jobs:
            self.jobs_changed.emit(tuple(jobs))
