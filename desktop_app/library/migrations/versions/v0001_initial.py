"""The first schema: games and their text, imports, engines, analyses, evaluations, jobs, settings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(length: int | None = None) -> sa.types.TypeEngine[str]:
    kind = sa.Text if length is None else sa.String
    return kind(length).with_variant(kind(length, collation="C"), "postgresql")


def upgrade() -> None:
    _engine()
    _import_batch()
    _job()
    _setting()
    _game()
    _import_problem()
    _analysis()
    _game_text()
    _job_item()
    _evaluation()


def _engine() -> None:
    op.create_table(
        "engine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", _text(), nullable=False),
        sa.Column("build", _text(32), nullable=False),
        sa.Column("options", _text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engine")),
        sa.UniqueConstraint("name", "build", "options", name=op.f("uq_engine_name_build_options")),
    )


def _import_batch() -> None:
    op.create_table(
        "import_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", _text(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float()),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("owner_host", _text()),
        sa.Column("owner_pid", sa.Integer()),
        sa.Column("owner_started", sa.Float()),
        sa.Column("read", sa.Integer(), server_default="0", nullable=False),
        sa.Column("imported", sa.Integer(), server_default="0", nullable=False),
        sa.Column("duplicates", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rejected", sa.Integer(), server_default="0", nullable=False),
        sa.Column("repaired", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bytes_unaccounted", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("engine_path", _text(), nullable=False),
        sa.Column("profile", _text(16), nullable=False),
        sa.Column("limit_nodes", sa.BigInteger(), nullable=False),
        sa.Column("reproducible", sa.Boolean(), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float()),
        sa.Column("owner_host", _text()),
        sa.Column("owner_pid", sa.Integer()),
        sa.Column("owner_started", sa.Float()),
        sa.Column("error", _text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_state"), "job", ["state"])


def _setting() -> None:
    op.create_table(
        "setting",
        sa.Column("name", _text(64), nullable=False),
        sa.Column("value", _text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )


def _game() -> None:
    op.create_table(
        "game",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(length=16), nullable=False),
        sa.Column("batch_id", sa.Integer()),
        sa.Column("white", _text(), nullable=False),
        sa.Column("black", _text(), nullable=False),
        sa.Column("white_elo", sa.Integer()),
        sa.Column("black_elo", sa.Integer()),
        sa.Column("result", _text(8), nullable=False),
        sa.Column("date", _text(16), nullable=False),
        sa.Column("event", _text(), nullable=False),
        sa.Column("site", _text(), nullable=False),
        sa.Column("round", _text(32), nullable=False),
        sa.Column("time_control", _text(32), nullable=False),
        sa.Column("termination", _text(), nullable=False),
        sa.Column("eco", _text(8), nullable=False),
        sa.Column("opening", _text(), nullable=False),
        sa.Column("opening_ply", sa.SmallInteger()),
        sa.Column("variant", _text(32), nullable=False),
        sa.Column("start_fen", _text()),
        sa.Column("ply_count", sa.Integer(), nullable=False),
        sa.Column("moves", sa.LargeBinary(), nullable=False),
        sa.Column("partial", _text()),
        sa.Column("not_judged", _text()),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("error", _text()),
        sa.Column("analysis_id", sa.Integer()),
        sa.Column("evaluated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("grading", _text(32)),
        sa.Column("rules_version", sa.Integer()),
        sa.Column("white_accuracy", sa.Float()),
        sa.Column("black_accuracy", sa.Float()),
        sa.Column("white_acpl", sa.Float()),
        sa.Column("black_acpl", sa.Float()),
        sa.Column("white_inaccuracies", sa.Integer()),
        sa.Column("white_mistakes", sa.Integer()),
        sa.Column("white_blunders", sa.Integer()),
        sa.Column("black_inaccuracies", sa.Integer()),
        sa.Column("black_mistakes", sa.Integer()),
        sa.Column("black_blunders", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_game_batch_id_import_batch"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_game")),
        sa.UniqueConstraint("identity", name=op.f("uq_game_identity")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_game_batch_id"), "game", ["batch_id"])
    op.create_index("ix_game_black_elo", "game", ["black_elo", "id"])
    op.create_index("ix_game_date", "game", ["date", "id"])
    op.create_index("ix_game_eco", "game", ["eco", "id"])
    op.create_index("ix_game_ply_count", "game", ["ply_count", "id"])
    op.create_index("ix_game_white", "game", [sa.text("lower(white)"), "id"])
    op.create_index("ix_game_black", "game", [sa.text("lower(black)"), "id"])
    op.create_index("ix_game_event", "game", [sa.text("lower(event)"), "id"])
    op.create_index("ix_game_result", "game", ["result", "id"])
    op.create_index(op.f("ix_game_state"), "game", ["state"])
    op.create_index("ix_game_white_elo", "game", ["white_elo", "id"])


def _import_problem() -> None:
    op.create_table(
        "import_problem",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("source", _text(), nullable=False),
        sa.Column("game_index", sa.Integer()),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("byte_offset", sa.BigInteger(), nullable=False),
        sa.Column("kind", _text(16), nullable=False),
        sa.Column("reason", _text(), nullable=False),
        sa.Column("headers", _text(), nullable=False),
        sa.Column("text", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_problem_batch_id_import_batch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_problem")),
    )
    op.create_index(op.f("ix_import_problem_batch_id"), "import_problem", ["batch_id"])


def _analysis() -> None:
    op.create_table(
        "analysis",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("engine_id", sa.Integer(), nullable=False),
        sa.Column("profile", _text(16), nullable=False),
        sa.Column("limit_nodes", sa.BigInteger(), nullable=False),
        sa.Column("reproducible", sa.Boolean(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["engine_id"], ["engine.id"], name=op.f("fk_analysis_engine_id_engine")),
        sa.ForeignKeyConstraint(["game_id"], ["game.id"], name=op.f("fk_analysis_game_id_game"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analysis")),
        sa.UniqueConstraint(
            "game_id",
            "engine_id",
            "profile",
            "limit_nodes",
            "reproducible",
            name=op.f("uq_analysis_game_id_engine_id_profile_limit_nodes_reproducible"),
        ),
    )


def _game_text() -> None:
    op.create_table(
        "game_text",
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("pgn", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["game_id"], ["game.id"], name=op.f("fk_game_text_game_id_game"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("game_id", name=op.f("pk_game_text")),
    )


def _job_item() -> None:
    op.create_table(
        "job_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", _text()),
        sa.Column("plies_total", sa.Integer(), nullable=False),
        sa.Column("plies_done", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["game_id"], ["game.id"], name=op.f("fk_job_item_game_id_game"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_item_job_id_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_item")),
        sa.UniqueConstraint("job_id", "game_id", name=op.f("uq_job_item_job_id_game_id")),
    )
    op.create_index(op.f("ix_job_item_game_id"), "job_item", ["game_id"])
    op.create_index("ix_job_item_queue", "job_item", ["job_id", "state", "position"])


def _evaluation() -> None:
    op.create_table(
        "evaluation",
        sa.Column("analysis_id", sa.Integer(), nullable=False),
        sa.Column("ply", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position_key", sa.BigInteger()),
        sa.Column("engine_id", sa.Integer(), nullable=False),
        sa.Column("white_cp", sa.Integer()),
        sa.Column("white_mate", sa.Integer()),
        sa.Column("over", sa.SmallInteger()),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("nodes", sa.BigInteger(), nullable=False),
        sa.Column("best", _text(8)),
        sa.Column("pv", _text(), nullable=False),
        sa.Column("engine_ms", sa.Integer(), nullable=False),
        sa.Column("reused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analysis.id"], name=op.f("fk_evaluation_analysis_id_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "ply", name=op.f("pk_evaluation")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_evaluation_position",
        "evaluation",
        ["position_key", "engine_id", "nodes"],
        sqlite_where=sa.text("position_key IS NOT NULL"),
        postgresql_where=sa.text("position_key IS NOT NULL"),
    )
