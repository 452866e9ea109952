"""Tables of the library (SQLAlchemy Core). Types are portable: SQLite now, PostgreSQL through the same layer.

Mutable facts about a game sit in `game`; its text in `game_text`, so that lists never read it. Evaluations are keyed by
analysis (game, engine with options, limits) and ply. Counts and accuracies on `game` are derived from evaluations and
can be rebuilt. Times are UTC seconds since 1970 as float.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_GAME_FK = "game.id"

import_batch = Table(
    "import_batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float),
    # running | done | cancelled | failed | interrupted
    Column("state", String(16), nullable=False),
    # the process that imports (domain.work.Owner): a running batch whose owner is dead was interrupted
    Column("owner_host", Text),
    Column("owner_pid", Integer),
    Column("owner_started", Float),
    Column("read", Integer, nullable=False, server_default="0"),
    Column("imported", Integer, nullable=False, server_default="0"),
    Column("duplicates", Integer, nullable=False, server_default="0"),
    Column("rejected", Integer, nullable=False, server_default="0"),
    Column("repaired", Integer, nullable=False, server_default="0"),
    Column("bytes_unaccounted", BigInteger, nullable=False, server_default="0"),
)

import_problem = Table(
    "import_problem",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch_id", ForeignKey("import_batch.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("game_index", Integer),
    Column("line", Integer, nullable=False),
    Column("byte_offset", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    # JSON object of the tags that could be read
    Column("headers", Text, nullable=False),
    # the offending text, zlib, so that it can be opened, mended and imported again
    Column("text", LargeBinary),
)

game = Table(
    "game",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("identity", LargeBinary(16), nullable=False, unique=True),
    Column("batch_id", ForeignKey("import_batch.id", ondelete="SET NULL"), index=True),
    Column("white", Text, nullable=False),
    Column("black", Text, nullable=False),
    Column("white_elo", Integer),
    Column("black_elo", Integer),
    Column("result", String(8), nullable=False),
    # as written, "2021.10.??"; sorts as text
    Column("date", String(16), nullable=False),
    Column("event", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("round", String(32), nullable=False),
    Column("time_control", String(32), nullable=False),
    Column("termination", Text, nullable=False),
    Column("eco", String(8), nullable=False),
    Column("opening", Text, nullable=False),
    Column("opening_ply", SmallInteger),
    Column("variant", String(32), nullable=False),
    Column("start_fen", Text),
    Column("ply_count", Integer, nullable=False),
    Column("moves", LargeBinary, nullable=False),
    Column("partial", Text),
    Column("not_judged", Text),
    Column("state", String(16), nullable=False, index=True),
    # why it failed
    Column("error", Text),
    # the analysis whose evaluations are shown; its summary in the columns below
    Column("analysis_id", Integer),
    Column("evaluated", Integer, nullable=False, server_default="0"),
    Column("grading", String(32)),
    Column("rules_version", Integer),
    Column("white_accuracy", Float),
    Column("black_accuracy", Float),
    Column("white_acpl", Float),
    Column("black_acpl", Float),
    Column("white_inaccuracies", Integer),
    Column("white_mistakes", Integer),
    Column("white_blunders", Integer),
    Column("black_inaccuracies", Integer),
    Column("black_mistakes", Integer),
    Column("black_blunders", Integer),
    # the id of a removed game is never given to another
    sqlite_autoincrement=True,
)
for _column in ("date", "eco", "result", "ply_count", "white_elo", "black_elo"):
    Index(f"ix_game_{_column}", game.c[_column], game.c.id)
for _column in ("white", "black", "event"):
    # names sort without regard to case
    Index(f"ix_game_{_column}", func.lower(game.c[_column]), game.c.id)

game_text = Table(
    "game_text",
    metadata,
    Column("game_id", ForeignKey(_GAME_FK, ondelete="CASCADE"), primary_key=True),
    # JSON list of [tag, value], in file order, compressed; empty: they are the plain tag section of pgn (prepared.py)
    Column("headers", LargeBinary, nullable=False),
    # the game's own PGN, UTF-8, Zstandard (zlib in libraries of version 0.1)
    Column("pgn", LargeBinary, nullable=False),
)

engine = Table(
    "engine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("build", String(32), nullable=False),
    # JSON list of [option, value], sorted
    Column("options", Text, nullable=False),
    UniqueConstraint("name", "build", "options"),
)

analysis = Table(
    "analysis",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("game_id", ForeignKey(_GAME_FK, ondelete="CASCADE"), nullable=False),
    Column("engine_id", ForeignKey("engine.id"), nullable=False),
    Column("profile", String(16), nullable=False),
    Column("limit_nodes", BigInteger, nullable=False),
    Column("reproducible", Boolean, nullable=False),
    # every position with a legal move is evaluated
    Column("complete", Boolean, nullable=False),
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("game_id", "engine_id", "profile", "limit_nodes", "reproducible"),
)

evaluation = Table(
    "evaluation",
    metadata,
    Column("analysis_id", ForeignKey("analysis.id", ondelete="CASCADE"), primary_key=True),
    Column("ply", Integer, primary_key=True, autoincrement=False),
    # null where the position may not be shared (product.md section 5)
    Column("position_key", BigInteger),
    Column("engine_id", Integer, nullable=False),
    Column("white_cp", Integer),
    Column("white_mate", Integer),
    # 1 White won, -1 Black won, 0 draw; only for finished positions
    Column("over", SmallInteger),
    Column("depth", Integer, nullable=False),
    Column("nodes", BigInteger, nullable=False),
    Column("best", String(8)),
    Column("pv", Text, nullable=False),
    Column("engine_ms", Integer, nullable=False),
    Column("reused", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
Index(
    "ix_evaluation_position",
    evaluation.c.position_key,
    evaluation.c.engine_id,
    evaluation.c.nodes,
    sqlite_where=evaluation.c.position_key.is_not(None),
    postgresql_where=evaluation.c.position_key.is_not(None),
)

job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", String(16), nullable=False, index=True),
    Column("engine_path", Text, nullable=False),
    Column("profile", String(16), nullable=False),
    Column("limit_nodes", BigInteger, nullable=False),
    Column("reproducible", Boolean, nullable=False),
    Column("workers", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("owner_host", Text),
    Column("owner_pid", Integer),
    Column("owner_started", Float),
    Column("error", Text),
)

job_item = Table(
    "job_item",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("game_id", ForeignKey(_GAME_FK, ondelete="CASCADE"), nullable=False, index=True),
    # order in the queue, smallest first; need not be dense
    Column("position", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Column("plies_total", Integer, nullable=False),
    Column("plies_done", Integer, nullable=False, server_default="0"),
    UniqueConstraint("job_id", "game_id"),
)
Index("ix_job_item_queue", job_item.c.job_id, job_item.c.state, job_item.c.position)

setting = Table(
    "setting",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
