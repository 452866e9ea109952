"""How the table of games paints what words would say too slowly: the state, and error counts in their colours.

Main thread. Used by `library_panel`; colours come from the theme's tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_app.domain.game import GameState
from desktop_app.ui.models.library_model import GAME_ROLE, TAGS_ROLE, Column
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import Mark
from desktop_app.ui.widgets.state_delegate import StateCell
from desktop_app.ui.windows.sidebar_tree import paint_dot

if TYPE_CHECKING:
    from desktop_app.domain.rows import GameRow

_Index = QModelIndex | QPersistentModelIndex
_MOST_DOTS, _DOT_STEP_PX, _TEXT_MARGIN_PX = 4, 12, 3
_KINDS = ("inaccuracies", "mistakes", "blunders")


def state_cell(row: GameRow) -> StateCell:
    """What the state column shows of a game."""
    counted = row.white_inaccuracies is not None
    running = row.state is GameState.IN_PROGRESS
    return StateCell(
        state=row.state,
        progress=row.evaluated / max(1, row.positions_total) if running else None,
        white_accuracy=None if row.too_short else row.white_accuracy,
        black_accuracy=None if row.too_short else row.black_accuracy,
        white_counts=_counts(row, "white") if counted else (0, 0, 0),
        black_counts=_counts(row, "black") if counted else (0, 0, 0),
        reason=row.error or row.not_judged or "",
        provisional=row.provisional and row.looked,
    )


def _counts(row: GameRow, side: str) -> tuple[int, int, int]:
    first, second, third = (getattr(row, f"{side}_{name}") or 0 for name in _KINDS)
    return first, second, third


class NameCell(QStyledItemDelegate):
    """A name, and at the right of the cell a dot for each tag of the game."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """As usual where there is no tag; else the name makes room for the dots."""
        tags = index.data(TAGS_ROLE)
        if not tags:
            super().paint(painter, option, index)
            return
        ready = QStyleOptionViewItem(option)
        self.initStyleOption(ready, index)
        colours = [tag.colour for tag in tags[:_MOST_DOTS]]
        name, ready.text = ready.text, ""
        style = ready.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, ready, painter, ready.widget)
        ready.text = name
        text = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, ready, ready.widget)
        room = QRectF(text).adjusted(_TEXT_MARGIN_PX, 0, -len(colours) * _DOT_STEP_PX - _TEXT_MARGIN_PX, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(ready.font)
        painter.setPen(QColor(theme.tokens().text))
        words = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, words)
        left = ready.rect.right() - len(colours) * _DOT_STEP_PX
        for place, colour in enumerate(colours):
            paint_dot(painter, QPointF(left + (place + 0.5) * _DOT_STEP_PX, ready.rect.center().y() + 0.5), colour)
        painter.restore()


class ErrorsCell(QStyledItemDelegate):
    """Three counts of one side, each in its judgement's colour; zeros are faint."""

    def __init__(self, column: Column, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._side = "white" if column is Column.WHITE_ERRORS else "black"

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Background and selection as usual, then the counts instead of the text."""
        ready = QStyleOptionViewItem(option)
        self.initStyleOption(ready, index)
        ready.text = ""
        ready.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, ready, painter, ready.widget)
        row = index.data(GAME_ROLE)
        if row is not None and row.white_inaccuracies is not None:
            painter.save()
            self._content(painter, QRectF(ready.rect), row)
            painter.restore()

    def _content(self, painter: QPainter, rect: QRectF, row: GameRow) -> None:
        """Inaccuracies, mistakes, blunders in three equal slots."""
        counts = _counts(row, self._side)
        look = theme.tokens()
        width = min(24.0, rect.width() / 3)
        left = rect.center().x() - 1.5 * width
        painter.setOpacity(0.6 if row.provisional else 1.0)
        for place, (mark, count) in enumerate(zip((Mark.INACCURACY, Mark.MISTAKE, Mark.BLUNDER), counts, strict=True)):
            slot = QRectF(left + place * width, rect.top(), width, rect.height())
            painter.setFont(theme.ui_font(1.0, QFont.Weight.DemiBold if count else QFont.Weight.Normal))
            painter.setPen(QColor(look.marks[mark].ink if count else look.text_3))
            painter.drawText(slot, Qt.AlignmentFlag.AlignCenter, str(count or 0))
