"""What differs between database systems, behind one interface; the only place where code asks which one it is.

`sqlite_backend` and `postgres_backend` implement `Backend`; `backend_of` picks one by the location. Below the interface
stand the few constructs that SQLAlchemy does not translate by itself. Any thread.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from array import array
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Integer, cast, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from desktop_app.errors import CancelledError, LibraryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import ColumnElement, CompoundSelect, Connection, Engine, Select, Table

    from desktop_app.errors import LibraryReadOnlyError
    from desktop_app.ports import CancelToken

DEFAULT_BUSY_TIMEOUT_MS = 5_000
_READ_BETWEEN_QUESTIONS = 10_000
"""Numbers of a list that are read before asking whether it is still wanted: a few milliseconds."""
CHOICES = "Give a file path, sqlite:///PATH, or postgresql+psycopg://USER@HOST/DATABASE."


class Backend(ABC):
    """One library's place in one database system: how to connect to it, make it, check it and explain its errors.

    Attributes:
        location: where it is, for people and for another process's `open`; never with a password.
        path: its file, None where a server keeps it.
        many_hosts: whether processes of several machines may use it at the same time.
        defers_indexes: whether big imports leave indexes out while they run (indexes.py).
        read_only: it is only read: nothing of it, nor beside it, is written.
    """

    location: str
    path: Path | None
    many_hosts: bool
    defers_indexes: bool
    read_only: bool = False

    # -- connections -----------------------------------------------------------------------------------------------

    @abstractmethod
    def writer_engine(self) -> Engine:
        """An engine whose transactions are alone from BEGIN on, in all processes: they wait there or not at all."""

    @abstractmethod
    def reader_engine(self) -> Engine:
        """An engine whose transactions see one moment of the library and cannot write; a few connections stay warm."""

    @abstractmethod
    def upgrade_engine(self) -> Engine:
        """An engine for changing the schema: transactions are alone, and undo schema changes too."""

    @abstractmethod
    def abandon_when(self, connection: Connection, asked: Callable[[], bool]) -> None:
        """Make statements of this connection end with an error once `asked()` is true."""

    @abstractmethod
    def interrupt(self, connection: Connection) -> None:
        """End the statement that runs on this connection now, if any; called from another thread."""

    # -- what may be done ------------------------------------------------------------------------------------------

    @abstractmethod
    def cannot_be_written(self) -> bool:
        """Whether a library is there that this user can read and not write."""

    @abstractmethod
    def refusal(self) -> LibraryReadOnlyError:
        """What a caller who wants to write is told while the library is open for reading only."""

    def remarks(self) -> list[str]:
        """What people should know about where the library is, as sentences; mostly nothing."""
        return []

    def now(self, connection: Connection) -> float:  # noqa: ARG002 -- a server asks its own clock
        """UTC seconds since 1970 by the clock that all users of this library share."""
        return time.time()

    def is_lost(self, error: BaseException) -> bool:  # noqa: ARG002 -- a file is never lost
        """Whether the connection ended under us, so that a fresh one may well work."""
        return False

    # -- making and checking ---------------------------------------------------------------------------------------

    @abstractmethod
    def is_new(self) -> bool:
        """Whether nothing is there yet. Raises LibraryError where no library can be."""

    @abstractmethod
    def missing(self) -> LibraryError:
        """There is no library here, and none was to be made."""

    @abstractmethod
    def creating(self) -> AbstractContextManager[Connection]:
        """A transaction in which the schema is created; nothing is left of it when the block raises."""

    @abstractmethod
    def is_signed(self, connection: Connection) -> bool:
        """Whether a library of ours is there."""

    @abstractmethod
    def sign(self, connection: Connection, version: str) -> None:
        """Mark it as a Kibitz library of this schema, for other tools and for `is_signed`."""

    @abstractmethod
    def installed_version(self) -> str:
        """The schema's number, digits only. Raises LibraryCorruptError where this is no library of ours."""

    @abstractmethod
    def before_upgrade(self, connection: Connection) -> None:
        """Prepare a connection, outside of a transaction, for rebuilding tables."""

    @abstractmethod
    def back_up(self, name: str) -> Path | None:
        """Copy the library beside itself, whole or not at all; None where that is its server's business.

        Args:
            name: what the copy is for; part of its file name.
        """

    @abstractmethod
    def broken_references(self, connection: Connection) -> list[str]:
        """Rows that refer to missing ones, as sentences."""

    @abstractmethod
    def damage(self, connection: Connection) -> list[str]:
        """What the system's own check finds wrong with the stored data."""

    @abstractmethod
    def sizes(self, connection: Connection) -> tuple[int, int]:
        """Bytes that the library takes, and bytes of them that something is stored in."""

    @abstractmethod
    def compact(self, connection: Connection, told: Callable[[int, int], bool]) -> None:
        """Give back room that nothing is stored in; outside of any transaction. `told(done, total)`: True stops it.

        Raises DiskFullError where there is no room to work in, CancelledError.
        """

    @abstractmethod
    def index_names(self, connection: Connection) -> set[str]:
        """Names of the indexes that are there."""

    @abstractmethod
    def name_search_damage(self, connection: Connection, *, repair: bool) -> str:
        """What is wrong with what finds names by their parts, "" for nothing; mended in a write transaction."""

    # -- storing ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> Sequence[int]:
        """Insert many rows as fast as the system can, inside a write transaction; returns their ids, in order.

        Values must be what the driver takes (no SQLAlchemy types). Ids are generated where `columns` leave out the
        table's key; for other tables ignore the answer.
        """

    @abstractmethod
    def insert_new(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]]
    ) -> Sequence[int] | None:
        """Insert many rows that are probably new, given column by column, and return their new ids, in order.

        Nothing is inserted, and None returned, where a unique index refuses one of them; nothing else may have been
        inserted into the table in this transaction.
        """

    @abstractmethod
    def next_id(self, connection: Connection, table: Table) -> int | None:
        """The id that the next new row will get; None where others may draw it first."""

    @abstractmethod
    def insert_columns(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]]
    ) -> None:
        """Insert many rows, given column by column, their key among them."""

    @abstractmethod
    def insert_names(self, connection: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        """Insert kind, name and folded name of entries that are not in `name_entry` yet, and find them from now on."""

    # -- searching -------------------------------------------------------------------------------------------------

    @abstractmethod
    def create_text_search(self, connection: Connection) -> None:
        """Make what finds parts of `name_entry.folded` fast, beside the new tables."""

    @abstractmethod
    def folded_contains(self, needle: str) -> ColumnElement[bool]:
        """`name_entry.folded` contains this text, which is folded and not empty; fast for rare texts."""

    @abstractmethod
    def comment_words(
        self, words: Sequence[str], *, begun: bool
    ) -> tuple[ColumnElement[int], tuple[ColumnElement[bool], ...]]:
        """Games whose comments have these folded words one after another: the column with their ids, and which rows.

        `begun`: the last word may be the beginning of one.
        """

    @abstractmethod
    def insert_comments(self, connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
        """Insert game ids with the words of their comments into `game_comment`, and find them from now on."""

    @abstractmethod
    def id_list(self, connection: Connection, statement: Select[Any] | CompoundSelect[Any]) -> list[int]:
        """The only column of a query, whole, in any order, by the way that costs least for a hundred thousand."""

    @abstractmethod
    def stream_ids(self, connection: Connection, statement: Select[Any]) -> Iterator[int]:
        """The only column of a query, in order, read as it is asked for: whoever stops early has not paid for all."""

    @abstractmethod
    def refresh_statistics(self, connection: Connection) -> None:
        """Let the planner see how values are spread, after many rows came; a few milliseconds, or nothing."""

    @abstractmethod
    def using(self, statement: Select[Any], index: str | None) -> Select[Any]:
        """Read `game` by this index, or by the primary key for None, where the planner may not see that it is best."""

    # -- errors ----------------------------------------------------------------------------------------------------

    @abstractmethod
    def explain(self, error: BaseException) -> LibraryError | None:
        """The known error behind what a driver or the operating system raised; None when it is a bug of ours."""

    @contextmanager
    def known_errors(self) -> Iterator[None]:
        """Map database and file errors raised inside to LibraryError kinds; others pass as they are."""
        try:
            yield
        except LibraryError:
            raise
        except Exception as error:
            known = self.explain(error)
            if known is None:
                raise
            raise known from error


def backend_of(location: str | Path, *, busy_timeout_ms: int = DEFAULT_BUSY_TIMEOUT_MS) -> Backend:
    """The backend for a path or URL. Raises LibraryError for addresses that name no library we could open."""
    text = str(location)
    name = "sqlite"
    if "://" in text:
        try:
            name = make_url(text).get_backend_name()
        except ArgumentError as error:
            raise LibraryError("The library's address cannot be understood.", action=CHOICES) from error
    if name == "postgresql":
        from desktop_app.library.postgres_backend import PostgresBackend  # noqa: PLC0415 -- its driver is optional

        return PostgresBackend(text, busy_timeout_ms=busy_timeout_ms)
    if name != "sqlite":
        raise LibraryError(f"Kibitz keeps libraries in SQLite files or in PostgreSQL, not in {name}.", action=CHOICES)
    from desktop_app.library.sqlite_backend import SqliteBackend, sqlite_path  # noqa: PLC0415 -- it builds on this one

    return SqliteBackend(sqlite_path(location), busy_timeout_ms=busy_timeout_ms)


def cause_of(error: BaseException) -> BaseException:
    """What the driver raised, without SQLAlchemy's wrapping."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


# -- constructs ----------------------------------------------------------------------------------------------------


class _Members(GenericFunction[Any]):
    """The elements of a JSON array as rows."""

    name = "json_members"
    inherit_cache = True


@compiles(_Members, "sqlite")
def _sqlite_members(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Members, "postgresql")
def _postgres_members(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSON))"


class _Octets(GenericFunction[int]):
    """How many bytes a text has in UTF-8."""

    name = "text_octets"
    type = Integer()
    inherit_cache = True


@compiles(_Octets, "sqlite")
def _sqlite_octets(element: Any, compiler: Any, **options: Any) -> str:
    return f"length(CAST({compiler.process(element.clauses, **options)} AS BLOB))"


@compiles(_Octets, "postgresql")
def _postgres_octets(element: Any, compiler: Any, **options: Any) -> str:
    return f"octet_length({compiler.process(element.clauses, **options)})"


def octets(column: ColumnElement[Any]) -> ColumnElement[int]:
    """How many bytes the text has in UTF-8; more than it has characters where it is not all ASCII."""
    return _Octets(column)


def in_set(column: ColumnElement[Any], values: Iterable[int]) -> ColumnElement[bool]:
    """`column` is one of `values`, however many: passed as one parameter, since systems limit their number."""
    members = func.json_members(json.dumps([int(value) for value in values])).table_valued("value")
    return column.in_(select(cast(members.c.value, BigInteger)))


def in_texts(column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """`column` is one of these texts, however many."""
    members = func.json_members(json.dumps(list(values), ensure_ascii=False)).table_valued("value")
    return column.in_(select(members.c.value))


def integers(
    connection: Connection, statement: Select[Any] | CompoundSelect[Any], cancel: CancelToken | None = None
) -> array[int]:
    """The only column of a query, read from the driver's own cursor: a million rows cost a third of SQLAlchemy's.

    Raises CancelledError.
    """
    found = array("q")
    with connection.execute(statement) as result:
        cursor: Any = result.cursor
        while True:
            if cancel is not None and cancel.cancelled():
                raise CancelledError("Reading the list was stopped.")
            before = len(found)
            found.extend(value for (value,) in islice(cursor, _READ_BETWEEN_QUESTIONS))
            if len(found) - before < _READ_BETWEEN_QUESTIONS:
                return found
