"""Rings: an accuracy as a ring with its number, and the small ring of the library's state column. Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.ui.runtime import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_SIDE = 84
_FULL = 360 * 16
_TOP = 90 * 16


def paint_ring(
    painter: QPainter, rect: QRectF, share: float, *, ink: str, width: float = 2.5, dotted: bool = False
) -> None:
    """A ring filled clockwise from the top to `share` (0…1); dotted where something only waits."""
    look = theme.tokens()
    inner = rect.adjusted(width / 2, width / 2, -width / 2, -width / 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    ground = QPen(QColor(look.border_strong), width if not dotted else width * 0.8)
    if dotted:
        ground.setDashPattern([0.1, 2.2])
        ground.setCapStyle(Qt.PenCapStyle.RoundCap)
        ground.setColor(QColor(look.text_3))
    painter.setPen(ground)
    painter.drawEllipse(inner)
    if share > 0:
        painter.setPen(QPen(QColor(ink), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(inner, _TOP, -round(_FULL * min(1.0, share)))


class AccuracyRing(QWidget):
    """A big number in a ring; unknown is a dash in an empty ring, provisional is faded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._accuracy: float | None = None
        self._provisional = False
        self.setFixedSize(_SIDE, _SIDE)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """A square."""
        return QSize(_SIDE, _SIDE)

    def set_accuracy(self, accuracy: float | None, *, owner: str, provisional: bool = False) -> None:
        """Shows an accuracy of 0…100."""
        self._accuracy, self._provisional = accuracy, provisional
        said = "unknown" if accuracy is None else f"{accuracy:.0f} percent"
        self.setAccessibleName(f"{owner}'s accuracy: {said}")
        self.setToolTip("Accuracy, by Lichess's formula")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The ring, the number, and what the number is."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(0.65 if self._provisional else 1.0)
        paint_ring(painter, QRectF(self.rect()), (self._accuracy or 0.0) / 100, ink=look.accent, width=6)
        font = theme.ui_font(1.9, QFont.Weight.Bold)
        painter.setFont(font)
        painter.setPen(QColor(look.text if self._accuracy is not None else look.text_3))
        text = "\u2013" if self._accuracy is None else f"{self._accuracy:.0f}"
        painter.drawText(self.rect().adjusted(0, -8, 0, -8), Qt.AlignmentFlag.AlignCenter, text)
        painter.setFont(theme.ui_font(0.78))
        painter.setPen(QColor(look.text_2))
        painter.drawText(self.rect().adjusted(0, 34, 0, 0), Qt.AlignmentFlag.AlignCenter, "accuracy")
        painter.end()
