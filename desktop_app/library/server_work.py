"""Chunks of the analysis server on their way to the workers and back. Blocking; any thread but an event loop's.

A chunk that is taken is marked as running before anybody is asked, and an answer changes it only where it is not
answered yet, in the same transaction that stores the answer: whatever is killed when, and however often an answer is
delivered, each is stored once. What was asked and never answered is asked again (`overdue`). Called by
`server.dispatcher` and `server.collector`.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from desktop_app.domain.served import (
    Answer,
    AskedChunk,
    BatchKind,
    BatchState,
    EventKind,
    NewChunk,
    ServedGame,
    WorkState,
)
from desktop_app.domain.work import Owner
from desktop_app.library.backend import in_set
from desktop_app.library.owners import is_alive, this_owner
from desktop_app.library.server_chunks import add_chunks, count, finish_if_over, game_of
from desktop_app.library.server_events import append, deflate, inflate
from desktop_app.library.tables_server import in_state, server_batch, server_chunk, server_game, server_lease

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Connection

    from desktop_app.library.database import Database

_ASKED = (
    server_chunk.c.id,
    server_chunk.c.batch_id,
    server_chunk.c.game_id,
    server_chunk.c.key,
    server_chunk.c.stage,
    server_chunk.c.attempts,
    server_chunk.c.serial,
    server_chunk.c.payload,
)
STAGES = (0, 1)
_OPEN = (WorkState.QUEUED.value, WorkState.RUNNING.value)


class ServerWork:
    """What the workers are asked for, and what they answered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- asking ----------------------------------------------------------------------------------------------------

    def take(self, batch_id: int, most: int, *, stage: int | None = None) -> list[AskedChunk]:
        """Mark up to `most` queued chunks of a running batch as running, the thin pass first, and return them."""

        def run(connection: Connection) -> list[AskedChunk]:
            state = connection.execute(select(server_batch.c.state).where(server_batch.c.id == batch_id)).scalar()
            if state != BatchState.RUNNING.value:
                return []
            queued = select(*_ASKED).where(
                server_chunk.c.batch_id == batch_id, in_state(server_chunk, WorkState.QUEUED.value)
            )
            if stage is not None:
                queued = queued.where(server_chunk.c.stage == stage)
            rows = connection.execute(queued.order_by(server_chunk.c.stage, server_chunk.c.id).limit(most)).all()
            if not rows:
                return []
            values = {
                "state": WorkState.RUNNING.value,
                "asked_at": time.time(),
                "attempts": server_chunk.c.attempts + 1,
            }
            taken = in_set(server_chunk.c.id, [row.id for row in rows])
            connection.execute(update(server_chunk).where(taken).values(values))
            count(connection, batch_id, queued=-len(rows), running=len(rows))
            return [_asked(row, attempts=row.attempts + 1) for row in rows]

        return self._database.write(run)

    def queued_numbers(self) -> tuple[int, int | None]:
        """The newest chunk's number (0: there is none), and the lowest that a running batch has queued."""
        running = select(server_batch.c.id).where(in_state(server_batch, BatchState.RUNNING.value))
        queued = select(server_chunk.c.id).where(in_state(server_chunk, WorkState.QUEUED.value))
        with self._database.read() as connection:
            newest = connection.execute(select(func.max(server_chunk.c.id))).scalar() or 0
            first = [
                # One step in the index for each: a million that are queued cost nothing.
                connection.execute(
                    queued.where(server_chunk.c.batch_id == batch, server_chunk.c.stage == stage)
                    .order_by(server_chunk.c.id)
                    .limit(1)
                ).scalar()
                for batch in connection.execute(running).scalars().all()
                for stage in STAGES
            ]
        return newest, min((number for number in first if number is not None), default=None)

    def in_flight(self, batch_id: int, *, asked_before: float) -> list[AskedChunk]:
        """Running chunks that were last asked for before this time."""
        mine = (server_chunk.c.batch_id == batch_id, in_state(server_chunk, WorkState.RUNNING.value))
        with self._database.read() as connection:
            rows = connection.execute(
                select(*_ASKED).where(*mine, server_chunk.c.asked_at < asked_before).order_by(server_chunk.c.id)
            )
            return [_asked(row) for row in rows]

    def overdue(self, batch_id: int, asked_before: float, *, only: Collection[int] = ()) -> list[AskedChunk]:
        """Running chunks last asked for before this time, and those of `only`; they count as asked for now."""
        overdue = (
            server_chunk.c.batch_id == batch_id,
            in_state(server_chunk, WorkState.RUNNING.value),
            (server_chunk.c.asked_at < asked_before) | in_set(server_chunk.c.id, only),
        )
        with self._database.read() as connection:
            rows = connection.execute(select(*_ASKED).where(*overdue).order_by(server_chunk.c.id)).all()
        if rows:
            again = update(server_chunk).where(*overdue, in_set(server_chunk.c.id, [row.id for row in rows]))
            self._database.write(lambda connection: connection.execute(again.values(asked_at=time.time())))
        return [_asked(row) for row in rows]

    def not_asked(self, chunk_ids: Iterable[int]) -> None:
        """The workers could not be reached: these shall be asked for again soon."""
        mine = in_set(server_chunk.c.id, chunk_ids) & (in_state(server_chunk, WorkState.RUNNING.value))
        statement = update(server_chunk).where(mine).values(asked_at=0.0)
        self._database.write(lambda connection: connection.execute(statement))

    # -- answers ---------------------------------------------------------------------------------------------------

    def find(self, chunk_ids: Iterable[int]) -> dict[int, tuple[AskedChunk, bool]]:
        """Chunks by number, and whether an answer is still wanted; those forgotten are left out."""
        with self._database.read() as connection:
            rows = connection.execute(select(*_ASKED, server_chunk.c.state).where(in_set(server_chunk.c.id, chunk_ids)))
            return {row.id: (_asked(row), row.state in _OPEN) for row in rows}

    def store(self, answers: Sequence[Answer], *, attempts: int) -> tuple[set[int], set[int], int]:
        """Store answers in one transaction; failures are asked for again up to `attempts` times.

        Returns the batches that have news, the games that have all their answers, and how many answers were new.
        """

        def run(connection: Connection) -> tuple[set[int], set[int], int]:
            by_id = {answer.chunk_id: answer for answer in answers}
            columns = (*_ASKED[:-1], server_chunk.c.state, server_batch.c.kind)
            wanted = in_set(server_chunk.c.id, by_id) & server_chunk.c.state.in_(_OPEN)
            rows = connection.execute(
                select(*columns)
                .join(server_batch, server_batch.c.id == server_chunk.c.batch_id)
                .where(wanted, server_batch.c.state == BatchState.RUNNING.value)
                .order_by(server_chunk.c.id)
            ).all()
            by_batch: dict[int, list[Any]] = defaultdict(list)
            for row in rows:
                by_batch[row.batch_id].append(row)
            complete: set[int] = set()
            for answered in by_batch.values():
                complete |= _store_of_batch(connection, answered, by_id, attempts)
            return set(by_batch), complete, len(rows)

        return self._database.write(run)

    def pin_engine(self, batch_id: int, name: str, build: str) -> None:
        """From now on this engine's answers alone count, where none was asked for: games are not mixed of two."""
        unpinned = (server_batch.c.id == batch_id, server_batch.c.engine_build.is_(None))
        statement = update(server_batch).where(*unpinned).values(engine_name=name, engine_build=build)
        self._database.write(lambda connection: connection.execute(statement))

    # -- games that the server plans -------------------------------------------------------------------------------

    def games_to_plan(self, batch_id: int, most: int) -> list[ServedGame]:
        """The next games of which nothing was planned yet."""
        statement = (
            select(server_game)
            .where(server_game.c.batch_id == batch_id, in_state(server_game, WorkState.QUEUED.value))
            .order_by(server_game.c.number)
            .limit(most)
        )
        with self._database.read() as connection:
            return [game_of(row) for row in connection.execute(statement)]

    def games_without_work(self, batch_id: int) -> list[int]:
        """Games that were begun and have no chunk left: a server was killed between an answer and what follows."""
        begun = (server_game.c.state == WorkState.RUNNING.value, server_game.c.open_chunks == 0)
        with self._database.read() as connection:
            return list(
                connection.execute(select(server_game.c.id).where(server_game.c.batch_id == batch_id, *begun)).scalars()
            )

    def game(self, game_id: int) -> tuple[ServedGame, list[Any]] | None:
        """A game and the answers to its chunks, in the order they were planned; None where it is gone."""
        with self._database.read() as connection:
            row = connection.execute(select(server_game).where(server_game.c.id == game_id)).one_or_none()
            if row is None:
                return None
            results = select(server_chunk.c.result).where(
                server_chunk.c.game_id == game_id, server_chunk.c.result.is_not(None)
            )
            bodies = list(connection.execute(results.order_by(server_chunk.c.id)).scalars())
        return game_of(row), [inflate(bytes(body)) for body in bodies]

    def add_round(self, game: ServedGame, chunks: Sequence[NewChunk], *, known: int = 0) -> bool:
        """Queue a round of searches of a game that has none open; whether it was still wanted.

        `known`: plies that need no search.
        """

        def run(connection: Connection) -> bool:
            if not _still_open(connection, game.id):
                return False
            added = add_chunks(connection, game.batch_id, chunks, game.id)
            values = {
                "state": WorkState.RUNNING.value,
                "open_chunks": added,
                "plies_done": server_game.c.plies_done + known,
            }
            connection.execute(update(server_game).where(server_game.c.id == game.id).values(values))
            return True

        return self._database.write(run)

    def settle_game(self, game: ServedGame, body: bytes | None, reason: str = "") -> bool:
        """A game is done with this event, or failed for this reason; once. Whether it was still wanted."""

        def run(connection: Connection) -> bool:
            if not _still_open(connection, game.id):
                return False
            _settle(connection, game, body, reason)
            finish_if_over(connection, game.batch_id)
            return True

        return self._database.write(run)

    # -- who does it -----------------------------------------------------------------------------------------------

    def hold(self, name: str, seconds: float) -> bool:
        """Take or keep the lease of this name for so many seconds; False while another living process holds it."""
        holder = _holder()

        def run(connection: Connection) -> bool:
            now = self._database.backend.now(connection)
            row = connection.execute(select(server_lease).where(server_lease.c.name == name)).one_or_none()
            if row is not None and row.holder != holder and row.until > now and not _is_dead(row.holder):
                return False
            values = {"name": name, "holder": holder, "until": now + seconds}
            if row is None:
                connection.execute(server_lease.insert().values(values))
            else:
                connection.execute(update(server_lease).where(server_lease.c.name == name).values(values))
            return True

        return self._database.write(run)

    def held(self, name: str) -> bool:
        """Whether any process holds the lease."""
        with self._database.read() as connection:
            until = connection.execute(select(server_lease.c.until).where(server_lease.c.name == name)).scalar()
            return until is not None and until > self._database.backend.now(connection)

    def release(self, name: str) -> None:
        """Give the lease up."""
        mine = (server_lease.c.name == name, server_lease.c.holder == _holder())
        self._database.write(lambda connection: connection.execute(server_lease.delete().where(*mine)))


