"""Imports the library remembers: one batch each, with counts that are right at every commit, and its problems.

Any thread (never the GUI's).
"""

from __future__ import annotations

import json
import logging
import time
import zlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from desktop_app.domain.receipt import Problem, ProblemKind, Receipt
from desktop_app.domain.rows import BatchId, BatchState, ImportBatch
from desktop_app.domain.work import Owner
from desktop_app.errors import DiskFullError, NotFoundError
from desktop_app.library.leases import is_running
from desktop_app.library.owners import this_owner
from desktop_app.library.prepared import storable
from desktop_app.library.tables import import_batch, import_problem
from desktop_app.library.tables_bin import import_mending

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.library.database import Database

logger = logging.getLogger(__name__)

_MANY_GAMES = 1_000
"""An import of so many games changes how values are spread, which the planner should know."""

_BATCH_COLUMNS = tuple(import_batch.c[name] for name in ImportBatch.__dataclass_fields__)


class Imports:
    """The imports of one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, source: str) -> BatchId:
        """Note that this process starts an import; returns the id to store its games under."""
        owner = this_owner()
        row = {
            "source": storable(source),
            "started_at": time.time(),
            "state": BatchState.RUNNING.value,
            "owner_host": owner.host,
            "owner_pid": owner.pid,
            "owner_started": owner.started,
        }

        def store(connection: Connection) -> BatchId:
            return BatchId(connection.execute(insert(import_batch).returning(import_batch.c.id), row).scalar_one())

        return self._database.write(store)

    def add_problems(self, batch_id: BatchId | int, problems: Iterable[Problem]) -> None:
        """Store problems with their text, and count them. `Games.add` can do the same in the games' transaction."""
        found = list(problems)
        if found:
            self._database.write(lambda connection: record_problems(connection, batch_id, found))

    def finish(self, batch_id: BatchId | int, receipt: Receipt, state: BatchState | str = BatchState.DONE) -> None:
        """Close a batch with the receipt's figures; what the planner should know comes after that, if there is room."""
        values = {
            "state": BatchState(state).value,
            "finished_at": time.time(),
            "read": receipt.read,
            "imported": receipt.imported,
            "duplicates": receipt.duplicates,
            "rejected": receipt.rejected,
            "repaired": receipt.repaired,
            "bytes_unaccounted": receipt.bytes_unaccounted,
        }
        statement = update(import_batch).where(import_batch.c.id == int(batch_id)).values(values)

        def close(connection: Connection) -> None:
            _require(connection.execute(statement).rowcount, batch_id)

        self._database.write(close)
        if receipt.imported >= _MANY_GAMES:
            try:
                self._database.write(self._database.backend.refresh_statistics)
            except DiskFullError as error:
                logger.info(
                    "The planner of %s was told nothing of import %s: %s", self._database.location, batch_id, error
                )

    def list(self) -> list[ImportBatch]:
        """All imports, newest first."""
        with self._database.read() as connection:
            return [
                _batch(row) for row in connection.execute(select(*_BATCH_COLUMNS).order_by(import_batch.c.id.desc()))
            ]

    def get(self, batch_id: BatchId | int) -> ImportBatch:
        """One import. Raises NotFoundError."""
        statement = select(*_BATCH_COLUMNS).where(import_batch.c.id == int(batch_id))
        with self._database.read() as connection:
            found = connection.execute(statement).first()
        _require(found is not None, batch_id)
        return _batch(found)

    def problems(self, batch_id: BatchId | int, *, limit: int | None = None) -> tuple[Problem, ...]:
        """What an import had to tell, in the order it was found, with the offending texts."""
        statement = (
            _problems().where(import_problem.c.batch_id == int(batch_id)).order_by(import_problem.c.id).limit(limit)
        )
        with self._database.read() as connection:
            return tuple(_problem(row) for row in connection.execute(statement))

    def problem(self, problem_id: int) -> Problem:
        """One problem with its text. Raises NotFoundError."""
        with self._database.read() as connection:
            found = connection.execute(_problems().where(import_problem.c.id == problem_id)).first()
        if found is None:
            raise NotFoundError(f"There is no problem {problem_id} in this library's imports.")
        return _problem(found)

    def mark_mended(self, problem_id: int, batch_id: BatchId | int) -> None:
        """The problem's text was mended by hand, and this import took it."""

        def store(connection: Connection) -> None:
            connection.execute(delete(import_mending).where(import_mending.c.problem_id == problem_id))
            connection.execute(insert(import_mending), {"problem_id": problem_id, "batch_id": int(batch_id)})

        self._database.write(store)

    def mark_interrupted(self) -> tuple[BatchId, ...]:
        """Mark running batches whose process is dead as interrupted; returns them. Called when a library opens."""
        running = select(
            import_batch.c.id, import_batch.c.owner_host, import_batch.c.owner_pid, import_batch.c.owner_started
        ).where(import_batch.c.state == BatchState.RUNNING.value)
        with self._database.read() as connection:
            found = connection.execute(running).all()
        dead = [BatchId(row[0]) for row in found if row[2] is None or not is_running(self._database, Owner(*row[1:]))]
        if dead:
            values = {"state": BatchState.INTERRUPTED.value, "finished_at": time.time()}
            still = import_batch.c.state == BatchState.RUNNING.value
            statement = update(import_batch).where(import_batch.c.id.in_(dead), still).values(values)
            self._database.write(lambda connection: connection.execute(statement).rowcount)
        return tuple(dead)


