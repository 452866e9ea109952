"""What the window shows while files are dragged over it. Main thread; covers its parent, never takes the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import paint_icon

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_CARD = (360.0, 176.0)
_ICON = 56.0


class DropOverlay(QWidget):
    """A tinted cover with a dashed frame: "Drop to import", and how much."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._detail = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Drop to import")
        parent.installEventFilter(self)
        self.hide()

    def show_files(self, count: int, names: str = "") -> None:
        """Covers the parent; `count` files or folders, `names` what they are called."""
        things = "1 file" if count == 1 else f"{count} files"
        self._detail = things if not names else f"{things}: {names}"
        self.setAccessibleDescription(self._detail)
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.show()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follows the parent's size."""
        if event.type() is QEvent.Type.Resize and watched is self.parent() and isinstance(watched, QWidget):
            self.setGeometry(watched.rect())
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The cover, the frame, the card in the middle."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.colour(look.window, 0.82))
        frame = QPen(QColor(look.accent), 2, Qt.PenStyle.DashLine)
        frame.setDashPattern([4, 3])
        painter.setPen(frame)
        painter.setBrush(theme.colour(look.accent, 0.06))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(12, 12, -12, -12), 10, 10)
        centre = QRectF(self.rect()).center()
        width, height = min(_CARD[0], self.width() - 48.0), _CARD[1]
        card = QRectF(centre.x() - width / 2, centre.y() - height / 2, width, height)
        painter.setPen(QPen(QColor(look.border), 1))
        painter.setBrush(QColor(look.raised))
        painter.drawRoundedRect(card, 10, 10)
        spot = QPointF(centre.x() - _ICON / 2, card.top() + 22)
        paint_icon(painter, QRectF(spot.x(), spot.y(), _ICON, _ICON), "drop", look.accent)
        painter.setFont(theme.ui_font(1.4, QFont.Weight.DemiBold))
        painter.setPen(QColor(look.text))
        painter.drawText(card.adjusted(0, 86, 0, 0), Qt.AlignmentFlag.AlignHCenter, "Drop to import")
        painter.setFont(theme.ui_font(1.0))
        painter.setPen(QColor(look.text_2))
        metrics = painter.fontMetrics()
        detail = metrics.elidedText(self._detail, Qt.TextElideMode.ElideMiddle, round(width - 32))
        painter.drawText(card.adjusted(0, 124, 0, 0), Qt.AlignmentFlag.AlignHCenter, detail)
        painter.end()
