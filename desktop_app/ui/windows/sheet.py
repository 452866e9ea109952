"""A sheet: a card laid over the top of the window that asks or tells something without stopping anything behind it.

Main thread. Base of the confirm sheet and the list of keys; Escape or its button closes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QGraphicsDropShadowEffect, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop_app.ui.runtime import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

_TOP_PX = 48
_MARGIN_PX = 16


class Sheet(QFrame):
    """A floating card inside its parent. Signals: `closed()`."""

    closed = Signal()

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("panel", "sheet")
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._title = QLabel(title)
        self._title.setProperty("strength", "title")
        self._title.setFont(theme.ui_font(1.25, QFont.Weight.DemiBold))
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(24, 20, 24, 20)
        self.box.setSpacing(12)
        self.box.addWidget(self._title)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        shadow = QGraphicsDropShadowEffect(self, blurRadius=32, xOffset=0, yOffset=8)
        shadow.setColor(theme.colour(theme.tokens().shadow, 0.35))
        self.setGraphicsEffect(shadow)
        self._host = parent
        self._focus_before: QWidget | None = None
        parent.installEventFilter(self)
        self.hide()

    def set_title(self, title: str) -> None:
        """Change the heading."""
        self._title.setText(title)

    def open_sheet(self) -> None:
        """Show it in front, ready for the keyboard."""
        focused = self._host.window().focusWidget()
        if focused is not self and not self.isAncestorOf(focused):
            self._focus_before = focused
        self.show()
        self.raise_()
        self.place()
        self.setFocus()

    def close_sheet(self) -> None:
        """Put it away; the keys go where they went before."""
        if self.isVisible():
            before, self._focus_before = self._focus_before, None
            if before is not None and shiboken6.isValid(before) and before.isVisible():
                before.setFocus()
            else:
                self._host.setFocus()
            self.hide()
            self.closed.emit()

    def place(self) -> None:
        """Sit centred near the top of the parent."""
        parent = self._host
        size = self.sizeHint().boundedTo(parent.size() * 0.96).expandedTo(self.minimumSizeHint())
        self.resize(size)
        top = min(_TOP_PX, max(_MARGIN_PX, (parent.height() - size.height()) // 2))
        self.move((parent.width() - size.width()) // 2, top)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the parent's size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_sheet()
            return
        super().keyPressEvent(event)
