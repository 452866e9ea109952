"""One active term of a filter as a chip with a cross; a click, Delete or Backspace takes it away. Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import paint_icon

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_HEIGHT_PX = 24
_SIDE_PX = 10
_CROSS_PX = 12
_GAP_PX = 5


class FilterChip(QAbstractButton):
    """Words, and a cross. `clicked` asks for its removal; `place` is the chip's number in its bar."""

    def __init__(self, words: str, tip: str, *, place: int, icon: str = "", parent: QWidget | None = None) -> None:
        """`icon` marks where the games come from, as apart from what is asked of them."""
        super().__init__(parent)
        self.place, self._icon = place, icon
        self.setText(words)
        self.setToolTip(tip)
        self.setAccessibleName(f"Remove the filter {words}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Words, cross, icon."""
        width = QFontMetricsF(theme.ui_font(0.95)).horizontalAdvance(self.text()) + 2 * _SIDE_PX + _CROSS_PX + _GAP_PX
        return QSize(round(width + (16 if self._icon else 0)), _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Its cross at least."""
        return QSize(3 * _SIDE_PX + _CROSS_PX, _HEIGHT_PX)

    def event(self, event: QEvent) -> bool:
        """Delete is the chip's before it is the window's, where it removes games."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Delete:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete and Backspace take it away, as in a field."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A soft round ground; the cross turns red under the pointer."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        hot = self.underMouse() or self.isDown()
        ground = look.sunken if self._icon else look.accent_soft
        painter.setBrush(theme.blend(ground, look.accent, 0.12) if hot else QColor(ground))
        painter.setPen(QPen(QColor(look.accent), 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        left = float(_SIDE_PX)
        if self._icon:
            paint_icon(painter, QRectF(left - 2, (self.height() - 14) / 2, 14, 14), self._icon, look.text_2)
            left += 16
        font = theme.ui_font(0.95)
        painter.setFont(font)
        painter.setPen(QColor(look.text))
        room = self.width() - left - _SIDE_PX - _CROSS_PX - _GAP_PX + 2
        words = QFontMetricsF(font).elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(left, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, words)
        cross = QRectF(self.width() - _SIDE_PX - _CROSS_PX + 2, (self.height() - _CROSS_PX) / 2, _CROSS_PX, _CROSS_PX)
        paint_icon(painter, cross, "cancel", look.danger if hot else look.text_2)
        painter.end()
