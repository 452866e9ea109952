"""The position index as stored: which games it covers, its blocks and summaries, and the facts the explorer counts.

Any thread (never the GUI's). Written by `services.index_positions`, read by `services.find_position`. What the blocks
mean is `domain.position_block`'s business; here they are bytes.
"""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Integer, case, cast, delete, func, insert, literal_column, select, update

from desktop_app.domain.position_block import bucket_of, places
from desktop_app.domain.positions import PLY_BITS, PLY_MASK, SEGMENT_GAMES, Coverage, IndexedGame, MoveCount
from desktop_app.library.backend import in_set, integers
from desktop_app.library.tables import game, position_block, position_segment, position_summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Select

    from desktop_app.library.database import Database

_BUCKETS = 256
_SEGMENTS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class SegmentGames:
    """The games of one segment as they are now; `indexed_to` is the highest id among them."""

    segment: int
    indexed_to: int
    games: tuple[IndexedGame, ...]


class Positions:
    """The position index of one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- building --------------------------------------------------------------------------------------------------

    def pending(self) -> list[int]:
        """Segments with games that are not indexed yet, or that changed or went since; newest first.

        Newest first, since what was imported last is what people look for.
        """
        with self._database.read() as connection:
            stored = connection.execute(select(position_segment)).all()
            there = {row.id: row.indexed_to for row in stored if not row.stale}
            found = {segment for segment, last in _last_games(connection) if there.get(segment, 0) < last}
        return sorted(found | {row.id for row in stored if row.stale}, reverse=True)

    def games_of(self, segment: int) -> SegmentGames:
        """All games of a segment with what indexing needs."""
        first = segment * SEGMENT_GAMES
        statement = _facts().where(game.c.id > first, game.c.id <= first + SEGMENT_GAMES)
        with self._database.read() as connection:
            games = tuple(_indexed_game(row) for row in connection.execute(statement))
        return SegmentGames(segment, max((found.id for found in games), default=first), games)

    def store(self, indexed: SegmentGames, blocks: Sequence[bytes], summaries: Iterable[tuple[int, str]]) -> int:
        """Put a segment into the index in place of what it had, in one transaction; says by how many games it grew."""
        segment = indexed.segment
        rows = [
            {"id": segment * _BUCKETS + bucket, "entries": entries} for bucket, entries in enumerate(blocks) if entries
        ]
        counts = [{"position": key, "segment": segment, "content": content} for key, content in summaries]

        def run(connection: Connection) -> int:
            had = select(position_segment.c.games).where(position_segment.c.id == segment)
            before = connection.execute(had.where(position_segment.c.stale.is_(False))).scalar_one_or_none() or 0
            _forget(connection, segment)
            values = {"id": segment, "indexed_to": indexed.indexed_to, "games": len(indexed.games), "stale": False}
            if indexed.games:
                connection.execute(insert(position_segment), values)
            if rows:
                connection.execute(insert(position_block), rows)
            if counts:
                connection.execute(insert(position_summary), counts)
            return len(indexed.games) - int(before)

        return self._database.write(run)

    def coverage(self) -> Coverage:
        """How many games there are, and how many of them are indexed."""
        with self._database.read() as connection:
            games = connection.execute(select(func.count()).select_from(game)).scalar_one()
            indexed = connection.execute(
                select(func.coalesce(func.sum(position_segment.c.games), 0)).where(position_segment.c.stale.is_(False))
            ).scalar_one()
        return Coverage(int(games), min(int(games), int(indexed)))

    # -- looking up ------------------------------------------------------------------------------------------------

    def segments(self) -> list[int]:
        """Segments that are indexed, newest games first."""
        with self._database.read() as connection:
            return list(
                connection.execute(select(position_segment.c.id).order_by(position_segment.c.id.desc())).scalars()
            )

    def blocks(self, segments: Iterable[int], bucket: int) -> dict[int, bytes]:
        """The block of a bucket in each of these segments that has one."""
        ids = [segment * _BUCKETS + bucket for segment in segments]
        statement = select(position_block.c.id, position_block.c.entries).where(in_set(position_block.c.id, ids))
        with self._database.read() as connection:
            return {row.id // _BUCKETS: row.entries for row in connection.execute(statement)}

    def summaries(self, key: int) -> dict[int, str]:
        """Stored counts of a position, by segment; only of segments that are up to date with their games."""
        statement = (
            select(position_summary.c.segment, position_summary.c.content)
            .join(position_segment, position_segment.c.id == position_summary.c.segment)
            .where(position_summary.c.position == key, position_segment.c.stale.is_(False))
        )
        with self._database.read() as connection:
            return {row.segment: row.content for row in connection.execute(statement)}

    def counts(self, places: Sequence[int], *, white: bool) -> list[tuple[int | None, MoveCount]]:
        """Counts by the packed move played at these places (`domain.positions.PLY_BITS`), None where a game ends.

        The database adds up: nothing of the interpreter is held meanwhile. `white`: whose move it is.
        """
        if not places:
            return []
        with self._database.read() as connection:
            found = connection.execute(_counts(places, white=white)).all()
        return [(int.from_bytes(word, "little") if word else None, MoveCount(*values)) for word, *values in found]

    def analysed(self, *, white: bool) -> Sequence[int]:
        """Ids of the games that have an accuracy of this side, ascending, from an index alone."""
        accuracy = game.c.white_accuracy if white else game.c.black_accuracy
        with self._database.read() as connection:
            return array("q", sorted(integers(connection, select(game.c.id).where(accuracy.is_not(None)))))

    def facts(self, ids: Iterable[int]) -> list[IndexedGame]:
        """What the explorer counts, of these games that still are there."""
        with self._database.read() as connection:
            return [_indexed_game(row) for row in connection.execute(_facts().where(in_set(game.c.id, ids)))]


def games_with_position(connection: Connection, number: int) -> list[int]:
    """Ids of the indexed games that have the position of this hash, ascending, as their segments were indexed."""
    bucket = bucket_of(number)
    found: list[int] = []
    segments = connection.execute(select(position_segment.c.id).order_by(position_segment.c.id)).scalars().all()
    for start in range(0, len(segments), _SEGMENTS_AT_ONCE):
        ids = {segment * _BUCKETS + bucket: segment for segment in segments[start : start + _SEGMENTS_AT_ONCE]}
        statement = select(position_block.c.id, position_block.c.entries).where(in_set(position_block.c.id, ids))
        for row in connection.execute(statement.order_by(position_block.c.id)):
            some = places(row.entries, number, ids[row.id])
            found += dict.fromkeys(place >> PLY_BITS for place in some)
    return found


def mark_stale(connection: Connection, game_ids: Sequence[int]) -> None:
    """Games changed or went: their segments are built anew. Inside the caller's write transaction."""
    segments = {(game_id - 1) // SEGMENT_GAMES for game_id in game_ids}
    connection.execute(update(position_segment).where(in_set(position_segment.c.id, segments)).values(stale=True))


def _last_games(connection: Connection) -> list[tuple[int, int]]:
    """Each segment that has games, with the highest id in it."""
    newest = connection.execute(select(func.max(game.c.id))).scalar_one_or_none() or 0
    found = []
    for segment in range((newest - 1) // SEGMENT_GAMES + 1 if newest else 0):
        first = segment * SEGMENT_GAMES
        last = connection.execute(
            select(func.max(game.c.id)).where(game.c.id > first, game.c.id <= first + SEGMENT_GAMES)
        ).scalar_one_or_none()
        if last is not None:
            found.append((segment, int(last)))
    return found


def _forget(connection: Connection, segment: int) -> None:
    first = segment * _BUCKETS
    connection.execute(
        delete(position_block).where(position_block.c.id >= first, position_block.c.id < first + _BUCKETS)
    )
    connection.execute(delete(position_summary).where(position_summary.c.segment == segment))
    connection.execute(delete(position_segment).where(position_segment.c.id == segment))


def _elo() -> ColumnElement[Any]:
    """Mean of the ratings known, null where neither is."""
    white, black = game.c.white_elo, game.c.black_elo
    both = (func.coalesce(white, black) + func.coalesce(black, white)) / 2.0
    return case((white.is_(None) & black.is_(None), None), else_=both)


def _facts() -> Select[Any]:
    return select(
        game.c.id,
        game.c.variant,
        game.c.start_fen,
        game.c.moves,
        game.c.result,
        game.c.date,
        _elo().label("elo"),
    )


def _counts(places: Sequence[int], *, white: bool) -> Select[Any]:
    members = func.json_members(json.dumps(list(places))).table_valued("value")
    place = cast(members.c.value, BigInteger)
    ply = cast(place.op("&")(literal_column(str(PLY_MASK))), Integer)
    word = func.substr(game.c.moves, ply * 2 + 1, 2).label("word")

    def ended(result: str) -> Any:
        return func.sum(case((game.c.result == result, 1), else_=0))

    elo = _elo()
    accuracy = game.c.white_accuracy if white else game.c.black_accuracy
    wins = (ended("1-0"), ended("1/2-1/2"), ended("0-1"))
    ratings = (func.coalesce(func.sum(elo), 0.0), func.count(elo))
    return (
        select(word, func.count(), *wins, *ratings, func.max(game.c.date), func.max(accuracy))
        .select_from(members.join(game, game.c.id == place.op(">>")(literal_column(str(PLY_BITS)))))
        .group_by("word")
    )


def _indexed_game(row: Any) -> IndexedGame:
    return IndexedGame(*row)
