"""What happens when something nobody foresaw happens: hooks that log it, write a report and tell the user.

Any thread may crash; the text reaches the main thread by signal. Installed by `desktop`. Hard crashes (segmentation
fault) are `log.CrashFile`'s, read back at the next start.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

_log = logging.getLogger(__name__)


class CrashHooks(QObject):
    """Catches what escapes everywhere. `crashed(text)` arrives on the main thread with a traceback."""

    crashed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._old_sys = sys.excepthook
        self._old_threading = threading.excepthook

    def install(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Put the hooks in place."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        if loop is not None:
            loop.set_exception_handler(self._on_loop_exception)

    def uninstall(self) -> None:
        """Restore what was there before."""
        sys.excepthook, threading.excepthook = self._old_sys, self._old_threading

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self._report("".join(traceback.format_exception(kind, error, trace)))

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_type is SystemExit:
            return
        name = args.thread.name if args.thread else "a thread"
        text = "".join(traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback))
        self._report(f"In {name}:\n{text}")

    def _on_loop_exception(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        trace = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else ""
        self._report(f"{context.get('message', '')}\n{trace}")

    def _report(self, text: str) -> None:
        _log.critical("unhandled: %s", text)
        self.crashed.emit(text)
