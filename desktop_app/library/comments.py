"""The words of comments as stored: which games were read for them, and what was found.

Any thread (never the GUI's). Written by `services.index_comments`, searched by `queries`. What counts as a word is
`domain.names.words_of`'s business. Segments of ids are those of the position index; `touched` marks them stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from desktop_app.domain.positions import SEGMENT_GAMES, Coverage
from desktop_app.library.tables import game, game_text
from desktop_app.library.tables_sets import comment_segment, game_comment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from desktop_app.library.database import Database


@dataclass(frozen=True, slots=True)
class SegmentTexts:
    """The games of one segment as they are now.

    Attributes:
        indexed_to: the highest id among them.
        texts: id and text of each, packed as stored (`prepared.unpack_text`).
    """

    segment: int
    indexed_to: int
    texts: tuple[tuple[int, bytes], ...]


class Comments:
    """The searchable comments of one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self) -> list[int]:
        """Segments with games whose comments were not read yet, oldest first."""
        segment = (game.c.id - 1) // SEGMENT_GAMES
        last = select(segment.label("segment"), func.max(game.c.id).label("last")).group_by(segment)
        with self._database.read() as connection:
            fresh = select(comment_segment).where(comment_segment.c.stale.is_(False))
            there = {row.id: row.indexed_to for row in connection.execute(fresh)}
            rows = connection.execute(last).all()
        return sorted(row.segment for row in rows if there.get(row.segment, 0) < row.last)

    def texts_of(self, segment: int) -> SegmentTexts:
        """All games of a segment with their texts."""
        first = segment * SEGMENT_GAMES
        statement = select(game_text.c.game_id, game_text.c.pgn).where(
            game_text.c.game_id > first, game_text.c.game_id <= first + SEGMENT_GAMES
        )
        with self._database.read() as connection:
            texts = tuple((row.game_id, row.pgn) for row in connection.execute(statement))
        return SegmentTexts(segment, max((game_id for game_id, _ in texts), default=first), texts)

    def store(self, read: SegmentTexts, words: Sequence[tuple[int, str]]) -> None:
        """Put the words of a segment's games in place of what it had, in one transaction."""
        first = read.segment * SEGMENT_GAMES

        def run(connection: Connection) -> None:
            inside = (game_comment.c.game_id > first, game_comment.c.game_id <= first + SEGMENT_GAMES)
            connection.execute(delete(game_comment).where(*inside))
            connection.execute(delete(comment_segment).where(comment_segment.c.id == read.segment))
            if words:
                self._database.backend.insert_comments(connection, words)
            values = {"id": read.segment, "indexed_to": read.indexed_to, "games": len(read.texts), "stale": False}
            connection.execute(insert(comment_segment), values)

        self._database.write(run)

    def coverage(self) -> Coverage:
        """How many games there are, and of how many the comments can be found."""
        with self._database.read() as connection:
            games = connection.execute(select(func.count()).select_from(game)).scalar_one()
            fresh = select(func.coalesce(func.sum(comment_segment.c.games), 0)).where(
                comment_segment.c.stale.is_(False)
            )
            read = connection.execute(fresh).scalar_one()
        return Coverage(int(games), min(int(games), int(read)))
