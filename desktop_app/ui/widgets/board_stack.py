"""Board, eval bar and strips in one block: all as wide as the board's square and centred together. Main thread.

Layouts of boxes cannot keep a square in the middle and its neighbours beside it; this container can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.ui.runtime.tokens import GRID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

_LEAST_SIDE = 176


class BoardStack(QWidget):
    """`above`, then `bar` beside `board`, then `below`: rows of their own height, hidden ones take no room."""

    def __init__(
        self, board: QWidget, bar: QWidget, *, above: Sequence[QWidget] = (), below: Sequence[QWidget] = ()
    ) -> None:
        super().__init__()
        self._board, self._bar = board, bar
        self._above, self._below = tuple(above), tuple(below)
        for widget in (*self._above, bar, board, *self._below):
            widget.setParent(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def _rows_height(self, rows: Sequence[QWidget]) -> int:
        return sum(row.sizeHint().height() + GRID // 2 for row in rows if not row.isHidden())

    def _extra_height(self) -> int:
        return self._rows_height(self._above) + self._rows_height(self._below)

    def minimumSizeHint(self) -> QSize:
        """The smallest board that can be played on, with its neighbours."""
        return QSize(_LEAST_SIDE + self._bar.sizeHint().width() + GRID, _LEAST_SIDE + self._extra_height())

    def sizeHint(self) -> QSize:
        """A comfortable board."""
        side = self._board.sizeHint().width()
        return QSize(side + self._bar.sizeHint().width() + GRID, side + self._extra_height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Places everything."""
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        """Places everything again when a row appears, goes, or changes its height."""
        if event.type() is QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def _place(self) -> None:
        ratio = self.devicePixelRatioF()
        beside = self._bar.sizeHint().width() + GRID
        room = max(1, min(self.width() - beside, self.height() - self._extra_height()))
        # a multiple of eight device pixels, so that the squares fill the board's widget to its edge
        side = max(1, round(int(room * ratio) // 8 * 8 / ratio))
        left = max(0, (self.width() - side - beside) // 2)
        y = max(0, (self.height() - side - self._extra_height()) // 2)
        y = self._place_rows(self._above, left, y, width=beside + side)
        self._bar.setGeometry(left, y, self._bar.sizeHint().width(), side)
        self._board.setGeometry(left + beside, y, side, side)
        self._place_rows(self._below, left, y + side + GRID // 2, width=beside + side)

    def _place_rows(self, rows: Sequence[QWidget], left: int, y: int, *, width: int) -> int:
        for row in rows:
            if not row.isHidden():
                height = row.sizeHint().height()
                wide = min(self.width(), max(width, row.minimumSizeHint().width()))  # a tiny board has wider buttons
                row.setGeometry(max(0, left - (wide - width) // 2), y, wide, height)
                y += height + GRID // 2
        return y
