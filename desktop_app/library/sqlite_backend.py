"""Libraries in an SQLite file: connections, creation, checks and backups. Any thread; used through `backend`."""

from __future__ import annotations

import datetime as dt
import logging
import re
import sqlite3
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import NullPool, QueuePool

from desktop_app.errors import LibraryError, LibraryMissingError, LibraryReadOnlyError
from desktop_app.library import read_only_files
from desktop_app.library.backend import CHOICES, DEFAULT_BUSY_TIMEOUT_MS, cause_of
from desktop_app.library.compacting import compact_sqlite, sqlite_sizes
from desktop_app.library.faults import explain, is_busy, locked, not_a_library, read_only, writable
from desktop_app.library.file_systems import is_read_only_medium, network_kind
from desktop_app.library.holders import work_under_way
from desktop_app.library.sqlite_statements import SqliteStatements, driver_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine, FromClause

logger = logging.getLogger(__name__)

APPLICATION_ID = 0x4B696274
"""SQLite's `application_id` of a Kibitz library: "Kibt" in ASCII; tells our files from other programs'."""

_MAGIC = b"SQLite format 3\0"
_CACHE_KIB = 32_768
_WRITER_CACHE_KIB = 65_536
"""An import touches many indexes at random places; what falls out of the cache is read again."""
_WAL_PAGES = 10_000
"""40 MB of log before it is worked into the file: pages that many games touch are then written once, not each time."""
_READERS_KEPT = 4
_INDEX_NAMES = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_INDEXED_BY = re.compile(r" INDEXED BY (\w+)")
_STEPS_BETWEEN_QUESTIONS = 100_000


def sqlite_path(location: str | Path) -> Path:
    """The absolute path of the SQLite file that `location` (a path or an sqlite:/// URL) names.

    Raises LibraryError for databases without a file.
    """
    text = str(location)
    if "://" not in text:
        return Path(location).expanduser().absolute()
    url = make_url(text)
    if not url.database or url.database == ":memory:":
        raise LibraryError("A library needs a file to live in.", action=CHOICES)
    return Path(url.database).expanduser().absolute()


