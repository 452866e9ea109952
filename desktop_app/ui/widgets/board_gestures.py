"""What hands do on the board besides moving: drawing arrows and circles, choosing a promotion. No painting, no widget.

Main thread; owned and asked by `board`.
"""

from __future__ import annotations

from dataclasses import dataclass

import chess
from PySide6.QtCore import Qt

PROMOTIONS = "qnrb"
"""The chooser's order, from the last rank towards the middle."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An arrow (or a circle, when both squares are one) drawn by hand; `tint` indexes the theme's four colours."""

    start: int
    end: int
    tint: int


class Drawing:
    """Shapes drawn with the right button: the same again removes one."""

    def __init__(self) -> None:
        self._shapes: list[Shape] = []
        self._open: tuple[int, int] | None = None

    def begin(self, square: int) -> None:
        """The button went down on a square."""
        self._open = (square, square)

    def extend(self, square: int) -> bool:
        """The pointer is over a square; False when nothing is being drawn."""
        if self._open is None:
            return False
        self._open = (self._open[0], square)
        return True

    def finish(self, modifiers: Qt.KeyboardModifier) -> None:
        """The button went up: Shift or Ctrl, Alt, or both choose the colour."""
        if self._open is None:
            return
        second = bool(modifiers & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier))
        third = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        shape = Shape(*self._open, int(second) + 2 * int(third))
        self._open = None
        same = [old for old in self._shapes if (old.start, old.end) == (shape.start, shape.end)]
        self._shapes = [old for old in self._shapes if old not in same]
        if shape not in same:
            self._shapes.append(shape)

    def clear(self) -> None:
        """Forgets all."""
        self._shapes.clear()
        self._open = None

    def finished(self) -> tuple[Shape, ...]:
        """The shapes that are done."""
        return tuple(self._shapes)

    def visible(self) -> tuple[Shape, ...]:
        """The shapes to paint: those that are done, and the one under way."""
        return self.finished() if self._open is None else (*self._shapes, Shape(*self._open, 0))


@dataclass(frozen=True, slots=True)
class Promotion:
    """A pawn on its last step, waiting for a piece to be chosen."""

    start: int
    end: int

    def squares(self) -> list[int]:
        """Where the four choices are shown: from the target towards the middle of its file."""
        file, rank = chess.square_file(self.end), chess.square_rank(self.end)
        step = -1 if rank == 7 else 1
        return [chess.square(file, rank + step * index) for index in range(len(PROMOTIONS))]

    def symbols(self) -> list[str]:
        """The four pieces, in the pawn's colour."""
        white = chess.square_rank(self.end) == 7
        return [letter.upper() if white else letter for letter in PROMOTIONS]

    def letter_at(self, square: int | None) -> str | None:
        """The choice shown on a square, None beside them."""
        options = self.squares()
        return PROMOTIONS[options.index(square)] if square in options else None

    def uci(self, letter: str) -> str:
        """The move with its choice."""
        return chess.square_name(self.start) + chess.square_name(self.end) + letter
