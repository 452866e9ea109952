"""What tags and collections share: putting many games into a set in chunks, counting them, names.

Any thread (never the GUI's). Used by `tags` and `sets`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Table, delete, func, select, update

from desktop_app.domain.names import fold
from desktop_app.domain.sets import MAX_NAME
from desktop_app.errors import CancelledError, UsageError
from desktop_app.library.backend import in_set
from desktop_app.library.prepared import storable
from desktop_app.library.tables_bin import bin_game, enriched_game, import_duplicate
from desktop_app.library.tables_care import edit, edit_game, game_alias
from desktop_app.library.tables_sets import collection_game, game_comment, game_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from desktop_app.domain.game import GameId
    from desktop_app.library.database import Database
    from desktop_app.ports import CancelToken, ProgressSink

T = TypeVar("T")
CHUNK = 5_000
"""Games of one transaction: a few ten milliseconds, so that other writers hardly wait."""


class Memberships:
    """Games in sets, put there and taken out many at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _in_chunks(
        self,
        games: Sequence[GameId],
        run: Callable[[Connection, Sequence[GameId]], T],
        text: str,
        *,
        progress: ProgressSink | None,
        cancel: CancelToken | None,
    ) -> Iterator[T]:
        """What `run` says of each chunk, once it is committed."""
        for done in range(0, len(games), CHUNK):
            some = games[done : done + CHUNK]
            if cancel is not None and cancel.cancelled():
                raise CancelledError(f"{text} was stopped after {done:,} of {len(games):,} games.")
            changed = self._database.write(partial(_swapped, run, some))
            if progress is not None:
                progress.progress(done + len(some), len(games), text)
            yield changed

    def _empty(self, table: Table, key: ColumnElement[int], set_id: int) -> None:
        """Take all games out of a set that is about to go, a chunk at a time."""
        some = select(table.c.game_id).where(key == set_id).limit(CHUNK)
        statement = delete(table).where(key == set_id, table.c.game_id.in_(some.scalar_subquery()))
        while self._database.write(lambda connection: connection.execute(statement).rowcount):
            pass


def _swapped(run: Callable[[Connection, Sequence[GameId]], T], games: Sequence[GameId], connection: Connection) -> T:
    return run(connection, games)


def count_added(chunks: Iterable[Sequence[GameId]], added: Callable[[Sequence[GameId]], None] | None) -> int:
    """Put in chunk after chunk, tell each, and say how many games that were."""
    number = 0
    for fresh in chunks:
        number += len(fresh)
        if added is not None:
            added(fresh)
    return number


def forget_games(connection: Connection, ids: Sequence[int]) -> None:
    """These games went for good, the bin included: nothing of theirs is left here. Inside the caller's transaction.

    Only that an import had a duplicate of them stays, without its text: the import's figures say so. Edits of them tell
    as many games less, since those alone are told that can still be changed back.
    """
    theirs = select(edit_game.c.edit_id, func.count()).where(in_set(edit_game.c.game_id, ids))
    for edit_id, number in connection.execute(theirs.group_by(edit_game.c.edit_id)).all():
        connection.execute(update(edit).where(edit.c.id == edit_id).values(games=edit.c.games - number))
    for table in (game_tag, collection_game, game_comment, edit_game, game_alias, enriched_game):
        connection.execute(delete(table).where(in_set(table.c.game_id, ids)))
    offered = in_set(import_duplicate.c.game_id, ids) & import_duplicate.c.pgn.is_not(None)
    connection.execute(update(import_duplicate).where(offered).values(gains="", pgn=None))


def game_counts(connection: Connection, table: Table, key: ColumnElement[int]) -> dict[int, int]:
    """How many games each set has, without those in the bin: from the memberships' own index."""
    counts: dict[int, int] = {row[0]: row[1] for row in connection.execute(select(key, func.count()).group_by(key))}
    binned = select(key, func.count()).join_from(bin_game, table, table.c.game_id == bin_game.c.id).group_by(key)
    for set_id, number in connection.execute(binned):
        counts[set_id] -= number
    return counts


def name_columns(name: str) -> dict[str, Any]:
    """The columns of a name. Raises UsageError."""
    clean = " ".join(storable(name).split())
    if not clean or len(clean) > MAX_NAME:
        raise UsageError(f"A name has between 1 and {MAX_NAME} letters.")
    return {"name": clean, "folded": fold(clean)}