class _HintingCompiler(SQLiteCompiler):
    """Writes hints behind a table's name; SQLAlchemy's own compiler leaves them out for SQLite."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:  # noqa: ARG002 -- SQLAlchemy's
        return text


class SqliteBackend(SqliteStatements):
    """Connections to one SQLite file.

    The driver is in autocommit mode and every transaction is opened by an explicit BEGIN, so that schema changes are
    rolled back like any other statement (Python's driver would commit before them).
    """

    path: Path
    defers_indexes = True

    def __init__(self, path: Path, *, busy_timeout_ms: int = DEFAULT_BUSY_TIMEOUT_MS) -> None:
        self.path = path
        self.location = str(path)
        self.network = network_kind(path)
        self.many_hosts = bool(self.network)
        self._busy_timeout_ms = busy_timeout_ms
        self._abandoned_when: Callable[[], bool] | None = None

    # -- connections -----------------------------------------------------------------------------------------------

    def connect_raw(self, *, create: bool = False) -> sqlite3.Connection:
        """A driver connection in autocommit mode with our waiting time, and no other setting yet."""
        mode = "rwc" if create else "rw"
        return sqlite3.connect(
            read_only_files.uri(self.path) if self.read_only else f"{self.path.as_uri()}?mode={mode}",
            uri=True,
            timeout=self._busy_timeout_ms / 1000,
            isolation_level=None,
            check_same_thread=False,
        )

    def upgrade_engine(self, *, create: bool = False) -> Engine:
        """Journal mode and foreign keys as they are; BEGIN IMMEDIATE."""
        engine = create_engine("sqlite://", creator=lambda: self.connect_raw(create=create), poolclass=NullPool)
        event.listen(engine, "begin", _begin_immediate)
        return engine

    def writer_engine(self) -> Engine:
        """Transactions take the write lock at once: they wait at BEGIN or not at all."""
        engine = create_engine("sqlite://", creator=self._connect_writer, poolclass=NullPool)
        event.listen(engine, "begin", _begin_immediate)
        return engine

    def reader_engine(self) -> Engine:
        """Connections that cannot write; a few are kept warm, a burst may open more."""
        engine = create_engine(
            "sqlite://", creator=self._connect_reader, poolclass=QueuePool, pool_size=_READERS_KEPT, max_overflow=-1
        )
        engine.dialect.statement_compiler = _HintingCompiler
        event.listen(engine, "begin", _begin)
        event.listen(engine, "before_cursor_execute", _only_known_indexes, retval=True)
        if self.read_only:
            self._watch_for_writers(engine)
        return engine

    def _watch_for_writers(self, engine: Engine) -> None:
        """A file that was taken for unchanging and is written after all: its connections are made anew."""

        def note(_driver: sqlite3.Connection, record: Any) -> None:
            record.info["stamp"] = read_only_files.stamp(self.path)

        def compare(_driver: sqlite3.Connection, record: Any, _proxy: object) -> None:
            if record.info["stamp"] != read_only_files.stamp(self.path):
                raise DisconnectionError

        event.listen(engine, "connect", note)
        event.listen(engine, "checkout", compare)

    def _connect_writer(self) -> sqlite3.Connection:
        connection = self.connect_raw()
        try:
            if self.network:
                self._leave_wal(connection)
            else:
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

    def _leave_wal(self, connection: sqlite3.Connection) -> None:
        """WAL needs memory shared by all users, which computers do not share: the old journal, slower but right."""
        try:
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            logger.warning("%s is open elsewhere in WAL mode on a network folder", self.path)
        connection.execute("PRAGMA synchronous=FULL")

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

    def abandon_when(self, connection: Connection, asked: Callable[[], bool]) -> None:
        """SQLite asks now and then, so that a statement ends whenever it starts."""
        self._abandoned_when = asked
        driver_of(connection).set_progress_handler(asked, _STEPS_BETWEEN_QUESTIONS)

    def interrupt(self, connection: Connection) -> None:
        """Nothing to do: the running statement asks by itself."""

    # -- what may be done ------------------------------------------------------------------------------------------

    def cannot_be_written(self) -> bool:
        """Whether there is a file, and it or its folder (which SQLite needs for its journal) is read-only for us."""
        path = self.path
        return path.is_file() and not (writable(path) and writable(path.parent))

    def refusal(self) -> LibraryReadOnlyError:
        """Why nothing can be changed."""
        why = "its disk is read-only" if is_read_only_medium(self.path) else "the file or its folder is read-only"
        return LibraryReadOnlyError(
            f"The library {self.path} is open for reading only: {why}.",
            action="To change anything, copy it to a folder of your own and open it there.",
        )

    def remarks(self) -> list[str]:
        """A network folder is slow, and locks in it cannot always be trusted."""
        if not self.network:
            return []
        remark = (
            f"The library {self.path} is on a network folder ({self.network}): it is written more slowly, in a way "
            "that several computers can share, and should not be open on two of them at the same time."
        )
        return [remark]

    # -- making and checking ---------------------------------------------------------------------------------------

    def is_new(self) -> bool:
        """Whether there is no file, or an empty one: all that a crash during creation can leave."""
        path = self.path
        if path.is_dir():
            raise LibraryError(
                f"{path} is a folder, and a library is a file.",
                action=f"Name a file in it, such as {path / 'my.kibitz'}.",
            )
        return not path.exists() or path.stat().st_size == 0

    def missing(self) -> LibraryError:
        """There is no file."""
        return LibraryMissingError(
            f"There is no library at {self.path}.", action="Check the path given with --library."
        )

    @contextmanager
    def creating(self) -> Iterator[Connection]:
        """A transaction on a file made for it, whose folders are made too; a file of ours is removed on failure."""
        path = self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._check_writable()
        existed = path.exists()
        engine = self.upgrade_engine(create=True)
        try:
            with engine.connect() as connection, connection.begin():
                yield connection
        except BaseException:
            if not existed and path.exists() and path.stat().st_size == 0:
                path.unlink()
            raise
        finally:
            engine.dispose()

    def is_signed(self, connection: Connection) -> bool:
        """Whether the file carries our application id."""
        return bool(connection.exec_driver_sql("PRAGMA application_id").scalar_one() == APPLICATION_ID)

    def sign(self, connection: Connection, version: str) -> None:
        """Set the file's application id and user version."""
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version={int(version)}")

    def installed_version(self) -> str:
        """Check that the file can be written (unless it is only read) and is ours, and read its version."""
        if not self.read_only:
            self._check_writable()
        with self.path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise not_a_library(self.location)
        connection = self.connect_raw()
        try:
            (application_id,) = connection.execute("PRAGMA application_id").fetchone()
            if application_id != APPLICATION_ID:
                raise not_a_library(self.location, why="it is another program's database")
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                raise not_a_library(self.location, why="its version is missing") from error
            raise
        finally:
            connection.close()
        if row is None or not str(row[0]).isdigit():
            raise not_a_library(self.location, why="its version cannot be read")
        return str(row[0])

    def _check_writable(self) -> None:
        path = self.path
        if not writable(path.parent) or (path.exists() and not writable(path)):
            raise read_only(path)

    def before_upgrade(self, connection: Connection) -> None:
        """Tables are rebuilt under a new name; references are checked as a whole before the commit instead."""
        driver_of(connection).execute("PRAGMA foreign_keys=OFF")

    def back_up(self, name: str) -> Path:
        """Copy the file to a dated one beside it, while others may read and write it."""
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
        target = self.path.with_name(f"{self.path.name}.{name}-{stamp}.backup")
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
            with suppress(OSError):
                part.unlink(missing_ok=True)
        return target

    def broken_references(self, connection: Connection) -> list[str]:
        """SQLite's own check of foreign keys."""
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        return [f"{row[0]} row {row[1]} refers to a missing {row[2]}" for row in broken]

    def damage(self, connection: Connection) -> list[str]:
        """SQLite's own integrity check; reads the whole file."""
        said = [str(line) for line in connection.exec_driver_sql("PRAGMA integrity_check").scalars()]
        return [] if said == ["ok"] else said

    def sizes(self, connection: Connection) -> tuple[int, int]:
        """From SQLite's count of pages."""
        return sqlite_sizes(driver_of(connection))

    def compact(self, connection: Connection, told: Callable[[int, int], bool]) -> None:
        """VACUUM; afterwards statements can be abandoned as before."""
        try:
            compact_sqlite(driver_of(connection), self.path, told)
        finally:
            if self._abandoned_when is not None:
                self.abandon_when(connection, self._abandoned_when)

    def index_names(self, connection: Connection) -> set[str]:
        """From SQLite's own list."""
        return set(connection.exec_driver_sql(_INDEX_NAMES).scalars())

    def name_search_damage(self, connection: Connection, *, repair: bool) -> str:
        """FTS5 compares its table with `name_entry`."""
        try:
            if repair:
                connection.exec_driver_sql("INSERT INTO name_fts (name_fts) VALUES ('rebuild')")
            connection.exec_driver_sql("INSERT INTO name_fts (name_fts, rank) VALUES ('integrity-check', 1)")
        except DBAPIError as error:
            return str(error.orig)
        return ""

    # -- errors ----------------------------------------------------------------------------------------------------

    def explain(self, error: BaseException) -> LibraryError | None:
        """What SQLite and the file system say, in words."""
        cause = cause_of(error)
        return locked(self.path, self._work_under_way()) if is_busy(cause) else explain(cause, self.path)

    def _work_under_way(self) -> list[str]:
        """What others are doing, where that can still be read."""
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=0)) as connection:
                return work_under_way(lambda sql: connection.execute(sql).fetchall(), many_hosts=self.many_hosts)
        except sqlite3.Error:
            return []


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    source.backup(target)


def _begin(connection: Connection) -> Any:
    connection.exec_driver_sql("BEGIN")


def _only_known_indexes(connection: Connection, _cursor: object, statement: str, *others: Any) -> tuple[str, Any]:
    """Leave the choice to SQLite where a statement names an index that an import has left out (indexes.py).

    Looked up in the very transaction that reads: indexes come and go in others.
    """
    if " INDEXED BY " in statement:
        there = {name for (name,) in driver_of(connection).execute(_INDEX_NAMES)}
        statement = _INDEXED_BY.sub(lambda found: found[0] if found[1] in there else "", statement)
    return statement, others[0]


def _begin_immediate(connection: Connection) -> Any:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
