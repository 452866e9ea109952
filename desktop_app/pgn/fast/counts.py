"""Counting over whole blocks of bytes: blanks and line breaks. Types in `counts.pxd`; as Python, bytes' own methods.

Pure, any thread. Called by `pgn.splitter` and `pgn.blocks`.
"""

from __future__ import annotations

_BLANKS = b" \t\r\n\v\f\0"
_STRIDE = 128
_FILE = __file__


def is_compiled() -> bool:
    """Whether this, and with it all of `pgn.fast`, runs as machine code."""
    return not _FILE.endswith((".py", ".pyc"))


def count_nonblank(data: bytes) -> int:
    """Bytes that are not white space (or zero): what every byte account speaks of."""
    if is_compiled():
        return len(data) - _count_blanks(data, len(data))
    return len(data.translate(None, _BLANKS))


def count_lines(data: bytes, end: int | None = None) -> int:
    """Line breaks in `data`, or in what is before `end`, of whichever kind; a carriage return with its feed is one."""
    end = len(data) if end is None else end
    if is_compiled():
        return _count_breaks(data, end)
    cut_in_two = data[end - 1 : end + 1] == b"\r\n"  # its feed is behind the end
    return data.count(b"\n", 0, end) + data.count(b"\r", 0, end) - data.count(b"\r\n", 0, end) - cut_in_two


def _count_blanks(data: bytes, end: int) -> int:
    """Blanks and zero bytes before `end`, for the compiled form."""
    blanks = 0
    for start in range(0, end, _STRIDE):
        few = 0  # one byte in the compiled form, so that the processor counts many bytes at once
        for place in range(start, min(start + _STRIDE, end)):
            character = data[place]
            few += (character == 32) | (9 <= character <= 13) | (character == 0)
        blanks += few
    return blanks


def _count_breaks(data: bytes, end: int) -> int:
    """Line breaks before `end`, for the compiled form, where a zero byte follows the last."""
    breaks = 0
    for start in range(0, end, _STRIDE):
        few = 0
        for place in range(start, min(start + _STRIDE, end)):
            few += (data[place] == 10) | ((data[place] == 13) & (data[place + 1] != 10))
        breaks += few
    return breaks
