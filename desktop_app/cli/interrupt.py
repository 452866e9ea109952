"""Ctrl+C and SIGTERM as a token: the first asks the work to stop and keep what it has, the second ends at once."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

EXIT_CODE = 130
"""What a shell expects of a command that Ctrl+C stopped (128 + SIGINT)."""


class Interrupt:
    """A CancelToken set by signals while its `with` block runs. Enter and leave it on the main thread.

    `on_first`, where given, is called once by the first signal (on the main thread, between two bytecodes): it must
    only set flags.
    """

    def __init__(self, on_first: Callable[[], None] | None = None) -> None:
        self._asked = threading.Event()
        self._on_first = on_first
        self._previous: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def cancelled(self) -> bool:
        """Return True once a signal asked to stop."""
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for a signal, at most so long; return whether one came."""
        return self._asked.wait(seconds)

    def cancel(self) -> None:
        """Ask to stop without a signal (the output's reader went away)."""
        self._asked.set()

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked.is_set():
            raise KeyboardInterrupt
        self._asked.set()
        if self._on_first is not None:
            self._on_first()
