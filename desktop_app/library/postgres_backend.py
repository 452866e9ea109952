"""Libraries in a PostgreSQL database, one library a database (or schema, by `options=-csearch_path=…` in the URL).

Any thread; used through `backend`. Needs the extra `postgres` (psycopg). Backups are the server's own business.
"""

from __future__ import annotations

import logging
import os
import platform
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import NullPool, QueuePool

from desktop_app.errors import (
    DiskFullError,
    LibraryClosedError,
    LibraryCorruptError,
    LibraryError,
    LibraryLockedError,
    LibraryMissingError,
    LibraryReadOnlyError,
)
from desktop_app.library.backend import CHOICES, DEFAULT_BUSY_TIMEOUT_MS, cause_of
from desktop_app.library.compacting import compact_postgres
from desktop_app.library.faults import not_a_library
from desktop_app.library.holders import work_under_way
from desktop_app.library.postgres_statements import PostgresStatements
from desktop_app.library.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

logger = logging.getLogger(__name__)

# Partial indexes are the same in both systems. Said here and not in `tables`: naming PostgreSQL's options there would
# load its dialect, a fiftieth of a second, into every start on a file.
for _table in metadata.tables.values():
    for _index in _table.indexes:
        if (_where := _index.dialect_kwargs.get("sqlite_where")) is not None:
            _index.dialect_kwargs["postgresql_where"] = _where

SIGNATURE = "Kibitz library"
"""Comment on the version table that tells our databases from other programs' that use Alembic too."""

_WRITE_LOCK = 0x4B696274
"""Key of the advisory lock that every write transaction holds: as in SQLite, one writer at a time in all processes."""

