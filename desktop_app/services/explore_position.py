"""What was played in a position and in which games, answered in parts: the service behind the window's explorer.

Blocking; not on the window's thread. Called by `ui.controllers.explorer_controller`. A question that was overtaken is
stopped by its token between two steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.openings import MAX_PLIES, OpeningBook
from desktop_app.domain.positions import MoveCount
from desktop_app.services.find_position import explorer_moves, listed
from desktop_app.services.position_search import PositionSearch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.game import Opening
    from desktop_app.domain.positions import Coverage, GameSet, PositionCount
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken
    from desktop_app.services.find_position import ExplorerMove, PositionGame


@dataclass(frozen=True, slots=True)
class Place:
    """Where the question is asked: the position and how the board came there.

    Attributes:
        fen: the position.
        start_fen, ucis: the game or line that leads to it, from its beginning; names the opening. "" where unknown.
        chess960: whether castling is written as king takes rook.
    """

    fen: str
    start_fen: str = ""
    ucis: tuple[str, ...] = ()
    chess960: bool = False

    def board(self) -> chess.Board:
        """The position as a board."""
        return chess.Board(self.fen, chess960=self.chess960)

    def opening(self) -> Opening | None:
        """The deepest named position on the way here, None where none is named."""
        start = None if self.start_fen in {"", chess.STARTING_FEN} else self.start_fen
        if not self.ucis and self.fen != chess.STARTING_FEN:
            return None
        return OpeningBook.load().name([chess.Move.from_uci(uci) for uci in self.ucis[:MAX_PLIES]], start)


@dataclass(frozen=True, slots=True)
class Exploration:
    """An answer, or the part of it that is known by now.

    Attributes:
        fen: the position asked for.
        moves: most played first.
        total: all games that have the position; rating and date are those of its moves.
        opening: as `Place.opening`.
        coverage: how much of the library is indexed.
        share: how much of the answer is counted, 0…1.
        complete: nothing follows.
    """

    fen: str
    moves: tuple[ExplorerMove, ...]
    total: MoveCount
    opening: Opening | None
    coverage: Coverage
    share: float
    complete: bool


def explore(
    library: Library,
    place: Place,
    *,
    among: GameSet | None = None,
    told: Callable[[Exploration], None] | None = None,
    cancel: CancelToken | None = None,
) -> Exploration:
    """What was played in a position.

    Args:
        library: where.
        place: the position.
        among: only these games; None for all.
        told: hears parts of the answer for positions that many games have; called on this thread.
        cancel: asked between two steps of some tens of milliseconds.

    Raises CancelledError.
    """
    board, coverage, opening = place.board(), library.positions.coverage(), place.opening()

    def answer(count: PositionCount, share: float, *, complete: bool) -> Exploration:
        moves = explorer_moves(board, count)
        return Exploration(place.fen, moves, _total(count, moves), opening, coverage, share, complete)

    def tell(count: PositionCount, share: float) -> None:
        if told is not None:
            told(answer(count, share, complete=False))

    count = PositionSearch(library, board, among=among, cancel=cancel).count(tell)
    return answer(count, 1.0, complete=True)


def games_with(
    library: Library,
    place: Place,
    *,
    limit: int,
    before: int | None = None,
    among: GameSet | None = None,
    cancel: CancelToken | None = None,
) -> tuple[PositionGame, ...]:
    """Games with the position, newest in the library first; fewer than `limit` mean that there are no more.

    `before`: only games with smaller ids, to go on where an earlier list ended. Raises CancelledError.
    """
    board = place.board()
    return listed(
        library, board, PositionSearch(library, board, among=among, cancel=cancel).games(limit, before=before)
    )


def _total(count: PositionCount, moves: Sequence[ExplorerMove]) -> MoveCount:
    total = MoveCount()
    for move in moves:
        total.merge(move.count)
    total.games = count.games
    return total
