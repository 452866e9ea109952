"""The last lines said to and by one engine, for logs and problem reports. Bounded; any thread may read it.

Search output is not kept line by line: that would cost more than reading it does.
"""

from __future__ import annotations

import time
from collections import deque

KEPT_LINES = 60
LINE_LIMIT = 300


class Transcript:
    """A ring of protocol lines with the time since the engine started. Written by the session's threads."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._started = time.monotonic()

    def sent(self, text: str) -> None:
        """Note one or more lines written to the engine."""
        for line in text.splitlines():
            self._note("<<", line)

    def received(self, line: bytes) -> None:
        """Note a line the engine wrote."""
        self._note(">>", line.decode("utf-8", "replace"))

    def tail(self, count: int = 12) -> str:
        """The last lines, oldest first, one a line: ">>" from the engine, "<<" to it."""
        return "\n".join(list(self._lines)[-count:])

    def _note(self, arrow: str, line: str) -> None:
        shown = line if len(line) <= LINE_LIMIT else f"{line[:LINE_LIMIT]}… ({len(line)} characters)"
        self._lines.append(f"{time.monotonic() - self._started:9.3f} {arrow} {shown}")
