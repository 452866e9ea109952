"""A chessboard on bit masks that finds the one legal move a SAN means: standard rules, standard start, nothing else.

Written to run fast both compiled (types in `board.pxd`) and uncompiled, hence plain integers and lists. Squares, piece
kinds and keys are Polyglot's: a piece is `2 * type + colour` (black pawn 0, white pawn 1, black knight 2, …), so that
`key` is the Polyglot key of the position. Every answer is checked for legality; 0 means "not exactly one legal move",
and `pgn.reader` then decides. One thread at a time. Called by `scan`; kept equal to python-chess by tests, and without
any need of it: reading processes start sooner that do not load it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain import polyglot

if TYPE_CHECKING:
    from collections.abc import Iterable

PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING = range(6)
_FULL = 0xFFFFFFFFFFFFFFFF
_FILE_A = 0x0101010101010101
_RANK_1 = 0xFF
# De Bruijn multiplication: the highest six bits of (one bit * this) tell the bit's number.
_DEBRUIJN = 0x03F79D71B4CB0A89


def _bits() -> list[int]:
    """One bit for each square. By doubling: a shift of a plain 1 would be 32 bits wide when compiled."""
    bits = [1]
    for square in range(63):
        bits.append(2 * bits[square])
    return bits


def _bit_numbers() -> list[int]:
    numbers = [0] * 64
    for square in range(64):
        numbers[((BITS[square] * _DEBRUIJN) & _FULL) >> 58] = square
    return numbers


def _start_squares() -> list[int]:
    squares = [-1] * 64
    for file, kind in enumerate((ROOK, KNIGHT, BISHOP, QUEEN, KING, BISHOP, KNIGHT, ROOK)):
        squares[file], squares[file + 8] = 2 * kind + 1, 2 * PAWN + 1
        squares[file + 48], squares[file + 56] = 2 * PAWN, 2 * kind
    return squares


def _rights_kept() -> list[int]:
    """Rights (K 1, Q 2, k 4, q 8) that survive a piece leaving or entering a square."""
    kept = [15] * 64
    for square, lost in ((4, 3), (7, 1), (0, 2), (60, 12), (63, 4), (56, 8)):
        kept[square] = 15 - lost
    return kept


def _steps(directions: Iterable[tuple[int, int]], most: int = 1) -> list[int]:
    """Squares reached from each square with up to so many steps in each direction (files, ranks), as a mask."""
    masks = []
    for square in range(64):
        mask = 0
        for files, ranks in directions:
            for other in _line(square, files, ranks)[:most]:
                mask |= BITS[other]
        masks.append(mask)
    return masks


def _line(square: int, files: int, ranks: int) -> list[int]:
    """The squares in one direction, up to the board's edge."""
    found = []
    file, rank = (square & 7) + files, (square >> 3) + ranks
    while 0 <= file < 8 and 0 <= rank < 8:
        found.append(8 * rank + file)
        file, rank = file + files, rank + ranks
    return found


def _between() -> list[int]:
    """Squares strictly between two squares in line, at 64 * one + other."""
    masks = [0] * 4096
    for square in range(64):
        for files, ranks in (*_DIAGONAL, *_STRAIGHT):
            passed = 0
            for other in _line(square, files, ranks):
                masks[64 * square + other] = passed
                passed |= BITS[other]
    return masks


_DIAGONAL = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_STRAIGHT = ((1, 0), (-1, 0), (0, 1), (0, -1))
_KNIGHT = ((1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2))
BITS = _bits()
BIT_NUMBERS = _bit_numbers()
KNIGHT_STEPS = _steps(_KNIGHT)
KING_STEPS = _steps((*_DIAGONAL, *_STRAIGHT))
DIAGONALS = _steps(_DIAGONAL, 7)
STRAIGHTS = _steps(_STRAIGHT, 7)
# Where a pawn stands that attacks a square: black's pawns first.
PAWN_ATTACKERS = _steps(((1, 1), (-1, 1))) + _steps(((1, -1), (-1, -1)))
BETWEEN = _between()
RANDOM = list(polyglot.RANDOM)
RIGHTS_KEPT = _rights_kept()
START_SQUARES = _start_squares()
START_KEY = polyglot.START_KEY


