"""Placeholders while something loads: quiet bars where text will be, never a frozen window. Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import GRID

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_WIDTHS = (0.72, 0.55, 0.83, 0.47, 0.66, 0.78, 0.39, 0.61)
"""Shares of the row, so that the bars look like text."""


def paint_bar(painter: QPainter, rect: QRectF) -> None:
    """One bar."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.tokens().skeleton))
    painter.drawRoundedRect(rect, 4, 4)


class SkeletonRows(QWidget):
    """Rows of bars, as many as fit."""

    def __init__(self, parent: QWidget | None = None, *, row_height: int = 28) -> None:
        super().__init__(parent)
        self._row_height = row_height
        self.setAccessibleName("Loading")

    def sizeHint(self) -> QSize:
        """Room for six rows."""
        return QSize(240, self._row_height * 6)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Bars of differing length."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = self.width() - 2 * GRID
        for index in range(max(1, self.height() // self._row_height)):
            width = room * _WIDTHS[index % len(_WIDTHS)]
            top = index * self._row_height + (self._row_height - 10) / 2
            paint_bar(painter, QRectF(GRID, top, width, 10))
        painter.end()
