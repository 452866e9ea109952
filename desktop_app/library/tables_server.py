"""Tables of the analysis server: who may ask, what was asked, what came of it, and who did what.

Part of `tables.metadata`, so that every library has them (empty but on a server); imported by `upgrade`. Counts stand
in `server_batch` and are kept by whoever changes a chunk's state, so that status costs one row however many chunks
there are. See `server_users`, `server_batches`, `server_work` and `server_events`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
    literal_column,
)

from desktop_app.library.tables import _text, metadata

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

server_user = Table(
    "server_user",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", _text(64), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

# A token is 256 random bits: its SHA-256 cannot be turned back, and needs no salt nor slow hash.
server_token = Table(
    "server_token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("server_user.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", _text(64), nullable=False, unique=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    # analyse,read,admin
    Column("scopes", _text(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("revoked_at", Float),
    Column("last_used_at", Float),
    sqlite_autoincrement=True,
)

server_batch = Table(
    "server_batch",
    metadata,
    Column("id", Integer, primary_key=True),
    # what clients call it: random, so that nobody can guess another one's
    Column("public_id", _text(32), nullable=False, unique=True),
    Column("user_id", ForeignKey("server_user.id", ondelete="CASCADE"), nullable=False),
    Column("name", _text(), nullable=False),
    # chunks | games
    Column("kind", _text(16), nullable=False),
    # interactive | batch
    Column("priority", _text(16), nullable=False),
    # waiting | running | done | failed | cancelled
    Column("state", _text(16), nullable=False),
    # nothing more is added to it
    Column("closed", Boolean, nullable=False),
    Column("error", _text()),
    Column("engine_name", _text()),
    Column("engine_build", _text()),
    Column("profile", _text(16)),
    Column("nodes", Integer),
    Column("grading", _text(64)),
    Column("idempotency_key", _text(200)),
    # of the request that made it: the same key with another request is refused
    Column("request_digest", LargeBinary(32)),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    # when its user last asked for it
    Column("touched_at", Float, nullable=False),
    # number of its newest event
    Column("last_seq", Integer, nullable=False, server_default="0"),
    Column("queued", Integer, nullable=False, server_default="0"),
    Column("running", Integer, nullable=False, server_default="0"),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("cancelled", Integer, nullable=False, server_default="0"),
    Column("games_total", Integer, nullable=False, server_default="0"),
    Column("games_done", Integer, nullable=False, server_default="0"),
    Column("games_failed", Integer, nullable=False, server_default="0"),
    UniqueConstraint("user_id", "idempotency_key"),
    sqlite_autoincrement=True,
)
Index("ix_server_batch_user", server_batch.c.user_id, server_batch.c.id)
Index(
    "ix_server_batch_live",
    server_batch.c.state,
    server_batch.c.id,
    sqlite_where=server_batch.c.state.in_(("waiting", "running")),
)
Index("ix_server_batch_finished_at", server_batch.c.finished_at, sqlite_where=server_batch.c.finished_at.is_not(None))

# Games of batches of kind games.
server_game = Table(
    "server_game",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch_id", ForeignKey("server_batch.id", ondelete="CASCADE"), nullable=False),
    # its place in the batch, from 1
    Column("number", Integer, nullable=False),
    Column("ref", _text(), nullable=False),
    Column("root_fen", _text(), nullable=False),
    # UCI, separated by blanks
    Column("moves", _text(), nullable=False),
    Column("chess960", Boolean, nullable=False),
    # queued | running | done | failed | cancelled
    Column("state", _text(16), nullable=False),
    # its chunks that are not answered yet
    Column("open_chunks", Integer, nullable=False, server_default="0"),
    Column("plies_total", Integer, nullable=False),
    Column("plies_done", Integer, nullable=False, server_default="0"),
    Column("error", _text()),
    # of its event
    Column("seq", Integer),
    UniqueConstraint("batch_id", "number"),
    sqlite_autoincrement=True,
)
Index(
    "ix_server_game_queued",
    server_game.c.batch_id,
    server_game.c.number,
    sqlite_where=server_game.c.state == "queued",
)

server_chunk = Table(
    "server_chunk",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch_id", ForeignKey("server_batch.id", ondelete="CASCADE"), nullable=False),
    Column("game_id", ForeignKey("server_game.id", ondelete="CASCADE")),
    Column("key", _text(200), nullable=False),
    # queued | running | done | failed | cancelled
    Column("state", _text(16), nullable=False),
    # 0 comes before 1: the thin pass before any deepening
    Column("stage", SmallInteger, nullable=False, server_default="0"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    # raised when it is queued again, so that what the workers remember of an earlier request does not count
    Column("serial", Integer, nullable=False, server_default="0"),
    # JSON, deflated: the chunk as the client sent it, or as it was planned
    Column("payload", LargeBinary, nullable=False),
    # when the workers were last asked
    Column("asked_at", Float),
    # JSON, deflated: the answer, of kind games while its game is not settled
    Column("result", LargeBinary),
    Column("error", _text()),
    UniqueConstraint("batch_id", "key"),
    sqlite_autoincrement=True,
)
# Only what is to be done is in these: they stay small however much was done.
Index(
    "ix_server_chunk_queued",
    server_chunk.c.batch_id,
    server_chunk.c.stage,
    server_chunk.c.id,
    sqlite_where=server_chunk.c.state == "queued",
)
Index("ix_server_chunk_running", server_chunk.c.batch_id, sqlite_where=server_chunk.c.state == "running")
Index("ix_server_chunk_failed", server_chunk.c.batch_id, sqlite_where=server_chunk.c.state == "failed")
Index("ix_server_chunk_game", server_chunk.c.game_id, sqlite_where=server_chunk.c.game_id.is_not(None))

# What clients are told, in order: results are kept here and nowhere else.
server_event = Table(
    "server_event",
    metadata,
    Column("batch_id", ForeignKey("server_batch.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    # chunk | chunk_failed | game | game_failed | batch
    Column("kind", _text(16), nullable=False),
    # JSON, deflated
    Column("body", LargeBinary, nullable=False),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)

# Who did what, when, from where; never what was in a token or a body. Names, since users may go.
server_audit = Table(
    "server_audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("user_name", _text(64), nullable=False),
    Column("token_name", _text(64), nullable=False),
    Column("action", _text(64), nullable=False),
    Column("target", _text(200), nullable=False),
    Column("address", _text(64), nullable=False),
    # ok, or the code of the refusal
    Column("outcome", _text(64), nullable=False),
    Column("request_id", _text(64), nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_server_audit_user", server_audit.c.user_name, server_audit.c.id)

# Which of several server processes feeds the workers, and until when that holds.
server_lease = Table(
    "server_lease",
    metadata,
    Column("name", _text(32), primary_key=True),
    Column("holder", _text(200), nullable=False),
    Column("until", Float, nullable=False),
)


def in_state(table: Table, *states: str) -> ColumnElement[bool]:
    """The rows of these states, written out in the statement: with parameters SQLite cannot use partial indexes."""
    if len(states) == 1:
        return table.c.state == literal_column(f"'{states[0]}'")
    return table.c.state.in_([literal_column(f"'{state}'") for state in states])