class Board:
    """A position that moves are played on, from the standard start.

    Attributes:
        key: the position's Polyglot key.
    """

    def __init__(self) -> None:
        self.squares = [-1] * 64
        self.kinds = [0] * 12
        self.sides = [0] * 2
        self.key = 0
        self.turn = 1
        self.rights = 15
        self.ep_square = -1
        self._ep_key = 0
        self.reset()

    def reset(self) -> None:
        """Back to the start position."""
        for index in range(12):
            self.kinds[index] = 0
        self.sides[0] = self.sides[1] = 0
        for square in range(64):
            piece = START_SQUARES[square]
            self.squares[square] = piece
            if piece >= 0:
                bit = BITS[square]
                self.kinds[piece] |= bit
                self.sides[piece & 1] |= bit
        self.key = START_KEY
        self.turn = 1
        self.rights = 15
        self.ep_square = -1
        self._ep_key = 0

    def piece_move(self, kind: int, from_file: int, from_rank: int, to_square: int) -> int:
        """Play a move of a piece other than a pawn; file and rank are -1 where the SAN does not say. Packed, or 0."""
        bit = BITS[to_square]
        if self.sides[self.turn] & bit:
            return 0
        occupied = self.sides[0] | self.sides[1]
        candidates = self.kinds[2 * kind + self.turn] & self._reach(kind, to_square)
        if from_file >= 0:
            candidates &= _FILE_A << from_file
        if from_rank >= 0:
            candidates &= _RANK_1 << (8 * from_rank)
        found = -1
        while candidates:
            one = candidates & (0 - candidates)
            candidates ^= one
            square = BIT_NUMBERS[((one * _DEBRUIJN) & _FULL) >> 58]
            if not (BETWEEN[64 * to_square + square] & occupied) and self._is_legal(kind, square, to_square, bit):
                if found >= 0:
                    return 0
                found = square
        if found < 0:
            return 0
        self._play(found, to_square, 2 * kind + self.turn)
        return to_square << 6 | found

    def push(self, to_square: int, promotion: int) -> int:
        """Play a pawn's move straight on; `promotion` is a kind, PAWN for none. Packed, or 0."""
        back = -8 if self.turn else 8
        from_square = to_square + back
        if not 0 <= from_square < 64 or self.squares[to_square] >= 0:
            return 0
        if self.squares[from_square] < 0 and to_square >> 3 == (3 if self.turn else 4):
            from_square += back
        return self._pawn_move(from_square, to_square, to_square, promotion)

    def pawn_takes(self, from_file: int, to_square: int, promotion: int) -> int:
        """Play a pawn's capture from a file beside; otherwise as `push`."""
        sideways = from_file - (to_square & 7)
        back = -8 if self.turn else 8
        from_square = to_square + back + sideways
        if sideways * sideways != 1 or not 0 <= from_square < 64:
            return 0
        taken = self.squares[to_square]
        if taken >= 0:
            return self._pawn_move(from_square, to_square, to_square, promotion) if taken & 1 != self.turn else 0
        if to_square != self.ep_square:
            return 0
        return self._pawn_move(from_square, to_square, to_square + back, promotion)

    def _pawn_move(self, from_square: int, to_square: int, taken: int, promotion: int) -> int:
        """Play it if a pawn stands there, the promotion fits and the king is safe; `taken` is the square emptied."""
        last_rank = 7 if self.turn else 0
        if self.squares[from_square] != self.turn or (to_square >> 3 == last_rank) != (promotion != PAWN):
            return 0
        if not self._is_legal(PAWN, from_square, to_square, BITS[taken]):
            return 0
        if taken != to_square:
            self._remove(taken)
        self._play(from_square, to_square, 2 * promotion + self.turn)
        if to_square - from_square in (-16, 16):
            self._note_en_passant((from_square + to_square) >> 1)
        packed = to_square << 6 | from_square
        return (promotion + 1) << 12 | packed if promotion != PAWN else packed

    def castle(self, king_side: int) -> int:
        """Castle; packed, or 0 where that is not legal."""
        king = 4 if self.turn else 60
        right = (1 if king_side else 2) << (0 if self.turn else 2)
        rook = king + 3 if king_side else king - 4
        step = 1 if king_side else -1
        occupied = self.sides[0] | self.sides[1]
        if not (self.rights & right) or BETWEEN[64 * king + rook] & occupied:
            return 0
        for square in range(3):
            if self._attacked(king + step * square, occupied, 0):
                return 0
        self._play(king, king + 2 * step, 2 * KING + self.turn)
        self.turn ^= 1
        self.key ^= RANDOM[780]
        self._play(rook, king + step, 2 * ROOK + self.turn)
        return (king + 2 * step) << 6 | king

    def _reach(self, kind: int, square: int) -> int:
        """Squares from which a piece would reach `square` on an empty board."""
        if kind == KNIGHT:
            return KNIGHT_STEPS[square]
        if kind == KING:
            return KING_STEPS[square]
        if kind == BISHOP:
            return DIAGONALS[square]
        if kind == ROOK:
            return STRAIGHTS[square]
        return DIAGONALS[square] | STRAIGHTS[square]

    def _is_legal(self, kind: int, from_square: int, to_square: int, taken: int) -> int:
        """Whether the mover's king is safe after the move; `taken` is the bit of what is captured, if anything."""
        to_bit = BITS[to_square]
        occupied = (((self.sides[0] | self.sides[1]) ^ BITS[from_square]) & (_FULL ^ taken)) | to_bit
        if kind == KING:
            return 0 if self._attacked(to_square, occupied, taken) else 1
        king = self.kinds[2 * KING + self.turn]
        square = BIT_NUMBERS[((king * _DEBRUIJN) & _FULL) >> 58]
        return 0 if self._attacked(square, occupied, taken) else 1

    def _attacked(self, square: int, occupied: int, without: int) -> int:
        """Whether the side not to move attacks `square`, its pieces in `without` gone, with these squares occupied."""
        enemy = 1 - self.turn
        there = _FULL ^ without
        if KNIGHT_STEPS[square] & self.kinds[2 * KNIGHT + enemy] & there:
            return 1
        if PAWN_ATTACKERS[64 * enemy + square] & self.kinds[enemy] & there:
            return 1
        if KING_STEPS[square] & self.kinds[2 * KING + enemy]:
            return 1
        queens = self.kinds[2 * QUEEN + enemy]
        sliders = (DIAGONALS[square] & (self.kinds[2 * BISHOP + enemy] | queens)) | (
            STRAIGHTS[square] & (self.kinds[2 * ROOK + enemy] | queens)
        )
        sliders &= there
        while sliders:
            one = sliders & (0 - sliders)
            sliders ^= one
            if not (BETWEEN[64 * square + BIT_NUMBERS[((one * _DEBRUIJN) & _FULL) >> 58]] & occupied):
                return 1
        return 0

    def _play(self, from_square: int, to_square: int, arriving: int) -> None:
        """Put `arriving` on its square, take away what stood there and what left; the other side is to move."""
        piece = self.squares[from_square]
        self._remove(from_square)
        if self.squares[to_square] >= 0:
            self._remove(to_square)
        bit = BITS[to_square]
        self.squares[to_square] = arriving
        self.kinds[arriving] |= bit
        self.sides[arriving & 1] |= bit
        self.key ^= RANDOM[64 * arriving + to_square] ^ RANDOM[780] ^ self._ep_key
        self._ep_key = 0
        self.ep_square = -1
        kept = self.rights & RIGHTS_KEPT[from_square] & RIGHTS_KEPT[to_square]
        if kept != self.rights:
            for index in range(4):
                if (self.rights ^ kept) >> index & 1:
                    self.key ^= RANDOM[768 + index]
            self.rights = kept
        self.turn = 1 - (piece & 1)

    def _remove(self, square: int) -> None:
        piece = self.squares[square]
        bit = BITS[square]
        self.squares[square] = -1
        self.kinds[piece] ^= bit
        self.sides[piece & 1] ^= bit
        self.key ^= RANDOM[64 * piece + square]

    def _note_en_passant(self, square: int) -> None:
        """A pawn passed `square`: it may be taken there, and the key says so where an enemy pawn stands ready."""
        self.ep_square = square
        if PAWN_ATTACKERS[64 * self.turn + square] & self.kinds[self.turn]:
            self._ep_key = RANDOM[772 + (square & 7)]
            self.key ^= self._ep_key
