"""What clients of the analysis server are told: numbered events of each batch, stored once, read in pages.

Events are added inside the transaction of the change they speak of (`append`). Write transactions come one after
another in all processes, so the numbers of a batch have no gaps and never appear out of order. Blocking; any thread but
an event loop's. Called by `server.events` and by `server_batches` and `server_work` of this package.
"""

from __future__ import annotations

import json
import time
import zlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from desktop_app.domain.served import BatchState, EventKind, StoredEvent
from desktop_app.library.backend import in_set
from desktop_app.library.tables_server import server_batch, server_event

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection

    from desktop_app.library.database import Database


def deflate(value: Any) -> bytes:
    """JSON as it is stored."""
    return zlib.compress(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(), 1)


def inflate(stored: bytes) -> Any:
    """The value that `deflate` was given."""
    return json.loads(zlib.decompress(stored))


class ServerEvents:
    """The events of all batches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, batch_id: int, after: int, limit: int) -> list[StoredEvent]:
        """At most `limit` events of a batch with numbers above `after`, oldest first."""
        statement = (
            select(server_event.c.seq, server_event.c.kind, server_event.c.body)
            .where(server_event.c.batch_id == batch_id, server_event.c.seq > after)
            .order_by(server_event.c.seq)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [StoredEvent(row.seq, row.kind, bytes(row.body)) for row in connection.execute(statement)]

    def tails(self, batch_ids: Collection[int]) -> dict[int, tuple[int, BatchState]]:
        """For these batches the number of the newest event, and the state; forgotten ones are left out."""
        columns = (server_batch.c.id, server_batch.c.last_seq, server_batch.c.state)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(in_set(server_batch.c.id, batch_ids)))
            return {row.id: (row.last_seq, BatchState(row.state)) for row in rows}


def append(connection: Connection, batch_id: int, events: Sequence[tuple[EventKind, bytes]]) -> int:
    """Add events, in order, in the caller's write transaction; returns the number of the last."""
    raised = update(server_batch).where(server_batch.c.id == batch_id)
    raised = raised.values(last_seq=server_batch.c.last_seq + len(events))
    last = int(connection.execute(raised.returning(server_batch.c.last_seq)).scalar_one())
    now = time.time()
    rows = [
        {"batch_id": batch_id, "seq": last - len(events) + number, "kind": kind.value, "body": body, "at": now}
        for number, (kind, body) in enumerate(events, 1)
    ]
    if rows:
        connection.execute(insert(server_event), rows)
    return last


def tell_state(connection: Connection, batch_id: int, state: BatchState, error: str | None = None) -> None:
    """Add the event that says how a batch now stands."""
    append(connection, batch_id, [(EventKind.BATCH, deflate({"state": state.value, "error": error}))])