_READERS_KEPT = 4
_CONNECT = {
    "connect_timeout": 10,
    # A server that went without a word is noticed in about a minute.
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_ALIVE = (
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)
"""The server notices as soon that we went: it then ends our transaction, whose write lock others wait for."""

_RESTED_S = 5.0
_DRIVER = "psycopg"


class PostgresBackend(PostgresStatements):
    """Connections to one PostgreSQL database."""

    many_hosts = True
    defers_indexes = False  # dropping one would wait for every reader, and readers for it

    def __init__(self, url: str, *, busy_timeout_ms: int = DEFAULT_BUSY_TIMEOUT_MS) -> None:
        """Take a postgresql:// or postgresql+psycopg:// URL; nothing is connected yet. Raises LibraryError."""
        self._url = make_url(url)
        if self._url.get_dialect().driver not in {_DRIVER, "psycopg2"} or not self._url.database:
            raise LibraryError("This address does not name a PostgreSQL database we could open.", action=CHOICES)
        self._url = self._url.set(drivername=f"postgresql+{_DRIVER}")
        self.location = self._url.render_as_string(hide_password=True)
        self.path = None
        self._busy_timeout_ms = busy_timeout_ms

    # -- connections -----------------------------------------------------------------------------------------------

    def _engine(self, *settings: str, **options: Any) -> Engine:
        try:
            engine = create_engine(self._url, connect_args=_CONNECT | {"application_name": _name()}, **options)
        except ModuleNotFoundError as error:
            raise LibraryError(
                "Libraries in PostgreSQL need the Python package psycopg.",
                action='Install it: pip install "kibitz[postgres]".',
            ) from error
        event.listen(engine, "connect", lambda driver, _: _set(driver, *_ALIVE, *settings))
        return engine

    def writer_engine(self) -> Engine:
        """Transactions begin with taking the library's one write lock."""
        engine = self._engine(f"SET lock_timeout = {int(self._busy_timeout_ms)}", poolclass=NullPool)
        event.listen(engine, "begin", _take_write_lock)
        return engine

    def upgrade_engine(self) -> Engine:
        """The writer's: schema changes are transactional here anyway."""
        return self.writer_engine()

    def reader_engine(self) -> Engine:
        """Transactions that see one moment and refuse to write. A connection that rested is tried before it is used."""
        engine = self._engine(
            "SET default_transaction_read_only = on",
            poolclass=QueuePool,
            pool_size=_READERS_KEPT,
            max_overflow=-1,
            isolation_level="REPEATABLE READ",
        )
        event.listen(engine, "checkin", lambda _driver, record: record.info.update(rests_since=time.monotonic()))
        event.listen(engine, "checkout", _try_rested)
        return engine

    def abandon_when(self, connection: Connection, asked: Callable[[], bool]) -> None:
        """Refuse further statements once asked; the running one is ended by `interrupt`."""

        def refuse_when_asked(*_: object) -> None:
            if asked():
                raise self._closed()

        event.listen(connection, "before_cursor_execute", refuse_when_asked)

    def interrupt(self, connection: Connection) -> None:
        """Ask the server to cancel what it does for this connection."""
        driver: Any = connection.connection.dbapi_connection
        with suppress(Exception):
            driver.cancel()

    # -- what may be done ------------------------------------------------------------------------------------------

    def cannot_be_written(self) -> bool:
        """Whether the server only lets us read (a standby), or this user has no right to write."""
        if self.is_new():
            return False
        ((reading_only, allowed),) = self._ask(_MAY_WRITE)
        return reading_only == "on" or not allowed

    def refusal(self) -> LibraryReadOnlyError:
        """Why nothing can be changed."""
        return LibraryReadOnlyError(
            f"The library {self.location} is open for reading only: its server lets this user only read.",
            action="Ask whoever runs the server for the rights, or give another user in the URL.",
        )

    def now(self, connection: Connection) -> float:
        """The server's clock."""
        return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())

    def is_lost(self, error: BaseException) -> bool:
        """Whether SQLAlchemy saw that the connection is dead."""
        return isinstance(error, DBAPIError) and error.connection_invalidated

    # -- making and checking ---------------------------------------------------------------------------------------

    def is_new(self) -> bool:
        """Whether the schema has no table at all. Raises LibraryError where the server cannot be asked."""
        return not self._ask(_TABLES)

    def missing(self) -> LibraryError:
        """The database is empty."""
        return LibraryMissingError(
            f"There is no library in {self.location}.", action="Check the URL given with --library."
        )

    @contextmanager
    def creating(self) -> Iterator[Connection]:
        """One transaction: a second process waits for it, and finds the library made."""
        engine = self.upgrade_engine()
        try:
            with engine.connect() as connection, connection.begin():
                yield connection
        finally:
            engine.dispose()

    def is_signed(self, connection: Connection) -> bool:
        """Whether the version table carries our comment."""
        return connection.exec_driver_sql(_SIGNED).scalar() == SIGNATURE

    def sign(self, connection: Connection, version: str) -> None:  # noqa: ARG002 -- the version table says it
        """Comment the version table."""
        connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{SIGNATURE}'")

    def installed_version(self) -> str:
        """Check the signature and read the version."""
        signed = self._ask(_SIGNED)
        if not signed or signed[0][0] != SIGNATURE:
            raise not_a_library(self.location, why="it is another program's database")
        found = self._ask("SELECT version_num FROM alembic_version")
        if not found or not str(found[0][0]).isdigit():
            raise not_a_library(self.location, why="its version cannot be read")
        return str(found[0][0])

    def _ask(self, statement: str) -> list[Any]:
        engine = self._engine(poolclass=NullPool)
        try:
            with engine.connect() as connection:
                return list(connection.exec_driver_sql(statement).all())
        finally:
            engine.dispose()

    def before_upgrade(self, connection: Connection) -> None:
        """Nothing: references hold while tables change."""

    def back_up(self, name: str) -> None:
        """Nothing: an upgrade that fails is rolled back, and copies are made where the server is kept."""

    def broken_references(self, connection: Connection) -> list[str]:  # noqa: ARG002 -- the interface
        """Nothing: the server never lets a reference break."""
        return []

    def damage(self, connection: Connection) -> list[str]:  # noqa: ARG002 -- the interface
        """Nothing: the server reports damage when it meets it."""
        return []

    def sizes(self, connection: Connection) -> tuple[int, int]:
        """The database's size; what of it is empty only shows by compacting."""
        size = int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
        return size, size

    def compact(self, connection: Connection, told: Callable[[int, int], bool]) -> None:
        """VACUUM FULL, table by table."""
        compact_postgres(connection.connection.dbapi_connection, _WRITE_LOCK, told)

    def index_names(self, connection: Connection) -> set[str]:
        """From the server's own list."""
        names = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
        return set(connection.exec_driver_sql(names).scalars())

    def name_search_damage(self, connection: Connection, *, repair: bool) -> str:  # noqa: ARG002 -- the interface
        """Nothing: it is an index like any other."""
        return ""

    # -- errors ----------------------------------------------------------------------------------------------------

    def explain(self, error: BaseException) -> LibraryError | None:
        """What the server, the driver or the network say, in words; by SQLSTATE (PostgreSQL manual, appendix A)."""
        cause = cause_of(error)
        if type(cause).__module__.partition(".")[0] != _DRIVER:
            return None
        state = str(getattr(cause, "sqlstate", None) or "")
        said = " ".join(str(cause).split())
        if state == _LOCK_TIMEOUT:
            return self._locked()
        for prefix, kind, text, action in _KNOWN:
            if state.startswith(prefix):
                return kind(text.format(where=self.location, said=said), action=action)
        if not state and type(cause).__name__ in {"OperationalError", "ConnectionTimeout", "InterfaceError"}:
            return self._unreachable(said)
        return None

    def _locked(self) -> LibraryError:
        """Names who holds the write lock, and what living processes say they are doing."""
        holders: list[str] = []
        with suppress(Exception):  # only to say more: the sentence without it is still right
            holders = [f"{name} from {host or 'this server'}" for name, host in self._ask(_HOLDERS)]
            holders += work_under_way(self._ask, many_hosts=True)
        who = f" by {'; '.join(holders)}" if holders else " by another program"
        return LibraryLockedError(
            f"The library {self.location} is being written{who}.",
            action="Wait until it is done or close it, then try again.",
        )

    def _unreachable(self, said: str) -> LibraryError:
        return LibraryError(
            f"The library {self.location} cannot be reached: {said}.",
            action="Check that the server runs and that the URL given with --library is right, then try again.",
        )

    def _closed(self) -> LibraryClosedError:
        return LibraryClosedError(f"The library {self.location} was closed before this was finished.")


