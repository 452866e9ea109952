"""Tabs that always show all their names: closer together where there is little room, shortened where there is none.

Main thread. Used by the review area; scroll buttons would hide the last tabs from whoever does not know of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication, QTabWidget, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

_WIDE_PADDING_PX, _CLOSE_PADDING_PX = 12, 5
"""Left and right of a name, as in the style sheet."""


class FittingTabs(QTabWidget):
    """A tab widget without scroll buttons. The style sheet knows its bar by the property `close`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        self.setUsesScrollButtons(False)
        self.tabBar().setProperty("close", False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Closer together, or not."""
        super().resizeEvent(event)
        self._fit()

    def tabInserted(self, index: int) -> None:
        """One more needs room."""
        super().tabInserted(index)
        self._fit()

    def tabRemoved(self, index: int) -> None:
        """One fewer leaves room."""
        super().tabRemoved(index)
        self._fit()

    def _fit(self) -> None:
        bar, room = self.tabBar(), self.width()
        close = self._needed(_WIDE_PADDING_PX) > room
        short = self._needed(_CLOSE_PADDING_PX) > room
        # Names are shortened only where they must be: eliding tabs may be laid out narrower than their names.
        bar.setElideMode(Qt.TextElideMode.ElideRight if short else Qt.TextElideMode.ElideNone)
        for place in range(self.count()):
            bar.setTabToolTip(place, self.tabText(place) if short else "")
        if close != bar.property("close"):
            bar.setProperty("close", close)
            bar.style().unpolish(bar)
            bar.style().polish(bar)
            QApplication.sendEvent(bar, QEvent(QEvent.Type.StyleChange))  # or it keeps the old places of its tabs

    def _needed(self, padding_px: int) -> int:
        """Pixels for all names, each as wide as when it is the chosen one."""
        font = QFont(self.tabBar().font())
        font.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetrics(font)
        names = [self.tabText(place) for place in range(self.count())]
        return sum(metrics.horizontalAdvance(name) + 2 * padding_px + 2 for name in names)
