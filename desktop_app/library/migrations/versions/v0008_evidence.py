"""What engines and evidence need: engines side by side, the two best lines of positions for marks."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _text(length: int | None = None) -> sa.Text | sa.String:
    if length is None:
        return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "position_lines",
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.Column("ply", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("engine_id", sa.Integer(), nullable=False),
        sa.Column("limit_nodes", sa.BigInteger(), nullable=False),
        sa.Column("best", _text(8), nullable=False),
        sa.Column("best_cp", sa.Integer()),
        sa.Column("best_mate", sa.Integer()),
        sa.Column("second", _text(8)),
        sa.Column("second_cp", sa.Integer()),
        sa.Column("second_mate", sa.Integer()),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("nodes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("game_id", "ply", name=op.f("pk_position_lines")),
        sa.ForeignKeyConstraint(
            ["game_id"], ["game.id"], name=op.f("fk_position_lines_game_id_game"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["engine_id"], ["engine.id"], name=op.f("fk_position_lines_engine_id_engine")),
        sqlite_with_rowid=False,
    )
