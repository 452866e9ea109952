"""Live events: one notifier for all streams of this process, and streams that resume where they were. Event loop only.

`Hub` asks the database about all watched batches in one query, at once when this process stored something and else
twice a second, so that several server processes need no channel between them (and a connection pooler in between does
no harm). New events are read and encoded once; each stream then only copies bytes. A stream that lags behind what is
kept reads pages of its own. Called by the route of events, and woken by the collector's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from desktop_app.domain.served import BatchState, ServedBatch, StoredEvent
from desktop_app.errors import KibitzError
from desktop_app.library.server_events import inflate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.types import Receive, Scope, Send

    from desktop_app.library.server_store import ServerStore
    from desktop_app.server.metrics import ServerMetrics

logger = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
_LOOK_S = 0.5
_TOUCH_S = 60.0
_PAGE = 200
_KEPT_BYTES = 2_000_000
_KEPT_POSITIONS = 64
_OVER = frozenset({BatchState.DONE, BatchState.FAILED, BatchState.CANCELLED})
_HEARTBEAT = b": still here\n\n"


def frame(event: StoredEvent) -> bytes:
    """A durable event as it is sent."""
    body = json.dumps(inflate(event.body), separators=(",", ":"), ensure_ascii=False)
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {body}\n\n".encode()


@dataclass(slots=True)
class Tail:
    """The newest events of one watched batch.

    Attributes:
        last: number of the newest event that is known.
        frames: the newest ones, encoded, in order; the last of them is `last`.
        positions: progress that is not stored, with a number that grows.
    """

    batch_id: int
    public_id: str
    last: int
    over: bool
    frames: deque[tuple[int, bytes]] = field(default_factory=deque)
    kept_bytes: int = 0
    positions: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=_KEPT_POSITIONS))
    position_number: int = 0
    watchers: int = 0
    touched_at: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, number: int, data: bytes) -> None:
        """Keep one more frame, and forget the oldest beyond what is kept."""
        self.frames.append((number, data))
        self.last = number
        self.kept_bytes += len(data)
        while self.kept_bytes > _KEPT_BYTES and len(self.frames) > 1:
            self.kept_bytes -= len(self.frames.popleft()[1])

    def after(self, number: int) -> list[tuple[int, bytes]] | None:
        """Frames behind this number; None where they are not all kept any more."""
        if number >= self.last:
            return []
        if not self.frames or self.frames[0][0] > number + 1:
            return None
        return [kept for kept in self.frames if kept[0] > number][:_PAGE]

    def tell(self) -> None:
        """Wake whoever waits."""
        self.changed.set()
        self.changed = asyncio.Event()


class Hub:
    """All streams of this process."""

    def __init__(self, store: ServerStore) -> None:
        self._store = store
        self._tails: dict[int, Tail] = {}
        self._by_name: dict[str, Tail] = {}
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self.stopping = False
        self.streams = 0
        self.by_user: dict[int, int] = {}

    def start(self) -> None:
        """Begin to look; on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._look(), name="kibitz-events")

    def stop(self) -> None:
        """End all streams; any thread, also from a signal handler."""
        self.stopping = True
        self._call(self._tell_all)

    async def finish(self) -> None:
        """Wait until the notifier has ended."""
        self.stop()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self, _batches: Collection[int] = ()) -> None:
        """Something was stored; any thread."""
        self._call(self._woken.set)

    def position(self, public_id: str, data: dict[str, Any]) -> None:
        """Progress of a search, for whoever listens now; any thread."""
        self._call(lambda: self._position(public_id, data))

    def _call(self, run: Callable[[], object]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(run)

    def _position(self, public_id: str, data: dict[str, Any]) -> None:
        tail = self._by_name.get(public_id)
        if tail is not None:
            tail.position_number += 1
            body = json.dumps(data, separators=(",", ":"))
            tail.positions.append((tail.position_number, f"event: position\ndata: {body}\n\n".encode()))
            tail.tell()

    def watch(self, batch: ServedBatch) -> Tail:
        """The tail of a batch, until `unwatch`."""
        tail = self._tails.get(batch.id)
        if tail is None:
            tail = Tail(batch.id, batch.public_id, batch.last_seq, batch.state in _OVER)
            self._tails[batch.id] = self._by_name[batch.public_id] = tail
        tail.watchers += 1
        self.streams += 1
        self.by_user[batch.user_id] = self.by_user.get(batch.user_id, 0) + 1
        self._woken.set()
        return tail

    def unwatch(self, batch: ServedBatch, tail: Tail) -> None:
        """One stream less."""
        tail.watchers -= 1
        self.streams -= 1
        self.by_user[batch.user_id] -= 1
        if not self.by_user[batch.user_id]:
            del self.by_user[batch.user_id]
        if not tail.watchers:
            self._tails.pop(tail.batch_id, None)
            self._by_name.pop(tail.public_id, None)

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S if self._tails else None):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self._refresh()
            except KibitzError as error:
                logger.info("events wait for the database: %s", error)
            except Exception:
                logger.exception("events could not be read")

    async def _refresh(self) -> None:
        tails = list(self._tails.values())
        if not tails:
            return
        found = await anyio.to_thread.run_sync(self._store.events.tails, [tail.batch_id for tail in tails])
        for tail in tails:
            last, state = found.get(tail.batch_id, (tail.last, BatchState.CANCELLED))
            while tail.last < last:
                events = await anyio.to_thread.run_sync(_frames, self._store, tail.batch_id, tail.last)
                if not events:
                    break
                for number, data in events:
                    tail.add(number, data)
                tail.tell()
            if state in _OVER and not tail.over:
                tail.over = True
                tail.tell()
            elif state not in _OVER:
                tail.over = False
            await self._touch(tail)

    async def _touch(self, tail: Tail) -> None:
        """Whoever listens still wants the batch."""
        now = time.monotonic()
        if not tail.over and now - tail.touched_at > _TOUCH_S:
            tail.touched_at = now
            await anyio.to_thread.run_sync(self._store.batches.touch, tail.batch_id)

    def _tell_all(self) -> None:
        for tail in self._tails.values():
            tail.tell()


