"""Games that have a position, and what was played there: exact, transpositions included, by the position index.

Blocking; not on the window's thread. Positions that are in many games are answered from counts stored with the index;
with a filter every game is looked at, newest first, up to a limit that the answer tells.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import chess

from desktop_app.domain.filters import EVERYTHING, GameQuery
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.position_block import bucket_of, key_of, matches, read_summary
from desktop_app.domain.position_hash import board_hash
from desktop_app.domain.positions import Coverage, IndexedGame, MoveCount, PositionCount
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.filters import Filter
    from desktop_app.domain.rows import GameRow
    from desktop_app.library.library import Library

MOST_GAMES = 20_000
"""So many games are looked at one by one before the answer is called partial."""

_SEGMENTS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class PositionGame:
    """One game that has the position: where (the first time, from ply 0), and what it played there, "" at its end."""

    row: GameRow
    ply: Ply
    next_san: str


@dataclass(frozen=True, slots=True)
class ExplorerMove:
    """One move of the explorer; counts as in `MoveCount`."""

    san: str
    uci: str
    count: MoveCount


@dataclass(frozen=True, slots=True)
class PositionFound:
    """What is known of a position.

    Attributes:
        fen: the position asked for.
        total: games that have it, as far as they were looked at.
        games: the first of them, newest in the library first.
        moves: most played first.
        coverage: how much of the library is indexed.
        partial: more games than could be looked at have it; all counts are of the newest ones.
    """

    fen: str
    total: int
    games: tuple[PositionGame, ...]
    moves: tuple[ExplorerMove, ...]
    coverage: Coverage
    partial: bool = False


def read_position(fen: str) -> chess.Board:
    """The position of a FEN, with or without its counters. Raises UsageError in words."""
    parts = fen.split()
    try:
        if not parts:
            raise ValueError("it is empty")  # noqa: TRY301 -- one sentence for all
        board = chess.Board(" ".join(parts), chess960=True)
    except ValueError as error:
        raise UsageError(
            f"This FEN cannot be read: {error}.", action=f'Example: kibitz find-position "{chess.STARTING_FEN}"'
        ) from error
    # Standard castling is written as in standard games, so that its moves read O-O with their usual squares.
    board.chess960 = chess.Board(board.fen()).clean_castling_rights() != board.clean_castling_rights()
    return board


def find_position(
    library: Library, board: chess.Board, *, limit: int = 100, filter_: Filter = EVERYTHING, most: int = MOST_GAMES
) -> PositionFound:
    """Look a position up.

    Args:
        library: where.
        board: the position; its history and clocks do not matter.
        limit: at most so many games are listed; all are counted.
        filter_: only games that match it.
        most: at most so many games are looked at one by one.
    """
    search = _Search(library, board_hash(board), filter_, most)
    search.run(limit)
    words = {word: _move_of(board, word) for word in search.count.moves}
    counts: dict[chess.Move, MoveCount] = {}
    for word, move in words.items():
        if move is not None:
            # Castling has two spellings, one of them in Chess960 games: one move all the same.
            counts.setdefault(move, MoveCount()).merge(search.count.moves[word])
    moves = [ExplorerMove(board.san(move), move.uci(), count) for move, count in counts.items()]
    moves.sort(key=lambda move: (-move.count.games, move.san))
    games = _listed(library, board, search.listed[:limit])
    coverage = library.positions.coverage()
    return PositionFound(board.fen(), search.count.games, games, tuple(moves), coverage, search.partial)


def to_json(found: PositionFound) -> dict[str, Any]:
    """The shape of product.md section 3, with more in it."""
    return {
        "fen": found.fen,
        "total": found.total,
        "games": [
            {**asdict(game.row), "state": str(game.row.state), "ply": game.ply, "next_san": game.next_san or None}
            for game in found.games
        ],
        "moves": [
            {
                "san": move.san,
                "uci": move.uci,
                "games": move.count.games,
                "white_wins": move.count.white_wins,
                "draws": move.count.draws,
                "black_wins": move.count.black_wins,
                "average_elo": None if move.count.average_elo is None else round(move.count.average_elo),
                "last_played": move.count.last_played or None,
            }
            for move in found.moves
        ],
        "coverage": {"games": found.coverage.games, "indexed": found.coverage.indexed},
        "partial": found.partial,
    }


_Place = tuple[int, int, int | None]
"""A game's id, the first ply at which it has the position, and the packed move it played there."""


