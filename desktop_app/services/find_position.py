"""Games that have a position, and what was played there: exact, transpositions included, by the position index.

Blocking; not on the window's thread. The window asks `explore_position`, which answers in parts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import chess

from desktop_app.domain.filters import EVERYTHING, GameQuery
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.position_hash import board_of
from desktop_app.domain.positions import Coverage, GameSet, MoveCount, PositionCount
from desktop_app.errors import UsageError
from desktop_app.services.position_search import PositionSearch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.filters import Filter
    from desktop_app.domain.rows import GameRow
    from desktop_app.library.library import Library

_FEW_GAMES = 20_000
"""Up to so many games a filter is asked about those alone."""


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
        total: games that have it.
        games: the first of them, newest in the library first.
        moves: most played first.
        coverage: how much of the library is indexed.
    """

    fen: str
    total: int
    games: tuple[PositionGame, ...]
    moves: tuple[ExplorerMove, ...]
    coverage: Coverage


def read_position(fen: str) -> chess.Board:
    """The position of a FEN, with or without its counters. Raises UsageError in words."""
    try:
        return board_of(fen)
    except ValueError as error:
        raise UsageError(
            f"This FEN cannot be read: {error}.", action=f'Example: kibitz find-position "{chess.STARTING_FEN}"'
        ) from error


def find_position(
    library: Library, board: chess.Board, *, limit: int = 100, filter_: Filter = EVERYTHING
) -> PositionFound:
    """Look a position up.

    Args:
        library: where.
        board: the position; its history and clocks do not matter.
        limit: at most so many games are listed; all are counted.
        filter_: only games that match it.
    """
    search = PositionSearch(library, board)
    if filter_ != EVERYTHING:
        search = PositionSearch(library, board, among=_matching(library, search, filter_))
    count = search.count()
    games = listed(library, board, search.games(limit))
    return PositionFound(board.fen(), count.games, games, explorer_moves(board, count), library.positions.coverage())


def explorer_moves(board: chess.Board, count: PositionCount) -> tuple[ExplorerMove, ...]:
    """The moves of a position, most played first; counts of their own, which later counting does not change."""
    counts: dict[chess.Move, MoveCount] = {}
    for word, found in count.moves.items():
        move = move_of(board, word)
        if move is not None:
            # Castling has two spellings, one of them in Chess960 games: one move all the same.
            counts.setdefault(move, MoveCount()).merge(found)
    moves = [ExplorerMove(board.san(move), move.uci(), found) for move, found in counts.items()]
    moves.sort(key=lambda move: (-move.count.games, move.san))
    return tuple(moves)


def listed(
    library: Library, board: chess.Board, found: Sequence[tuple[int, int, int | None]]
) -> tuple[PositionGame, ...]:
    """Games of a search with their rows; those that went meanwhile are left out."""
    rows = {row.id: row for row in library.games.rows([GameId(game_id) for game_id, _, _ in found])}
    return tuple(
        PositionGame(rows[GameId(game_id)], Ply(ply), _san(board, word))
        for game_id, ply, word in found
        if GameId(game_id) in rows
    )


def move_of(board: chess.Board, word: int) -> chess.Move | None:
    """The move a packed word means here, None where it is not legal (a stranger with the same 48 bits of hash)."""
    (move,) = unpack_moves(word.to_bytes(2, "little"))
    try:
        return board.parse_uci(move.uci())
    except ValueError:
        return None


def _san(board: chess.Board, word: int | None) -> str:
    move = None if word is None else move_of(board, word)
    return "" if move is None else board.san(move)


def _matching(library: Library, search: PositionSearch, filter_: Filter) -> GameSet:
    """The games that match: asked of those that have the position where they are few, else of the whole library."""
    ids = sorted(set(search.candidates()))
    query = GameQuery(filter_) if len(ids) > _FEW_GAMES else GameQuery(filter_, ids=[GameId(one) for one in ids])
    return GameSet(library.games.ids(query))


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
                "best_accuracy": None if move.count.best_accuracy is None else round(move.count.best_accuracy, 1),
            }
            for move in found.moves
        ],
        "coverage": {"games": found.coverage.games, "indexed": found.coverage.indexed},
        "partial": not found.coverage.complete,
    }
