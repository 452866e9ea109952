"""Tables of sets of games, of people with several names, and of the words of comments; beside `tables`.

Games are named by their ids without a foreign key: a game that goes to the bin keeps its tags and its places, and has
them again when it is restored. Readers join `game`, and `sets.forget_games` removes what a game for good leaves.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from desktop_app.library.tables import metadata


def _text(length: int | None = None) -> Text | String:
    """A text that compares by code point in every system."""
    if length is None:
        return Text().with_variant(Text(collation="C"), "postgresql")
    return String(length).with_variant(String(length, collation="C"), "postgresql")


tag = Table(
    "tag",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", _text(), nullable=False),
    # the name without case and accents: no two tags differ in these alone
    Column("folded", _text(), nullable=False, unique=True),
    # domain.sets.TAG_COLOURS, "" for none
    Column("colour", _text(16), nullable=False, server_default=""),
)

game_tag = Table(
    "game_tag",
    metadata,
    Column("tag_id", ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True),
    Column("game_id", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("ix_game_tag_game_id", game_tag.c.game_id)

collection = Table(
    "collection",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("parent_id", ForeignKey("collection.id", ondelete="CASCADE"), index=True),
    Column("name", _text(), nullable=False),
    Column("folded", _text(), nullable=False, index=True),
    # order among those of the same parent; need not be dense
    Column("place", Integer, nullable=False),
    # a smart collection: its expression and order; null for one chosen by hand
    Column("filter", _text()),
    Column("sort", _text(32), nullable=False, server_default="id"),
    Column("descending", Boolean, nullable=False),
)

collection_game = Table(
    "collection_game",
    metadata,
    Column("collection_id", ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True),
    Column("game_id", Integer, primary_key=True, autoincrement=False),
    # order in the collection; need not be dense
    Column("place", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_collection_game_place", collection_game.c.collection_id, collection_game.c.place)
Index("ix_collection_game_game_id", collection_game.c.game_id)

person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    # the name they are shown by
    Column("name", _text(), nullable=False),
    # whoever keeps this library; at most one
    Column("is_me", Boolean, nullable=False),
)

person_alias = Table(
    "person_alias",
    metadata,
    # as `lower(game.white)` gives it; a name belongs to one person
    Column("name", _text(), primary_key=True),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    # as people look for it: without case and accents
    Column("folded", _text(), nullable=False),
    # as it was given
    Column("written", _text(), nullable=False),
)

# The words of a game's human comments, folded, one blank between them; games without comments have no row.
game_comment = Table(
    "game_comment",
    metadata,
    Column("game_id", Integer, primary_key=True, autoincrement=False),
    Column("words", _text(), nullable=False),
)

# Which games' comments are in `game_comment`: segments of ids as the position index has them.
comment_segment = Table(
    "comment_segment",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # highest id of a game that was read
    Column("indexed_to", Integer, nullable=False),
    Column("games", Integer, nullable=False),
    # games in it changed or came back: it is read anew
    Column("stale", Boolean, nullable=False),
)
