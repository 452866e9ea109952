"""Names games by position: the deepest named position a game passes through, whatever the order of moves.

Pure after `load`; any thread. Called by import for every game that the fast reader does not name, and by the viewer.
The catalogue is in `opening_table`. Games are followed on a plain list of 64 squares with the key kept up to date move
by move, about 1 µs a ply, because python-chess's board takes 30 times that.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.opening_table import named_positions
from desktop_app.domain import polyglot
from desktop_app.domain.game import Opening, Ply
from desktop_app.domain.moves import pack_moves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_PLIES = 40
"""Where looking ends. The deepest named line is 36 plies; a few more allow for a lost tempo on the way."""

_RANDOM = polyglot.RANDOM
_TURN_KEY = _RANDOM[780]
_CASTLING_KEYS = _RANDOM[768:772]
_EP_KEYS = _RANDOM[772:780]

# A piece on its square is 64 * kind + square; kinds in Polyglot's order: black pawn 0, white pawn 1, black knight 2, …
_BLACK_PAWN, _WHITE_PAWN, _BLACK_KING, _WHITE_KING = 0, 1, 10, 11


def _start_squares() -> list[int]:
    squares = [-1] * 64
    for square, piece in chess.Board().piece_map().items():
        squares[square] = (piece.piece_type - 1) * 2 + piece.color
    return squares


_START = _start_squares()
_START_KEY = polyglot.START_KEY
# Rights lost when a piece leaves or enters a square: bits K Q k q in Polyglot's order.
_LOST_RIGHTS = {chess.E1: 3, chess.H1: 1, chess.A1: 2, chess.E8: 12, chess.H8: 4, chess.A8: 8}
_CASTLING_ROOKS = {
    (chess.E1, chess.G1): (chess.G1, chess.H1, chess.F1),
    (chess.E1, chess.H1): (chess.G1, chess.H1, chess.F1),
    (chess.E1, chess.C1): (chess.C1, chess.A1, chess.D1),
    (chess.E1, chess.A1): (chess.C1, chess.A1, chess.D1),
    (chess.E8, chess.G8): (chess.G8, chess.H8, chess.F8),
    (chess.E8, chess.H8): (chess.G8, chess.H8, chess.F8),
    (chess.E8, chess.C8): (chess.C8, chess.A8, chess.D8),
    (chess.E8, chess.A8): (chess.C8, chess.A8, chess.D8),
}


class OpeningBook:
    """Named positions by Polyglot key."""

    def __init__(self, named: Mapping[int, tuple[str, str]]) -> None:
        self._named = named

    def __len__(self) -> int:
        return len(self._named)

    @property
    def named(self) -> Mapping[int, tuple[str, str]]:
        """Code and name by Polyglot key, for who looks at the keys by other means (`pgn.fast`)."""
        return self._named

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> OpeningBook:
        """The catalogue of the installed package; read once in a process."""
        return cls(named_positions())

    def name(self, moves: Iterable[chess.Move], start_fen: str | None = None) -> Opening | None:
        """The deepest named position of a game from the standard start; None for any other start or no name.

        `moves` are legal; only the first `MAX_PLIES` are looked at.
        """
        if start_fen is not None and start_fen.split(" ")[:4] != chess.STARTING_FEN.split(" ")[:4]:
            return None
        head = []
        for move in moves:
            head.append(move)
            if len(head) == MAX_PLIES:
                break
        return self.name_packed(pack_moves(head))

    def name_packed(self, packed: bytes) -> Opening | None:
        """The same for a main line as the library packs it (`domain.moves`), standard start and rules."""
        return self.name_keys(position_keys(packed[: 2 * MAX_PLIES]))

    def name_keys(self, keys: list[int]) -> Opening | None:
        """The same for a game known by the Polyglot keys after its first `MAX_PLIES` plies."""
        named = self._named
        for ply in range(len(keys), 0, -1):
            found = named.get(keys[ply - 1])
            if found is not None:
                return Opening(found[0], found[1], Ply(ply))
        return None


def position_keys(packed: bytes) -> list[int]:
    """Polyglot key after each ply of a packed main line from the standard start; stops at a null move or a drop."""
    squares = _START.copy()
    key = _START_KEY
    rights = 15
    ep_key = 0
    keys: list[int] = []
    for index in range(0, len(packed) - 1, 2):
        word = packed[index] | packed[index + 1] << 8
        from_square, to_square = word & 63, word >> 6 & 63
        piece = squares[from_square]
        if word == 0 or word >> 15 or piece < 0:
            break
        key ^= ep_key ^ _TURN_KEY ^ _RANDOM[64 * piece + from_square]
        ep_key = 0
        squares[from_square] = -1
        if piece in (_WHITE_KING, _BLACK_KING) and (from_square, to_square) in _CASTLING_ROOKS:
            key ^= _castle(squares, piece, from_square, to_square)
        else:
            key ^= _capture(squares, piece, from_square, to_square)
            promotion = word >> 12 & 7
            if promotion:
                piece = (promotion - 1) * 2 + (piece & 1)
            squares[to_square] = piece
            key ^= _RANDOM[64 * piece + to_square]
            if piece <= _WHITE_PAWN and abs(to_square - from_square) == 16:
                ep_key = _en_passant_key(squares, piece, to_square)
                key ^= ep_key
        lost = rights & (_LOST_RIGHTS.get(from_square, 0) | _LOST_RIGHTS.get(to_square, 0))
        if lost:
            rights ^= lost
            for bit in range(4):
                if lost >> bit & 1:
                    key ^= _CASTLING_KEYS[bit]
        keys.append(key)
    return keys


def _capture(squares: list[int], piece: int, from_square: int, to_square: int) -> int:
    captured_at = to_square
    if squares[to_square] < 0:
        if piece > _WHITE_PAWN or not (to_square - from_square) & 7:
            return 0
        captured_at = to_square - 8 if piece else to_square + 8
    captured, squares[captured_at] = squares[captured_at], -1
    return _RANDOM[64 * captured + captured_at]


def _castle(squares: list[int], king: int, from_square: int, to_square: int) -> int:
    king_to, rook_from, rook_to = _CASTLING_ROOKS[from_square, to_square]
    rook = squares[rook_from]
    if rook not in (6, 7) or (to_square != rook_from and abs(to_square - from_square) != 2):
        king_to, rook_from, rook_to, rook = to_square, to_square, to_square, -1
    squares[rook_from] = -1
    squares[king_to] = king
    key = _RANDOM[64 * king + king_to]
    if rook >= 0:
        squares[rook_to] = rook
        key ^= _RANDOM[64 * rook + rook_from] ^ _RANDOM[64 * rook + rook_to]
    return key


def _en_passant_key(squares: list[int], pawn: int, to_square: int) -> int:
    """Polyglot counts the file when an enemy pawn stands beside, whether or not it may take."""
    file = to_square & 7
    enemy = pawn ^ 1
    beside = (file > 0 and squares[to_square - 1] == enemy) or (file < 7 and squares[to_square + 1] == enemy)
    return _EP_KEYS[file] if beside else 0
