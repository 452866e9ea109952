"""Tables for looking after a library: edits that can be taken back, and which processes are alive.

Part of `tables.metadata`, so that a new library has them; imported by `upgrade`. See `edits` and `leases`.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, LargeBinary, Table

from desktop_app.library.tables import _text, metadata

# What people changed in the tags of games: one row for each thing they did, however many games it touched.
edit = Table(
    "edit",
    metadata,
    Column("id", Integer, primary_key=True),
    # headers | merge
    Column("kind", _text(16), nullable=False),
    # "White and Date of 3 games"
    Column("title", _text(), nullable=False),
    Column("made_at", Float, nullable=False),
    # running | done | undone | interrupted
    Column("state", _text(16), nullable=False),
    # JSON: what was asked for
    Column("detail", _text(), nullable=False),
    Column("games", Integer, nullable=False, server_default="0"),
    # the process that makes it (domain.work.Owner): a running edit whose owner is dead was interrupted
    Column("owner_host", _text()),
    Column("owner_pid", Integer),
    Column("owner_started", Float),
    sqlite_autoincrement=True,
)

# What a game was before an edit: JSON, compressed (edits.py). Games are named without a foreign key, as in tables_sets:
# one that goes to the bin and comes back can still have its edits undone.
edit_game = Table(
    "edit_game",
    metadata,
    Column("edit_id", ForeignKey("edit.id", ondelete="CASCADE"), primary_key=True),
    Column("game_id", Integer, primary_key=True, autoincrement=False, index=True),
    Column("before", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Identities that edited games have besides `game.identity`, which stays that of the source they came from.
game_alias = Table(
    "game_alias",
    metadata,
    Column("identity", LargeBinary(16), primary_key=True),
    Column("game_id", Integer, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# Processes that use a library which several computers share, and when each was last heard of.
process_lease = Table(
    "process_lease",
    metadata,
    Column("host", _text(), primary_key=True),
    Column("pid", Integer, primary_key=True, autoincrement=False),
    # when the process started (domain.work.Owner)
    Column("started", Float, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)
