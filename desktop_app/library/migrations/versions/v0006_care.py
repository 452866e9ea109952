"""What looking after a library needs: edits with what was before, further identities, living processes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _text(length: int | None = None) -> sa.Text | sa.String:
    if length is None:
        return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", _text(16), nullable=False),
        sa.Column("title", _text(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("detail", _text(), nullable=False),
        sa.Column("games", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner_host", _text()),
        sa.Column("owner_pid", sa.Integer()),
        sa.Column("owner_started", sa.Float()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edit")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "edit_game",
        sa.Column("edit_id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("edit_id", "game_id", name=op.f("pk_edit_game")),
        sa.ForeignKeyConstraint(["edit_id"], ["edit.id"], name=op.f("fk_edit_game_edit_id_edit"), ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_edit_game_game_id"), "edit_game", ["game_id"])
    op.create_table(
        "game_alias",
        sa.Column("identity", sa.LargeBinary(16), nullable=False),
        sa.Column("game_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_game_alias")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_game_alias_game_id"), "game_alias", ["game_id"])
    op.create_table(
        "process_lease",
        sa.Column("host", _text(), nullable=False),
        sa.Column("pid", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started", sa.Float(), nullable=False),
        sa.Column("opened_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("host", "pid", name=op.f("pk_process_lease")),
    )
