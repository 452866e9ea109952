"""HTTP connections with patience: whoever does not finish a request's head in time is disconnected. Event loop only.

uvicorn waits for ever for the head of a first request; a few hundred connections that send a byte a minute would take
all it has. Bodies are watched by `server.gate`, answers by `server.events` and the operating system. Named to uvicorn
by `server.serve`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio


class PatientProtocol(H11Protocol):
    """uvicorn's own, with a clock on each head: `head_s` seconds."""

    head_s: ClassVar[float] = 20.0
    head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own type
        """A connection begins; so does the waiting for its first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Bytes came: perhaps the rest of a head, perhaps the beginning of the next one."""
        if self.head_timer is None and not self._serving():
            self._wait_for_head()
        super().data_received(data)
        if self._serving():
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _serving(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait_for_head(self) -> None:
        self.head_timer = self.loop.call_later(self.head_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def _give_up(self) -> None:
        self.head_timer = None
        if not self._serving() and not self.transport.is_closing():
            self.transport.close()


def patient_protocol(head_s: float) -> type[PatientProtocol]:
    """The protocol class for a server that waits `head_s` seconds for the head of a request."""
    return type("PatientProtocol", (PatientProtocol,), {"head_s": head_s})
