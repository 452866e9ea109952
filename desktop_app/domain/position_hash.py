"""Hashes of every position of a game, from its packed moves: 64-bit Zobrist, a few table look-ups a move.

Pure; any thread and process. Called by `services.index_positions` in its own processes, and by `services.find_position`
for the position asked for. Hashes are stored: the tables and what goes into them must never change.

Equal positions have equal hashes however they were reached: pieces, side to move, castling rights (by the rook's
square, so Chess960 too) and the en passant square if a capture there is legal.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING

import chess

if TYPE_CHECKING:
    from collections.abc import Iterable

_MASK = (1 << 64) - 1
_WHITE_PAWN, _WHITE_KING, _BLACK_PAWN, _BLACK_KING = 1, 6, 7, 12
_SIDES = 6
"""Piece codes: 1 to 6 White's pawn to king, 7 to 12 Black's, 0 nothing."""

INDEXED_VARIANTS = frozenset({"chess", "chess960"})
"""Positions of other variants follow other rules: they are not the same positions."""


def _splitmix(state: int) -> tuple[int, int]:
    """The next state and number of the generator splitmix64 (Steele, Lea, Flood 2014)."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return state, mixed ^ (mixed >> 31)


def _numbers(count: int) -> list[int]:
    state, found = 0x4B69_6269_747A_0001, []
    for _ in range(count):
        state, number = _splitmix(state)
        found.append(number)
    return found


_ALL = _numbers(12 * 64 + 64 + 8 + 1)
_PIECES: list[list[int]] = [[0] * 64, *(_ALL[64 * code : 64 * code + 64] for code in range(12))]
_CASTLING = _ALL[768:832]
"""By the square of the rook one may castle with."""
_EN_PASSANT = _ALL[832:840]
_BLACK_TO_MOVE = _ALL[840]

_KNIGHT = [tuple(chess.SquareSet(chess.BB_KNIGHT_ATTACKS[square])) for square in chess.SQUARES]
_KING = [tuple(chess.SquareSet(chess.BB_KING_ATTACKS[square])) for square in chess.SQUARES]


def _ray(square: int, file_step: int, rank_step: int) -> tuple[int, ...]:
    file, rank, found = square % 8 + file_step, square // 8 + rank_step, []
    while 0 <= file < 8 and 0 <= rank < 8:
        found.append(rank * 8 + file)
        file, rank = file + file_step, rank + rank_step
    return tuple(found)


_STRAIGHT = [tuple(_ray(square, *step) for step in ((0, 1), (1, 0), (0, -1), (-1, 0))) for square in range(64)]
_DIAGONAL = [tuple(_ray(square, *step) for step in ((1, 1), (1, -1), (-1, -1), (-1, 1))) for square in range(64)]


def board_of(fen: str) -> chess.Board:
    """The position of a FEN, with or without its counters. Raises ValueError in words."""
    parts = fen.split()
    if not parts:
        raise ValueError("it is empty")
    board = chess.Board(" ".join(parts), chess960=True)
    # Standard castling is written as in standard games, so that its moves read O-O with their usual squares.
    board.chess960 = chess.Board(board.fen()).clean_castling_rights() != board.clean_castling_rights()
    return board


def board_hash(board: chess.Board) -> int:
    """The hash of a position, unsigned. Its history does not matter, nor do its clocks."""
    return _Root(board).hash


class _Root:
    """Where a game starts: squares, rights, hash. `rights` maps the bits of a right to the hash of all it holds."""

    __slots__ = ("black_to_move", "en_passant", "hash", "keep", "rights", "rights_hashes", "squares")

    def __init__(self, board: chess.Board) -> None:
        self.squares = [0] * 64
        for square, piece in board.piece_map().items():
            self.squares[square] = piece.piece_type + (0 if piece.color else _SIDES)
        rooks = list(chess.SquareSet(board.clean_castling_rights()))
        self.rights = (1 << len(rooks)) - 1
        self.keep = [self.rights] * 64
        for bit, rook in enumerate(rooks):
            king = board.king(bool(chess.BB_SQUARES[rook] & board.occupied_co[chess.WHITE]))
            for corner in (rook, king):
                if corner is not None:
                    self.keep[corner] &= ~(1 << bit)
        self.rights_hashes = [
            _xor(_CASTLING[rook] for bit, rook in enumerate(rooks) if rights >> bit & 1)
            for rights in range(1 << len(rooks))
        ]
        self.black_to_move = not board.turn
        self.en_passant = 0
        if board.ep_square is not None and board.has_legal_en_passant():
            self.en_passant = _EN_PASSANT[board.ep_square % 8]
        self.hash = (
            _xor(_PIECES[code][square] for square, code in enumerate(self.squares))
            ^ self.rights_hashes[self.rights]
            ^ self.en_passant
            ^ (_BLACK_TO_MOVE if self.black_to_move else 0)
        )


def _xor(numbers: Iterable[int]) -> int:
    found = 0
    for number in numbers:
        found ^= number
    return found


