"""The connection of one job to one analysis server: its open batch, its stream of events, and what waits for answers.

A thread of its own (`kibitz-server`) connects, reads the stream and comes back after failures with a growing pause;
`submit`, `take_back` and the tickets belong to the lanes of `remote.crew`, on their own threads. One condition guards
everything in memory and is never held while the server is asked.

Nothing is lost and nothing is done twice: a chunk's key says what is searched, so a chunk handed over again is the same
one on the server; the batch has a name that the next start finds again; an answer nobody waits for yet is kept.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from desktop_app.errors import (
    CancelledError,
    KibitzError,
    ServerBusyError,
    ServerError,
    ServerIncompatibleError,
    ServerLiedError,
    ServerRefusedError,
    ServerUnreachableError,
)
from desktop_app.remote.client import RequestRefusedError
from desktop_app.remote.protocol import (
    ChunkAnswer,
    ChunkFailure,
    PositionProgress,
    as_object,
    chunk_key,
    chunk_out,
    read_event,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.work import Chunk
    from desktop_app.remote.client import ServerClient
    from desktop_app.remote.protocol import BatchInfo, ServerInfo

_log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
KEEP_S: Final = 8.0
"""How long chunks wait for a lost connection before they are given back, to whoever else can search them."""
ASK_IN_LINE_S: Final = 3.0
_GONE = frozenset({404, 409})
MOST_SPARE: Final = 1024
MOST_GENERATIONS: Final = 40
"""How many ended batches of one job are looked past (each was cancelled or closed) before giving up."""


class LinkState(StrEnum):
    """How the connection stands."""

    CONNECTING = "connecting"
    IN_LINE = "in line"
    READY = "ready"
    WAITING = "waiting"
    REFUSED = "refused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """The connection at one moment.

    Attributes:
        error: why it waits or was refused, "" otherwise.
        retry_at: clock time of the next try, while waiting.
        place: in the server's line, 1 is next.
        info: what the server said of itself last.
    """

    state: LinkState = LinkState.CONNECTING
    error: str = ""
    retry_at: float = 0.0
    place: int | None = None
    info: ServerInfo | None = None

    def sentence(self, now: float) -> str:
        """In words for the user; "" while all is well."""
        match self.state:
            case LinkState.CONNECTING:
                return "Connecting to the server …"
            case LinkState.IN_LINE:
                before = (self.place or 1) - 1
                return (
                    f"Waiting in line at the server ({before} before you)" if before else "Next in line at the server"
                )
            case LinkState.WAITING:
                seconds = max(1, round(self.retry_at - now))
                return f"Waiting for the server (tries again in {seconds} s). {self.error}"
            case LinkState.REFUSED:
                return self.error
        return ""


class Ticket:
    """A chunk that the server searches. `wait` belongs to one thread, `stop` to any."""

    def __init__(self, chunk: Chunk, key: str, heard: Callable[[PositionProgress], None]) -> None:
        self.chunk, self.key = chunk, key
        self._heard = heard
        self._done = threading.Event()
        self._answer: ChunkAnswer | None = None
        self._error: KibitzError | None = None

    def wait(self) -> ChunkAnswer:
        """The answer. Raises CancelledError after `stop`, and what the server failed with."""
        self._done.wait()
        if self._answer is None:
            raise self._error or CancelledError("This chunk is no longer wanted.")
        return self._answer

    def stop(self) -> None:
        """Wait no longer."""
        self.fail(CancelledError("This chunk is no longer wanted."))

    def answer(self, answer: ChunkAnswer) -> None:
        """It came."""
        if not self._done.is_set():
            self._answer = answer
            self._done.set()

    def fail(self, error: KibitzError) -> None:
        """It does not come."""
        if not self._done.is_set():
            self._error = error
            self._done.set()

    def progress(self, news: PositionProgress) -> None:
        """One position of it is done."""
        if not self._done.is_set():
            self._heard(news)


class ChunkFailedError(KibitzError):
    """The server gave this chunk up; the text is its reason."""


class ServerLink:
    """See the module."""

    def __init__(
        self,
        client: ServerClient,
        *,
        engine: EngineIdentity,
        name: str,
        job_key: str,
        clock: Callable[[], float] = time.monotonic,
        first_pause_s: float = FIRST_PAUSE_S,
        keep_s: float = KEEP_S,
    ) -> None:
        """`engine` is the job's, options and all; `job_key` finds the job's batch again after a restart."""
        self._client, self._engine, self._name, self._job_key = client, engine, name, job_key
        self._clock, self._first_pause_s, self._keep_s = clock, first_pause_s, keep_s
        self._changed = threading.Condition()
        self._status = LinkStatus()
        self._tickets: dict[str, Ticket] = {}
        self._spare: OrderedDict[str, ChunkAnswer] = OrderedDict()
        self._batch = ""
        self._generation = 1
        self._seen = 0
        self._closed = False
        self._lost_at: float | None = None
        self._pause_s = first_pause_s
        self._thread = threading.Thread(target=self._run, name="kibitz-server", daemon=True)

    # -- any thread ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    @property
    def status(self) -> LinkStatus:
        """How it stands now."""
        with self._changed:
            return self._status

    def try_now(self) -> None:
        """Do not wait for the next try."""
        with self._changed:
            if self._status.state is LinkState.WAITING:
                self._status = replace(self._status, retry_at=self._clock())
            self._changed.notify_all()

    def await_ready(self, timeout_s: float) -> bool:
        """Wait until chunks can be handed over; whether they can."""
        with self._changed:
            return self._changed.wait_for(lambda: self._status.state is LinkState.READY, timeout_s)

    def submit(self, chunk: Chunk, heard: Callable[[PositionProgress], None]) -> Ticket:
        """Hand a chunk over; blocks for one request. Raises ServerError kinds, and nothing is waited for then."""
        key = chunk_key(chunk, self._engine)
        ticket = Ticket(chunk, key, heard)
        with self._changed:
            if self._status.state is not LinkState.READY:
                raise ServerUnreachableError("There is no connection to the server.")
            self._tickets[key] = ticket
            kept = self._spare.pop(key, None)
            batch = self._batch
        if kept is not None:
            self._resolve(kept)
            return ticket
        try:
            duplicate = self._client.add_chunks(batch, [chunk_out(chunk, key)])
            if duplicate:
                self._look_up(batch, key)
        except KibitzError as error:
            self._forget(ticket)
            self._submission_failed(error)
            raise
        return ticket

    def take_back(self, ticket: Ticket) -> None:
        """Nobody waits for it any more; the server need not search it. Never raises."""
        self._forget(ticket)
        with self._changed:
            batch, there = self._batch, self._status.state is LinkState.READY and not self._closed
        if there:
            try:
                self._client.drop_chunks(batch, [ticket.key])
            except KibitzError as error:
                _log.info("a chunk could not be taken back: %s", error)

    def refuse(self, error: KibitzError) -> None:
        """Have no more to do with this server: it lied, or has another engine."""
        self._set(LinkStatus(LinkState.REFUSED, error=str(error), info=self._status.info))
        self._drop_all(error)

    def close(self, *, finished: bool) -> None:
        """Part. With `finished` nobody comes back for the batch: it is closed, what still runs of it is cancelled.

        Otherwise the server goes on with what it has, and the next start fetches it. Blocks for one request at most.
        """
        with self._changed:
            if self._closed:
                return
            self._closed = True
            batch, underway = self._batch, bool(self._tickets)
            self._status = replace(self._status, state=LinkState.CLOSED)
            self._changed.notify_all()
        self._drop_all(CancelledError("The connection was closed."))
        if finished and batch:
            with contextlib.suppress(KibitzError):
                (self._client.cancel_batch if underway else self._client.close_batch)(batch)
        self._client.close()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; whether it has ended."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # -- its own thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._over:
            try:
                self._connect()
                self._read()
                self._failed(ServerUnreachableError("The server ended the connection."))
            except RequestRefusedError as error:
                if error.status in _GONE:  # the server has forgotten the batch, or ended it
                    self._generation += 1
                    self._failed(error)
                else:
                    self.refuse(error)
            except (ServerIncompatibleError, ServerLiedError, ServerRefusedError) as error:
                self.refuse(error)
            except KibitzError as error:
                self._failed(error)
            except Exception as error:  # noqa: BLE001 - the connection must come back whatever it was
                _log.exception("the connection to the server failed")
                self._failed(ServerUnreachableError(f"The connection failed: {type(error).__name__}."))
            self._rest()

    @property
    def _over(self) -> bool:
        with self._changed:
            return self._closed or self._status.state is LinkState.REFUSED

    def _connect(self) -> None:
        info = self._client.info()
        theirs = info.engine
        if theirs is not None and (theirs.name, theirs.build) != (self._engine.name, self._engine.build):
            raise ServerIncompatibleError(
                f"The server's engine is {theirs.name} (build {theirs.build[:8]}), this analysis is made with "
                f"{self._engine.name} (build {self._engine.build[:8]}).",
                action="Results of two engines are never mixed: choose the server only, or this computer only.",
            )
        batch = self._open_batch()
        while batch.state == "waiting" and not self._over:
            self._set(LinkStatus(LinkState.IN_LINE, place=batch.place, info=info))
            with self._changed:
                self._changed.wait_for(lambda: self._closed, ASK_IN_LINE_S)
            batch = self._client.batch(batch.id)
        self._set(LinkStatus(LinkState.READY, info=info))
        self._lost_at, self._pause_s = None, self._first_pause_s
        self._submit_again()

    def _open_batch(self) -> BatchInfo:
        """The job's batch, of this run or of an earlier one; the next generation where that one has ended."""
        for generation in range(self._generation, self._generation + MOST_GENERATIONS):
            opened = self._client.open_batch(
                name=self._name, engine=self._engine, idempotency_key=f"{self._job_key}-{generation}"
            )
            batch = self._client.batch(opened.id)
            if batch.id != self._batch:
                self._batch = batch.id
                # What an earlier run had in flight when it ended is among the last answers: only those are new.
                self._seen = max(0, batch.last_seq - MOST_SPARE)
            if batch.open:
                self._generation = generation
                return replace(batch, place=opened.place if batch.place is None else batch.place)
            self._fetch_rest(batch.id)
        raise ServerRefusedError("The server ends every batch of this job at once.", action="Look at its own log.")

    def _fetch_rest(self, batch: str) -> None:
        """Keep what a batch that has ended still has for us."""
        while found := self._client.results(batch, after=self._seen):
            for number, name, data in found:
                self._take(name, data)
                self._seen = number

    def _submit_again(self) -> None:
        """After a reconnection: chunks still waited for may be unknown to a new batch; known ones are duplicates."""
        with self._changed:
            waiting = list(self._tickets.values())
        for ticket in waiting:
            self._client.add_chunks(self._batch, [chunk_out(ticket.chunk, ticket.key)])

    def _read(self) -> None:
        for event in self._client.events(self._batch, after=self._seen):
            if self._over:
                return
            if not event.name:
                self._ask_again()
                continue
            data = as_object(event.data)
            self._take(event.name, data)
            if event.number is not None:
                self._seen = max(self._seen, event.number)
            if event.name == "batch" and data.get("state") in {"done", "failed", "cancelled"}:
                return

    def _ask_again(self) -> None:
        """A sign of life, every 15 s: workers may have come or gone."""
        info = self._client.info()
        with self._changed:
            self._status = replace(self._status, info=info)
            self._changed.notify_all()

    def _take(self, name: str, data: dict[str, object]) -> None:
        try:
            found = read_event(name, data)
        except ServerLiedError:
            if name == "position":  # ephemeral: what cannot be used of it is as good as lost
                return
            raise
        match found:
            case ChunkAnswer():
                self._resolve(found)
            case ChunkFailure():
                ticket = self._ticket(found.key, last=True)
                if ticket is not None:
                    ticket.fail(ChunkFailedError(f"The server gave up: {found.reason}"))
            case PositionProgress():
                ticket = self._ticket(found.key)
                if ticket is not None:
                    ticket.progress(found)

    def _failed(self, error: KibitzError) -> None:
        if self._over:
            return
        now = self._clock()
        self._lost_at = now if self._lost_at is None else self._lost_at
        pause = max(self._pause_s, error.retry_after_s if isinstance(error, ServerBusyError) else 0.0)
        self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)
        _log.info("the server is tried again in %.0f s: %s", pause, error)
        self._set(LinkStatus(LinkState.WAITING, str(error), now + pause, info=self._status.info))

    def _rest(self) -> None:
        """Wait for the next try; meanwhile give back what waited too long for a lost connection."""
        while not self._over:
            now = self._clock()
            if self._lost_at is not None and now - self._lost_at >= self._keep_s:
                self._drop_all(ServerUnreachableError("The connection to the server was lost."))
            with self._changed:
                left = self._status.retry_at - now
                if left <= 0 or self._closed:
                    break
                self._changed.wait(min(left, 0.5))
        with self._changed:
            if not self._closed and self._status.state is LinkState.WAITING:
                self._status = replace(self._status, state=LinkState.CONNECTING)

    # -- inside, any thread ----------------------------------------------------------------------------------------

    def _look_up(self, batch: str, key: str) -> None:
        """The server knows the chunk from before: its answer may have come when nobody waited for it."""
        after = 0
        while found := self._client.results(batch, after=after, limit=1000):
            for number, name, data in found:
                after = number
                if data.get("key") == key:
                    self._take(name, data)
                    return

    def _submission_failed(self, error: KibitzError) -> None:
        """A request failed: the stream will mostly notice by itself; what it cannot notice is said here."""
        passing = isinstance(error, RequestRefusedError) and error.status in _GONE
        if isinstance(error, ServerRefusedError) and not passing:
            self.refuse(error)
        elif isinstance(error, ServerError):
            _log.info("a chunk could not be handed over: %s", error)

    def _resolve(self, answer: ChunkAnswer) -> None:
        ticket = self._ticket(answer.key, last=True)
        if ticket is not None:
            ticket.answer(answer)
            return
        with self._changed:
            self._spare[answer.key] = answer
            while len(self._spare) > MOST_SPARE:
                self._spare.popitem(last=False)

    def _ticket(self, key: str, *, last: bool = False) -> Ticket | None:
        with self._changed:
            return self._tickets.pop(key, None) if last else self._tickets.get(key)

    def _forget(self, ticket: Ticket) -> None:
        with self._changed:
            if self._tickets.get(ticket.key) is ticket:
                del self._tickets[ticket.key]

    def _drop_all(self, error: KibitzError) -> None:
        with self._changed:
            tickets = list(self._tickets.values())
            self._tickets.clear()
        for ticket in tickets:
            ticket.fail(error)

    def _set(self, status: LinkStatus) -> None:
        with self._changed:
            if self._closed or self._status.state is LinkState.REFUSED:
                return
            self._status = status
            self._changed.notify_all()
