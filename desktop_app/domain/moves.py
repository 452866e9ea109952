"""Main lines packed into two bytes a ply, little endian: from 6 bits, to 6, promotion 3, drop 1.

A drop (Crazyhouse) has the drop bit, the square in both places and the piece in the promotion bits; a null move is 0.
Castling keeps the form python-chess gave it: king takes rook in Chess960, king's own target otherwise.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import chess

if TYPE_CHECKING:
    from collections.abc import Iterable

_DROP_BIT = 1 << 15


def pack_moves(moves: Iterable[chess.Move]) -> bytes:
    """Pack a main line; `unpack_moves` gives equal moves back."""
    words = [_pack(move) for move in moves]
    return struct.pack(f"<{len(words)}H", *words)


def unpack_moves(packed: bytes) -> list[chess.Move]:
    """Moves of a packed main line, in order."""
    return [_unpack(word) for (word,) in struct.iter_unpack("<H", packed)]


def _pack(move: chess.Move) -> int:
    if not move:
        return 0
    if move.drop:
        return _DROP_BIT | move.drop << 12 | move.to_square << 6 | move.to_square
    return (move.promotion or 0) << 12 | move.to_square << 6 | move.from_square


def _unpack(word: int) -> chess.Move:
    if word == 0:
        return chess.Move.null()
    from_square, to_square, piece = word & 63, word >> 6 & 63, word >> 12 & 7
    if word & _DROP_BIT:
        return chess.Move(to_square, to_square, drop=piece)
    return chess.Move(from_square, to_square, promotion=piece or None)
