"""One search in the position index: counts gathered newest games first, in steps, and lists of the games.

Blocking; not on the window's thread. Called by `find_position` (the command line) and `explore_position` (the window).
Positions that very many games share are answered from counts stored with the index; all others, and every position over
a part of the library, are counted by the database from the games' own facts, a step at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.position_block import bucket_of, key_of, places, read_summary
from desktop_app.domain.position_hash import board_hash
from desktop_app.domain.positions import PLY_BITS, PLY_MASK, SEGMENT_GAMES, MoveCount, PositionCount
from desktop_app.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import chess

    from desktop_app.domain.positions import GameSet
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken

_FEW_SEGMENTS = 4
_SEGMENTS_AT_ONCE = 64
_PLACES_AT_ONCE = 10_000
"""So many places are counted by one statement: some tens of milliseconds, after which a search can be cancelled."""


class PositionSearch:
    """A position in one library, among all of its games or some of them."""

    def __init__(
        self, library: Library, board: chess.Board, *, among: GameSet | None = None, cancel: CancelToken | None = None
    ) -> None:
        """The board's history and clocks do not matter; `among` None means every game."""
        self._index = library.positions
        self._number = board_hash(board)
        self._white = bool(board.turn)
        self._among = among
        self._cancel = cancel
        self._segments = self._index.segments()

    def candidates(self) -> list[int]:
        """Ids of all games that have the position, once or more often each; the filter is not asked."""
        return [place >> PLY_BITS for found in self._places(self._segments) for place in found]

    def count(self, told: Callable[[PositionCount, float], None] | None = None) -> PositionCount:
        """Count everything; `told` hears what is counted so far, and the share of segments done.

        Raises CancelledError between two steps.
        """
        count = PositionCount()
        summaries = {} if self._among is not None else self._index.summaries(key_of(self._number))
        for content in summaries.values():
            count.merge(read_summary(content))
        waiting: list[int] = []
        done = len(summaries)
        if done and told is not None and done < len(self._segments):
            told(count, done / len(self._segments))
        for found in self._places([segment for segment in self._segments if segment not in summaries]):
            waiting += self._kept(found)
            done += 1
            if len(waiting) >= _PLACES_AT_ONCE:
                self._count(waiting, count)
                waiting = []
                if told is not None:
                    told(count, done / len(self._segments))
        self._count(waiting, count)
        if summaries and told is not None:
            told(count, 1.0)
        self._add_accuracies(summaries, count)
        return count

    def games(self, limit: int, *, before: int | None = None) -> list[tuple[int, int, int | None]]:
        """Games that have the position, newest first: id, the first ply where they do, the packed move that followed.

        Args:
            limit: at most so many; fewer mean that there are no more.
            before: only games with smaller ids, to go on where an earlier list ended.
        """
        listed: list[tuple[int, int, int | None]] = []
        start, many = 0, _FEW_SEGMENTS
        while start < len(self._segments) and len(listed) < limit:
            firsts: dict[int, int] = {}
            for found in self._places(self._segments[start : start + many]):
                for place in self._kept(found):
                    firsts.setdefault(place >> PLY_BITS, place & PLY_MASK)
            newest = sorted((game for game in firsts if before is None or game < before), reverse=True)
            newest = newest[: limit - len(listed)]
            facts = {fact.id: fact.moves for fact in self._index.facts(newest)} if newest else {}
            listed += [(game, firsts[game], _word(facts[game], firsts[game])) for game in newest if game in facts]
            start, many = start + many, _SEGMENTS_AT_ONCE
        return listed

    def _places(self, segments: Sequence[int], games: Sequence[int] | None = None) -> Iterator[list[int]]:
        """Where the games of each segment have the position; with `games` (ascending) only those."""
        bucket = bucket_of(self._number)
        for start in range(0, len(segments), _SEGMENTS_AT_ONCE):
            self._check()
            some = segments[start : start + _SEGMENTS_AT_ONCE]
            blocks = self._index.blocks(some, bucket)
            for segment in some:
                yield places(blocks[segment], self._number, segment, games) if segment in blocks else []

    def _kept(self, found: list[int]) -> list[int]:
        return found if self._among is None else self._among.kept(found)

    def _check(self) -> None:
        if self._cancel is not None and self._cancel.cancelled():
            raise CancelledError("The search was stopped.")

    def _count(self, found: list[int], count: PositionCount) -> None:
        """Count these places; a game that has the position more than once counts once for each move it played there."""
        self._check()
        games = {place >> PLY_BITS for place in found}
        if len(games) < len(found):
            found = self._count_repeated(found, count)
        for word, move in self._index.counts(found, white=self._white):
            count.games += move.games
            if word is not None:
                count.moves.setdefault(word, MoveCount()).merge(move)

    def _count_repeated(self, found: list[int], count: PositionCount) -> list[int]:
        """Count the games that come more than once, from their moves; returns the other places."""
        plies: dict[int, list[int]] = {}
        for place in found:
            plies.setdefault(place >> PLY_BITS, []).append(place & PLY_MASK)
        repeated = {game: list_ for game, list_ in plies.items() if len(list_) > 1}
        for fact in self._index.facts(repeated):
            count.add(fact, repeated[fact.id])
        return [place for place in found if place >> PLY_BITS not in repeated]

    def _add_accuracies(self, summaries: dict[int, str], count: PositionCount) -> None:
        """What stored counts cannot hold: the best accuracies, of the few games that are analysed."""
        if not summaries:
            return
        analysed = self._index.analysed(white=self._white)
        segments = sorted({(game - 1) // SEGMENT_GAMES for game in analysed}.intersection(summaries))
        waiting: list[int] = []
        for found in self._places(segments, analysed):
            waiting += found
            if len(waiting) >= _PLACES_AT_ONCE:
                self._take_accuracies(waiting, count)
                waiting = []
        self._take_accuracies(waiting, count)

    def _take_accuracies(self, found: list[int], count: PositionCount) -> None:
        self._check()
        for word, move in self._index.counts(found, white=self._white):
            known = None if word is None else count.moves.get(word)
            if known is not None and move.best_accuracy is not None:
                known.best_accuracy = max(known.best_accuracy or 0.0, move.best_accuracy)


def _word(moves: bytes, ply: int) -> int | None:
    return int.from_bytes(moves[2 * ply : 2 * ply + 2], "little") if 2 * ply + 1 < len(moves) else None
