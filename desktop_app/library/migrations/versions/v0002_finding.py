"""Finding among a million games: names by their parts, speeds, and an index for every listed sort."""

import sqlalchemy as sa
from alembic import op

from desktop_app.domain.names import NameKind, fold
from desktop_app.domain.speed import speed_of

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROWS_AT_ONCE = 10_000
_NAMES = {
    "white": NameKind.PLAYER,
    "black": NameKind.PLAYER,
    "event": NameKind.EVENT,
    "site": NameKind.SITE,
    "opening": NameKind.OPENING,
    "termination": NameKind.TERMINATION,
    "time_control": NameKind.TIME_CONTROL,
}
_SUMMARY = ("accuracy", "acpl", "inaccuracies", "mistakes", "blunders")


def _text(length: int | None = None) -> sa.types.TypeEngine[str]:
    kind = sa.Text if length is None else sa.String
    return kind(length).with_variant(kind(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("game", sa.Column("speed", _text(16), server_default="", nullable=False))
    op.create_table(
        "name_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("name", _text(), nullable=False),
        sa.Column("folded", _text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_name_entry")),
        sa.UniqueConstraint("kind", "name", name=op.f("uq_name_entry_kind_name")),
    )
    connection = op.get_bind()
    _fill_names(connection)
    _create_text_search(connection)
    _fill_speeds(connection)
    _create_indexes()


def _create_text_search(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE name_fts USING fts5"
            "(folded, content='name_entry', content_rowid='id', tokenize='trigram', detail='full')"
        )
        op.execute("INSERT INTO name_fts (name_fts) VALUES ('rebuild')")
        op.execute(
            "CREATE TRIGGER name_entry_added AFTER INSERT ON name_entry BEGIN "
            "INSERT INTO name_fts (rowid, folded) VALUES (new.id, new.folded); END"
        )
        return
    try:
        with connection.begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            op.execute("CREATE INDEX ix_name_entry_folded ON name_entry USING gin (folded gin_trgm_ops)")
    except sa.exc.DBAPIError:
        pass  # a server that does not let us have it: names are read through instead


def _fill_names(connection: sa.Connection) -> None:
    game = sa.table("game", *(sa.column(name) for name in _NAMES))
    entry = sa.table("name_entry", sa.column("kind"), sa.column("name"), sa.column("folded"))
    found = set()
    for column, kind in _NAMES.items():
        key = sa.func.lower(game.c[column])
        for (name,) in connection.execute(sa.select(key).distinct()):
            if name and not (kind == NameKind.SITE and name.startswith("http")):
                found.add((int(kind), name))
    rows = [{"kind": kind, "name": name, "folded": fold(name)} for kind, name in sorted(found)]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        connection.execute(sa.insert(entry), rows[start : start + _ROWS_AT_ONCE])


def _fill_speeds(connection: sa.Connection) -> None:
    game = sa.table("game", sa.column("time_control"), sa.column("speed"))
    for (control,) in connection.execute(sa.select(game.c.time_control).distinct()).all():
        if speed := speed_of(control):
            connection.execute(sa.update(game).where(game.c.time_control == control).values(speed=speed.value))


def _create_indexes() -> None:
    op.create_index("ix_game_speed", "game", ["speed", "id"])
    for name in ("opening", "site", "termination", "time_control"):
        op.create_index(f"ix_game_{name}", "game", [sa.text(f"lower({name})"), "id"])
    for name in (f"{colour}_{what}" for colour in ("white", "black") for what in _SUMMARY):
        known = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_game_{name}", "game", [name, "id"], sqlite_where=known, postgresql_where=known)
    for name in ("partial", "not_judged"):
        known = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_game_{name}", "game", ["id"], sqlite_where=known, postgresql_where=known)
