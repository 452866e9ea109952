"""Limit how often something is done on the main thread: at once when it was quiet, else once when the time is up.

Main thread only. Used by controllers that re-read the library after bursts of news.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

if TYPE_CHECKING:
    from collections.abc import Callable


class Throttle(QObject):
    """Calls `action` at most once every `interval_ms`; the last request is never lost."""

    def __init__(self, interval_ms: int, action: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("throttle")
        self._action = action
        self._interval_ms = interval_ms
        self._last = float("-inf")
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._fire)

    def request(self) -> None:
        """Ask for the action."""
        if self._timer.isActive():
            return
        wait_ms = self._interval_ms - (time.monotonic() - self._last) * 1000
        if wait_ms <= 0:
            self._fire()
        else:
            self._timer.start(int(wait_ms) + 1)

    def set_interval(self, interval_ms: int) -> None:
        """Change the least time between two actions, from the next one on."""
        self._interval_ms = interval_ms

    def cancel(self) -> None:
        """Forget a pending request."""
        self._timer.stop()

    @Slot()
    def _fire(self) -> None:
        self._timer.stop()
        self._last = time.monotonic()
        self._action()