class _Search:
    """One search: counts gathered segment by segment, newest first."""

    def __init__(self, library: Library, number: int, filter_: Filter, most: int) -> None:
        self._library = library
        self._number = number
        self._filter = filter_
        self._left = most
        self.count = PositionCount()
        self.listed: list[_Place] = []
        self.partial = False

    def run(self, limit: int) -> None:
        """Fill `count` and `listed` with at least `limit` games, if there are."""
        index = self._library.positions
        summaries = {} if self._filter != EVERYTHING else index.summaries(key_of(self._number))
        for content in summaries.values():
            self.count.merge(read_summary(content))
        segments = index.segments()
        uncounted = [segment for segment in segments if segment not in summaries]
        for start in range(0, len(uncounted), _SEGMENTS_AT_ONCE):
            if self.partial:
                break
            self._count(self._found(uncounted[start : start + _SEGMENTS_AT_ONCE]))
        listed = len(self.listed)
        for segment in segments:
            # Counted already: read only while it can have games for the list.
            if segment in summaries and len(self.listed) - listed < limit:
                found = self._found([segment])
                newest = sorted(found, reverse=True)[:limit]
                self._list({game_id: found[game_id] for game_id in newest}, self._library.positions.facts(newest))
        self.listed.sort(key=lambda place: -place[0])

    def _found(self, segments: Sequence[int]) -> dict[int, list[int]]:
        """Games of these segments that have the position, and where."""
        blocks = self._library.positions.blocks(segments, bucket_of(self._number))
        found: dict[int, list[int]] = {}
        for segment in segments:
            if segment in blocks:
                found |= matches(blocks[segment], self._number, segment)
        return found

    def _count(self, found: dict[int, list[int]]) -> None:
        ids = sorted(found, reverse=True)
        if len(ids) > self._left:
            self.partial = True
            ids = ids[: self._left]
        self._left -= len(ids)
        facts = self._library.positions.facts(self._matching(ids)) if ids else []
        for game in facts:
            self.count.add(game, found[game.id])
        self._list(found, facts)

    def _list(self, found: dict[int, list[int]], games: Sequence[IndexedGame]) -> None:
        for game in games:
            first = found[game.id][0]
            ended = 2 * first + 1 >= len(game.moves)
            word = None if ended else game.moves[2 * first] | game.moves[2 * first + 1] << 8
            self.listed.append((game.id, first, word))

    def _matching(self, ids: list[int]) -> Sequence[int]:
        if self._filter == EVERYTHING:
            return ids
        return self._library.games.ids(GameQuery(self._filter, ids=[GameId(game_id) for game_id in ids]))


def _listed(library: Library, board: chess.Board, found: Sequence[_Place]) -> tuple[PositionGame, ...]:
    rows = {row.id: row for row in library.games.rows([GameId(game_id) for game_id, _, _ in found])}
    return tuple(
        PositionGame(rows[GameId(game_id)], Ply(ply), _san(board, word))
        for game_id, ply, word in found
        if GameId(game_id) in rows
    )


def _move_of(board: chess.Board, word: int) -> chess.Move | None:
    """The move a packed word means here, None where it is not legal (a stranger with the same 48 bits of hash)."""
    (move,) = unpack_moves(word.to_bytes(2, "little"))
    try:
        return board.parse_uci(move.uci())
    except ValueError:
        return None


def _san(board: chess.Board, word: int | None) -> str:
    move = None if word is None else _move_of(board, word)
    return "" if move is None else board.san(move)
