"""Byte streams under a source: decompression that keeps what is readable, UTF-16 turned into UTF-8, binary files told.

Every stream reports how far into the file on disk it is, for progress. One thread at a time. Used by `pgn.sources`.
"""

from __future__ import annotations

import bz2
import codecs
import zlib
from typing import TYPE_CHECKING, BinaryIO, Protocol

import zstandard

from desktop_app.errors import SourceUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK_BYTES = 64 * 1024
_ZSTD_CHUNK_BYTES = 8 * 1024
"""Zstandard's one-shot decompressor has no output limit; small bites bound what a hostile file makes of them."""
_SNIFF_BYTES = 8 * 1024


class Stream(Protocol):
    """Bytes in order, and how far that is into the file on disk."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end. Raises SourceUnreadableError where the source is damaged."""

    def tell_raw(self) -> int:
        """Bytes of the file on disk that were used so far."""

    def close(self) -> None:
        """Let go of the file."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class PlainStream:
    """A file as it is."""

    def __init__(self, file: BinaryIO, *, name: str) -> None:
        self._file = file
        self._name = name
        self._raw = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        try:
            data = self._file.read(size)
        except (OSError, EOFError, RuntimeError, NotImplementedError, zlib.error, ValueError) as error:
            raise _damaged(self._name, error) from error
        except (
            Exception
        ) as error:  # zipfile.BadZipFile, lzma.LZMAError: a damaged archive member, whatever it is called
            raise _damaged(self._name, error) from error
        self._raw += len(data)
        return data

    def tell_raw(self) -> int:
        """Bytes read so far."""
        return self._raw

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class InflatingStream:
    """Decompresses gzip, bzip2 or Zstandard, members in a row included; a damaged file gives what is readable in it."""

    def __init__(self, file: BinaryIO, *, name: str, kind: str) -> None:
        self._file = file
        self._name = name
        self._new, self._bite = _DECOMPRESSORS[kind]
        self._decompressor: _Decompressor | None = None
        self._pending = b""
        self._out = b""
        self._error: SourceUnreadableError | None = None
        self._ended = False
        self._raw = 0

    def read(self, size: int) -> bytes:
        """At most `size` decompressed bytes; the error, if any, comes after everything readable was given out."""
        while not self._out and not self._ended:
            try:
                self._out = self._more()
            except (OSError, EOFError, ValueError, zlib.error, zstandard.ZstdError) as error:
                self._ended = True
                self._error = _damaged(self._name, error)
        if not self._out and self._error is not None:
            raise self._error
        data, self._out = self._out[:size], self._out[size:]
        return data

    def _more(self) -> bytes:
        """Decompress one bite; sets `_ended` at the end of the file."""
        compressed = self._pending or self._file.read(self._bite)
        self._pending = b""
        self._raw = self._file.tell()
        if not compressed:
            self._ended = True
            if self._decompressor is not None:
                raise EOFError("the compressed data ends in the middle")
            return b""
        if self._decompressor is None:
            if not compressed.strip(b"\0"):
                return b""  # padding after the last member
            self._decompressor = self._new()
        data: bytes = self._decompressor.decompress(compressed)  # type: ignore[attr-defined]  # three libraries, one shape
        if self._decompressor.eof:
            self._pending = self._decompressor.unused_data
            self._decompressor = None
        return data

    def tell_raw(self) -> int:
        """Compressed bytes used so far."""
        return self._raw

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Utf16Stream:
    """UTF-16 below, UTF-8 above."""

    def __init__(self, below: Stream, *, encoding: str) -> None:
        self._below = below
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._out = b""
        self._ended = False

    def read(self, size: int) -> bytes:
        """At most `size` bytes of UTF-8."""
        while not self._out and not self._ended:
            data = self._below.read(_CHUNK_BYTES)
            self._ended = not data
            self._out = self._decoder.decode(data, final=not data).encode()
        data, self._out = self._out[:size], self._out[size:]
        return data

    def tell_raw(self) -> int:
        """As the stream below says."""
        return self._below.tell_raw()

    def close(self) -> None:
        """Close the stream below."""
        self._below.close()


class PeekedStream:
    """Gives back first what was read ahead to see what kind of file it is."""

    def __init__(self, below: Stream, head: bytes) -> None:
        self._below = below
        self._head = head

    def read(self, size: int) -> bytes:
        """At most `size` bytes."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._below.read(size)

    def tell_raw(self) -> int:
        """As the stream below says."""
        return self._below.tell_raw()

    def close(self) -> None:
        """Close the stream below."""
        self._below.close()


def as_text(stream: Stream) -> tuple[Stream, bool]:
    """The stream with UTF-16 turned into UTF-8, and whether it holds binary data rather than text."""
    try:
        head = stream.read(_SNIFF_BYTES)
    except SourceUnreadableError:
        return stream, False  # the same error comes again, where it is reported
    peeked = PeekedStream(stream, head)
    if encoding := _utf16(head):
        return Utf16Stream(peeked, encoding=encoding), False
    return peeked, b"\0" in head and b"[Event " not in head and head.strip(b" \t\r\n\0") != b""


def _utf16(head: bytes) -> str:
    """Which UTF-16 this is, by its mark or by the shape of a first tag; empty for none."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if head[:2] == b"[\0":
        return "utf-16-le"
    return "utf-16-be" if head[:2] == b"\0[" else ""


def _damaged(name: str, error: Exception) -> SourceUnreadableError:
    detail = str(error) or type(error).__name__
    return SourceUnreadableError(
        f"{name} is damaged or cut short ({detail}); the games before that place were read.",
        action="Fetch or copy the file again and import it once more: games already here are not doubled.",
    )


def _gzip() -> _Decompressor:
    return zlib.decompressobj(wbits=31)


def _zstandard() -> _Decompressor:
    return zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()


_DECOMPRESSORS: dict[str, tuple[Callable[[], _Decompressor], int]] = {
    "gz": (_gzip, _CHUNK_BYTES),
    "bz2": (bz2.BZ2Decompressor, _CHUNK_BYTES),
    "zst": (_zstandard, _ZSTD_CHUNK_BYTES),
}
