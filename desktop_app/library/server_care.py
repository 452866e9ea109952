"""What the analysis server does by itself for its batches: start those in line, close, clear away, forget.

Every method is one short transaction. What may concern a million rows goes in steps of `ROWS_AT_ONCE`, so that other
writers come between, and each step leaves counts and rows in agreement: whoever comes after a kill goes on. Blocking;
any thread but an event loop's. Called by `server.dispatcher`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from desktop_app.domain.served import BatchState
from desktop_app.library.backend import in_set
from desktop_app.library.server_admission import LINE_ORDER
from desktop_app.library.server_chunks import ROWS_AT_ONCE, cancel_some, close, finish_if_over
from desktop_app.library.server_events import tell_state
from desktop_app.library.tables_server import in_state, server_batch, server_chunk, server_event

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from desktop_app.domain.served import Limits
    from desktop_app.library.database import Database


class ServerCare:
    """The server's own care for its batches."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
            for batch_id, user in connection.execute(line.order_by(*LINE_ORDER)).all():
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

    def clear_cancelled(self) -> bool:
        """Cancel some more chunks of a batch that was cancelled; False when there is none left."""
        left = (
            _is(BatchState.CANCELLED),
            server_batch.c.finished_at > 0,
            server_batch.c.queued + server_batch.c.running > 0,
        )
        first = select(server_batch.c.id).where(*left).order_by(server_batch.c.id).limit(1)

        def run(connection: Connection) -> None:
            batch_id = connection.execute(first).scalar()
            if batch_id is not None:
                cancel_some(connection, batch_id)

        with self._database.read() as connection:
            found = connection.execute(first).scalar()
        if found is None:
            return False
        self._database.write(run)
        return True

    def forget_old(self, keep_s: float) -> bool:
        """Remove some more of a batch that ended longer ago than this; False when there is none left."""
        old = server_batch.c.finished_at < time.time() - keep_s
        with self._database.read() as connection:
            found = connection.execute(select(server_batch.c.id).where(old).limit(1)).scalar()
        if found is None:
            return False

        def run(connection: Connection) -> None:
            for table, number in ((server_event, server_event.c.seq), (server_chunk, server_chunk.c.id)):
                mine = select(number).where(table.c.batch_id == found).order_by(number).limit(ROWS_AT_ONCE)
                some = connection.execute(mine).scalars().all()
                if some:
                    connection.execute(delete(table).where(table.c.batch_id == found, in_set(number, some)))
                    return
            connection.execute(delete(server_batch).where(server_batch.c.id == found))

        self._database.write(run)
        return True


def _is(state: BatchState) -> ColumnElement[bool]:
    return in_state(server_batch, state.value)
