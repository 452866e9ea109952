"""Statements that PostgreSQL does best in words of its own: COPY, searching names and comments, lists of ids.

Any thread; the part of `postgres_backend.PostgresBackend` that works on connections it is given.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, literal_column
from sqlalchemy.exc import DBAPIError, IntegrityError

from desktop_app.library.backend import Backend, cause_of, integers
from desktop_app.library.tables import name_entry
from desktop_app.library.tables_sets import game_comment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, Table

logger = logging.getLogger(__name__)

_STREAMED_AT_ONCE = 5_000
_REFUSED = "23"
"""Class of SQLSTATE: a constraint refused a row."""

_NOT_UNIQUE = "23505"
"""SQLSTATE of a row that a unique index refused."""


class PostgresStatements(Backend):
    """Storing and searching on a server's connections."""

    # -- storing ---------------------------------------------------------------------------------------------------

    def insert_rows(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> Sequence[int]:
        """In a few statements of many rows each, ids from the column's sequence."""
        values = [dict(zip(columns, row, strict=True)) for row in rows]
        key = table.primary_key.columns[0]
        if key.name in columns:
            connection.execute(insert(table), values)
            return range(0)
        statement = insert(table).returning(key, sort_by_parameter_order=True)
        return list(connection.execute(statement, values).scalars())

    def insert_new(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]]
    ) -> Sequence[int] | None:
        """By COPY, with ids drawn from the key's sequence before; in a savepoint, since an error ends a transaction."""
        key = table.primary_key.columns[0].name
        drawn = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
        ids = sorted(connection.exec_driver_sql(drawn, (table.name, key, len(values[0]))).scalars())
        try:
            with connection.begin_nested():
                self.insert_columns(connection, table, (*columns, key), (*values, ids))
        except Exception as error:
            if getattr(cause_of(error), "sqlstate", None) == _NOT_UNIQUE:
                return None
            raise
        return ids

    def next_id(self, connection: Connection, table: Table) -> int | None:  # noqa: ARG002 -- for SQLite's
        """Sequences are everybody's."""
        return None

    def insert_columns(
        self, connection: Connection, table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]]
    ) -> None:
        """By COPY."""
        names = ", ".join(f'"{name}"' for name in columns)
        driver: Any = connection.connection.dbapi_connection
        statement = f'COPY "{table.name}" ({names}) FROM STDIN'
        try:
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                for row in zip(*values, strict=True):
                    copy.write_row(row)
        except Exception as error:
            if str(getattr(error, "sqlstate", None) or "").startswith(_REFUSED):
                raise IntegrityError(statement, None, error) from error
            raise

    def insert_names(self, connection: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
        """As any other rows."""
        connection.execute(
            insert(name_entry), [dict(zip(("kind", "name", "folded"), row, strict=True)) for row in rows]
        )

    # -- searching -------------------------------------------------------------------------------------------------

    def create_text_search(self, connection: Connection) -> None:
        """Words of comments; a trigram index where the server lets us have pg_trgm, else names are read through."""
        connection.exec_driver_sql(
            "CREATE INDEX ix_game_comment_words ON game_comment USING gin (to_tsvector('simple', words))"
        )
        try:
            with connection.begin_nested():
                connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
                connection.exec_driver_sql(
                    "CREATE INDEX ix_name_entry_folded ON name_entry USING gin (folded gin_trgm_ops)"
                )
        except DBAPIError as error:
            logger.info("no trigram index in %s: %s", self.location, error.orig)

    def folded_contains(self, needle: str) -> ColumnElement[bool]:
        """LIKE, which the trigram index serves."""
        return name_entry.c.folded.contains(needle, autoescape=True)

    def comment_words(
        self, words: Sequence[str], *, begun: bool
    ) -> tuple[ColumnElement[int], tuple[ColumnElement[bool], ...]]:
        """By the index of `to_tsvector`; words are letters and digits, so that they need no quoting."""
        phrase = " <-> ".join(words) + (":*" if begun else "")
        vector = func.to_tsvector(literal_column("'simple'"), game_comment.c.words)
        found = vector.op("@@", is_comparison=True)(func.to_tsquery(literal_column("'simple'"), phrase))
        return game_comment.c.game_id, (found,)

    def insert_comments(self, connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
        """As any other rows."""
        self.insert_rows(connection, game_comment, ("game_id", "words"), rows)

    def id_list(self, connection: Connection, statement: Select[Any] | CompoundSelect[Any]) -> list[int]:
        """A row each."""
        return list(integers(connection, statement))

    def stream_ids(self, connection: Connection, statement: Select[Any]) -> Iterator[int]:
        """By a cursor of the server, some thousands at once."""
        options = {"stream_results": True, "max_row_buffer": _STREAMED_AT_ONCE}
        with connection.execute(statement, execution_options=options) as result:
            for some in result.scalars().partitions(_STREAMED_AT_ONCE):
                yield from some

    def refresh_statistics(self, connection: Connection) -> None:
        """Nothing: the server does it by itself."""

    def using(self, statement: Select[Any], index: str | None) -> Select[Any]:  # noqa: ARG002 -- the interface
        """The planner knows best: it counts with the limit."""
        return statement
