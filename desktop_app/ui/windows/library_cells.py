"""How the table of games paints what words would say too slowly: the state ring, and error counts in their colours.

Main thread. Used by `library_panel`; colours come from the theme's tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_app.domain.game import GameState
from desktop_app.ui.models.library_model import GAME_ROLE, Column
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import paint_icon
from desktop_app.ui.runtime.tokens import Mark

if TYPE_CHECKING:
    from desktop_app.domain.rows import GameRow

_Index = QModelIndex | QPersistentModelIndex
_RING_PX = 12
_FULL_CIRCLE = 360 * 16


class _Cell(QStyledItemDelegate):
    """Paints background and selection as usual, then `content` instead of the text."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw one cell."""
        ready = QStyleOptionViewItem(option)
        self.initStyleOption(ready, index)
        ready.text = ""
        ready.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, ready, painter, ready.widget)
        row = index.data(GAME_ROLE)
        if row is not None:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.content(painter, QRectF(ready.rect), row)
            painter.restore()

    def content(self, painter: QPainter, rect: QRectF, row: GameRow) -> None:
        """Draw what the cell shows."""
        raise NotImplementedError


class StateCell(_Cell):
    """Empty ring, dotted ring, filling ring, tick, warning: where a game stands."""

    def content(self, painter: QPainter, rect: QRectF, row: GameRow) -> None:
        """Draw the state in the middle of the cell."""
        look = theme.tokens()
        ring = QRectF(0, 0, _RING_PX, _RING_PX)
        ring.moveCenter(rect.center())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if row.state is GameState.ANALYSED:
            paint_icon(painter, ring.adjusted(-2, -2, 2, 2), "check", look.success)
        elif row.state is GameState.FAILED:
            paint_icon(painter, ring.adjusted(-2, -2, 2, 2), "warning", look.danger)
        elif row.not_judged:
            painter.setPen(QPen(QColor(look.text_3), 1.5))
            painter.drawLine(QPointF(ring.left() + 2, ring.center().y()), QPointF(ring.right() - 2, ring.center().y()))
        elif row.state is GameState.QUEUED:
            pen = QPen(QColor(look.accent), 1.6, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.RoundCap)
            pen.setDashPattern([0.1, 2.3])
            painter.setPen(pen)
            painter.drawEllipse(ring)
        else:
            painter.setPen(QPen(QColor(look.border_strong), 1.6))
            painter.drawEllipse(ring)
            if row.state is GameState.IN_PROGRESS:
                share = row.evaluated / max(1, row.positions_total)
                painter.setPen(QPen(QColor(look.accent), 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawArc(ring, 90 * 16, -round(_FULL_CIRCLE * max(0.04, min(1.0, share))))


class ErrorsCell(_Cell):
    """Three counts of one side, each in its judgement's colour; zeros are faint."""

    def __init__(self, column: Column, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._side = "white" if column is Column.WHITE_ERRORS else "black"

    def content(self, painter: QPainter, rect: QRectF, row: GameRow) -> None:
        """Draw inaccuracies, mistakes, blunders in three equal slots."""
        counts = [getattr(row, f"{self._side}_{name}") for name in ("inaccuracies", "mistakes", "blunders")]
        if counts[0] is None:
            return
        look = theme.tokens()
        width = min(24.0, rect.width() / 3)
        left = rect.center().x() - 1.5 * width
        provisional = row.state in (GameState.IN_PROGRESS, GameState.QUEUED)
        painter.setOpacity(0.6 if provisional else 1.0)
        for place, (mark, count) in enumerate(zip((Mark.INACCURACY, Mark.MISTAKE, Mark.BLUNDER), counts, strict=True)):
            slot = QRectF(left + place * width, rect.top(), width, rect.height())
            painter.setFont(theme.ui_font(1.0, QFont.Weight.DemiBold if count else QFont.Weight.Normal))
            painter.setPen(QColor(look.marks[mark].ink if count else look.text_3))
            painter.drawText(slot, Qt.AlignmentFlag.AlignCenter, str(count or 0))
