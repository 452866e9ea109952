"""The position index: segments, blocks of entries, summaries of frequent positions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "position_segment",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("indexed_to", sa.Integer(), nullable=False),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_segment")),
    )
    op.create_table(
        "position_block",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_block")),
    )
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "position_summary",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", text, nullable=False),
        sa.PrimaryKeyConstraint("position", "segment", name=op.f("pk_position_summary")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_position_summary_segment", "position_summary", ["segment"])
