"""Tables of the library (SQLAlchemy Core), the same in SQLite and PostgreSQL. Texts sort and compare by code point.

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


def _text(length: int | None = None) -> Text | String:
    """A text that compares by code point in every system: dates, codes and names then sort the same everywhere."""
    if length is None:
        return Text().with_variant(Text(collation="C"), "postgresql")
    return String(length).with_variant(String(length, collation="C"), "postgresql")


_GAME_FK = "game.id"

import_batch = Table(
    "import_batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", _text(), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float),
    # running | done | cancelled | failed | interrupted
    Column("state", _text(16), nullable=False),
    # the process that imports (domain.work.Owner): a running batch whose owner is dead was interrupted
    Column("owner_host", _text()),
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
    Column("source", _text(), nullable=False),
    Column("game_index", Integer),
    Column("line", Integer, nullable=False),
    Column("byte_offset", BigInteger, nullable=False),
    Column("kind", _text(16), nullable=False),
    Column("reason", _text(), nullable=False),
    # JSON object of the tags that could be read
    Column("headers", _text(), nullable=False),
    # the offending text, zlib, so that it can be opened, mended and imported again
    Column("text", LargeBinary),
)

game = Table(
    "game",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("identity", LargeBinary(16), nullable=False),
    Column("batch_id", ForeignKey("import_batch.id", ondelete="SET NULL"), index=True),
    Column("white", _text(), nullable=False),
    Column("black", _text(), nullable=False),
    Column("white_elo", Integer),
    Column("black_elo", Integer),
    Column("result", _text(8), nullable=False),
    # as written, "2021.10.??"; sorts as text
    Column("date", _text(16), nullable=False),
    Column("event", _text(), nullable=False),
    Column("site", _text(), nullable=False),
    Column("round", _text(32), nullable=False),
    Column("time_control", _text(32), nullable=False),
    Column("termination", _text(), nullable=False),
    Column("eco", _text(8), nullable=False),
    Column("opening", _text(), nullable=False),
    Column("opening_ply", SmallInteger),
    Column("variant", _text(32), nullable=False),
    Column("start_fen", _text()),
    Column("ply_count", Integer, nullable=False),
    Column("moves", LargeBinary, nullable=False),
    Column("partial", _text()),
    Column("not_judged", _text()),
    Column("state", _text(16), nullable=False, index=True),
    # why it failed
    Column("error", _text()),
    # the analysis whose evaluations are shown; its summary in the columns below
    Column("analysis_id", Integer),
    Column("evaluated", Integer, nullable=False, server_default="0"),
    Column("grading", _text(32)),
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
    # class of the time control (domain.speed), "" where unknown
    Column("speed", _text(16), nullable=False, server_default=""),
    # the id of a removed game is never given to another
    sqlite_autoincrement=True,
)
GAME_IDENTITY = Index("uq_game_identity", game.c.identity, unique=True)
"""Missing while a big import runs, which knows the games by itself: `library.identities` says who may rely on it."""
PLAIN_INDEXED = ("date", "eco", "result", "ply_count", "white_elo", "black_elo", "speed")
NAMES_INDEXED = ("white", "black", "event", "opening", "site", "termination", "time_control")
"""Names sort and compare without regard to case; `library.name_search` finds them by their parts."""
SUMMARY_INDEXED = tuple(
    f"{colour}_{name}"
    for colour in ("white", "black")
    for name in ("accuracy", "acpl", "inaccuracies", "mistakes", "blunders")
)
"""Only analysed games are in these indexes, so that an import does not pay for them.

