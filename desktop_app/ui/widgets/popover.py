"""A card that hangs below a button and goes when one clicks elsewhere, presses Escape or is done. Main thread.

A child of the window, not a window of its own: completions and lists may open above it on every platform.
"""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsDropShadowEffect, QVBoxLayout, QWidget

from desktop_app.ui.runtime import theme

_MARGIN_PX = 8
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)


class Popover(QFrame):
    """A floating card inside `host`. Signals: `closed()`."""

    closed = Signal()

    def __init__(self, name: str, host: QWidget) -> None:
        super().__init__(host)
        self.setProperty("panel", "sheet")
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(16, 12, 16, 12)
        self.box.setSpacing(8)
        shadow = QGraphicsDropShadowEffect(self, blurRadius=24, xOffset=0, yOffset=6)
        shadow.setColor(theme.colour(theme.tokens().shadow, 0.30))
        self.setGraphicsEffect(shadow)
        self._host = host
        self._focus_before: QWidget | None = None
        self.hide()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus_changed)

    def open_at(self, anchor: QWidget, area: QRect | None = None) -> None:
        """Show below `anchor`, or below `area` of it, as far as the window has room; the keyboard goes to it."""
        focused = self._host.window().focusWidget()
        if not self.isAncestorOf(focused):
            self._focus_before = focused
        box = area or anchor.rect()
        top_left = self._host.mapFromGlobal(anchor.mapToGlobal(box.topLeft()))
        self.adjustSize()
        room = self._host.rect().adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
        size = self.sizeHint().boundedTo(room.size())
        left = max(room.left(), min(top_left.x(), room.right() - size.width()))
        top = top_left.y() + box.height() + 4
        if top + size.height() > room.bottom():
            above = top_left.y() - 4 - size.height()
            top = above if above >= room.top() else max(room.top(), room.bottom() - size.height())
        self.setGeometry(QRect(QPoint(left, top), size))
        self.show()
        self.raise_()
        self.first_field().setFocus(Qt.FocusReason.PopupFocusReason)

    def first_field(self) -> QWidget:
        """What gets the keyboard first."""
        return self

    def close_popover(self) -> None:
        """Put it away; the keys go where they went before."""
        if not self.isVisible():
            return
        before, self._focus_before = self._focus_before, None
        inside = self.isAncestorOf(self._host.window().focusWidget()) or self.hasFocus()
        self.hide()
        if inside and before is not None and shiboken6.isValid(before) and before.isVisible():
            before.setFocus()
        self.closed.emit()

    @Slot(QWidget, QWidget)
    def _on_focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        """The keyboard went elsewhere in the window: so does the attention. Lists of our own fields are ours."""
        if not self.isVisible() or new is None:
            return
        one: QWidget | None = new
        while one is not None:
            if one is self:
                return
            one = one.parentWidget()
        self.close_popover()

    def event(self, event: QEvent) -> bool:
        """Plain keys pressed in here are no shortcuts of the window: Delete would remove games, B jump in one."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.modifiers() in _PLAIN:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes; nothing typed here reaches the game behind."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_popover()
        event.accept()
