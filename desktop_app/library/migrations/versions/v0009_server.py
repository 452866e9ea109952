"""What the analysis server needs: users, tokens, batches, games, chunks, events, the audit log, leases."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _text(length: int | None = None) -> sa.Text | sa.String:
    if length is None:
        return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.create_table(
        "server_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", _text(64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_user")),
        sa.UniqueConstraint("name", name=op.f("uq_server_user_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "server_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", _text(64), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", _text(64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float()),
        sa.Column("revoked_at", sa.Float()),
        sa.Column("last_used_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_token")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["server_user.id"], name=op.f("fk_server_token_user_id_server_user"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("digest", name=op.f("uq_server_token_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_server_token_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_server_token_user_id"), "server_token", ["user_id"])
    op.create_table(
        "server_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", _text(32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", _text(), nullable=False),
        sa.Column("kind", _text(16), nullable=False),
        sa.Column("priority", _text(16), nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("error", _text()),
        sa.Column("engine_name", _text()),
        sa.Column("engine_build", _text()),
        sa.Column("profile", _text(16)),
        sa.Column("nodes", sa.Integer()),
        sa.Column("grading", _text(64)),
        sa.Column("idempotency_key", _text(200)),
        sa.Column("request_digest", sa.LargeBinary(32)),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("finished_at", sa.Float()),
        sa.Column("touched_at", sa.Float(), nullable=False),
        sa.Column("last_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queued", sa.Integer(), server_default="0", nullable=False),
        sa.Column("running", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("games_total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("games_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("games_failed", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_batch")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["server_user.id"], name=op.f("fk_server_batch_user_id_server_user"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_server_batch_public_id")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_server_batch_user_id_idempotency_key")),
        sqlite_autoincrement=True,
    )
    _partial("ix_server_batch_finished_at", "server_batch", ["finished_at"], "finished_at IS NOT NULL")
    _partial("ix_server_batch_live", "server_batch", ["state", "id"], "state IN ('waiting', 'running')")
    op.create_index(op.f("ix_server_batch_user"), "server_batch", ["user_id", "id"])
    op.create_table(
        "server_game",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ref", _text(), nullable=False),
        sa.Column("root_fen", _text(), nullable=False),
        sa.Column("moves", _text(), nullable=False),
        sa.Column("chess960", sa.Boolean(), nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("open_chunks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("plies_total", sa.Integer(), nullable=False),
        sa.Column("plies_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", _text()),
        sa.Column("seq", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_game")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["server_batch.id"], name=op.f("fk_server_game_batch_id_server_batch"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("batch_id", "number", name=op.f("uq_server_game_batch_id_number")),
        sqlite_autoincrement=True,
    )
    _partial("ix_server_game_queued", "server_game", ["batch_id", "number"], "state = 'queued'")
    op.create_table(
        "server_chunk",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer()),
        sa.Column("key", _text(200), nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("stage", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("serial", sa.Integer(), server_default="0", nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.Float()),
        sa.Column("result", sa.LargeBinary()),
        sa.Column("error", _text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_chunk")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["server_batch.id"], name=op.f("fk_server_chunk_batch_id_server_batch"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["game_id"], ["server_game.id"], name=op.f("fk_server_chunk_game_id_server_game"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("batch_id", "key", name=op.f("uq_server_chunk_batch_id_key")),
        sqlite_autoincrement=True,
    )
    _partial("ix_server_chunk_failed", "server_chunk", ["batch_id"], "state = 'failed'")
    _partial("ix_server_chunk_game", "server_chunk", ["game_id"], "game_id IS NOT NULL")
    _partial("ix_server_chunk_queued", "server_chunk", ["batch_id", "stage", "id"], "state = 'queued'")
    _partial("ix_server_chunk_running", "server_chunk", ["batch_id"], "state = 'running'")
    op.create_table(
        "server_event",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", _text(16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "seq", name=op.f("pk_server_event")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["server_batch.id"], name=op.f("fk_server_event_batch_id_server_batch"), ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "server_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("user_name", _text(64), nullable=False),
        sa.Column("token_name", _text(64), nullable=False),
        sa.Column("action", _text(64), nullable=False),
        sa.Column("target", _text(200), nullable=False),
        sa.Column("address", _text(64), nullable=False),
        sa.Column("outcome", _text(64), nullable=False),
        sa.Column("request_id", _text(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_server_audit_user"), "server_audit", ["user_name", "id"])
    op.create_table(
        "server_lease",
        sa.Column("name", _text(32), nullable=False),
        sa.Column("holder", _text(200), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_lease")),
    )