def count_games(connection: Connection, batch_id: int, imported: int, duplicates: int) -> None:
    """Add to a batch's counts, inside the transaction that stores the games."""
    batch = import_batch.c
    values = {
        batch.read: batch.read + imported + duplicates,
        batch.imported: batch.imported + imported,
        batch.duplicates: batch.duplicates + duplicates,
    }
    connection.execute(update(import_batch).where(batch.id == int(batch_id)).values(values))


def record_problems(connection: Connection, batch_id: int, problems: Iterable[Problem]) -> None:
    """Store problems and add them to the batch's counts, inside the caller's transaction."""
    found = list(problems)
    if not found:
        return
    connection.execute(insert(import_problem), [_problem_row(batch_id, problem) for problem in found])
    # A problem without a game (stray text) is told, but no game was read (product.md section 3).
    rejected = sum(problem.kind == ProblemKind.REJECTED and problem.game_index is not None for problem in found)
    repaired = sum(problem.kind == ProblemKind.REPAIRED for problem in found)
    batch = import_batch.c
    values = {
        batch.read: batch.read + rejected,
        batch.rejected: batch.rejected + rejected,
        batch.repaired: batch.repaired + repaired,
    }
    connection.execute(update(import_batch).where(batch.id == int(batch_id)).values(values))


def _require(found: object, batch_id: int) -> None:
    if not found:
        raise NotFoundError(f"There is no import {batch_id} in this library.")


def _batch(row: Any) -> ImportBatch:
    return ImportBatch(**{**row._asdict(), "state": BatchState(row.state)})


def _problem_row(batch_id: int, problem: Problem) -> dict[str, Any]:
    text = zlib.compress(problem.text.encode("utf-8", "surrogatepass")) if problem.text else None
    return {
        "batch_id": int(batch_id),
        "source": storable(problem.source),
        "game_index": problem.game_index,
        "line": problem.line,
        "byte_offset": problem.byte_offset,
        "kind": str(problem.kind),
        "reason": storable(problem.reason),
        "headers": json.dumps(problem.headers),
        "text": text,
    }


def _problems() -> Select[Any]:
    return select(import_problem, import_mending.c.problem_id.is_not(None).label("mended")).join_from(
        import_problem, import_mending, import_mending.c.problem_id == import_problem.c.id, isouter=True
    )


def _problem(row: Any) -> Problem:
    return Problem(
        source=row.source,
        game_index=row.game_index,
        line=row.line,
        byte_offset=row.byte_offset,
        kind=ProblemKind(row.kind),
        reason=row.reason,
        headers=json.loads(row.headers),
        text="" if row.text is None else zlib.decompress(row.text).decode("utf-8", "surrogatepass"),
        id=row.id,
        mended=bool(row.mended),
    )