@cache
def _standard() -> _Root:
    return _Root(chess.Board())


def game_hashes(moves: bytes, *, start_fen: str | None = None, chess960: bool = False) -> list[int]:
    """Hashes (unsigned) of all positions of a main line, ply 0 first.

    Args:
        moves: packed as in `domain.moves`, legal, without drops.
        start_fen: where it starts, None for the standard position.
        chess960: whether castling is written as king takes rook.

    Raises ValueError for a FEN that cannot be read.
    """
    root = _standard() if start_fen is None else _Root(chess.Board(start_fen, chess960=chess960))
    squares = root.squares.copy()
    pieces, keep, rights, rights_hashes = _PIECES, root.keep, root.rights, root.rights_hashes
    en_passant, black = root.en_passant, root.black_to_move
    now = root.hash ^ en_passant
    found = [root.hash]
    for (word,) in struct.iter_unpack("<H", moves):
        now ^= _BLACK_TO_MOVE
        black = not black
        en_passant = 0
        if word:
            from_, to = word & 63, word >> 6 & 63
            code, taken = squares[from_], squares[to]
            side = _SIDES if code > _SIDES else 0
            left = rights & keep[from_] & keep[to]
            if left != rights:
                now ^= rights_hashes[rights] ^ rights_hashes[left]
                rights = left
            if code - side == _WHITE_KING and _castles(from_, to, taken, side):
                now ^= _castle(squares, from_, to)
            else:
                squares[from_] = 0
                promotion = word >> 12 & 7
                placed = promotion + side if promotion else code
                squares[to] = placed
                now ^= pieces[code][from_] ^ pieces[placed][to] ^ pieces[taken][to]
                if code - side == _WHITE_PAWN:
                    if not taken and (from_ ^ to) & 7:
                        behind = to + 8 if side else to - 8
                        now ^= pieces[squares[behind]][behind]
                        squares[behind] = 0
                    elif (from_ - to) in {16, -16} and _can_be_taken(squares, to, black=black):
                        en_passant = _EN_PASSANT[to & 7]
        found.append(now ^ en_passant)
    return found


def _castles(from_: int, to: int, taken: int, side: int) -> bool:
    """Whether a king's move castles: onto its own rook, or two squares and more along its rank."""
    return (taken != 0 and (taken > _SIDES) == bool(side)) or (not taken and abs(from_ - to) == 2)


def _castle(squares: list[int], king_from: int, to: int) -> int:
    """Castle on `squares`; returns what that changes in the hash."""
    king = squares[king_from]
    rank = king_from & 56
    short = to > king_from
    king_to, rook_to = rank + (6 if short else 2), rank + (5 if short else 3)
    rook_from = to if squares[to] else rank + (7 if short else 0)
    rook = squares[rook_from]
    squares[king_from] = squares[rook_from] = 0
    squares[king_to], squares[rook_to] = king, rook
    return _PIECES[king][king_from] ^ _PIECES[king][king_to] ^ _PIECES[rook][rook_from] ^ _PIECES[rook][rook_to]


def _can_be_taken(squares: list[int], pawn: int, *, black: bool) -> bool:
    """Whether the pawn that just moved two squares to `pawn` can legally be taken in passing by the side to move."""
    taker = _BLACK_PAWN if black else _WHITE_PAWN
    neighbours = [
        square for square in ((pawn - 1,) if pawn & 7 else ()) + ((pawn + 1,) if pawn & 7 != 7 else ())
        if squares[square] == taker
    ]  # fmt: skip
    if not neighbours:
        return False
    king = _BLACK_KING if black else _WHITE_KING
    if king not in squares:
        return True
    target = pawn - 8 if black else pawn + 8
    for square in neighbours:
        after = squares.copy()
        after[square] = after[pawn] = 0
        after[target] = taker
        if not _attacked(after, after.index(king), by_black=not black):
            return True
    return False


def _attacked(squares: list[int], square: int, *, by_black: bool) -> bool:
    """Whether any piece of that side attacks the square."""
    side = _SIDES if by_black else 0
    if any(squares[near] == side + chess.KNIGHT for near in _KNIGHT[square]):
        return True
    if any(squares[near] == side + chess.KING for near in _KING[square]):
        return True
    pawns = chess.BB_PAWN_ATTACKS[not by_black][square]
    if any(squares[near] == side + chess.PAWN for near in chess.SquareSet(pawns)):
        return True
    return _meets(squares, _STRAIGHT[square], {side + chess.ROOK, side + chess.QUEEN}) or _meets(
        squares, _DIAGONAL[square], {side + chess.BISHOP, side + chess.QUEEN}
    )


def _meets(squares: list[int], rays: tuple[tuple[int, ...], ...], attackers: set[int]) -> bool:
    """Whether the first piece on one of the rays is one of the attackers."""
    return any(next((squares[square] for square in ray if squares[square]), 0) in attackers for ray in rays)
