"""Keys under which an evaluation of one position may serve other games. Pure; any thread.

Called by the planner's callers (`services.analyse_games`) when they look for evaluations to reuse, and when they store.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import chess

from desktop_app.domain.game import PositionKey

if TYPE_CHECKING:
    from collections.abc import Sequence

SHAREABLE_HALFMOVES = 20
"""Highest halfmove clock at which history cannot yet colour a score through the fifty-move rule (product.md 5)."""

_POSITION = struct.Struct("<9QBBB")
_NO_SQUARE = 64


def position_key(board: chess.Board) -> PositionKey:
    """Digest of pieces, side to move, castling rights, en passant if legal, and whether castling is Chess960's.

    Equal in every process, on every machine and for ever: it is stored. Costs about 10 microseconds.
    """
    en_passant = board.ep_square if board.has_legal_en_passant() else None
    packed = _POSITION.pack(
        board.pawns,
        board.knights,
        board.bishops,
        board.rooks,
        board.queens,
        board.kings,
        board.occupied_co[chess.WHITE],
        board.occupied_co[chess.BLACK],
        board.clean_castling_rights(),
        board.turn,
        _NO_SQUARE if en_passant is None else en_passant,
        board.chess960,
    )
    return PositionKey(int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest(), "little", signed=True))


class PositionHistory:
    """Counts positions since the last irreversible move while a game is walked forward. One walk, one instance."""

    def __init__(self, board: chess.Board) -> None:
        self._counts: dict[PositionKey, int] = {}
        self._repeated = False
        self.key = self._count(board)

    def push(self, board: chess.Board, move: chess.Move) -> None:
        """Play `move` on `board` and count the position it leads to; its key is then `key`."""
        irreversible = board.is_irreversible(move)
        board.push(move)
        if irreversible:
            self._counts.clear()
            self._repeated = False
        self.key = self._count(board)

    @property
    def occurrences(self) -> int:
        """How often the present position has stood on the board, this time included."""
        return self._counts[self.key]

    def shareable(self, board: chess.Board) -> bool:
        """Whether another game's evaluation of this position may be taken for it."""
        return board.halfmove_clock <= SHAREABLE_HALFMOVES and not self._repeated

    def _count(self, board: chess.Board) -> PositionKey:
        key = position_key(board)
        count = self._counts.get(key, 0) + 1
        self._counts[key] = count
        if count > 1:
            self._repeated = True
        return key


def shareable(board: chess.Board) -> bool:
    """Whether an evaluation of this position may be shared: low clock, and no position seen twice since it was zero.

    Reads the board's own move stack; `position_keys` is the cheaper way for a whole game.
    """
    if board.halfmove_clock > SHAREABLE_HALFMOVES:
        return False
    walk = board.copy()
    seen = {position_key(walk)}
    while walk.move_stack:
        move = walk.pop()
        if walk.is_irreversible(move):
            return True
        key = position_key(walk)
        if key in seen:
            return False
        seen.add(key)
    return True


def position_keys(root_fen: str, moves: Sequence[str], *, chess960: bool = False) -> list[PositionKey | None]:
    """The key of every position of a game, ply 0 first; None where it may not be shared.

    From a null move on nothing is shared.

    Raises:
        ValueError: the FEN cannot be read, or a move is not legal.
    """
    board = chess.Board(root_fen, chess960=chess960)
    history = PositionHistory(board)
    keys: list[PositionKey | None] = [history.key if history.shareable(board) else None]
    for uci in moves:
        move = board.parse_uci(uci)
        if not move:
            return keys + [None] * (len(moves) + 1 - len(keys))
        history.push(board, move)
        keys.append(history.key if history.shareable(board) else None)
    return keys
