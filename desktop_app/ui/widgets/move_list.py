"""The move list: a numbered two-column list, painted by a delegate so that games of any length stay smooth.

Main thread; assembled by `windows`. Cells in, `ply_clicked` out. Keys go to the window, which steps through the game.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import GLYPHS, GRID, RADIUS, Mark
from desktop_app.ui.widgets.move_rows import MoveCell, MoveListModel, MoveRow, NoteKind, NoteRow, rows_of
from desktop_app.ui.widgets.scores import clock_text, figurine, score_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent

_AnyIndex: TypeAlias = QModelIndex | QPersistentModelIndex
_CLOCK_NEEDS_PX = 158
"""Narrower cells leave the clock out."""
_SCORE_NEEDS_PX = 96
"""Narrower cells leave the score out too."""
_HUMAN_GAP = 5
_HUMAN_PAD = 3
"""Around the annotator's glyph where it differs from our verdict."""
_HUMAN_NEEDS_PX = 28
"""A cell with two glyphs gives its clock up for the second one before they touch."""
_TEXT_FLAGS = int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignLeft) | int(Qt.AlignmentFlag.AlignTop)


@dataclass(slots=True)
class _Marked:
    """Which plies the delegate highlights."""

    current: int = 0
    hovered: int | None = None
    figurines: bool = True


class _Fonts:
    """Fonts and metrics of one paint or layout, made anew when the application's font changes."""

    def __init__(self) -> None:
        self.san = theme.ui_font(1.06, QFont.Weight.Medium)
        self.glyph = theme.ui_font(1.06, QFont.Weight.Bold)
        self.number = theme.ui_font(0.92)
        self.small = theme.ui_font(0.86)
        self.note = theme.ui_font(0.96)
        self.opening = theme.ui_font(0.96, QFont.Weight.DemiBold)
        self.row_height = max(28, QFontMetrics(self.san).height() + 10)
        self.number_width = QFontMetrics(self.number).horizontalAdvance("000.") + GRID

    def of_note(self, kind: NoteKind) -> QFont:
        """The font of a line of text."""
        return self.opening if kind in {NoteKind.OPENING, NoteKind.RESULT} else self.note


