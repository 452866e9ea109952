"""Whether one more batch may come to the analysis server, and how it is stored with its games.

Steps of the transaction in which `server_batches` submits or retries; each takes the connection it runs on. The limits
are checked inside the transaction that uses them up, whichever process asks. Blocking; any thread but an event loop's.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from sqlalchemy import case, insert, select

from desktop_app.domain.served import BatchKind, BatchState, NewBatch, NewGame, Priority, WorkState
from desktop_app.errors import BatchRefusedError
from desktop_app.library.server_chunks import count
from desktop_app.library.tables_server import in_state, server_batch, server_game

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from desktop_app.domain.served import Limits

ACTIVE = (BatchState.WAITING.value, BatchState.RUNNING.value)
LINE_ORDER = (case((server_batch.c.priority == Priority.INTERACTIVE.value, 0), else_=1), server_batch.c.id)
"""In which order batches in line start."""
_RETRY_S = 30
_ROWS_AT_ONCE = 5_000


def known_by_key(connection: Connection, user_id: int, wanted: NewBatch) -> int | None:
    """The batch that an earlier request with this idempotency key made. Raises BatchRefusedError for another one's."""
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


def admitted(connection: Connection, user_id: int, limits: Limits, *, wait: bool) -> BatchState:
    """Whether one more batch of this user may run now, or shall wait. Raises BatchRefusedError."""
    states = select(server_batch.c.state, server_batch.c.user_id == user_id).where(in_state(server_batch, *ACTIVE))
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


def insert_batch(connection: Connection, user_id: int, wanted: NewBatch, state: BatchState) -> int:
    """Store a batch without work; returns its number."""
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


def insert_games(connection: Connection, batch_id: int, games: Sequence[NewGame]) -> None:
    """Store a batch's games, numbered from 1."""
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
