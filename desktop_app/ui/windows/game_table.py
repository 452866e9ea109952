"""The table of games as a widget: its keys, its look, and games that can be dragged out of it. Main thread.

Used by `library_panel`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDrag, QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QTableView

from desktop_app.ui.models.games_mime import GAMES_MIME, mime_of
from desktop_app.ui.models.library_model import Column, LibraryModel
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import RADIUS
from desktop_app.ui.widgets.empty_state import EmptyAction, EmptyState
from desktop_app.ui.widgets.state_delegate import STATE_ROLE, StateDelegate
from desktop_app.ui.windows.library_cells import ErrorsCell, NameCell, state_cell
from desktop_app.ui.windows.parts import shape_table

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from desktop_app.domain.game import GameId

_WIDTHS = {
    Column.STATE: 228,
    Column.WHITE: 108,
    Column.WHITE_ELO: 48,
    Column.BLACK: 108,
    Column.BLACK_ELO: 48,
    Column.RESULT: 54,
    Column.MOVES: 54,
    Column.WHITE_ACCURACY: 60,
    Column.BLACK_ACCURACY: 60,
    Column.WHITE_ERRORS: 84,
    Column.BLACK_ERRORS: 84,
    Column.OPENING: 220,
    Column.DATE: 88,
    Column.EVENT: 180,
}
_ROW_PX = 26
_LABEL_SIZE = QSize(132, 30)


class GameTable(QTableView):
    """Enter opens the current game, Home and End go to the first and the last one, dragging takes the selection along.

    Signals: `entered()`; `removal_requested()` for Delete while `removes` is set, else Delete is the window's.

    Attributes:
        removes: whether Delete takes games out of what is listed.
    """

    entered = Signal()
    removal_requested = Signal()

    def __init__(self, model: LibraryModel) -> None:
        super().__init__()
        self._games = model
        self._press: QMouseEvent | None = None
        self._late = False
        self.removes = False
        self.nothing = EmptyState(self.viewport())
        self.nothing.hide()
        shape_table(self, model, "Games", row_px=_ROW_PX, many=True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setMinimumSectionSize(24)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)
        model.add_role(STATE_ROLE, state_cell)
        self.state_delegate = StateDelegate(self)
        self.setItemDelegateForColumn(Column.STATE, self.state_delegate)
        self.setItemDelegateForColumn(Column.WHITE, NameCell(self))
        for column in (Column.WHITE_ERRORS, Column.BLACK_ERRORS):
            self.setItemDelegateForColumn(column, ErrorsCell(column, self))

    def selected_ids(self) -> list[GameId]:
        """Selected games in the order of the table."""
        spans = self.selectionModel().selection().toList()
        rows = sorted(row for span in spans for row in range(span.top(), span.bottom() + 1))
        return [self._games.game_id(row) for row in rows]

    def choose(self, row: int) -> None:
        """Make this row the current and only selected one, whatever keys are held (`selectRow` would heed Ctrl)."""
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(self.model().index(row, 0), flags.ClearAndSelect | flags.Rows)

    def show_nothing(self, title: str, *, button: str = "") -> None:
        """Why the table is empty, and what to do about it; "" where it is not."""
        if title:
            actions = (EmptyAction("clear", button),) if button else ()
            self.nothing.set_content("search", title, "", actions=actions)
            self.nothing.setGeometry(self.viewport().rect())
        self.nothing.setVisible(bool(title))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What stands in the empty table fills it."""
        super().resizeEvent(event)
        self.nothing.setGeometry(self.viewport().rect())

    # -- keys ----------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Where Delete takes games out of a collection, it is ours before it is the window's."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._takes(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Home and End choose a row (Qt would go to the first column); everything else as usual."""
        if event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and not event.modifiers():
            self.choose(0 if event.key() == Qt.Key.Key_Home else self.model().rowCount() - 1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif self._takes(event):
            self.removal_requested.emit()
        else:
            super().keyPressEvent(event)

    def _takes(self, event: QKeyEvent) -> bool:
        return self.removes and event.key() == Qt.Key.Key_Delete and not event.modifiers()

    # -- dragging ------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press on one of several selected games keeps them selected: it may become a drag."""
        plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        index = self.indexAt(event.position().toPoint())
        self._press = event.clone() if plain and index.isValid() else None
        self._late = self._press is not None and self.selectionModel().isSelected(index)
        if not self._late:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Far enough from where it was pressed, the selection is taken along."""
        press = self._press
        if press is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        way = (event.position() - press.position()).toPoint().manhattanLength()
        if way >= QApplication.startDragDistance():
            self._press, self._late = None, False
            self._drag()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """It was no drag: now the press counts."""
        press, late = self._press, self._late
        self._press, self._late = None, False
        if late and press is not None:
            super().mousePressEvent(press)
        super().mouseReleaseEvent(event)

    def _drag(self) -> None:
        games = self.selected_ids()
        if not games:
            return
        drag = QDrag(self)
        drag.setMimeData(mime_of(GAMES_MIME, games))
        drag.setPixmap(_drag_label(len(games), self.devicePixelRatioF()))
        drag.setHotSpot(QPoint(-10, -6))
        drag.exec(Qt.DropAction.CopyAction)


def _drag_label(games: int, ratio: float) -> QPixmap:
    """How many games are taken along, on a small card."""
    look = theme.tokens()
    pixmap = QPixmap(_LABEL_SIZE * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(look.accent))
    painter.setPen(Qt.PenStyle.NoPen)
    box = QRectF(0, 0, _LABEL_SIZE.width(), _LABEL_SIZE.height())
    painter.drawRoundedRect(box, RADIUS, RADIUS)
    painter.setPen(QColor(look.on_accent))
    painter.setFont(theme.ui_font())
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{games:,} game" if games == 1 else f"{games:,} games")
    painter.end()
    return pixmap
