"""Statements that SQLite does best in words of its own: storing many rows, searching names and comments, lists of ids.

Any thread; the part of `sqlite_backend.SqliteBackend` that works on connections it is given.
"""

from __future__ import annotations

import json
import sqlite3
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, Text, bindparam, column, func, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.exc import IntegrityError

from desktop_app.library.backend import Backend
from desktop_app.library.tables import game, name_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, Table

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
_SET_LAST_ID = "UPDATE sqlite_sequence SET seq = ? WHERE name = ?"
_LONGEST_LITERAL = 200
_ROWS_TOGETHER = 32
"""Rows of a statement: 24 columns each, and old versions of SQLite take 999 values."""


class SqliteStatements(Backend):
    """Storing and searching on SQLite's connections."""

    # -- storing ---------------------------------------------------------------------------------------------------

    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> Sequence[int]:
        """Through the driver itself, a third of SQLAlchemy's cost; ids from AUTOINCREMENT's own counter."""
        names = list(columns)
        key = table.primary_key.columns[0]
        ids: Sequence[int] = range(0)
        if key.name not in names:
            first = self.next_id(connection, table)
            ids = range(first, first + len(rows))
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
        first = self.next_id(connection, table)
        ids = range(first, first + len(values[0]))
        key = table.primary_key.columns[0].name
        try:
            self.insert_columns(connection, table, (*columns, key), (*values, ids))
        except IntegrityError as error:
            if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise
            # Not by a savepoint: SQLite would keep a copy of every page that is touched, which costs each import.
            name = f'"{table.name}"'
            connection.exec_driver_sql(f'DELETE FROM {name} WHERE "{key}" >= ?', (first,))  # noqa: S608 -- our own names
            connection.exec_driver_sql(_SET_LAST_ID, (first - 1, table.name))
            return None
        return ids

    def next_id(self, connection: Connection, table: Table) -> int:
        """From AUTOINCREMENT's own counter; the writer is alone."""
        return int(connection.exec_driver_sql(_LAST_ID, (table.name,)).scalar() or 0) + 1

    def insert_columns(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]]
    ) -> None:
        """Through the driver itself, to which handing over a value costs as much as storing it.

        So what many rows have in common is written in the statement; bytes go as bytearrays, for which it does not look
        for an adapter. Many rows share a statement, since SQLite looks for AUTOINCREMENT's counter in each. Together
        this takes half the time.
        """
        count = len(values[0])
        marks, given = [], []
        for some in values:
            if count >= _ROWS_TOGETHER and (literal := _common(some)):
                marks.append(literal)
                continue
            marks.append("?")
            given.append(map(bytearray, some) if isinstance(some[0], bytes) else some)
        names = ", ".join(f'"{name}"' for name in columns)
        insertion = f'INSERT INTO "{table.name}" ({names}) VALUES '  # noqa: S608 -- names are the code's own
        row = f"({', '.join(marks)})"
        rows = zip(*given, strict=True)
        together = chain.from_iterable(islice(rows, count - count % _ROWS_TOGETHER))
        try:
            driver = driver_of(connection)
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


def driver_of(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection behind SQLAlchemy's."""
    driver: Any = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"not a connection to SQLite: {driver!r}")
    return driver


def _common(values: Sequence[Any]) -> str:
    """The one value that all of these are, as SQL; an empty text where they differ or it cannot be written."""
    one = values[0]
    if one != values[-1] or values.count(one) != len(values):
        return ""
    if one is None:
        return "NULL"
    if isinstance(one, bytes):
        return f"x'{one.hex()}'"
    if isinstance(one, str):
        return "" if "\0" in one or len(one) > _LONGEST_LITERAL else "'{}'".format(one.replace("'", "''"))
    return str(one) if type(one) is int else ""
