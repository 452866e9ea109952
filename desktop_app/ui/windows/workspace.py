"""The one window's panels and splitters: library, board, review, batch; what is shown, where, and remembered.

Main thread; central widget of `main_window`. Assembly only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from desktop_app.ui.widgets.empty_state import EmptyAction, EmptyState
from desktop_app.ui.windows.batch_panel import BatchPanel
from desktop_app.ui.windows.board_area import BoardArea
from desktop_app.ui.windows.library_panel import LibraryPanel
from desktop_app.ui.windows.review_area import ReviewArea

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings

    from desktop_app.ui.controllers.workbench import Workbench

_COLUMNS = [640, 480, 360]
_ROWS = [560, 240]
_BATCH_PX = 196
_MARGIN_PX = 8


class Workspace(QWidget):
    """Library left of (or below) the board, review at the right, batch at the bottom; an invitation when empty.

    Signals: `empty_action(str)`: "open", "paste" or "samples" from the empty library; `layout_changed()` when the
    user gave a panel another size or place.
    """

    empty_action = Signal(str)
    layout_changed = Signal()

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._location = str(bench.desk.library.location)
        self.library = LibraryPanel(bench)
        self.board = BoardArea(bench.cursor)
        self.review = ReviewArea(bench.cursor)
        self.batch = BatchPanel(bench.batch)
        self._columns, self._rows = QSplitter(Qt.Orientation.Horizontal), QSplitter(Qt.Orientation.Vertical)
        self._dock, self._batch_px = QSplitter(Qt.Orientation.Vertical), _BATCH_PX
        for splitter in (self._columns, self._rows, self._dock):
            splitter.setChildrenCollapsible(False)
        for place, panel in enumerate((self.library, self.board, self.review)):
            self._columns.addWidget(panel)
            self._columns.setStretchFactor(place, 1)
        self.board.setMinimumWidth(300)
        self.review.setMinimumWidth(260)
        self.library.setMinimumWidth(220)
        self._rows.addWidget(self._columns)
        self._columns.setSizes(_COLUMNS)
        self._empty = EmptyState()
        self._empty.set_content(
            "drop",
            "Drop your games here",
            "PGN files, folders or archives, from anywhere on this window. Kibitz reviews every game in the background "
            "while you click through the ones that are done.",
            actions=(
                EmptyAction("samples", "Try with sample games", primary=True, icon="play"),
                EmptyAction("open", "Open files …", icon="open"),
                EmptyAction("paste", "Paste", icon="paste"),
            ),
        )
        self._empty.action_clicked.connect(self.empty_action)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._rows)
        self._stack.addWidget(self._empty)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self._dock.addWidget(self._stack)
        self._dock.addWidget(self.batch)
        self._dock.setStretchFactor(0, 1)
        self._dock.setStretchFactor(1, 0)
        box.addWidget(self._dock)
        self._connect()
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a click beside a field ends typing: keys are the game's again
        bench.library.counted.connect(self._on_counted)

    def _connect(self) -> None:
        self.batch.unfolded.connect(self._on_batch_unfolded)
        self._dock.splitterMoved.connect(self._on_dock_moved)
        for splitter in (self._columns, self._rows, self._dock):
            splitter.splitterMoved.connect(self._on_layout_changed)
        header = self.library.table.horizontalHeader()
        header.sectionResized.connect(self._on_layout_changed)
        header.sectionMoved.connect(self._on_layout_changed)
        self.batch.expanded_changed.connect(self._on_layout_changed)
        self.library.layout_changed.connect(self._on_layout_changed)

    @Slot()
    def _on_layout_changed(self) -> None:
        self.layout_changed.emit()

    @Slot()
    def _on_dock_moved(self) -> None:
        if self.batch.expanded and self.batch.isVisible():
            self._batch_px = self.batch.height()

    @Slot(bool)
    def _on_batch_unfolded(self, unfolded: bool) -> None:
        """Give the details the height they had; folded, the panel is as high as its line."""
        height = self._batch_px if unfolded else self.batch.sizeHint().height()
        self._dock.setSizes([max(0, self._dock.height() - height), height])

    def toast_room(self) -> QRect:
        """Where toasts may stand: over the list where it shows, else beside the board, never over the transport."""
        if self.library.isVisible():
            return QRect(self.library.mapTo(self, QPoint(0, 0)), self.library.size())
        room = QRect(self._stack.mapTo(self, QPoint(0, 0)), self._stack.size())
        transport = self.board.transport
        if transport.isVisible():
            room.setBottom(transport.mapTo(self, QPoint(0, 0)).y() - 1)
        return room

    @property
    def toast_neighbours(self) -> tuple[QWidget, ...]:
        """What moves the toasts when it moves."""
        return self._stack, self.library, self.batch, self.board.transport

    @property
    def library_below(self) -> bool:
        """Whether the library sits below the board."""
        return self._rows.indexOf(self.library) >= 0

    def set_library_below(self, *, below: bool) -> None:
        """Move the library below the board, or back to its left."""
        if below == self.library_below:
            return
        visible = not self.library.isHidden()
        if below:
            self._rows.addWidget(self.library)
            self._rows.setSizes(_ROWS)
        else:
            self._columns.insertWidget(0, self.library)
            self._columns.setSizes(_COLUMNS)
        self.library.setContentsMargins(0, 0, _MARGIN_PX if below else 0, 0)
        self.library.setVisible(visible)
        self.layout_changed.emit()

    def set_focus_mode(self, *, focused: bool) -> None:
        """Board, moves and graph only."""
        self.library.setVisible(not focused)
        self.batch.set_calm(calm=focused)
        if focused:
            self.review.show()
            self.review.graph.show()

    def save(self, settings: QSettings) -> None:
        """Remember sizes and places."""
        settings.setValue("workspace/below", self.library_below)
        settings.setValue("workspace/columns", self._columns.saveState())
        settings.setValue("workspace/rows", self._rows.saveState())
        self.library.save(settings, self._location)
        settings.setValue("workspace/batch", self.batch.expanded)
        settings.setValue("workspace/batch_height", self._batch_px)

    def restore(self, settings: QSettings) -> None:
        """Sizes and places as they were."""
        self.set_library_below(below=bool(settings.value("workspace/below", False, bool)))
        for key, target in (
            ("workspace/columns", self._columns),
            ("workspace/rows", self._rows),
        ):
            state = settings.value(key)
            if isinstance(state, QByteArray):
                target.restoreState(state)
        self.library.restore(settings, self._location)
        self._batch_px = int(str(settings.value("workspace/batch_height", _BATCH_PX, int)))
        self.batch.set_expanded(expanded=bool(settings.value("workspace/batch", True, bool)))

    @Slot(int, int)
    def _on_counted(self, _shown: int, total: int) -> None:
        shown = self._rows if total else self._empty
        if self._stack.currentWidget() is not shown:
            self._stack.setCurrentWidget(shown)
            if total:
                self.library.table.setFocus()
