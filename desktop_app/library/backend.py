"""What differs between database systems: how to connect, prepare a connection and pass sets. The one place for it.

SQLite today; PostgreSQL will stand beside it with the same methods. Any thread.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

from desktop_app.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Column, ColumnElement, Connection, Engine, Select, Table

APPLICATION_ID = 0x4B696274
"""SQLite's `application_id` of a Kibitz library: "Kibt" in ASCII; tells our files from other programs'."""

DEFAULT_BUSY_TIMEOUT_MS = 5_000
_CACHE_KIB = 32_768
_WRITER_CACHE_KIB = 65_536
"""An import touches a dozen indexes at random places; what falls out of the cache is read again."""
_WAL_PAGES = 10_000
"""40 MB of log before it is worked into the file: pages that many games touch are then written once, not each time."""
_READERS_KEPT = 4
_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = ?"


def sqlite_path(location: str | Path) -> Path:
    """The absolute path of the SQLite file that `location` (a path or an sqlite:/// URL) names.

    Raises LibraryError for URLs of other systems and for databases without a file.
    """
    text = str(location)
    if "://" not in text:
        return Path(location).expanduser().absolute()
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise LibraryError(
            "The library's address cannot be understood.", action="Give a file path, or sqlite:///PATH."
        ) from error
    if url.get_backend_name() != "sqlite":
        raise LibraryError(
            f"This version of Kibitz keeps libraries in SQLite files, not in {url.get_backend_name()}.",
            action="Give a file path, or sqlite:///PATH.",
        )
    if not url.database or url.database == ":memory:":
        raise LibraryError("A library needs a file to live in.", action="Give a file path, or sqlite:///PATH.")
    return Path(url.database).expanduser().absolute()


class SqliteBackend:
    """Connections to one SQLite file.

    The driver is in autocommit mode and every transaction is opened by an explicit BEGIN, so that schema changes are
    rolled back like any other statement (Python's driver would commit before them).
    """

    def __init__(self, path: Path, *, busy_timeout_ms: int = DEFAULT_BUSY_TIMEOUT_MS) -> None:
        self.path = path
        self._busy_timeout_ms = busy_timeout_ms

    def connect_raw(self, *, create: bool = False) -> sqlite3.Connection:
        """A driver connection in autocommit mode with our waiting time, and no other setting yet."""
        mode = "rwc" if create else "rw"
        return sqlite3.connect(
            f"{self.path.as_uri()}?mode={mode}",
            uri=True,
            timeout=self._busy_timeout_ms / 1000,
            isolation_level=None,
            check_same_thread=False,
        )

    def plain_engine(self, *, create: bool = False) -> Engine:
        """An engine for creating and upgrading: journal mode and foreign keys as they are, BEGIN IMMEDIATE."""
        engine = create_engine("sqlite://", creator=lambda: self.connect_raw(create=create), poolclass=NullPool)
        event.listen(engine, "begin", _begin_immediate)
        return engine

    def writer_engine(self) -> Engine:
        """An engine whose transactions take the write lock at once: they wait at BEGIN or not at all."""
        engine = create_engine("sqlite://", creator=self._connect_writer, poolclass=NullPool)
        event.listen(engine, "begin", _begin_immediate)
        return engine

    def reader_engine(self) -> Engine:
        """An engine whose connections cannot write; a few are kept warm, a burst may open more."""
        engine = create_engine(
            "sqlite://", creator=self._connect_reader, poolclass=QueuePool, pool_size=_READERS_KEPT, max_overflow=-1
        )
        event.listen(engine, "begin", _begin)
        return engine

    def _connect_writer(self) -> sqlite3.Connection:
        connection = self.connect_raw()
        try:
            # A network folder may refuse WAL; SQLite then stays in its old mode, slower but correct.
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
            # NORMAL under WAL: a power cut may lose the last commits, never damages the file; kill -9 loses none.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
            self._common_settings(connection)
            connection.execute(f"PRAGMA cache_size=-{_WRITER_CACHE_KIB}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect_reader(self) -> sqlite3.Connection:
        connection = self.connect_raw()
        try:
            connection.execute("PRAGMA query_only=ON")
            self._common_settings(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _common_settings(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")

    def back_up(self, target: Path) -> None:
        """Copy the library to `target`, whole or not at all, while others may read and write it."""
        part = target.with_name(target.name + ".part")
        try:
            source, copy = self.connect_raw(), sqlite3.connect(part, isolation_level=None)
            try:
                _copy(source, copy)
            finally:
                copy.close()
                source.close()
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    source.backup(target)


def in_set(column: Column[int], values: Iterable[int]) -> ColumnElement[bool]:
    """`column` is one of `values`, however many: passed as one parameter, since SQLite limits their number."""
    members = func.json_each(json.dumps([int(value) for value in values])).table_valued("value")
    return column.in_(select(members.c.value))


def integers(connection: Connection, statement: Select[Any]) -> array[int]:
    """The only column of a query, read from the driver's own cursor: a million rows cost a third of SQLAlchemy's."""
    with connection.execute(statement) as result:
        cursor: Any = result.cursor
        return array("q", (value for (value,) in cursor))


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> Sequence[int]:
    """Insert many rows through the driver itself, a third of SQLAlchemy's cost; returns their ids, in order.

    Values must be what the driver takes (no SQLAlchemy types). Only inside a write transaction: the ids are the next
    free ones of a table whose only integer key is generated; for other tables ignore the answer.
    """
    names = list(columns)
    key = table.primary_key.columns[0]
    generated = key.name not in names
    ids: Sequence[int] = range(0)
    if generated:
        last = connection.exec_driver_sql(_LAST_ID, (table.name,)).scalar() or 0
        ids = range(last + 1, last + 1 + len(rows))
        names.append(key.name)
        rows = [(*row, row_id) for row, row_id in zip(rows, ids, strict=True)]
    marks = ", ".join("?" * len(names))
    quoted = ", ".join(f'"{name}"' for name in names)
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({quoted}) VALUES ({marks})', rows)  # noqa: S608 -- names are the code's own
    return ids


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection behind SQLAlchemy's."""
    driver: Any = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"not a connection to SQLite: {driver!r}")
    return driver


def _begin(connection: Connection) -> Any:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> Any:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
