"""Where the middlegame and the endgame of a game begin, by Lichess's divider. Pure; any thread.

Source: scalachess core/src/main/scala/Divider.scala@cbffc9d7 (the version of June 2025, symmetric in colours); boards
are the start position and one after each ply, so that an index is a ply (judgement.md 1.7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import chess

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.domain.game import Ply

OPENING = "opening"
MIDDLEGAME = "middlegame"
ENDGAME = "endgame"

_MIDDLE_PIECES = 10
_END_PIECES = 6
_SPARSE_BACK_RANK = 4
_MIXED_ENOUGH = 150

_PAIRS = tuple(
    (y, chess.BB_RANKS[y - 1] & files | chess.BB_RANKS[y] & files)
    for y in range(1, 8)
    for files in (chess.BB_FILES[x] | chess.BB_FILES[x + 1] for x in range(7))
)
"""The 49 blocks of 2 x 2 squares, each with the number (1…7) of its lower rank."""


def _block_scores(y: int) -> dict[tuple[int, int], int]:
    """How mixed a block is, by its count of white and of black men; `y` is the number of its lower rank."""
    return {
        (1, 0): 9 - y,
        (2, 0): y if y > 2 else 0,
        (3, 0): y + 2 if y > 1 else 0,
        (4, 0): y + 2 if y > 1 else 0,
        (0, 1): 1 + y,
        (0, 2): 8 - y if y < 6 else 0,
        (0, 3): 10 - y if y < 7 else 0,
        (0, 4): 10 - y if y < 7 else 0,
        (1, 1): 5 + abs(4 - y),
        (2, 1): 3 + y,
        (3, 1): 4 + y,
        (1, 2): 11 - y,
        (1, 3): 12 - y,
        (2, 2): 7,
    }


_SCORES = {y: _block_scores(y) for y in range(1, 8)}


@dataclass(frozen=True, slots=True)
class Division:
    """First ply of the middlegame and of the endgame; None where the game never gets there."""

    middle: int | None
    end: int | None

    def phase_of(self, ply: Ply | int) -> str:
        """The phase a ply belongs to."""
        if self.middle is None or ply < self.middle:
            return OPENING
        return MIDDLEGAME if self.end is None or ply < self.end else ENDGAME


def divide(boards: Iterable[chess.Board]) -> Division:
    """Find the borders. Boards: the start position, then one after each ply; all are taken, one at a time."""
    middle: int | None = None
    end: int | None = None
    for index, board in enumerate(boards):
        if end is not None:
            continue
        pieces = _majors_and_minors(board)
        if middle is None and (
            pieces <= _MIDDLE_PIECES or _back_rank_sparse(board) or mixedness(board) > _MIXED_ENOUGH
        ):
            middle = index
        if middle is not None and pieces <= _END_PIECES:
            end = index
    return Division(None if middle == end else middle, end)


def mixedness(board: chess.Board) -> int:
    """How much both sides' men are mixed over the board; 0 in the initial position."""
    white, black = board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK]
    total = 0
    for y, block in _PAIRS:
        men = (white & block).bit_count(), (black & block).bit_count()
        total += _SCORES[y].get(men, 0)
    return total


def _majors_and_minors(board: chess.Board) -> int:
    return (board.knights | board.bishops | board.rooks | board.queens).bit_count()


def _back_rank_sparse(board: chess.Board) -> bool:
    white = (board.occupied_co[chess.WHITE] & chess.BB_RANK_1).bit_count()
    black = (board.occupied_co[chess.BLACK] & chess.BB_RANK_8).bit_count()
    return white < _SPARSE_BACK_RANK or black < _SPARSE_BACK_RANK