def _frames(store: ServerStore, batch_id: int, after: int) -> list[tuple[int, bytes]]:
    return [(event.seq, frame(event)) for event in store.events.page(batch_id, after, _PAGE)]


class EventStream:
    """The answer to one client that listens to a batch: an ASGI application for one request."""

    def __init__(
        self, hub: Hub, store: ServerStore, batch: ServedBatch, *, after: int, slow_s: float, metrics: ServerMetrics
    ) -> None:
        self._hub = hub
        self._store = store
        self._batch = batch
        self._after = after
        self._slow_s = slow_s
        self._metrics = metrics

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the batch is over, the client goes or the server stops."""
        tail = self._hub.watch(self._batch)
        self._metrics.stream_opened()
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await self._send(send, {
                "type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")],
            })  # fmt: skip
            await self._follow(tail, gone, send)
            if not gone.done():
                await self._send(send, {"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            logger.info("a listener of batch %s took nothing for %.0f s", self._batch.public_id, self._slow_s)
        finally:
            gone.cancel()
            self._hub.unwatch(self._batch, tail)
            self._metrics.stream_closed()

    async def _follow(self, tail: Tail, gone: asyncio.Task[None], send: Send) -> None:
        cursor, seen = self._after, tail.position_number
        await self._body(send, b"retry: 2000\n\n")
        while not gone.done() and not self._hub.stopping:
            changed = tail.changed
            frames = tail.after(cursor)
            if frames is None:
                frames = await anyio.to_thread.run_sync(_frames, self._store, tail.batch_id, cursor)
            if frames:
                cursor = frames[-1][0]
                await self._body(send, b"".join(data for _, data in frames))
                self._metrics.events_sent(len(frames))
                continue
            if tail.over and cursor >= tail.last:
                return
            news = [data for number, data in tail.positions if number > seen]
            if news:
                seen = tail.position_number
                await self._body(send, b"".join(news))
                continue
            if not await _either(changed, gone):
                await self._body(send, _HEARTBEAT)

    async def _body(self, send: Send, data: bytes) -> None:
        await self._send(send, {"type": "http.response.body", "body": data, "more_body": True})

    async def _send(self, send: Send, message: dict[str, Any]) -> None:
        """Send, or give the client up that takes nothing: what waits for it costs memory."""
        async with asyncio.timeout(self._slow_s):
            await send(message)


async def _either(changed: asyncio.Event, gone: asyncio.Task[None]) -> bool:
    """Wait for news or for the client's end; False where a heartbeat is due instead."""
    waiting = asyncio.create_task(changed.wait())
    try:
        done, _ = await asyncio.wait({waiting, gone}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        waiting.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
