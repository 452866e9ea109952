"""The bin, what duplicates brought, what was mended by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _text(length: int | None = None) -> sa.types.TypeEngine[str]:
    kind = sa.Text if length is None else sa.String
    return kind(length).with_variant(kind(length, collation="C"), "postgresql")


def upgrade() -> None:
    _bin_entry()
    _bin_game()
    _bin_text()
    _bin_analysis()
    _bin_evaluation()
    _import_mending()
    _import_duplicate()
    _enrichment()
    _enriched_game()


def _bin_entry() -> None:
    op.create_table(
        "bin_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.Column("reason", _text(16), nullable=False),
        sa.Column("batch_id", sa.Integer()),
        sa.Column("batch_state", _text(16)),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bin_entry")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_bin_entry_batch_id_import_batch"), ondelete="SET NULL"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bin_entry_batch_id", "bin_entry", ["batch_id"])


def _bin_game() -> None:
    op.create_table(
        "bin_game",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.LargeBinary(16), nullable=False),
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
        sa.Column("evaluated", sa.Integer(), nullable=False),
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
        sa.Column("speed", _text(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bin_game")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["bin_entry.id"], name=op.f("fk_bin_game_entry_id_bin_entry"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_bin_game_entry_id", "bin_game", ["entry_id"])


def _bin_text() -> None:
    op.create_table(
        "bin_text",
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("pgn", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("game_id", name=op.f("pk_bin_text")),
        sa.ForeignKeyConstraint(
            ["game_id"], ["bin_game.id"], name=op.f("fk_bin_text_game_id_bin_game"), ondelete="CASCADE"
        ),
    )


def _bin_analysis() -> None:
    op.create_table(
        "bin_analysis",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("stored_id", sa.Integer(), nullable=False),
        sa.Column("engine_id", sa.Integer(), nullable=False),
        sa.Column("profile", _text(16), nullable=False),
        sa.Column("limit_nodes", sa.BigInteger(), nullable=False),
        sa.Column("reproducible", sa.Boolean(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bin_analysis")),
        sa.ForeignKeyConstraint(["engine_id"], ["engine.id"], name=op.f("fk_bin_analysis_engine_id_engine")),
        sa.ForeignKeyConstraint(
            ["game_id"], ["bin_game.id"], name=op.f("fk_bin_analysis_game_id_bin_game"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_bin_analysis_game_id", "bin_analysis", ["game_id"])


def _bin_evaluation() -> None:
    op.create_table(
        "bin_evaluation",
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
        sa.PrimaryKeyConstraint("analysis_id", "ply", name=op.f("pk_bin_evaluation")),
        sa.ForeignKeyConstraint(
            ["analysis_id"],
            ["bin_analysis.id"],
            name=op.f("fk_bin_evaluation_analysis_id_bin_analysis"),
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )


def _import_mending() -> None:
    op.create_table(
        "import_mending",
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer()),
        sa.PrimaryKeyConstraint("problem_id", name=op.f("pk_import_mending")),
        sa.ForeignKeyConstraint(
            ["problem_id"],
            ["import_problem.id"],
            name=op.f("fk_import_mending_problem_id_import_problem"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_mending_batch_id_import_batch"), ondelete="SET NULL"
        ),
    )
    op.create_index("ix_import_mending_batch_id", "import_mending", ["batch_id"])


def _import_duplicate() -> None:
    op.create_table(
        "import_duplicate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("source", _text(), nullable=False),
        sa.Column("game_index", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer()),
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("gains", _text(), nullable=False),
        sa.Column("pgn", sa.LargeBinary()),
        sa.Column("enrichment_id", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_duplicate")),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["import_batch.id"],
            name=op.f("fk_import_duplicate_batch_id_import_batch"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_import_duplicate_batch_id", "import_duplicate", ["batch_id"])
    op.create_index("ix_import_duplicate_game_id", "import_duplicate", ["game_id"])


def _enrichment() -> None:
    op.create_table(
        "enrichment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer()),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrichment")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_enrichment_batch_id_import_batch"), ondelete="SET NULL"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_enrichment_batch_id", "enrichment", ["batch_id"])


def _enriched_game() -> None:
    op.create_table(
        "enriched_game",
        sa.Column("enrichment_id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("before", _text(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("pgn", sa.LargeBinary(), nullable=False),
        sa.Column("written", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("enrichment_id", "game_id", name=op.f("pk_enriched_game")),
        sa.ForeignKeyConstraint(
            ["enrichment_id"],
            ["enrichment.id"],
            name=op.f("fk_enriched_game_enrichment_id_enrichment"),
            ondelete="CASCADE",
        ),
    )
