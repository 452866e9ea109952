"""Collections, tags, people with several names, full text of comments."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _text(length: int | None = None) -> sa.types.TypeEngine[str]:
    kind = sa.Text if length is None else sa.String
    return kind(length).with_variant(kind(length, collation="C"), "postgresql")


def upgrade() -> None:
    _tags()
    _collections()
    _people()
    _comments()
    _create_comment_search(op.get_bind())


def _tags() -> None:
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", _text(), nullable=False),
        sa.Column("folded", _text(), nullable=False),
        sa.Column("colour", _text(16), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("folded", name=op.f("uq_tag_folded")),
    )
    op.create_table(
        "game_tag",
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_game_tag_tag_id_tag"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag_id", "game_id", name=op.f("pk_game_tag")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_game_tag_game_id", "game_tag", ["game_id"])


def _collections() -> None:
    op.create_table(
        "collection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer()),
        sa.Column("name", _text(), nullable=False),
        sa.Column("folded", _text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("filter", _text()),
        sa.Column("sort", _text(32), server_default="id", nullable=False),
        sa.Column("descending", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["collection.id"], name=op.f("fk_collection_parent_id_collection"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
    )
    op.create_index(op.f("ix_collection_parent_id"), "collection", ["parent_id"])
    op.create_index(op.f("ix_collection_folded"), "collection", ["folded"])
    op.create_table(
        "collection_game",
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("game_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_collection_game_collection_id_collection"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("collection_id", "game_id", name=op.f("pk_collection_game")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_collection_game_place", "collection_game", ["collection_id", "place"])
    op.create_index("ix_collection_game_game_id", "collection_game", ["game_id"])


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", _text(), nullable=False),
        sa.Column("is_me", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "person_alias",
        sa.Column("name", _text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("folded", _text(), nullable=False),
        sa.Column("written", _text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_alias_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_person_alias")),
    )
    op.create_index(op.f("ix_person_alias_person_id"), "person_alias", ["person_id"])


def _comments() -> None:
    op.create_table(
        "game_comment",
        sa.Column("game_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", _text(), nullable=False),
        sa.PrimaryKeyConstraint("game_id", name=op.f("pk_game_comment")),
    )
    op.create_table(
        "comment_segment",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("indexed_to", sa.Integer(), nullable=False),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_segment")),
    )


def _create_comment_search(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE comment_fts USING fts5(words, content='game_comment', content_rowid='game_id', "
            "tokenize='unicode61 remove_diacritics 0')"
        )
        op.execute(
            "CREATE TRIGGER game_comment_added AFTER INSERT ON game_comment BEGIN "
            "INSERT INTO comment_fts (rowid, words) VALUES (new.game_id, new.words); END"
        )
        op.execute(
            "CREATE TRIGGER game_comment_removed AFTER DELETE ON game_comment BEGIN "
            "INSERT INTO comment_fts (comment_fts, rowid, words) VALUES ('delete', old.game_id, old.words); END"
        )
        return
    op.execute("CREATE INDEX ix_game_comment_words ON game_comment USING gin (to_tsvector('simple', words))")
