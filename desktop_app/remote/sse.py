"""Server-sent events -> values: the wire format of the HTML standard, section 9.2.6, with a limit on sizes.

Pure: bytes in, events out. Used by `remote.client` on whichever thread reads the stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.errors import ServerLiedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_EVENT_BYTES = 4 << 20
"""No event of ours comes near: a chunk's answer is eight positions."""


@dataclass(frozen=True, slots=True)
class SentEvent:
    """One event. `number` is its id where it is durable, None where it may be lost; "" as `name` is a comment."""

    name: str
    data: str
    number: int | None


class EventReader:
    """Cuts a stream of bytes, in pieces of any size, into events."""

    def __init__(self, most_bytes: int = MOST_EVENT_BYTES) -> None:
        self._most = most_bytes
        self._rest = b""
        self._size = 0
        self._name = ""
        self._data: list[str] = []
        self._number: int | None = None

    def events(self, pieces: Iterable[bytes]) -> Iterator[SentEvent]:
        """Events as they are complete; a comment counts as one, so that a caller knows that the server lives.

        Raises ServerLiedError for an event beyond the limit or an id that is no number.
        """
        for piece in pieces:
            yield from self.feed(piece)

    def feed(self, piece: bytes) -> Iterator[SentEvent]:
        """Events that this piece completes."""
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        for raw in lines:
            self._size += len(raw)
            self._refuse_too_large(self._size)
            event = self._take(raw.rstrip(b"\r"))
            if event is not None:
                yield event
        self._refuse_too_large(self._size + len(self._rest))

    def _refuse_too_large(self, size: int) -> None:
        if size > self._most:
            raise ServerLiedError(f"The server sent an event of more than {self._most:,} bytes.")

    def _take(self, line: bytes) -> SentEvent | None:
        if not line:
            return self._dispatch()
        if line.startswith(b":"):
            return SentEvent("", "", None)
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                self._name = value
            case "data":
                self._data.append(value)
            case "id":
                if not (value.isascii() and value.isdigit() and len(value) < 19):
                    raise ServerLiedError("The server sent an event whose number is none.")
                self._number = int(value)
        return None

    def _dispatch(self) -> SentEvent | None:
        name, data, number = self._name, "\n".join(self._data), self._number
        self._name, self._data, self._number, self._size = "", [], None, 0
        return SentEvent(name or "message", data, number) if data else None
