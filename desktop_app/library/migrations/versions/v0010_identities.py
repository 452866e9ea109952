"""The unique index of identities becomes one that can be left out: a big import stores games faster without it.

SQLite cannot take a constraint off a table, so that there the table is made again without it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alembic import op

if TYPE_CHECKING:
    import sqlalchemy as sa

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_CONSTRAINT = re.compile(r',\s*CONSTRAINT "?uq_game_identity"? UNIQUE \("?identity"?\)')
_NAME = re.compile(r'^CREATE TABLE "?game"?')


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _make_again(connection)
    else:
        op.drop_constraint("uq_game_identity", "game", type_="unique")
    op.create_index("uq_game_identity", "game", ["identity"], unique=True)


def _make_again(connection: sa.Connection) -> None:
    """The table with its games and indexes, and with the counter of its ids, but without the constraint."""
    parts = "SELECT type, sql FROM sqlite_master WHERE tbl_name = 'game' AND sql IS NOT NULL ORDER BY type = 'index'"
    (_, table), *others = connection.exec_driver_sql(parts).all()
    without, found = _CONSTRAINT.subn("", table)
    renamed, named = _NAME.subn("CREATE TABLE game_again", without)
    if found != 1 or named != 1:
        message = f"the table of games is not what it should be: {table}"
        raise ValueError(message)
    last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'game'").scalar()
    connection.exec_driver_sql(renamed)
    connection.exec_driver_sql("INSERT INTO game_again SELECT * FROM game ORDER BY id")
    connection.exec_driver_sql("DROP TABLE game")
    connection.exec_driver_sql("ALTER TABLE game_again RENAME TO game")
    connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name IN ('game', 'game_again')")
    if last is not None:
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('game', ?)", (last,))
    for _, statement in others:
        connection.exec_driver_sql(statement)
