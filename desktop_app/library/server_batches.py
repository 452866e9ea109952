"""Batches of the analysis server: submitting within limits, standing in line, closing, cancelling, forgetting.

Every method is one short transaction, so that a killed server leaves nothing half-told; the limits are checked inside
the one that uses them up, whichever process asks. Blocking; any thread but an event loop's. Called by `server.batches`
and `server.dispatcher`; a user's number is always part of the question, so that nobody reaches another one's batch.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, insert, select, update

from desktop_app.domain.served import (
    BatchKind,
    BatchState,
    NewBatch,
    NewChunk,
    NewGame,
    Priority,
    ServedBatch,
    ServedGame,
    WorkState,
)
from desktop_app.errors import BatchRefusedError, NotFoundError
from desktop_app.library.backend import in_texts
from desktop_app.library.server_chunks import add_chunks, close, count, finish, finish_if_over, game_of, task_id
from desktop_app.library.server_events import tell_state
from desktop_app.library.tables_server import in_state, server_batch, server_chunk, server_game, server_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from desktop_app.domain.served import Limits
    from desktop_app.library.database import Database

_ACTIVE = (BatchState.WAITING.value, BatchState.RUNNING.value)
_OPEN = (WorkState.QUEUED.value, WorkState.RUNNING.value)
_OVER = (BatchState.DONE.value, BatchState.FAILED.value, BatchState.CANCELLED.value)
_RETRY_S = 30
_ROWS_AT_ONCE = 5_000
_FORGOTTEN_AT_ONCE = 20_000
_BATCHES = select(server_batch, server_user.c.name.label("user")).join(
    server_user, server_user.c.id == server_batch.c.user_id
)
_LINE_ORDER = (case((server_batch.c.priority == Priority.INTERACTIVE.value, 0), else_=1), server_batch.c.id)


class ServerBatches:
    """What users asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- asking ----------------------------------------------------------------------------------------------------

    def submit(
        self,
        user_id: int,
        wanted: NewBatch,
        *,
        limits: Limits,
        chunks: Sequence[NewChunk] = (),
        games: Sequence[NewGame] = (),
    ) -> tuple[ServedBatch, bool]:
        """Store a batch with its first chunks, or all its games; the same one again for the same idempotency key.

        Returns the batch, and whether it is new. Raises BatchRefusedError: a limit is reached, or the key was used for
        another request.
        """

        def run(connection: Connection) -> tuple[int, bool]:
            known = _by_key(connection, user_id, wanted)
            if known is not None:
                return known, False
            state = _admitted(connection, user_id, limits, wait=wanted.wait)
            batch_id = _insert_batch(connection, user_id, wanted, state)
            add_chunks(connection, batch_id, chunks)
            _insert_games(connection, batch_id, games)
            tell_state(connection, batch_id, state)
            return batch_id, True

        batch_id, new = self._database.write(run)
        return self.by_id(batch_id), new

    def add(self, user_id: int, public_id: str, chunks: Sequence[NewChunk]) -> tuple[ServedBatch, int, int]:
        """Queue more chunks; returns the batch, how many were accepted and how many were there already."""

        def run(connection: Connection) -> tuple[int, int, int]:
            found = _own(connection, user_id, public_id)
            if found.kind != BatchKind.CHUNKS.value or found.closed:
                raise BatchRefusedError(
                    "This batch is closed: nothing can be added to it.", code="batch_closed", action="Start another."
                )
            accepted = add_chunks(connection, found.id, chunks)
            _touch(connection, found.id)
            return found.id, accepted, len(chunks) - accepted

        batch_id, accepted, duplicates = self._database.write(run)
        return self.by_id(batch_id), accepted, duplicates

    def close(self, user_id: int, public_id: str) -> ServedBatch:
        """Nothing more follows; one with nothing left to do is done."""

        def run(connection: Connection) -> int:
            found = _own(connection, user_id, public_id)
            close(connection, found.id)
            return int(found.id)

        return self.by_id(self._database.write(run))

    def cancel(self, user_id: int, public_id: str) -> tuple[ServedBatch, bool]:
        """Cancel whatever is not answered; returns the batch, and whether there was anything to cancel."""

        def run(connection: Connection) -> tuple[int, bool]:
            found = _own(connection, user_id, public_id)
            if found.state not in _ACTIVE:
                return found.id, False
            _cancel_open(connection, found.id)
            finish(connection, found.id, BatchState.CANCELLED)
            return found.id, True

        batch_id, changed = self._database.write(run)
        return self.by_id(batch_id), changed

    def cancel_chunks(self, user_id: int, public_id: str, keys: Iterable[str]) -> tuple[ServedBatch, list[str], int]:
        """Cancel chunks by their keys; returns the batch, task ids of those the workers had, and how many in all."""

        def run(connection: Connection) -> tuple[int, list[str], int]:
            found = _own(connection, user_id, public_id)
            chosen = (server_chunk.c.batch_id == found.id) & in_texts(server_chunk.c.key, keys)
            columns = (server_chunk.c.id, server_chunk.c.state, server_chunk.c.serial)
            rows = connection.execute(select(*columns).where(chosen, server_chunk.c.state.in_(_OPEN))).all()
            connection.execute(
                update(server_chunk)
                .where(chosen, server_chunk.c.state.in_(_OPEN))
                .values(state=WorkState.CANCELLED.value)
            )
            running = [row for row in rows if row.state == WorkState.RUNNING.value]
            count(connection, found.id, queued=len(running) - len(rows), running=-len(running), cancelled=len(rows))
            _touch(connection, found.id)
            finish_if_over(connection, found.id)
            return found.id, [task_id(found.public_id, row.id, row.serial) for row in running], len(rows)

        batch_id, tasks, cancelled = self._database.write(run)
        return self.by_id(batch_id), tasks, cancelled

    def retry(self, user_id: int, public_id: str, *, limits: Limits, wait: bool) -> ServedBatch:
        """Queue again what failed; a finished batch becomes active again, within the limits."""

        def run(connection: Connection) -> int:
            found = _own(connection, user_id, public_id)
            if found.state == BatchState.CANCELLED.value:
                raise BatchRefusedError(
                    "This batch was cancelled; it cannot be retried.", code="batch_finished", action="Start another."
                )
            if not found.failed and not found.games_failed:
                return int(found.id)
            state = BatchState(found.state)
            if found.state in _OVER:
                state = _admitted(connection, user_id, limits, wait=wait)
            _queue_failed(connection, found)
            if found.state in _OVER:
                values = {"state": state.value, "finished_at": None, "error": None}
                connection.execute(update(server_batch).where(server_batch.c.id == found.id).values(values))
                tell_state(connection, found.id, state)
            _touch(connection, found.id)
            return int(found.id)

        return self.by_id(self._database.write(run))

    def forget(self, user_id: int, public_id: str) -> None:
        """Remove a finished batch with everything in it."""

        def run(connection: Connection) -> None:
            found = _own(connection, user_id, public_id)
            if found.state in _ACTIVE:
                raise BatchRefusedError(
                    "This batch is not finished.", code="batch_active", action="Cancel it first, then delete it."
                )
            connection.execute(delete(server_batch).where(server_batch.c.id == found.id))

        self._database.write(run)

    # -- looking ---------------------------------------------------------------------------------------------------

    def get(self, user_id: int, public_id: str) -> ServedBatch:
        """A batch of this user. Raises NotFoundError, for other users' too."""
        with self._database.read() as connection:
            return _batch(_own(connection, user_id, public_id))

    def by_id(self, batch_id: int) -> ServedBatch:
        """Any batch. Raises NotFoundError."""
        with self._database.read() as connection:
            row = connection.execute(_BATCHES.where(server_batch.c.id == batch_id)).one_or_none()
        if row is None:
            raise _not_found()
        return _batch(row)

    def page(self, user_id: int, *, state: BatchState | None, limit: int, before: str | None) -> list[ServedBatch]:
        """A user's batches, newest first."""
        statement = _BATCHES.where(server_batch.c.user_id == user_id).order_by(server_batch.c.id.desc()).limit(limit)
        if state is not None:
            statement = statement.where(server_batch.c.state == state.value)
        with self._database.read() as connection:
            if before is not None:
                statement = statement.where(server_batch.c.id < _own(connection, user_id, before).id)
            return [_batch(row) for row in connection.execute(statement)]

    def games(self, batch_id: int, *, after: int, limit: int) -> list[ServedGame]:
        """A batch's games by number."""
        statement = (
            select(server_game)
            .where(server_game.c.batch_id == batch_id, server_game.c.number > after)
            .order_by(server_game.c.number)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [game_of(row) for row in connection.execute(statement)]

    def live(self) -> list[ServedBatch]:
        """All batches that run, then all that wait, in the order in which they are served."""
        order = (case((server_batch.c.state == BatchState.RUNNING.value, 0), else_=1), *_LINE_ORDER)
        with self._database.read() as connection:
            rows = connection.execute(_BATCHES.where(in_state(server_batch, *_ACTIVE)).order_by(*order))
            return [_batch(row) for row in rows]

    def place_in_line(self, batch: ServedBatch) -> int | None:
        """1 for the next to start; None for a batch that does not wait."""
        if batch.state is not BatchState.WAITING:
            return None
        waiting = [other.id for other in self.live() if other.state is BatchState.WAITING]
        return waiting.index(batch.id) + 1 if batch.id in waiting else None

    # -- the server's own care -------------------------------------------------------------------------------------

    def touch(self, batch_id: int) -> None:
        """Its user still wants it."""
        self._database.write(lambda connection: _touch(connection, batch_id))

    def start_waiting(self, limits: Limits) -> list[int]:
        """Start the batches in line for which there is room now; returns them."""

        def run(connection: Connection) -> list[int]:
            running: dict[int, int] = {}
            total = 0
            by_user = select(server_batch.c.user_id, func.count()).where(_is(BatchState.RUNNING))
            for user, batches in connection.execute(by_user.group_by(server_batch.c.user_id)).all():
                running[user] = batches
                total += batches
            started = []
            line = select(server_batch.c.id, server_batch.c.user_id).where(_is(BatchState.WAITING))
            for batch_id, user in connection.execute(line.order_by(*_LINE_ORDER)).all():
                if total >= limits.batches:
                    break
                if running.get(user, 0) < limits.batches_per_user:
                    running[user] = running.get(user, 0) + 1
                    total += 1
                    values = {"state": BatchState.RUNNING.value, "started_at": time.time(), "touched_at": time.time()}
                    connection.execute(update(server_batch).where(server_batch.c.id == batch_id).values(values))
                    tell_state(connection, batch_id, BatchState.RUNNING)
                    finish_if_over(connection, batch_id)
                    started.append(int(batch_id))
            return started

        return self._database.write(run)

    def close_abandoned(self, idle_s: float) -> list[int]:
        """Close open batches that have nothing to do and whose user has not been heard of; returns them."""
        abandoned = (
            _is(BatchState.RUNNING),
            server_batch.c.closed.is_(False),
            server_batch.c.queued == 0,
            server_batch.c.running == 0,
            server_batch.c.touched_at < time.time() - idle_s,
        )
        with self._database.read() as connection:
            found = list(connection.execute(select(server_batch.c.id).where(*abandoned)).scalars())

        def run(connection: Connection) -> list[int]:
            closed = list(connection.execute(select(server_batch.c.id).where(*abandoned)).scalars())
            for batch_id in closed:
                close(connection, batch_id)
            return closed

        return self._database.write(run) if found else []

    def forget_old(self, keep_s: float) -> int:
        """Remove finished batches older than this, a little at a time; returns how many rows went.

        Chunks and events go in steps, so that no transaction is long.
        """
        from desktop_app.library.tables_server import server_event  # noqa: PLC0415 -- only here

        old = server_batch.c.finished_at < time.time() - keep_s
        with self._database.read() as connection:
            found = connection.execute(select(server_batch.c.id).where(old).limit(1)).scalar()
        if found is None:
            return 0

        def run(connection: Connection) -> int:
            for table, number in ((server_event, server_event.c.seq), (server_chunk, server_chunk.c.id)):
                mine = select(number).where(table.c.batch_id == found).order_by(number).limit(_FORGOTTEN_AT_ONCE)
                gone = connection.execute(delete(table).where(table.c.batch_id == found, number.in_(mine))).rowcount
                if gone:
                    return int(gone)
            connection.execute(delete(server_batch).where(server_batch.c.id == found))
            return 1

        return self._database.write(run)


def _by_key(connection: Connection, user_id: int, wanted: NewBatch) -> int | None:
    if wanted.idempotency_key is None:
        return None
    row = connection.execute(
        select(server_batch.c.id, server_batch.c.request_digest).where(
            server_batch.c.user_id == user_id, server_batch.c.idempotency_key == wanted.idempotency_key
        )
    ).one_or_none()
    if row is None:
        return None
    if bytes(row.request_digest) != wanted.digest:
        raise BatchRefusedError(
            "This idempotency_key was used for another request already.",
            code="idempotency_conflict",
            action="Use a new one for each new batch.",
        )
    return int(row.id)


def _admitted(connection: Connection, user_id: int, limits: Limits, *, wait: bool) -> BatchState:
    """Whether one more batch of this user may run now, or shall wait. Raises BatchRefusedError."""
    states = select(server_batch.c.state, server_batch.c.user_id == user_id).where(in_state(server_batch, *_ACTIVE))
    rows = connection.execute(states).all()
    running = sum(state == BatchState.RUNNING.value for state, _ in rows)
    mine = [state for state, own in rows if own]
    mine_running = mine.count(BatchState.RUNNING.value)
    if mine_running < limits.batches_per_user and running < limits.batches:
        return BatchState.RUNNING
    if wait and mine.count(BatchState.WAITING.value) < limits.waiting_per_user:
        return BatchState.WAITING
    if wait:
        raise BatchRefusedError(
            f"You have {limits.waiting_per_user} batches in line already, which is the most.",
            code="too_many_batches",
            action="Cancel one of them, or wait until the first is done.",
            retry_after_s=_RETRY_S,
        )
    if mine_running >= limits.batches_per_user:
        raise BatchRefusedError(
            f"You have {'an active batch' if mine_running == 1 else f'{mine_running} active batches'} already.",
            code="too_many_batches",
            action='Wait until it is done, cancel it, or ask with "wait": true to stand in line.',
            retry_after_s=_RETRY_S,
        )
    raise BatchRefusedError(
        f"The server works on {running} batches already, which is the most it takes.",
        code="server_full",
        action='Try again later, or ask with "wait": true to stand in line.',
        retry_after_s=_RETRY_S,
    )


def _insert_batch(connection: Connection, user_id: int, wanted: NewBatch, state: BatchState) -> int:
    now = time.time()
    values = {
        "public_id": secrets.token_hex(16),
        "user_id": user_id,
        "name": wanted.name,
        "kind": wanted.kind.value,
        "priority": wanted.priority.value,
        "state": state.value,
        "closed": wanted.kind is BatchKind.GAMES,
        "engine_name": wanted.engine_name,
        "engine_build": wanted.engine_build,
        "profile": wanted.profile,
        "nodes": wanted.nodes,
        "grading": wanted.grading,
        "idempotency_key": wanted.idempotency_key,
        "request_digest": wanted.digest,
        "created_at": now,
        "started_at": now if state is BatchState.RUNNING else None,
        "touched_at": now,
    }
    return int(connection.execute(insert(server_batch).values(values).returning(server_batch.c.id)).scalar_one())


def _insert_games(connection: Connection, batch_id: int, games: Sequence[NewGame]) -> None:
    for begin in range(0, len(games), _ROWS_AT_ONCE):
        rows = [
            {
                "batch_id": batch_id,
                "number": number,
                "ref": game.ref,
                "root_fen": game.root_fen,
                "moves": " ".join(game.moves),
                "chess960": game.chess960,
                "state": WorkState.QUEUED.value,
                "plies_total": len(game.moves) + 1,
            }
            for number, game in enumerate(games[begin : begin + _ROWS_AT_ONCE], begin + 1)
        ]
        connection.execute(insert(server_game), rows)
    count(connection, batch_id, games_total=len(games))


def _cancel_open(connection: Connection, batch_id: int) -> None:
    """Chunks and games that are not answered are cancelled; results of theirs are dropped from now on."""
    row = connection.execute(select(server_batch).where(server_batch.c.id == batch_id)).one()
    for table in (server_chunk, server_game):
        for state in _OPEN:
            unanswered = (table.c.batch_id == batch_id, in_state(table, state))
            connection.execute(update(table).where(*unanswered).values(state=WorkState.CANCELLED.value))
    count(connection, batch_id, queued=-row.queued, running=-row.running, cancelled=row.queued + row.running)


def _queue_failed(connection: Connection, batch: Row[Any]) -> None:
    """Failed chunks are queued again, and games that failed are planned anew."""
    failed = (server_chunk.c.batch_id == batch.id, in_state(server_chunk, WorkState.FAILED.value))
    if batch.kind == BatchKind.GAMES.value:
        games = (server_game.c.batch_id == batch.id, server_game.c.state == WorkState.FAILED.value)
        ids = select(server_game.c.id).where(*games)
        for state in (WorkState.DONE, WorkState.CANCELLED, WorkState.FAILED):
            mine = (server_chunk.c.game_id.in_(ids), server_chunk.c.state == state.value)
            gone = connection.execute(delete(server_chunk).where(*mine)).rowcount
            count(connection, batch.id, **{state.value: -gone})
        again = {"state": WorkState.QUEUED.value, "open_chunks": 0, "plies_done": 0, "error": None, "seq": None}
        connection.execute(update(server_game).where(*games).values(again))
        count(connection, batch.id, games_failed=-batch.games_failed)
        return
    values = {"state": WorkState.QUEUED.value, "attempts": 0, "serial": server_chunk.c.serial + 1, "error": None}
    connection.execute(update(server_chunk).where(*failed).values(values))
    count(connection, batch.id, queued=batch.failed, failed=-batch.failed)


def _touch(connection: Connection, batch_id: int) -> None:
    connection.execute(update(server_batch).where(server_batch.c.id == batch_id).values(touched_at=time.time()))


def _own(connection: Connection, user_id: int, public_id: str) -> Row[Any]:
    """A batch of this user; another one's is as missing as one that never was."""
    statement: Select[Any] = _BATCHES.where(server_batch.c.public_id == public_id, server_batch.c.user_id == user_id)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise _not_found()
    return row


def _not_found() -> NotFoundError:
    return NotFoundError("There is no such batch.", action="GET /v1/batches lists yours.")


def _is(state: BatchState) -> ColumnElement[bool]:
    return in_state(server_batch, state.value)


def _batch(row: Row[Any]) -> ServedBatch:
    values = {field.name: getattr(row, field.name) for field in fields(ServedBatch)}
    values |= {"kind": BatchKind(row.kind), "priority": Priority(row.priority), "state": BatchState(row.state)}
    return ServedBatch(**values)
