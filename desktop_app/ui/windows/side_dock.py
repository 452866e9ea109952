"""A sidebar beside the main thing where there is room, a drawer over it where there is not. Main thread.

Used by `library_panel`: in a narrow window the table keeps its columns, and the drawer goes when it has done its work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop_app.ui.windows.parts import restyle

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

_DOCKS_FROM_PX = 620
_SIDEBAR_PX, _DRAWER_PX, _LEAST_PX = 176, 232, 132
_MAIN_LEAST_PX = 200
_MARGIN_PX = 8


class SideDock(QWidget):
    """Signals: `shown_changed(bool)` when the sidebar came or went; `moved()` when the user gave it another width."""

    shown_changed = Signal(bool)
    moved = Signal()

    def __init__(self, sidebar: QWidget, main: QWidget, below: QWidget) -> None:
        """`below` is the part of `main` that a drawer may cover."""
        super().__init__()
        self._sidebar, self._below = sidebar, below
        self._wanted, self._drawer_open, self._docked_px = True, False, _SIDEBAR_PX
        self._told: bool | None = None
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(sidebar)
        self._split.addWidget(main)
        self._split.setStretchFactor(1, 1)
        sidebar.setMinimumWidth(_LEAST_PX)
        main.setMinimumWidth(_MAIN_LEAST_PX)
        self._split.splitterMoved.connect(self._on_moved)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._split)
        self.setMinimumWidth(_MAIN_LEAST_PX)

    @property
    def narrow(self) -> bool:
        """Whether the sidebar would be a drawer."""
        return self.width() < _DOCKS_FROM_PX

    @property
    def shown(self) -> bool:
        """Whether the sidebar is to be seen."""
        return self._drawer_open if self.narrow else self._wanted

    @property
    def docked_wanted(self) -> bool:
        """Whether it is to stand beside the main thing whenever there is room; remembered."""
        return self._wanted

    @property
    def docked_px(self) -> int:
        """How wide it is then; remembered."""
        return self._docked_px

    def set_shown(self, *, shown: bool) -> None:
        """Show it or put it away."""
        if self.narrow:
            self._drawer_open = shown
        else:
            self._wanted = shown
        self._place()

    def restore(self, *, wanted: bool, docked_px: int) -> None:
        """As it was."""
        self._wanted, self._docked_px = wanted, max(_LEAST_PX, docked_px)
        self._place(resize=True)

    @Slot()
    def close_drawer(self) -> None:
        """It has done its work."""
        if self._drawer_open:
            self._drawer_open = False
            self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another place for another width."""
        super().resizeEvent(event)
        self._place()

    def _place(self, *, resize: bool = False) -> None:
        sidebar, narrow = self._sidebar, self.narrow
        docked = self._split.indexOf(sidebar) >= 0
        if narrow and docked:
            sidebar.setParent(self)
            self._dress("sheet")
        elif not narrow and not docked:
            self._drawer_open = False
            self._dress("")
            self._split.insertWidget(0, sidebar)
            resize = True
        sidebar.setVisible(self.shown)
        if narrow:
            top = self._below.mapTo(self, QPoint(0, 0)).y()
            width = min(_DRAWER_PX, self.width() - 5 * _MARGIN_PX)
            sidebar.setGeometry(0, top, width, max(0, self.height() - top - _MARGIN_PX))
            sidebar.raise_()
        elif resize:
            self._split.setSizes([self._docked_px, max(_MAIN_LEAST_PX, self.width() - self._docked_px)])
        if self.shown != self._told:
            self._told = self.shown
            self.shown_changed.emit(self.shown)

    def _dress(self, panel: str) -> None:
        self._sidebar.setProperty("panel", panel)
        restyle(self._sidebar)

    @Slot(int, int)
    def _on_moved(self, _place: int, _number: int) -> None:
        self._docked_px = self._sidebar.width()
        self.moved.emit()