`sqlite_where` holds for PostgreSQL too: `postgres_backend` says it there.
"""
for _column in PLAIN_INDEXED:
    Index(f"ix_game_{_column}", game.c[_column], game.c.id)
for _column in NAMES_INDEXED:
    Index(f"ix_game_{_column}", func.lower(game.c[_column]), game.c.id)
for _column in SUMMARY_INDEXED:
    _known = game.c[_column].is_not(None)
    Index(f"ix_game_{_column}", game.c[_column], game.c.id, sqlite_where=_known)
for _column in ("partial", "not_judged"):
    _known = game.c[_column].is_not(None)
    Index(f"ix_game_{_column}", game.c.id, sqlite_where=_known)

# Every name of every kind once, for looking up by parts; names of games that are gone may stay.
name_entry = Table(
    "name_entry",
    metadata,
    Column("id", Integer, primary_key=True),
    # domain.names.NameKind
    Column("kind", SmallInteger, nullable=False),
    # as `lower(game.…)` gives it
    Column("name", _text(), nullable=False),
    # as people look for it: without case and accents
    Column("folded", _text(), nullable=False),
    UniqueConstraint("kind", "name"),
)

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
    Column("name", _text(), nullable=False),
    Column("build", _text(32), nullable=False),
    # JSON list of [option, value], sorted
    Column("options", _text(), nullable=False),
    UniqueConstraint("name", "build", "options"),
)

analysis = Table(
    "analysis",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("game_id", ForeignKey(_GAME_FK, ondelete="CASCADE"), nullable=False),
    Column("engine_id", ForeignKey("engine.id"), nullable=False),
    Column("profile", _text(16), nullable=False),
    # 0: anytime, each position as deep as the profile's rule asks
    Column("limit_nodes", BigInteger, nullable=False),
    Column("reproducible", Boolean, nullable=False),
    # every position with a legal move is evaluated and, where it is anytime, the stopping rule is met
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
    Column("best", _text(8)),
    Column("pv", _text(), nullable=False),
    Column("engine_ms", Integer, nullable=False),
    Column("reused", Boolean, nullable=False),
    # nodes asked for; null in libraries of before anytime analysis: as many as the analysis's limit says
    Column("asked", BigInteger),
    # how steady the search was, and the searches before it: `library.evaluation_rows` writes and reads it
    Column("passes", _text()),
    sqlite_with_rowid=False,
)
Index(
    "ix_evaluation_position",
    evaluation.c.position_key,
    evaluation.c.engine_id,
    evaluation.c.nodes,
    sqlite_where=evaluation.c.position_key.is_not(None),
)

job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", _text(16), nullable=False, index=True),
    Column("engine_path", _text(), nullable=False),
    Column("profile", _text(16), nullable=False),
    Column("limit_nodes", BigInteger, nullable=False),
    Column("reproducible", Boolean, nullable=False),
    Column("workers", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("owner_host", _text()),
    Column("owner_pid", Integer),
    Column("owner_started", Float),
    Column("error", _text()),
)

job_item = Table(
    "job_item",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("game_id", ForeignKey(_GAME_FK, ondelete="CASCADE"), nullable=False, index=True),
    # order in the queue, smallest first; need not be dense
    Column("position", BigInteger, nullable=False),
    Column("state", _text(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", _text()),
    Column("plies_total", Integer, nullable=False),
    Column("plies_done", Integer, nullable=False, server_default="0"),
    UniqueConstraint("job_id", "game_id"),
)
Index("ix_job_item_queue", job_item.c.job_id, job_item.c.state, job_item.c.position)

# The position index (domain.position_block): sorted entries of up to 4096 games, in buckets by the hash's first byte.
position_segment = Table(
    "position_segment",
    metadata,
    # games with ids from 4096 * id + 1 on
    Column("id", Integer, primary_key=True, autoincrement=False),
    # highest id of a game that is in it
    Column("indexed_to", Integer, nullable=False),
    Column("games", Integer, nullable=False),
    # games in it changed or went: its summaries must not be used, and it is built anew
    Column("stale", Boolean, nullable=False),
)

position_block = Table(
    "position_block",
    metadata,
    # 256 * segment + bucket
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
)

position_summary = Table(
    "position_summary",
    metadata,
    # the hash's first 48 bits
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("segment", Integer, primary_key=True, autoincrement=False),
    # JSON: what was played next in that segment's games, for positions that many of them have
    Column("content", _text(), nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_position_summary_segment", position_summary.c.segment)

setting = Table(
    "setting",
    metadata,
    Column("name", _text(64), primary_key=True),
    Column("value", _text(), nullable=False),
)
