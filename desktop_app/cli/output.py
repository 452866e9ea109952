"""What commands print: JSON, aligned tables, one progress line. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import io
import json
import os
import sys
import time
import unicodedata
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

REDRAW_S = 0.1
ELLIPSIS = "…"


def use_utf8() -> None:
    """Print UTF-8 whatever the locale says; what cannot be encoded is escaped rather than fatal.

    Where the caller closed a stream, what would go there goes nowhere.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open until the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print one JSON value; `indent=None` puts it on one line and hands it on at once."""
    print(json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False), flush=indent is None)


def one_line(text: str) -> str:
    """The text without line breaks and control characters: errors are one line."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def complain(text: str) -> None:
    """Print one line to stderr."""
    print(f"kibitz: {one_line(text)}", file=sys.stderr, flush=True)


def width(text: str) -> int:
    """Columns a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def shorten(text: str, most: int) -> str:
    """The text, cut to `most` columns with an ellipsis."""
    if width(text) <= most:
        return text
    kept = ""
    for char in text:
        if width(kept + char) > most - 1:
            break
        kept += char
    return kept + ELLIPSIS


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, right: frozenset[int] = frozenset()) -> str:
    """An aligned table; columns whose index is in `right` are aligned right. None becomes an empty cell."""
    cells = [[*head], *([one_line("" if cell is None else str(cell)) for cell in row] for row in rows)]
    widths = [max(width(row[index]) for row in cells) for index in range(len(head))]
    lines = []
    for row in cells:
        padded = [
            " " * (widths[index] - width(cell)) + cell if index in right else cell + " " * (widths[index] - width(cell))
            for index, cell in enumerate(row)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Seconds for people: "42 s", "3 min 05 s", "2 h 10 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if seconds >= 10 or whole == seconds else f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


class ProgressLine:
    """One line on stderr that is drawn over; silent where stderr is no terminal. A ProgressSink; any one thread.

    As a context it is wiped at the end, whatever happened.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._on = enabled and sys.stderr.isatty()
        self._drawn_at = 0.0
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def progress(self, done: int, total: int, text: str) -> None:
        """Show how far things are, at most ten times a second."""
        share = f"{min(100, 100 * done // total):3d} %  " if total else ""
        self.say(f"{share}{text}")

    def say(self, text: str) -> None:
        """Show this text in place of the last."""
        now = time.monotonic()
        if not self._on or now - self._drawn_at < REDRAW_S:
            return
        self._drawn_at = now
        self._drawn = True
        print(f"\r\x1b[K{shorten(one_line(text), 100)}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Wipe the line, so that something else can be printed."""
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = False
