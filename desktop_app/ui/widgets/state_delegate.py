"""The library's state column: a ring while a game waits or is analysed, its result when it is done.

Main thread. The model gives a `StateCell` under `STATE_ROLE`; the delegate paints it and asks for a retry when the
warning of a failed game is clicked. The words of a cell (`state_words`) are for tooltips and screen readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop_app.domain.game import GameState
from desktop_app.domain.judgement import Judgement
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import paint_icon
from desktop_app.ui.runtime.tokens import GRID
from desktop_app.ui.widgets.chips import count_width, paint_count
from desktop_app.ui.widgets.ring import paint_ring

_AnyIndex: TypeAlias = QModelIndex | QPersistentModelIndex

STATE_ROLE = Qt.ItemDataRole.UserRole + 7
"""The role under which a model gives a StateCell."""
_RING = 16.0
_COUNT_GAP = 4.0
_PROVISIONAL = 0.6
"""Opacity of figures that may still change."""
_KINDS = (Judgement.INACCURACY, Judgement.MISTAKE, Judgement.BLUNDER)
_DASH = "\u2013"
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class StateCell:
    """What the column shows of one game.

    Attributes:
        state: the game's state.
        progress: 0…1 while it is analysed (also while an analysed game is analysed again), else None.
        white_accuracy, black_accuracy: 0…100, None while unknown.
        white_counts, black_counts: inaccuracies, mistakes, blunders.
        reason: why it failed, or why it is not judged.
        provisional: accuracies and counts are there but may still change: drawn lighter, after a tilde.
    """

    state: GameState
    progress: float | None = None
    white_accuracy: float | None = None
    black_accuracy: float | None = None
    white_counts: tuple[int, int, int] = (0, 0, 0)
    black_counts: tuple[int, int, int] = (0, 0, 0)
    reason: str = ""
    provisional: bool = False


def state_words(cell: StateCell) -> str:
    """A cell in words."""
    if cell.state is GameState.FAILED:
        return f"Failed: {cell.reason or 'no reason given'}. Click to try again."
    if cell.state is GameState.ANALYSED or cell.provisional:
        sides = ["A first look, may still change"] if cell.provisional else []
        for name, accuracy, counts in (
            ("White", cell.white_accuracy, cell.white_counts),
            ("Black", cell.black_accuracy, cell.black_counts),
        ):
            said = _DASH if accuracy is None else f"{accuracy:.0f}%"
            sides.append(f"{name} {said}: {counts[0]} inaccuracies, {counts[1]} mistakes, {counts[2]} blunders")
        return ". ".join(sides)
    if cell.state is GameState.IN_PROGRESS:
        return f"Analysing, {100 * (cell.progress or 0):.0f}% done"
    if cell.state is GameState.QUEUED:
        return "Waiting in the queue"
    return f"Not judged: {cell.reason}" if cell.reason else "Not analysed"


def counts_that_fit(counts: tuple[int, int, int], width: float) -> list[tuple[Judgement, int]]:
    """The counts above zero that have room, the gravest kept first: half a glyph would say something else."""
    shown = [(kind, count) for kind, count in zip(_KINDS, counts, strict=True) if count]
    while shown and sum(count_width(*pair) + _COUNT_GAP for pair in shown) - _COUNT_GAP > width:
        shown.pop(0)
    return shown


class StateDelegate(QStyledItemDelegate):
    """Paints StateCells.

    Signals:
        retry_requested(QModelIndex): the warning of a failed game was clicked.
    """

    retry_requested = Signal(QModelIndex)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _AnyIndex) -> QSize:
        """Room for accuracies and counts of both sides."""
        return QSize(236, 32)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """The row's ground as the style paints it, then the state over it."""
        cell = index.data(STATE_ROLE)
        self.initStyleOption(option, index)
        option.text = ""
        option.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        if not isinstance(cell, StateCell):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_cell(painter, option.rect, cell)
        painter.restore()

    def _paint_cell(self, painter: QPainter, rect: QRect, cell: StateCell) -> None:
        look = theme.tokens()
        ring = QRectF(rect.left() + GRID, rect.center().y() + 0.5 - _RING / 2, _RING, _RING)
        text = QRectF(rect).adjusted(_RING + 2 * GRID, 0, -GRID, 0)
        if cell.state is GameState.ANALYSED:
            if cell.progress is not None:
                paint_ring(painter, ring, cell.progress, ink=look.accent)
            else:
                paint_icon(painter, ring, "check", look.success)
            self._paint_result(painter, text, cell)
        elif cell.state is GameState.FAILED:
            paint_icon(painter, ring, "warning", look.danger)
            self._paint_text(painter, text, cell.reason or "Failed", ink=look.danger)
        elif cell.provisional:
            paint_ring(painter, ring, 1.0, ink=look.accent, dotted=cell.state is not GameState.IN_PROGRESS)
            painter.setOpacity(_PROVISIONAL)
            self._paint_result(painter, text, cell)
        elif cell.state is GameState.IN_PROGRESS:
            paint_ring(painter, ring, cell.progress or 0.0, ink=look.accent)
            self._paint_text(painter, text, f"{100 * (cell.progress or 0):.0f}%", ink=look.text)
        elif cell.state is GameState.QUEUED:
            paint_ring(painter, ring, 0.0, ink=look.accent, dotted=True)
            self._paint_text(painter, text, "Queued", ink=look.text_2)
        else:
            paint_ring(painter, ring, 0.0, ink=look.accent, width=1.5)
            self._paint_text(painter, text, cell.reason, ink=look.text_3)

    def _paint_text(self, painter: QPainter, rect: QRectF, text: str, *, ink: str) -> None:
        if not text:
            return
        font = theme.ui_font(0.95)
        painter.setFont(font)
        painter.setPen(QColor(ink))
        shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, _LEFT, shown)

    def _paint_result(self, painter: QPainter, rect: QRectF, cell: StateCell) -> None:
        """Both sides next to each other: accuracy, then the counts that are not zero."""
        look = theme.tokens()
        half = rect.width() / 2
        sides = ((cell.white_accuracy, cell.white_counts), (cell.black_accuracy, cell.black_counts))
        for column, (accuracy, counts) in enumerate(sides):
            box = QRectF(rect.left() + column * half, rect.top(), half - 4, rect.height())
            font = theme.ui_font(0.95, QFont.Weight.DemiBold)
            width = QFontMetricsF(font).horizontalAdvance("~100" if cell.provisional else "100")
            painter.setFont(font)
            painter.setPen(QColor(look.text))
            text = _DASH if accuracy is None else f"{'~' if cell.provisional else ''}{accuracy:.0f}"
            painter.drawText(QRectF(box.left(), box.top(), width, box.height()), _RIGHT, text)
            left = box.left() + width + 5
            for kind, count in counts_that_fit(counts, box.right() - left):
                room = QRectF(left, box.top(), box.right() - left, box.height())
                left += paint_count(painter, room, kind, count) + _COUNT_GAP

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: _AnyIndex
    ) -> bool:
        """A click on a failed game's warning asks for another try."""
        cell = index.data(STATE_ROLE)
        if (
            isinstance(event, QMouseEvent)
            and event.type() is QEvent.Type.MouseButtonRelease
            and event.button() is Qt.MouseButton.LeftButton
            and isinstance(cell, StateCell)
            and cell.state is GameState.FAILED
            and event.position().x() < option.rect.left() + _RING + 2 * GRID
        ):
            self.retry_requested.emit(model.index(index.row(), index.column(), index.parent()))
            return True
        return super().editorEvent(event, model, option, index)