def _holder() -> str:
    """This process, as a lease names it."""
    me = this_owner()
    return json.dumps([me.host, me.pid, me.started])


def _is_dead(holder: str) -> bool:
    """Whether a process that can be seen from here is gone: its lease need not run out first."""
    owner = Owner(*json.loads(holder))
    return not is_alive(owner, many_hosts=True)


def _store_of_batch(connection: Connection, rows: Sequence[Any], answers: dict[int, Answer], attempts: int) -> set[int]:
    """Store the answers of one batch; returns its games that have all theirs."""
    batch_id: int = rows[0].batch_id
    events: list[tuple[EventKind, bytes]] = []
    changes: dict[str, int] = defaultdict(int)
    complete: set[int] = set()
    failed: set[int] = set()
    for row in rows:
        if row.game_id in failed:
            continue  # cancelled with the rest of its game a moment ago
        answer = answers[row.id]
        changes[row.state] -= 1
        again = answer.body is None and row.attempts < attempts
        state = WorkState.QUEUED if again else WorkState.FAILED if answer.body is None else WorkState.DONE
        changes[state.value] += 1
        values: dict[str, Any] = {"state": state.value, "error": answer.reason or None}
        if again:
            values["serial"] = server_chunk.c.serial + 1
        elif row.kind == BatchKind.GAMES.value:
            values["result"] = answer.body
        elif answer.body is not None:
            events.append((EventKind.CHUNK, answer.body))
        else:
            said = {"key": row.key, "reason": answer.reason, "attempts": row.attempts}
            events.append((EventKind.CHUNK_FAILED, deflate(said)))
        connection.execute(update(server_chunk).where(server_chunk.c.id == row.id).values(values))
        if row.game_id is not None and not again:
            if answer.body is None:
                failed.add(row.game_id)
                _fail_game(connection, row.game_id, answer.reason, changes)
            elif _answered(connection, row.game_id, answer):
                complete.add(row.game_id)
    if events:
        append(connection, batch_id, events)
    count(connection, batch_id, **changes)
    finish_if_over(connection, batch_id)
    return complete