_LOCK_TIMEOUT = "55P03"
_HOLDERS = (
    "SELECT application_name, client_addr FROM pg_stat_activity WHERE datname = current_database() AND pid IN "  # noqa: S608
    f"(SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = {_WRITE_LOCK})"
)
_MAY_WRITE = (
    "SELECT current_setting('transaction_read_only'), has_table_privilege(current_user, 'game', 'INSERT') "
    "AND has_table_privilege(current_user, 'import_batch', 'INSERT')"
)
_TABLES = "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1"
_SIGNED = "SELECT obj_description(to_regclass('alembic_version'), 'pg_class')"

_CHECK_SERVER = "Check the server and the URL given with --library, then try again."
_KNOWN: tuple[tuple[str, type[LibraryError], str, str], ...] = (
    ("40", LibraryLockedError, "Another program changed the library {where} at the same moment.", "Try again."),
    ("57014", LibraryClosedError, "The library {where} was closed before this was finished.", ""),
    ("53100", DiskFullError, "There is no room left on the server for the library {where}; the last step was undone.",
     "Free some space there, then try again."),
    ("53", LibraryError, "The server of {where} has no room for this: {said}.", _CHECK_SERVER),
    ("25006", LibraryReadOnlyError, "The library {where} cannot be written: the server allows reading only.",
     "Ask whoever runs the server."),
    ("42501", LibraryReadOnlyError, "The library {where} cannot be written with this user name: {said}.",
     "Ask whoever runs the server for the rights, or give another user in the URL."),
    ("XX", LibraryCorruptError, "The library {where} is damaged: {said}.", "Restore a backup of the server's."),
    ("08", LibraryError, "The connection to the library {where} was lost: {said}.", _CHECK_SERVER),
    ("28", LibraryError, "The server of {where} refuses this user: {said}.", _CHECK_SERVER),
    ("3D", LibraryError, "There is no such database: {said}.",
     "Make it on the server (createdb), or check the URL given with --library."),
    ("57P", LibraryError, "The server of {where} is shutting down or starting: {said}.", _CHECK_SERVER),
    ("58", LibraryError, "The server of {where} has trouble with its disk: {said}.", _CHECK_SERVER),
)  # fmt: skip
"""SQLSTATE or its beginning, the error it is for us, what is said and what to do. States left out are bugs of ours."""


def _name() -> str:
    """What the server lists us as; at most 63 bytes."""
    return f"kibitz {os.getpid()} on {platform.node()}"[:63]


def _try_rested(driver: Any, record: Any, _proxy: object) -> None:
    """Whether the server is still there is found out before anybody relies on it, not by failing."""
    if time.monotonic() - record.info.get("rests_since", time.monotonic()) < _RESTED_S:
        return
    try:
        with driver.cursor() as cursor:
            cursor.execute("SELECT 1")
        driver.rollback()
    except Exception as error:
        raise DisconnectionError from error


def _set(driver: Any, *settings: str) -> None:
    """Session settings on a new driver connection, kept outside of any transaction."""
    with driver.cursor() as cursor:
        for setting in settings:
            cursor.execute(setting)
    driver.commit()


def _take_write_lock(connection: Connection) -> Any:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")
