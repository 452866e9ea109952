"""The position index's own format: sorted 64-bit entries of up to 4096 games, and counts of their frequent positions.

Pure; any thread and process. `services.index_positions` builds segments in its own processes, `services.find_position`
looks into them. An entry is 40 bits of the hash, 12 bits of the game's place in its segment, 12 bits of the ply; its
bucket is the hash's first byte. So 48 bits of 64 are compared: among 80 million positions about one search in three
million meets a stranger. Blocks are little-endian arrays; the format is stored and must not change.
"""

from __future__ import annotations

import json
import sys
from array import array
from bisect import bisect_left
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from desktop_app.domain.position_hash import INDEXED_VARIANTS, game_hashes
from desktop_app.domain.positions import PLY_BITS, SEGMENT_GAMES, MoveCount, PositionCount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.positions import IndexedGame

BUCKETS = 256
MOST_PLIES = 4_096
"""Later plies are not indexed; the longest game ever played in a tournament has 538."""

SUMMARISED = 48
"""A position that so many entries of a segment share gets its counts stored with the segment."""

_KEY_BITS = 40
_KEY_MASK = (1 << _KEY_BITS) - 1
_REF_BITS = 24
_REF_MASK = (1 << _REF_BITS) - 1


def segment_of(game_id: int) -> int:
    """The segment a game belongs to."""
    return (game_id - 1) // SEGMENT_GAMES


def bucket_of(number: int) -> int:
    """The bucket of a hash."""
    return number >> 56


def key_of(number: int) -> int:
    """The 48 bits of a hash that are compared; the key of summaries."""
    return number >> 16


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment ready to be stored: a block for each bucket, and summaries by key."""

    blocks: list[bytes]
    summaries: list[tuple[int, str]]


def build_segment(games: Sequence[IndexedGame]) -> Segment:
    """Index games of one segment. A game whose moves cannot be followed is left out, never its neighbours."""
    buckets: list[list[int]] = [[] for _ in range(BUCKETS)]
    by_place = {(game.id - 1) % SEGMENT_GAMES: game for game in games}
    for place, game in by_place.items():
        reference = place << 12
        for ply, number in enumerate(_hashes(game)[:MOST_PLIES]):
            buckets[number >> 56].append((number >> 16 & _KEY_MASK) << _REF_BITS | reference | ply)
    summaries: list[tuple[int, str]] = []
    blocks = []
    for bucket, entries in enumerate(buckets):
        entries.sort()
        for start, end in _long_runs(entries):
            count = _count(entries[start:end], by_place)
            summaries.append((bucket << _KEY_BITS | entries[start] >> _REF_BITS, write_summary(count)))
        blocks.append(_to_bytes(array("Q", entries)))
    return Segment(blocks, summaries)


def _hashes(game: IndexedGame) -> list[int]:
    if game.variant not in INDEXED_VARIANTS:
        return []
    try:
        return game_hashes(game.moves, start_fen=game.start_fen, chess960=game.variant == "chess960")
    except ValueError:
        return []


def _long_runs(entries: list[int]) -> list[tuple[int, int]]:
    """Bounds of the runs of at least SUMMARISED entries with one key."""
    found = []
    place, last = 0, len(entries) - SUMMARISED
    while place <= last:
        key = entries[place] >> _REF_BITS
        if entries[place + SUMMARISED - 1] >> _REF_BITS == key:
            end = bisect_left(entries, key + 1 << _REF_BITS, place)
            found.append((place, end))
            place = end
        else:
            place += 1
    return found


def _count(entries: Sequence[int], by_place: dict[int, IndexedGame]) -> PositionCount:
    count = PositionCount()
    for place, plies in _by_place(entries).items():
        count.add(by_place[place], plies)
    return count


def _by_place(entries: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in entries:
        found.setdefault(entry >> 12 & 0xFFF, []).append(entry & 0xFFF)
    return found


def places(block: bytes, number: int, segment: int, games: Sequence[int] | None = None) -> list[int]:
    """Places (`domain.positions.PLY_BITS`) at which games of a segment have the position, by game and ply.

    With `games` (ascending ids, of any segment) only those: looked up one by one where they are the fewer.
    """
    entries = _from_bytes(block)
    key = number >> 16 & _KEY_MASK
    start = bisect_left(entries, key << _REF_BITS)
    end = bisect_left(entries, key + 1 << _REF_BITS, start)
    first = segment * SEGMENT_GAMES + 1
    if games is not None:
        wanted = games[bisect_left(games, first) : bisect_left(games, first + SEGMENT_GAMES)]
        return _places_of(entries[start:end], wanted, key=key, first=first)
    base = first << PLY_BITS
    return [base + (entry & _REF_MASK) for entry in entries[start:end]]


def _places_of(entries: array[int], games: Sequence[int], *, key: int, first: int) -> list[int]:
    found = []
    at = 0
    for game in games:
        wanted = key << _REF_BITS | game - first << PLY_BITS
        at = bisect_left(entries, wanted, at)
        while at < len(entries) and entries[at] >> PLY_BITS == wanted >> PLY_BITS:
            found.append((first << PLY_BITS) + (entries[at] & _REF_MASK))
            at += 1
    return found


_SUMMARY_FIELDS = 7
"""Of `MoveCount`, in order: what follows changes after a summary was stored."""


def write_summary(count: PositionCount) -> str:
    """Counts as stored text."""
    moves = [[word, *astuple(move)[:_SUMMARY_FIELDS]] for word, move in count.moves.items()]
    return json.dumps([count.games, moves])


def read_summary(content: str) -> PositionCount:
    """The counts that `write_summary` wrote."""
    games, moves = json.loads(content)
    return PositionCount(games, {word: MoveCount(*values) for word, *values in moves})


def _to_bytes(entries: array[int]) -> bytes:
    if sys.byteorder == "big":
        entries.byteswap()
    return entries.tobytes()


def _from_bytes(block: bytes) -> array[int]:
    entries = array("Q")
    entries.frombytes(block)
    if sys.byteorder == "big":
        entries.byteswap()
    return entries
