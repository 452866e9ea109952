"""Board geometry without a widget: squares, rectangles, arrows, and the pieces of any FEN, odd variants included.

Pure functions over Qt's geometry values; main thread, called by the board widget and its parts. Squares are
python-chess's numbers: a1 = 0 … h8 = 63.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import chess
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPolygonF

NAMES = {"p": "pawn", "n": "knight", "b": "bishop", "r": "rook", "q": "queen", "k": "king"}
_ROW = 8


def placement(fen: str) -> dict[int, str]:
    """Piece symbols by square of a FEN's first field; pockets and promotion marks are passed over, nothing raises."""
    rows = fen.split(" ", 1)[0].split("[", 1)[0].split("/")
    result: dict[int, str] = {}
    for row_index, row in enumerate(rows[:_ROW]):
        file = 0
        for char in row:
            if char.isdigit():
                file += int(char)
            elif char.lower() in NAMES:
                if file < _ROW:
                    result[chess.square(file, 7 - row_index)] = char
                file += 1
    return result


def pocket(fen: str) -> str:
    """The pieces in hand of a Crazyhouse FEN ("QRp"), empty elsewhere."""
    board = fen.split(" ", 1)[0]
    if "[" in board:
        return board.partition("[")[2].partition("]")[0].strip("-")
    parts = board.split("/")
    return parts[8] if len(parts) > _ROW else ""


def white_to_move(fen: str) -> bool:
    """Whose turn a FEN says it is; White's when it does not say."""
    fields = fen.split()
    return len(fields) < 2 or fields[1] != "b"


def king_square(pieces: dict[int, str], *, white: bool) -> int | None:
    """Where a side's first king stands, None when it has none."""
    symbol = "K" if white else "k"
    return next((square for square in sorted(pieces) if pieces[square] == symbol), None)


def in_check(pieces: dict[int, str], *, white: bool) -> bool:
    """Whether that side's king is attacked, by the rules of standard chess."""
    king = king_square(pieces, white=white)
    if king is None:
        return False
    board = chess.BaseBoard.empty()
    for square, symbol in pieces.items():
        board.set_piece_at(square, chess.Piece.from_symbol(symbol))
    return board.is_attacked_by(not white, king)


def move_squares(uci: str) -> tuple[int, int] | None:
    """From and to of a move in UCI notation; a drop ("N@f3") is told by its target alone; None for anything else."""
    try:
        move = chess.Move.from_uci(uci)
    except ValueError:
        return None
    return (move.to_square, move.to_square) if move.drop else (move.from_square, move.to_square)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the squares are, in logical pixels; a square is a whole number of device pixels."""

    left: float
    top: float
    side: float
    flipped: bool

    @staticmethod
    def fit(width: float, height: float, ratio: float, *, flipped: bool) -> Geometry:
        """The largest centred board in a widget, on whole device pixels."""
        device_side = max(1, int(min(width, height) * ratio) // _ROW)
        side = device_side / ratio
        left = round((width - side * _ROW) / 2 * ratio) / ratio
        top = round((height - side * _ROW) / 2 * ratio) / ratio
        return Geometry(left, top, side, flipped)

    def rect(self, square: int) -> QRectF:
        """The square's rectangle."""
        file, rank = chess.square_file(square), chess.square_rank(square)
        column = 7 - file if self.flipped else file
        row = rank if self.flipped else 7 - rank
        return QRectF(self.left + column * self.side, self.top + row * self.side, self.side, self.side)

    def board_rect(self) -> QRectF:
        """The whole board."""
        return QRectF(self.left, self.top, self.side * _ROW, self.side * _ROW)

    def square_at(self, point: QPointF) -> int | None:
        """The square under a point, None beside the board."""
        column = math.floor((point.x() - self.left) / self.side)
        row = math.floor((point.y() - self.top) / self.side)
        if not (0 <= column < _ROW and 0 <= row < _ROW):
            return None
        return chess.square(7 - column if self.flipped else column, row if self.flipped else 7 - row)


def arrow_polygon(start: QPointF, end: QPointF, side: float, weight: float = 1.0) -> QPolygonF:
    """An arrow between square centres: it starts off the piece's middle and its point ends in the target's middle."""
    dx, dy = end.x() - start.x(), end.y() - start.y()
    length = math.hypot(dx, dy)
    if length == 0:
        return QPolygonF()
    ux, uy = dx / length, dy / length
    half, head, wing = side * 0.085 * weight, side * 0.36, side * 0.2 * (0.6 + 0.4 * weight)

    def at(along: float, across: float) -> QPointF:
        return QPointF(start.x() + ux * along - uy * across, start.y() + uy * along + ux * across)

    tail, neck = side * 0.28, length - head
    return QPolygonF(
        [
            at(tail, half),
            at(neck, half),
            at(neck, wing),
            at(length, 0),
            at(neck, -wing),
            at(neck, -half),
            at(tail, -half),
        ]
    )


def moved_pieces(before: dict[int, str], after: dict[int, str]) -> dict[int, int]:
    """Which squares of `after` are filled by a piece that slid there, with the square it left.

    Equal pieces are matched nearest first; a promoted pawn is not matched (it appears).
    """
    gone = {square: symbol for square, symbol in before.items() if after.get(square) != symbol}
    result: dict[int, int] = {}
    for square in sorted(after):
        symbol = after[square]
        if before.get(square) == symbol:
            continue
        sources = [origin for origin, left in gone.items() if left == symbol]
        if sources:
            origin = min(sources, key=lambda item: (chess.square_distance(item, square), item))
            result[square] = origin
            del gone[origin]
    return result


def describe(pieces: dict[int, str], *, white_turn: bool, last_move: str | None, check: bool) -> str:
    """The position in words for a screen reader."""
    sides = []
    for white in (True, False):
        order = "KQRBNP" if white else "kqrbnp"
        found = [
            f"{NAMES[symbol.lower()]} {chess.square_name(square)}"
            for symbol in order
            for square in sorted(pieces)
            if pieces[square] == symbol
        ]
        sides.append(f"{'White' if white else 'Black'}: {', '.join(found) or 'no pieces'}.")
    turn = f"{'White' if white_turn else 'Black'} to move{', in check' if check else ''}."
    squares = move_squares(last_move) if last_move else None
    last = f" Last move {chess.square_name(squares[0])} to {chess.square_name(squares[1])}." if squares else ""
    return f"{' '.join(sides)} {turn}{last}"
