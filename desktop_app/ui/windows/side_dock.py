"""A sidebar beside the main thing where there is room, above its table where there is not. Main thread.

Used by `library_panel`. Nothing is ever covered: in a narrow window the sidebar stands between filter and table, so
that the table keeps its columns and games can be dragged from it onto a collection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

_BESIDE_FROM_PX = 620
_BESIDE_PX, _LEAST_PX = 176, 132
_ABOVE_PX, _ABOVE_LEAST_PX = 216, 96
_MOST_ABOVE = 0.5
"""Part of the height that it takes at most when it appears above the table; people may give it more."""

_MAIN_LEAST_PX = 200
_TABLE_LEAST_PX = 120


class SideDock(QWidget):
    """Signals: `shown_changed(bool)` when the sidebar came or went; `moved()` when the user gave it another size."""

    shown_changed = Signal(bool)
    moved = Signal()

    def __init__(self, sidebar: QWidget, bar: QWidget, table: QWidget) -> None:
        """`bar` stands above `table`; both beside the sidebar, or around it."""
        super().__init__()
        self._sidebar = sidebar
        self._wanted, self._wanted_above = True, False
        self._beside_px, self._above_px = _BESIDE_PX, _ABOVE_PX
        self._told: bool | None = None
        self._column = QSplitter(Qt.Orientation.Vertical)
        self._column.addWidget(table)
        main = QWidget()
        column = QVBoxLayout(main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(bar)
        column.addWidget(self._column, 1)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.addWidget(sidebar)
        self._split.addWidget(main)
        self._split.setStretchFactor(1, 1)
        for splitter in (self._split, self._column):
            splitter.setChildrenCollapsible(False)
            splitter.splitterMoved.connect(self._on_moved)
        sidebar.setMinimumSize(_LEAST_PX, _ABOVE_LEAST_PX)
        table.setMinimumHeight(_TABLE_LEAST_PX)
        main.setMinimumWidth(_MAIN_LEAST_PX)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._split)
        self.setMinimumWidth(_MAIN_LEAST_PX)

    @property
    def narrow(self) -> bool:
        """Whether there is no room for the sidebar beside the table."""
        return self.width() < _BESIDE_FROM_PX

    @property
    def shown(self) -> bool:
        """Whether the sidebar is to be seen."""
        return self._wanted_above if self.narrow else self._wanted

    @property
    def docked_wanted(self) -> bool:
        """Whether it is to stand beside the main thing whenever there is room; remembered."""
        return self._wanted

    @property
    def docked_px(self) -> int:
        """How wide it is then; remembered."""
        return self._beside_px

    def set_shown(self, *, shown: bool) -> None:
        """Show it or put it away."""
        if self.narrow:
            self._wanted_above = shown
        else:
            self._wanted = shown
        self._place(resize=self.narrow)

    def restore(self, *, wanted: bool, docked_px: int) -> None:
        """As it was."""
        self._wanted, self._beside_px = wanted, max(_LEAST_PX, docked_px)
        self._place(resize=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another place for another width."""
        super().resizeEvent(event)
        self._place()

    def _place(self, *, resize: bool = False) -> None:
        sidebar, narrow = self._sidebar, self.narrow
        home = self._column if narrow else self._split
        if home.indexOf(sidebar) < 0:
            home.insertWidget(0, sidebar)
            home.setStretchFactor(0, 0)
            home.setStretchFactor(1, 1)
            resize = True
        sidebar.setVisible(self.shown)
        if resize and narrow:
            above = min(self._above_px, int(self._column.height() * _MOST_ABOVE))
            self._column.setSizes([above, max(_TABLE_LEAST_PX, self._column.height() - above)])
        elif resize:
            self._split.setSizes([self._beside_px, max(_MAIN_LEAST_PX, self.width() - self._beside_px)])
        if self.shown != self._told:
            self._told = self.shown
            self.shown_changed.emit(self.shown)

    @Slot(int, int)
    def _on_moved(self, _place: int, _number: int) -> None:
        if self.narrow:
            self._above_px = self._sidebar.height()
        else:
            self._beside_px = self._sidebar.width()
        self.moved.emit()