class MoveDelegate(QStyledItemDelegate):
    """Paints rows of a MoveListModel and tells which move is under a point."""

    def __init__(self, marked: _Marked, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._marked = marked
        self._fonts = _Fonts()

    def refresh_fonts(self) -> None:
        """Measures again after a change of font."""
        self._fonts = _Fonts()

    def sizeHint(self, option: QStyleOptionViewItem, index: _AnyIndex) -> QSize:
        """Moves are one line; texts are as high as their words need at the view's width."""
        row = index.data(MoveListModel.RowRole)
        if not isinstance(row, NoteRow):
            return QSize(0, self._fonts.row_height)
        view = option.widget
        width = view.viewport().width() if isinstance(view, QAbstractItemView) else 320
        indent = self._indent(row.kind)
        box = QFontMetrics(self._fonts.of_note(row.kind)).boundingRect(
            QRect(0, 0, max(40, width - indent - GRID), 100_000), _TEXT_FLAGS, self._note_text(row)
        )
        return QSize(0, box.height() + (16 if row.kind is NoteKind.OPENING else 8))

    def _indent(self, kind: NoteKind) -> int:
        if kind is NoteKind.OPENING:
            return GRID
        return self._fonts.number_width + (GRID if kind is NoteKind.VARIATION else 0)

    def _note_text(self, row: NoteRow) -> str:
        return figurine(row.text) if row.kind is NoteKind.VARIATION and self._marked.figurines else row.text

    def cell_rect(self, rect: QRect, *, black: bool) -> QRect:
        """Where a side's move is inside a row."""
        left = rect.left() + self._fonts.number_width
        half = (rect.right() - left - GRID // 2) // 2
        return QRect(left + (half if black else 0), rect.top(), half, rect.height())

    def ply_at(self, rect: QRect, row: object, point: QPoint) -> int | None:
        """The ply of the move under a point of a row; a text answers with its move."""
        if isinstance(row, NoteRow):
            return row.ply if row.kind in {NoteKind.COMMENT, NoteKind.VARIATION} else None
        if not isinstance(row, MoveRow):
            return None
        for cell in row.cells():
            if self.cell_rect(rect, black=cell.black).contains(point):
                return cell.ply
        return None

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paints one row."""
        rect: QRect = option.rect
        row = index.data(MoveListModel.RowRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, NoteRow):
            self._paint_note(painter, rect, row)
        elif isinstance(row, MoveRow):
            self._paint_moves(painter, rect, row)
        painter.restore()

    def _paint_note(self, painter: QPainter, rect: QRect, row: NoteRow) -> None:
        look = theme.tokens()
        indent = self._indent(row.kind)
        box = rect.adjusted(indent, 6 if row.kind is NoteKind.OPENING else 3, -GRID, 0)
        painter.setFont(self._fonts.of_note(row.kind))
        if row.kind is NoteKind.VARIATION:
            painter.fillRect(QRectF(box.left() - GRID, box.top(), 2, rect.height() - 6), QColor(look.border_strong))
        tint = look.text_3 if row.kind is NoteKind.VARIATION else look.text_2
        painter.setPen(QColor(tint))
        painter.drawText(box, _TEXT_FLAGS, self._note_text(row))
        if row.kind is NoteKind.OPENING:
            painter.fillRect(QRect(rect.left(), rect.bottom() - 3, rect.width(), 1), QColor(look.border))

    def _paint_moves(self, painter: QPainter, rect: QRect, row: MoveRow) -> None:
        look = theme.tokens()
        painter.setFont(self._fonts.number)
        painter.setPen(QColor(look.text_3))
        number = QRect(rect.left(), rect.top(), self._fonts.number_width - GRID, rect.height())
        painter.drawText(number, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{row.number}.")
        if row.white is None:
            box = self.cell_rect(rect, black=False).adjusted(GRID, 0, 0, 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, "…")
        for cell in row.cells():
            self._paint_cell(painter, self.cell_rect(rect, black=cell.black), cell)

    def _paint_cell(self, painter: QPainter, rect: QRect, cell: MoveCell) -> None:
        look = theme.tokens()
        current = cell.ply == self._marked.current
        if current or cell.ply == self._marked.hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.accent_soft if current else look.hover))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        right = self._paint_numbers(painter, rect, cell)
        box = rect.adjusted(GRID, 0, 0, 0)
        box.setRight(right)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        ink = QColor(look.text)
        if cell.judgement is not None:
            ink = QColor(theme.mark_colours(cell.judgement).ink)
        if cell.provisional:
            ink.setAlphaF(0.6)
        painter.setFont(self._fonts.san)
        painter.setPen(ink)
        san = figurine(cell.san) if self._marked.figurines else cell.san
        painter.drawText(box, flags, san)
        box.setLeft(box.left() + QFontMetrics(self._fonts.san).horizontalAdvance(san) + 1)
        ours = GLYPHS[Mark(cell.judgement.value)] if cell.judgement is not None else ""
        painter.setFont(self._fonts.glyph)
        painter.drawText(box, flags, ours)
        if cell.doubt:
            self._paint_doubt(painter, rect.left() + GRID, box, ours)
        if cell.glyph and cell.glyph != ours:
            box.setLeft(
                box.left() + (QFontMetrics(self._fonts.glyph).horizontalAdvance(ours) + _HUMAN_GAP if ours else 0)
            )
            self._paint_human_glyph(painter, box, cell.glyph, apart=bool(ours))

    def _paint_doubt(self, painter: QPainter, left: int, box: QRect, glyph: str) -> None:
        """A dotted line below a move whose verdict is not certain; the tooltip says why."""
        right = box.left() + QFontMetrics(self._fonts.glyph).horizontalAdvance(glyph)
        bottom = box.center().y() + QFontMetrics(self._fonts.san).height() // 2 + 1
        painter.save()
        painter.setPen(QPen(QColor(theme.tokens().text_3), 1, Qt.PenStyle.DotLine))
        painter.drawLine(left, bottom, right, bottom)
        painter.restore()

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: _AnyIndex
    ) -> bool:
        """Says why a verdict is not certain."""
        row = index.data(MoveListModel.RowRole)
        cells = row.cells() if isinstance(row, MoveRow) else ()
        here = [cell for cell in cells if self.cell_rect(option.rect, black=cell.black).contains(event.pos())]
        if here and here[0].doubt:
            QToolTip.showText(event.globalPos(), here[0].doubt, view)
            return True
        return super().helpEvent(event, view, option, index)

    def _paint_human_glyph(self, painter: QPainter, box: QRect, glyph: str, *, apart: bool) -> None:
        """The annotator's own mark: muted, and in a frame of its own where our verdict stands beside it."""
        look = theme.tokens()
        painter.setPen(QColor(look.text_2))
        if not apart:
            painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), glyph)
            return
        painter.setFont(self._fonts.small)
        metrics = QFontMetrics(self._fonts.small)
        height = metrics.height() + 2
        top = box.center().y() - height // 2
        frame = QRect(box.left(), top, metrics.horizontalAdvance(glyph) + 2 * _HUMAN_PAD, height)
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, glyph)
        painter.setPen(QColor(look.border_strong))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(frame).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def _paint_numbers(self, painter: QPainter, rect: QRect, cell: MoveCell) -> int:
        """Score and clock at the cell's right; returns where the room for the move ends."""
        look = theme.tokens()
        painter.setFont(self._fonts.small)
        metrics = QFontMetrics(self._fonts.small)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        right = rect.right() - 6
        parts: list[tuple[str, str, int]] = []
        ours = GLYPHS[Mark(cell.judgement.value)] if cell.judgement is not None else ""
        room_taken = _HUMAN_NEEDS_PX if ours and cell.glyph not in {"", ours} else 0
        if rect.width() - room_taken >= _CLOCK_NEEDS_PX and cell.clock_s is not None:
            parts.append((clock_text(cell.clock_s), look.text_3, metrics.horizontalAdvance("0:00:00")))
        if rect.width() >= _SCORE_NEEDS_PX and cell.score is not None:
            parts.append((score_text(cell.score), look.text_2, metrics.horizontalAdvance("+00.00")))
        for text, tint, width in parts:
            painter.setPen(theme.colour(tint, 0.6 if cell.provisional else 1.0))
            painter.drawText(QRect(right - width, rect.top(), width, rect.height()), flags, text)
            right -= width + GRID
        return right


