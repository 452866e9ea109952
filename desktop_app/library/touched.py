"""Tells what is built from games (position index, words of comments) that some of them changed, went or came back.

Inside the caller's write transaction. Called by `library.bin` and `library.duplicates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from desktop_app.domain.positions import SEGMENT_GAMES
from desktop_app.library.backend import in_set
from desktop_app.library.positions import mark_stale
from desktop_app.library.tables_sets import comment_segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


def mark_touched(connection: Connection, game_ids: Sequence[int]) -> None:
    """The segments of these games are read anew."""
    if not game_ids:
        return
    mark_stale(connection, game_ids)
    segments = {(game_id - 1) // SEGMENT_GAMES for game_id in game_ids}
    connection.execute(update(comment_segment).where(in_set(comment_segment.c.id, segments)).values(stale=True))
