"""Cuts a source into blocks of whole games that can be split and read independently, cheaply and in flat memory.

Cuts fall before `[Event "` at the start of a line that does not follow a tag: there `pgn.splitter` starts a new game
whatever came before (but for what leads up to the first game, which is never cut from it), so that blocks give the same
games as the whole would. Sources without such places (games without
an Event tag, one enormous game) are split piece by piece instead. Cutting depends on the bytes alone: several processes
that read the same source agree on its blocks and share them out by number. Called by `services.import_reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from desktop_app.errors import SourceUnreadableError
from desktop_app.pgn.fast.counts import count_lines, count_nonblank
from desktop_app.pgn.splitter import RawGame, Splitter, StrayText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BLOCK_BYTES = 256 * 1024
_PATIENCE_BYTES = 2 * 1024 * 1024
"""How much may pass without a cut before the source is split piece by piece."""
_READ_BYTES = 128 * 1024
_BITE_BYTES = 8 * 1024
_EVENT = b"[Event "


class ByteReader(Protocol):
    """Where bytes come from; raises SourceUnreadableError where the source is damaged."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole games of a source.

    Attributes:
        number: from 0, in order.
        byte_offset, line: where it begins.
        data: its bytes, None where it was split already.
        pieces: its games and stray text, where it was split already.
    """

    number: int
    byte_offset: int
    line: int
    data: bytes | None
    pieces: tuple[RawGame | StrayText, ...] = ()

    def split(self) -> list[RawGame | StrayText]:
        """Games and stray text of this block, in order."""
        if self.data is None:
            return list(self.pieces)
        splitter = Splitter(byte_offset=self.byte_offset, line=self.line)
        return [*splitter.feed(self.data), *splitter.finish()]


class BlockCutter:
    """Iterate over it once. Only blocks whose number is `wanted` are given out; the others are passed over quickly.

    Attributes:
        nonblank: non-blank bytes read so far, counted as they came in: the other side of the byte account.
        broken: why reading ended early, empty where it did not; what came before is still given out.
    """

    def __init__(
        self,
        source: ByteReader,
        *,
        block_bytes: int = BLOCK_BYTES,
        wanted: Callable[[int], bool] = lambda _number: True,
    ) -> None:
        self.nonblank = 0
        self.broken = ""
        self._source = source
        self._block_bytes = block_bytes
        self._wanted = wanted
        self._number = 0

    def __iter__(self) -> Iterator[Block]:
        buffer = b""
        at, line = 0, 1
        while data := self._read(self._block_bytes - len(buffer)):
            buffer += data
            if len(buffer) < self._block_bytes:
                continue
            cut = last_cut(buffer)
            if cut and (self._number or _holds_a_game(buffer[:cut])):
                if self._wanted(self._number):
                    yield Block(self._number, at, line, buffer[:cut])
                self._number += 1
                at, line = at + cut, line + count_lines(buffer, cut)
                buffer = buffer[cut:]
            elif len(buffer) > _PATIENCE_BYTES:
                yield from self._piecewise(Splitter(byte_offset=at, line=line), buffer)
                return
        if buffer and self._wanted(self._number):
            yield Block(self._number, at, line, buffer)

    def _read(self, size: int) -> bytes:
        if self.broken:
            return b""
        try:
            data = self._source.read(max(size, _READ_BYTES))
        except SourceUnreadableError as error:
            self.broken = error.text
            return b""
        self.nonblank += count_nonblank(data)
        return data

    def _piecewise(self, splitter: Splitter, data: bytes) -> Iterator[Block]:
        while data:
            yield from self._pieces(splitter.feed(data))
            data = self._read(_READ_BYTES)
        yield from self._pieces(splitter.finish())

    def _pieces(self, pieces: list[RawGame | StrayText]) -> Iterator[Block]:
        if not pieces:
            return
        if self._wanted(self._number):
            yield Block(self._number, pieces[0].byte_offset, pieces[0].line, None, tuple(pieces))
        self._number += 1


def _holds_a_game(data: bytes) -> bool:
    splitter = Splitter()
    for start in range(0, len(data), _BITE_BYTES):  # the first game is enough
        if any(isinstance(piece, RawGame) for piece in splitter.feed(data[start : start + _BITE_BYTES])):
            return True
    return any(isinstance(piece, RawGame) for piece in splitter.finish())


def last_cut(data: bytes) -> int:
    """The last place in `data` where a game starts whatever came before it; 0 where there is none."""
    end = len(data)
    while (place := data.rfind(_EVENT, 1, end)) > 0:
        end = place
        if data[place - 1] not in b"\r\n" or data[place + len(_EVENT) : place + len(_EVENT) + 1] != b'"':
            continue
        line_end = place - 2 if data[place - 2 : place] == b"\r\n" else place - 1
        line_start = max(data.rfind(b"\n", 0, line_end), data.rfind(b"\r", 0, line_end)) + 1
        if line_start > 0 and data[line_start : line_start + 1] != b"[":
            return place
    return 0
