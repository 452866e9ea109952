"""Batches of the analysis server: submitting, adding, closing, cancelling, retrying, forgetting, looking.

Every method is one short transaction, so that a killed server leaves nothing half-told. What may concern a million
rows is only begun here: a cancelled batch is cancelled at once for everybody, and `server_care` clears its chunks away
in steps; a forgotten one is gone at once for its user. Blocking; any thread but an event loop's. Called by the routes
and `server.dispatcher`; a user's number is always part of the question, so that nobody reaches another one's batch.
"""

from __future__ import annotations

import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, or_, select, update

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
from desktop_app.library.server_admission import (
    ACTIVE,
    LINE_ORDER,
    admitted,
    insert_batch,
    insert_games,
    known_by_key,
)
from desktop_app.library.server_chunks import (
    add_chunks,
    cancel_games,
    cancel_some,
    close,
    count,
    finish,
    finish_if_over,
    game_of,
    task_id,
)
from desktop_app.library.server_events import tell_state
from desktop_app.library.tables_server import in_state, server_batch, server_chunk, server_game, server_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from desktop_app.domain.served import Limits
    from desktop_app.library.database import Database

_OPEN = (WorkState.QUEUED.value, WorkState.RUNNING.value)
_OVER = (BatchState.DONE.value, BatchState.FAILED.value, BatchState.CANCELLED.value)
_FORGOTTEN = 0.0
"""When a batch ended that its user has deleted: longer ago than any that is kept."""
_BATCHES = select(server_batch, server_user.c.name.label("user")).join(
    server_user, server_user.c.id == server_batch.c.user_id
)


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
            known = known_by_key(connection, user_id, wanted)
            if known is not None:
                return known, False
            state = admitted(connection, user_id, limits, wait=wanted.wait)
            batch_id = insert_batch(connection, user_id, wanted, state)
            add_chunks(connection, batch_id, chunks)
            insert_games(connection, batch_id, games)
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
        """Cancel whatever is not answered; returns the batch, and whether there was anything to cancel.

        Nothing of it is handed out or stored from now on. Of more than `ROWS_AT_ONCE` chunks the others still count as
        queued or running until `ServerCare.clear_cancelled` comes to them.
        """

        def run(connection: Connection) -> tuple[int, bool]:
            found = _own(connection, user_id, public_id)
            if found.state not in ACTIVE:
                return found.id, False
            cancel_games(connection, found.id)
            cancel_some(connection, found.id)
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
                state = admitted(connection, user_id, limits, wait=wait)
            _queue_failed(connection, found)
            if found.state in _OVER:
                values = {"state": state.value, "finished_at": None, "error": None}
                connection.execute(update(server_batch).where(server_batch.c.id == found.id).values(values))
                tell_state(connection, found.id, state)
            _touch(connection, found.id)
            return int(found.id)

        return self.by_id(self._database.write(run))

    def forget(self, user_id: int, public_id: str) -> None:
        """Have a finished batch removed: it is gone for its user, and `ServerCare.forget_old` takes what is in it."""

        def run(connection: Connection) -> None:
            found = _own(connection, user_id, public_id)
            if found.state in ACTIVE:
                raise BatchRefusedError(
                    "This batch is not finished.", code="batch_active", action="Cancel it first, then delete it."
                )
            gone = {"finished_at": _FORGOTTEN, "idempotency_key": None}
            connection.execute(update(server_batch).where(server_batch.c.id == found.id).values(gone))

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
        statement = _BATCHES.where(*_kept(user_id)).order_by(server_batch.c.id.desc()).limit(limit)
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
        order = (case((server_batch.c.state == BatchState.RUNNING.value, 0), else_=1), *LINE_ORDER)
        with self._database.read() as connection:
            rows = connection.execute(_BATCHES.where(in_state(server_batch, *ACTIVE)).order_by(*order))
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
    statement: Select[Any] = _BATCHES.where(server_batch.c.public_id == public_id, *_kept(user_id))
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise _not_found()
    return row


def _kept(user_id: int) -> tuple[ColumnElement[bool], ...]:
    """The batches that a user has and did not delete."""
    finished_at = server_batch.c.finished_at
    return server_batch.c.user_id == user_id, or_(finished_at.is_(None), finished_at > _FORGOTTEN)


def _not_found() -> NotFoundError:
    return NotFoundError("There is no such batch.", action="GET /v1/batches lists yours.")


def _batch(row: Row[Any]) -> ServedBatch:
    values = {field.name: getattr(row, field.name) for field in fields(ServedBatch)}
    values |= {"kind": BatchKind(row.kind), "priority": Priority(row.priority), "state": BatchState(row.state)}
    return ServedBatch(**values)
