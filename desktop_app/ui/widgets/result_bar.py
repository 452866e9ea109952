"""A cell that shows how games ended: White's share, draws, Black's share, as one bar with percentages in it.

Main thread. The delegate of the explorer's table; its model answers SHARES_ROLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop_app.ui.runtime import theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QPaintEvent

SHARES_ROLE = Qt.ItemDataRole.UserRole + 40
"""Three shares, 0…1, that add up to 1; all zero where nothing is known."""
_Index = QModelIndex | QPersistentModelIndex
_HEIGHT = 16.0
_ROUND = 3.0


class ResultBarDelegate(QStyledItemDelegate):
    """Paints the bar over the cell's usual ground."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Ground and selection as usual, then the bar."""
        ready = QStyleOptionViewItem(option)
        self.initStyleOption(ready, index)
        ready.text = ""
        ready.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, ready, painter, ready.widget)
        shares = index.data(SHARES_ROLE)
        if shares and any(shares):
            rect = QRectF(ready.rect)
            top = rect.center().y() - _HEIGHT / 2
            paint_results(painter, QRectF(rect.left() + 4, top, rect.width() - 8, _HEIGHT), shares)


class ResultBar(QWidget):
    """The bar by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shares: tuple[float, float, float] = (0.0, 0.0, 0.0)
        self.setMinimumSize(40, round(_HEIGHT) + 4)
        self.setAccessibleName("Results of all games with this position")

    def set_shares(self, shares: tuple[float, float, float]) -> None:
        """Show these; nothing is painted for zeros."""
        self._shares = shares
        white, drawn, black = (f"{100 * share:.1f} %" for share in shares)
        text = f"White won {white}, {drawn} drawn, Black won {black}" if any(shares) else ""
        self.setToolTip(text)
        self.setAccessibleDescription(text)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The bar in the middle of the height."""
        if any(self._shares):
            painter = QPainter(self)
            paint_results(painter, QRectF(0, (self.height() - _HEIGHT) / 2, self.width(), _HEIGHT), self._shares)
            painter.end()


def paint_results(painter: QPainter, rect: QRectF, shares: Sequence[float]) -> None:
    """The bar: White at the left, draws, Black at the right; a percentage where there is room for it."""
    look = theme.tokens()
    fills = (look.white_side, look.border_strong, look.black_side)
    inks = (look.on_white_side, look.text, look.on_black_side)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    outline = QPainterPath()
    outline.addRoundedRect(rect, _ROUND, _ROUND)
    painter.setClipPath(outline, Qt.ClipOperation.IntersectClip)
    painter.setFont(theme.ui_font(0.82))
    metrics = QFontMetricsF(painter.font())
    left = rect.left()
    for share, fill, ink in zip(shares, fills, inks, strict=True):
        part = QRectF(left, rect.top(), rect.width() * share, rect.height())
        painter.fillRect(part, QColor(fill))
        text = f"{100 * share:.0f}%"
        if metrics.horizontalAdvance(text) + 6 <= part.width():
            painter.setPen(QColor(ink))
            painter.drawText(part, Qt.AlignmentFlag.AlignCenter, text)
        left += part.width()
    painter.setClipping(False)
    painter.setPen(QColor(look.border_strong))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), _ROUND, _ROUND)
    painter.restore()
