"""Libraries in an SQLite file: connections, creation, checks and backups. Any thread; used through `backend`."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import sqlite3
from contextlib import closing, contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, Text, bindparam, column, create_engine, event, func, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.pool import NullPool, QueuePool

from desktop_app.errors import LibraryError, LibraryReadOnlyError
from desktop_app.library import read_only_files
from desktop_app.library.backend import CHOICES, DEFAULT_BUSY_TIMEOUT_MS, Backend, cause_of
from desktop_app.library.compacting import compact_sqlite, sqlite_sizes
from desktop_app.library.faults import explain, is_busy, locked, not_a_library, read_only, writable
from desktop_app.library.file_systems import is_read_only_medium, network_kind
from desktop_app.library.holders import work_under_way
from desktop_app.library.tables import game, name_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Connection, Engine, FromClause, Select, Table

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
_TRIGRAM = 3
_INSERT_NAMES = (
    "INSERT INTO name_entry (kind, name, folded) "
    "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?)"
)
_INSERT_COMMENTS = (
    "INSERT INTO game_comment (game_id, words) "
    "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)"
)
_COMMENT_SEARCH = """
CREATE VIRTUAL TABLE comment_fts USING fts5(words, content='game_comment', content_rowid='game_id', \
tokenize='unicode61 remove_diacritics 0')
CREATE TRIGGER game_comment_added AFTER INSERT ON game_comment BEGIN \
INSERT INTO comment_fts (rowid, words) VALUES (new.game_id, new.words); END
CREATE TRIGGER game_comment_removed AFTER DELETE ON game_comment BEGIN \
INSERT INTO comment_fts (comment_fts, rowid, words) VALUES ('delete', old.game_id, old.words); END
""".strip().splitlines()
_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = ?"
_INDEX_NAMES = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_INDEXED_BY = re.compile(r" INDEXED BY (\w+)")
_SET_LAST_ID = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
_ROWS_TOGETHER = 32
"""Rows of a statement: 24 columns each, and old versions of SQLite take 999 values."""
_EMPTY: dict[type, str] = {type(None): "NULL", bytes: "x''"}
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


class SqliteBackend(Backend):
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
        _driver(connection).set_progress_handler(asked, _STEPS_BETWEEN_QUESTIONS)

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
        return LibraryError(f"There is no library at {self.path}.", action="Check the path given with --library.")

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
        _driver(connection).execute("PRAGMA foreign_keys=OFF")

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
        return sqlite_sizes(_driver(connection))

    def compact(self, connection: Connection, told: Callable[[int, int], bool]) -> None:
        """VACUUM; afterwards statements can be abandoned as before."""
        try:
            compact_sqlite(_driver(connection), self.path, told)
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

    # -- storing ---------------------------------------------------------------------------------------------------

    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> Sequence[int]:
        """Through the driver itself, a third of SQLAlchemy's cost; ids from AUTOINCREMENT's own counter."""
        names = list(columns)
        key = table.primary_key.columns[0]
        ids: Sequence[int] = range(0)
        if key.name not in names:
            last = connection.exec_driver_sql(_LAST_ID, (table.name,)).scalar() or 0
            ids = range(last + 1, last + 1 + len(rows))
            names.append(key.name)
            rows = [(*row, row_id) for row, row_id in zip(rows, ids, strict=True)]
        marks = ", ".join("?" * len(names))
        quoted = ", ".join(f'"{name}"' for name in names)
        statement = f'INSERT INTO "{table.name}" ({quoted}) VALUES ({marks})'  # noqa: S608 -- names are the code's own
        connection.exec_driver_sql(statement, list(rows))
        return ids

    def insert_new(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]]
    ) -> Sequence[int] | None:
        """Ids from AUTOINCREMENT's own counter; where one row is refused, those before it are removed again."""
        last = connection.exec_driver_sql(_LAST_ID, (table.name,)).scalar() or 0
        ids = range(last + 1, last + 1 + len(values[0]))
        key = table.primary_key.columns[0].name
        try:
            self.insert_columns(connection, table, (*columns, key), (*values, ids))
        except IntegrityError as error:
            if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise
            # Not by a savepoint: SQLite would keep a copy of every page that is touched, which costs each import.
            name = f'"{table.name}"'
            connection.exec_driver_sql(f'DELETE FROM {name} WHERE "{key}" > ?', (last,))  # noqa: S608 -- our own names
            connection.exec_driver_sql(_SET_LAST_ID, (last, table.name))
            return None
        return ids

    def insert_columns(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]]
    ) -> None:
        """Through the driver itself. It hands on integers and texts; for None and bytes it looks for adapters first.

        So columns without any value are written in the statement, and bytes go as bytearrays. Many rows share a
        statement, since SQLite looks for AUTOINCREMENT's counter in each. Together this takes half the time.
        """
        count = len(values[0])
        marks, given = [], []
        for some in values:
            empty = _EMPTY.get(type(some[0]))
            if empty is not None and not some[0] and some.count(some[0]) == count:
                marks.append(empty)
                continue
            marks.append("?")
            given.append(map(bytearray, some) if isinstance(some[0], bytes) else some)
        names = ", ".join(f'"{name}"' for name in columns)
        insertion = f'INSERT INTO "{table.name}" ({names}) VALUES '  # noqa: S608 -- names are the code's own
        row = f"({', '.join(marks)})"
        rows = zip(*given, strict=True)
        together = chain.from_iterable(islice(rows, count - count % _ROWS_TOGETHER))
        try:
            driver = _driver(connection)
            # Every so many values are one tuple, made again and again in place.
            driver.executemany(
                insertion + ", ".join([row] * _ROWS_TOGETHER),
                zip(*[together] * (len(given) * _ROWS_TOGETHER), strict=True),
            )
            driver.executemany(insertion + row, rows)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(insertion, None, error) from error

    def insert_names(self, connection: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        """In one statement: after each, the trigram table writes out what it has, which costs more than the rows."""
        connection.exec_driver_sql(_INSERT_NAMES, (json.dumps(rows, ensure_ascii=False),))

    # -- searching -------------------------------------------------------------------------------------------------

    def create_text_search(self, connection: Connection) -> None:
        """FTS5 tables kept up by triggers: trigrams of names, which are only ever added, and words of comments."""
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE name_fts USING fts5"
            "(folded, content='name_entry', content_rowid='id', tokenize='trigram', detail='full')"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER name_entry_added AFTER INSERT ON name_entry BEGIN "
            "INSERT INTO name_fts (rowid, folded) VALUES (new.id, new.folded); END"
        )
        for statement in _COMMENT_SEARCH:
            connection.exec_driver_sql(statement)

    def folded_contains(self, needle: str) -> ColumnElement[bool]:
        """By trigrams; texts shorter than one are looked for in every name."""
        if len(needle) < _TRIGRAM:
            return func.instr(name_entry.c.folded, needle) > 0
        phrase = '"' + needle.replace('"', '""') + '"'
        found = text("SELECT rowid FROM name_fts WHERE name_fts MATCH :phrase").bindparams(
            bindparam("phrase", phrase, unique=True)
        )
        return name_entry.c.id.in_(found.columns(column("rowid", Integer)))

    def comment_words(
        self, words: Sequence[str], *, begun: bool
    ) -> tuple[ColumnElement[int], tuple[ColumnElement[bool], ...]]:
        """By the FTS5 table; a star behind a phrase makes its last word a beginning."""
        phrase = '"' + " ".join(words) + '"' + ("*" if begun else "")
        fts = sql_table("comment_fts", column("rowid", Integer), column("comment_fts", Text))
        return fts.c.rowid, (fts.c.comment_fts.op("MATCH", is_comparison=True)(phrase),)

    def insert_comments(self, connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
        """In one statement, as names."""
        connection.exec_driver_sql(_INSERT_COMMENTS, (json.dumps(rows, ensure_ascii=False),))

    def id_list(self, connection: Connection, statement: Select[Any] | CompoundSelect[Any]) -> list[int]:
        """As one text: a row each costs twice as much."""
        ids = statement.subquery()
        found: list[int] = json.loads(
            connection.execute(select(func.json_group_array(next(iter(ids.c)))).select_from(ids)).scalar_one()
        )
        return found

    def stream_ids(self, connection: Connection, statement: Select[Any]) -> Iterator[int]:
        """SQLite works only as far as it is read."""
        with connection.execute(statement) as result:
            cursor: Any = result.cursor
            for (value,) in cursor:
                yield value

    def refresh_statistics(self, connection: Connection) -> None:
        """Sample a thousand rows an index."""
        connection.exec_driver_sql("PRAGMA analysis_limit=1000")
        connection.exec_driver_sql("ANALYZE")

    def using(self, statement: Select[Any], index: str | None) -> Select[Any]:
        """SQLite's INDEXED BY and NOT INDEXED (the primary key is no index there)."""
        return statement.with_hint(game, f"INDEXED BY {index}" if index else "NOT INDEXED", "sqlite")

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


def _driver(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection behind SQLAlchemy's."""
    driver: Any = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"not a connection to SQLite: {driver!r}")
    return driver


def _begin(connection: Connection) -> Any:
    connection.exec_driver_sql("BEGIN")


def _only_known_indexes(connection: Connection, _cursor: object, statement: str, *others: Any) -> tuple[str, Any]:
    """Leave the choice to SQLite where a statement names an index that an import has left out (indexes.py).

    Looked up in the very transaction that reads: indexes come and go in others.
    """
    if " INDEXED BY " in statement:
        there = {name for (name,) in _driver(connection).execute(_INDEX_NAMES)}
        statement = _INDEXED_BY.sub(lambda found: found[0] if found[1] in there else "", statement)
    return statement, others[0]


def _begin_immediate(connection: Connection) -> Any:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
