"""Counting over whole blocks of bytes: blanks and line breaks. Types in `counts.pxd`; as Python, bytes' own methods.

Pure, any thread. Called by `pgn.splitter` and `pgn.blocks`.
"""

from __future__ import annotations

_BLANKS = b" \t\r\n\v\f\0"
_FILE = __file__


def is_compiled() -> bool:
    """Whether this, and with it all of `pgn.fast`, runs as machine code."""
    return not _FILE.endswith((".py", ".pyc"))


def count_nonblank(data: bytes) -> int:
    """Bytes that are not white space (or zero): what every byte account speaks of."""
    if is_compiled():
        return len(data) - _count_blanks(data, len(data))
    return len(data.translate(None, _BLANKS))


def count_lines(data: bytes) -> int:
    """Line breaks in `data`, of whichever kind; a carriage return with its line feed is one."""
    if is_compiled():
        return _count_breaks(data, len(data))
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def _count_blanks(data: bytes, end: int) -> int:
    """Blanks and zero bytes before `end`, for the compiled form."""
    blanks = 0
    for place in range(end):
        character = data[place]
        blanks += (character == 32) + (9 <= character <= 13) + (character == 0)
    return blanks


def _count_breaks(data: bytes, end: int) -> int:
    """Line breaks before `end`, for the compiled form, where a zero byte follows the last."""
    breaks = 0
    for place in range(end):
        breaks += (data[place] == 10) + (data[place] == 13) - ((data[place] == 13) & (data[place + 1] == 10))
    return breaks