def _answered(connection: Connection, game_id: int, answer: Answer) -> bool:
    """Count an answer for its game; whether the game now has all."""
    change = update(server_game).where(server_game.c.id == game_id)
    change = change.values(
        open_chunks=server_game.c.open_chunks - 1, plies_done=server_game.c.plies_done + answer.plies
    )
    row = connection.execute(change.returning(server_game.c.state, server_game.c.open_chunks)).one()
    return bool(row.open_chunks == 0 and row.state == WorkState.RUNNING.value)


def _fail_game(connection: Connection, game_id: int, reason: str, changes: dict[str, int]) -> None:
    """A game fails with the first chunk that does; its other chunks are not wanted any more."""
    others = (server_chunk.c.game_id == game_id, server_chunk.c.state.in_(_OPEN))
    for state in connection.execute(select(server_chunk.c.state).where(*others)).scalars().all():
        changes[state] -= 1
        changes[WorkState.CANCELLED.value] += 1
    connection.execute(update(server_chunk).where(*others).values(state=WorkState.CANCELLED.value))
    row = connection.execute(select(server_game).where(server_game.c.id == game_id)).one()
    if row.state == WorkState.RUNNING.value:
        _settle(connection, game_of(row), None, reason)


def _settle(connection: Connection, game: ServedGame, body: bytes | None, reason: str) -> None:
    """Tell how a game ended; the answers to its chunks are in the event, and go."""
    if body is None:
        said = {"ref": game.ref, "number": game.number, "reason": reason}
        seq = append(connection, game.batch_id, [(EventKind.GAME_FAILED, deflate(said))])
        values: dict[str, Any] = {"state": WorkState.FAILED.value, "error": reason, "seq": seq}
        count(connection, game.batch_id, games_failed=1)
    else:
        seq = append(connection, game.batch_id, [(EventKind.GAME, body)])
        values = {"state": WorkState.DONE.value, "seq": seq, "plies_done": game.plies_total}
        count(connection, game.batch_id, games_done=1)
    connection.execute(update(server_game).where(server_game.c.id == game.id).values(values))
    connection.execute(update(server_chunk).where(server_chunk.c.game_id == game.id).values(result=None))


def _still_open(connection: Connection, game_id: int) -> bool:
    """Whether the game waits for what is planned next: its batch runs, and none of its chunks is open."""
    row = connection.execute(
        select(server_game.c.state, server_game.c.open_chunks, server_batch.c.state.label("batch_state"))
        .join(server_batch, server_batch.c.id == server_game.c.batch_id)
        .where(server_game.c.id == game_id)
    ).one_or_none()
    return (
        row is not None and row.batch_state == BatchState.RUNNING.value and row.state in _OPEN and row.open_chunks == 0
    )


def _asked(row: Any, *, attempts: int | None = None) -> AskedChunk:
    return AskedChunk(
        id=row.id,
        batch_id=row.batch_id,
        game_id=row.game_id,
        key=row.key,
        stage=row.stage,
        attempts=row.attempts if attempts is None else attempts,
        serial=row.serial,
        payload=bytes(row.payload),
    )
