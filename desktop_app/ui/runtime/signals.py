"""SIGINT and SIGTERM end the application as the close button does.

Main thread. The Python handler only runs when the interpreter does, so a wake-up socket lets Qt's loop notice.
Installed by `desktop`; a second signal skips the waiting.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSocketNotifier, Slot

if TYPE_CHECKING:
    from collections.abc import Callable


class QuitSignals(QObject):
    """Calls `on_quit` on the main thread for the first signal; the second ends the process at once (exit code 130)."""

    def __init__(self, on_quit: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._on_quit = on_quit
        self._seen = 0
        self._read, self._write = socket.socketpair()
        for end in (self._read, self._write):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_readable)
        self._old_wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._old: dict[int, Any] = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }

    @property
    def asked(self) -> bool:
        """Whether one has come, heard by Qt's loop or not."""
        return self._seen > 0

    def uninstall(self) -> None:
        """Give the signals back. Idempotent."""
        if not self._old:
            return
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._old = {}
        signal.set_wakeup_fd(self._old_wakeup)
        self._notifier.setEnabled(False)
        self._read.close()
        self._write.close()

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._seen += 1
        if self._seen > 1:
            os._exit(130)

    @Slot()
    def _on_readable(self) -> None:
        with contextlib.suppress(OSError):
            self._read.recv(64)
        if self._seen == 1:
            self._on_quit()
