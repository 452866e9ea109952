"""Chunks of the analysis server and the counts of their batch: queued, counted, and the batch ended with the last.

Steps of transactions that `server_batches` and `server_work` make; each takes the connection it runs on. Blocking; any
thread but an event loop's.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from desktop_app.domain.served import BatchKind, BatchState, NewChunk, ServedGame, WorkState
from desktop_app.library.backend import in_set, in_texts
from desktop_app.library.server_events import tell_state
from desktop_app.library.tables_server import in_state, server_batch, server_chunk, server_game

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

_AGAIN = (WorkState.FAILED.value, WorkState.CANCELLED.value)
ROWS_AT_ONCE = 5_000
"""Most rows that one transaction changes of a batch, so that nobody waits long behind it."""


def task_id(public_id: str, chunk_id: int, serial: int) -> str:
    """What the workers call a chunk; `chunk_of` reads it back."""
    return f"{public_id}.{chunk_id}.{serial}"


def chunk_of(task: str) -> int | None:
    """The chunk that `task_id` named; None for a name that is not ours."""
    parts = task.split(".")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdecimal() and len(parts[1]) < 18 else None


def count(connection: Connection, batch_id: int, **changes: int) -> None:
    """Change a batch's counts by so much."""
    values = {name: server_batch.c[name] + change for name, change in changes.items() if change}
    if values:
        connection.execute(update(server_batch).where(server_batch.c.id == batch_id).values(values))


def close(connection: Connection, batch_id: int) -> None:
    """Mark a batch as closed; it ends where nothing is left to do."""
    values = {"closed": True, "touched_at": time.time()}
    connection.execute(update(server_batch).where(server_batch.c.id == batch_id).values(values))
    finish_if_over(connection, batch_id)


def finish_if_over(connection: Connection, batch_id: int) -> bool:
    """End a running batch that has nothing left to do; whether it did."""
    row = connection.execute(select(server_batch).where(server_batch.c.id == batch_id)).one()
    games_left = row.games_total - row.games_done - row.games_failed
    if row.state != BatchState.RUNNING.value or not row.closed or row.queued or row.running or games_left:
        return False
    nothing = not row.games_done if row.kind == BatchKind.GAMES.value else not row.done
    failed = row.games_failed if row.kind == BatchKind.GAMES.value else row.failed
    error = "Nothing of it could be analysed; see the events for the reasons." if nothing and failed else None
    finish(connection, batch_id, BatchState.FAILED if error else BatchState.DONE, error)
    return True


def finish(connection: Connection, batch_id: int, state: BatchState, error: str | None = None) -> None:
    """End a batch in this state, and tell so."""
    values = {"state": state.value, "closed": True, "finished_at": time.time(), "error": error}
    connection.execute(update(server_batch).where(server_batch.c.id == batch_id).values(values))
    tell_state(connection, batch_id, state, error)


def add_chunks(connection: Connection, batch_id: int, chunks: Sequence[NewChunk], game_id: int | None = None) -> int:
    """Queue those whose keys are new, failed or cancelled; returns how many."""
    unique = {chunk.key: chunk for chunk in reversed(chunks)}
    columns = (server_chunk.c.key, server_chunk.c.id, server_chunk.c.state)
    known: dict[str, Any] = {}
    if unique:
        mine = (server_chunk.c.batch_id == batch_id, in_texts(server_chunk.c.key, unique))
        known = {row.key: row for row in connection.execute(select(*columns).where(*mine))}
    new = [chunk for chunk in unique.values() if chunk.key not in known][::-1]
    for begin in range(0, len(new), ROWS_AT_ONCE):
        rows = [
            {
                "batch_id": batch_id,
                "game_id": game_id,
                "key": chunk.key,
                "state": WorkState.QUEUED.value,
                "stage": chunk.stage,
                "payload": chunk.payload,
            }
            for chunk in new[begin : begin + ROWS_AT_ONCE]
        ]
        connection.execute(insert(server_chunk), rows)
    again = [row for row in known.values() if row.state in _AGAIN]
    for row in again:
        values = {
            "state": WorkState.QUEUED.value,
            "payload": unique[row.key].payload,
            "attempts": 0,
            "serial": server_chunk.c.serial + 1,
            "error": None,
        }
        connection.execute(update(server_chunk).where(server_chunk.c.id == row.id).values(values))
    failed = sum(row.state == WorkState.FAILED.value for row in again)
    count(connection, batch_id, queued=len(new) + len(again), failed=-failed, cancelled=failed - len(again))
    return len(new) + len(again)


def cancel_some(connection: Connection, batch_id: int) -> None:
    """Cancel at most `ROWS_AT_ONCE` chunks that are not answered; results of theirs are dropped from now on."""
    left = ROWS_AT_ONCE
    for state in (WorkState.RUNNING.value, WorkState.QUEUED.value):
        mine = (server_chunk.c.batch_id == batch_id, in_state(server_chunk, state))
        # First the numbers, then the change: one statement for both can cost PostgreSQL minutes without statistics.
        some = connection.execute(select(server_chunk.c.id).where(*mine).limit(left)).scalars().all()
        chosen = update(server_chunk).where(in_set(server_chunk.c.id, some))
        gone = connection.execute(chosen.values(state=WorkState.CANCELLED.value)).rowcount
        count(connection, batch_id, cancelled=gone, **{state: -gone})
        left -= gone
        if not left:
            return
    # None is left: said outright, for a count that were wrong would have this called for ever.
    none = {WorkState.QUEUED.value: 0, WorkState.RUNNING.value: 0}
    connection.execute(update(server_batch).where(server_batch.c.id == batch_id).values(none))


def cancel_games(connection: Connection, batch_id: int) -> None:
    """Cancel the games that are not settled; there are no more of them than a batch may have."""
    for state in (WorkState.QUEUED.value, WorkState.RUNNING.value):
        unsettled = (server_game.c.batch_id == batch_id, in_state(server_game, state))
        connection.execute(update(server_game).where(*unsettled).values(state=WorkState.CANCELLED.value))


def game_of(row: Row[Any]) -> ServedGame:
    """A game from its row."""
    return ServedGame(
        id=row.id,
        batch_id=row.batch_id,
        number=row.number,
        ref=row.ref,
        root_fen=row.root_fen,
        moves=tuple(row.moves.split()),
        chess960=row.chess960,
        state=WorkState(row.state),
        open_chunks=row.open_chunks,
        plies_total=row.plies_total,
        plies_done=row.plies_done,
        error=row.error,
        seq=row.seq,
    )