class MoveList(QListView):
    """The moves of one game.

    Signals:
        ply_clicked(int): a move, or the text that belongs to it, was clicked.
    """

    ply_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marked = _Marked()
        self._model = MoveListModel(self)
        self._delegate = MoveDelegate(self._marked, self)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setAccessibleName("Moves")

    def set_game(self, cells: Sequence[MoveCell], *, opening: str = "", comment: str = "", result: str = "") -> None:
        """Shows a game's moves. Called again while a game fills in, it keeps scroll position and current move."""
        position = self.verticalScrollBar().value()
        same_game = self._model.rowCount() > 0 and bool(cells) and self._model.row_of(cells[-1].ply) is not None
        if self._model.set_rows(rows_of(cells, opening=opening, comment=comment, result=result)):
            self._marked.hovered = None
            if same_game:
                self.verticalScrollBar().setValue(position)
            else:
                self.set_current_ply(0)

    def update_cell(self, cell: MoveCell) -> None:
        """Puts a new verdict or score into one move, without touching anything else."""
        self._model.update_cell(cell)

    def current_ply(self) -> int:
        """The highlighted ply, 0 for the start position."""
        return self._marked.current

    def set_current_ply(self, ply: int) -> None:
        """Highlights a move and scrolls just far enough to show it with a row of company."""
        self._marked.current = ply
        row = self._model.row_of(ply)
        if row is None:
            self.scrollToTop()
        else:
            index = self._model.index(row)
            self.setCurrentIndex(index)
            visible = self.viewport().rect().adjusted(0, GRID * 3, 0, -GRID * 3)
            if not visible.contains(self.visualRect(index).adjusted(0, 0, -1, 0)):
                self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        self.viewport().update()

    def set_figurines(self, *, shown: bool) -> None:
        """Figurines or letters for the pieces."""
        self._marked.figurines = shown
        self.scheduleDelayedItemsLayout()
        self.viewport().update()

    def move_rect(self, ply: int) -> QRect:
        """Where a move is in the viewport, empty when the list has no such move."""
        row = self._model.row_of(ply)
        if row is None:
            return QRect()
        cells = self._model.data(self._model.index(row), MoveListModel.RowRole)
        black = isinstance(cells, MoveRow) and cells.black is not None and cells.black.ply == ply
        return self._delegate.cell_rect(self.visualRect(self._model.index(row)), black=black)

    def _ply_at(self, point: QPoint) -> int | None:
        index = self.indexAt(point)
        if not index.isValid():
            return None
        return self._delegate.ply_at(self.visualRect(index), index.data(MoveListModel.RowRole), point)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a move goes there."""
        ply = self._ply_at(event.position().toPoint()) if event.button() is Qt.MouseButton.LeftButton else None
        if ply is not None:
            self.ply_clicked.emit(ply)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tints the move under the pointer."""
        self._hover(self._ply_at(event.position().toPoint()))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Takes the tint away."""
        self._hover(None)
        super().leaveEvent(event)

    def _hover(self, ply: int | None) -> None:
        if ply != self._marked.hovered:
            self._marked.hovered = ply
            self.viewport().setCursor(Qt.CursorShape.ArrowCursor if ply is None else Qt.CursorShape.PointingHandCursor)
            self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leaves every key to the window, so that arrows step through the game wherever the focus is."""
        event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wraps texts anew."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def changeEvent(self, event: QEvent) -> None:
        """Measures again after a change of font or theme."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.PaletteChange}:
            delegate = getattr(self, "_delegate", None)
            if isinstance(delegate, MoveDelegate):
                delegate.refresh_fonts()
                self.scheduleDelayedItemsLayout()
