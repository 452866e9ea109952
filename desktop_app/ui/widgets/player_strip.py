"""A player's strip above or below the board: name, rating, clock, result, whose turn it is. Main thread; values in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import GRID, RADIUS
from desktop_app.ui.widgets.pieces import piece_pixmap
from desktop_app.ui.widgets.scores import clock_text

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_HEIGHT = 36


@dataclass(frozen=True, slots=True)
class PlayerFacts:
    """A player as shown: `points` is "1", "½" or "0" once the game is over, `pocket` the pieces in hand."""

    name: str
    white: bool
    rating: int | None = None
    title: str = ""
    points: str = ""
    clock_s: float | None = None
    to_move: bool = False
    pocket: str = ""


class PlayerStrip(QWidget):
    """One line about a player."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts = PlayerFacts("", white=True)
        self.setFixedHeight(_HEIGHT)
        self.setMinimumWidth(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(320, _HEIGHT)

    def set_player(self, facts: PlayerFacts) -> None:
        """Shows a player."""
        self._facts = facts
        side = "White" if facts.white else "Black"
        rating = f", rated {facts.rating}" if facts.rating else ""
        clock = f", {clock_text(facts.clock_s)} left" if facts.clock_s is not None else ""
        self.setAccessibleName(
            f"{side}: {facts.name or 'unknown'}{rating}{clock}{', to move' if facts.to_move else ''}"
        )
        self.setToolTip(facts.name)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Disc, name and rating at the left; points, pocket and clock at the right."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        right = self._paint_clock(painter, float(self.width()))
        right = self._paint_points(painter, right)
        right = self._paint_pocket(painter, right)
        self._paint_name(painter, right)
        painter.end()

    def _paint_clock(self, painter: QPainter, right: float) -> float:
        look, facts = theme.tokens(), self._facts
        text = clock_text(facts.clock_s)
        if not text:
            return right
        font = theme.ui_font(1.05, QFont.Weight.DemiBold)
        width = QFontMetricsF(font).horizontalAdvance(text) + 2 * GRID
        box = QRectF(right - width, 5, width, _HEIGHT - 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.accent_soft if facts.to_move else look.sunken))
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        painter.setFont(font)
        painter.setPen(QColor(look.text if facts.to_move else look.text_2))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        return box.left() - GRID

    def _paint_points(self, painter: QPainter, right: float) -> float:
        look, points = theme.tokens(), self._facts.points
        if not points:
            return right
        box = QRectF(right - 24, 7, 24, _HEIGHT - 14)
        won = points == "1"
        painter.setPen(Qt.PenStyle.NoPen if won else QPen(QColor(look.border_strong), 1))
        painter.setBrush(QColor(look.success) if won else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        painter.setFont(theme.ui_font(1.0, QFont.Weight.Bold))
        painter.setPen(QColor(look.surface if won else look.text_2))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, points)
        return box.left() - GRID

    def _paint_pocket(self, painter: QPainter, right: float) -> float:
        ratio = self.devicePixelRatioF()
        mine = [symbol for symbol in self._facts.pocket if symbol.isupper() == self._facts.white and symbol.isalpha()]
        side = 22.0
        painter.setFont(theme.ui_font(0.86))
        painter.setPen(QColor(theme.tokens().text_2))
        for symbol in sorted(set(mine), key="pnbrq".find if not self._facts.white else "PNBRQ".find):
            count = mine.count(symbol)
            if count > 1:
                painter.drawText(
                    QRectF(right - 12, 0, 12, _HEIGHT),
                    Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                    str(count),
                )
                right -= 12
            painter.drawPixmap(
                QPointF(right - side, (_HEIGHT - side) / 2), piece_pixmap(symbol, round(side * ratio), ratio)
            )
            right -= side
        return right - (GRID if mine else 0)

    def _paint_name(self, painter: QPainter, right: float) -> None:
        look, facts = theme.tokens(), self._facts
        disc = QPointF(10, _HEIGHT / 2)
        if facts.to_move:
            painter.setPen(QPen(QColor(look.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(disc, 8.5, 8.5)
        painter.setPen(QPen(QColor(look.border_strong), 1))
        painter.setBrush(QColor(look.white_side if facts.white else look.black_side))
        painter.drawEllipse(disc, 5.5, 5.5)
        x = 26.0
        rating = str(facts.rating) if facts.rating else ""
        rating_font = theme.ui_font(0.95)
        rating_width = QFontMetricsF(rating_font).horizontalAdvance(rating) + GRID if rating else 0.0
        if facts.title:
            title_font = theme.ui_font(0.95, QFont.Weight.Bold)
            x = self._text(painter, x, facts.title, font=title_font, ink=look.warning) + 6
        font = theme.ui_font(1.05, QFont.Weight.DemiBold)
        name = facts.name or ("White" if facts.white else "Black")
        room = max(24.0, right - x - rating_width)
        shown = QFontMetricsF(font).elidedText(name, Qt.TextElideMode.ElideRight, room)
        x = self._text(painter, x, shown, font=font, ink=look.text) + GRID
        if rating and x + rating_width <= right + GRID:
            self._text(painter, x, rating, font=rating_font, ink=look.text_2)

    def _text(self, painter: QPainter, x: float, text: str, *, font: QFont, ink: str) -> float:
        width = QFontMetricsF(font).horizontalAdvance(text)
        painter.setFont(font)
        painter.setPen(QColor(ink))
        painter.drawText(
            QRectF(x, 0, width + 2, _HEIGHT), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text
        )
        return x + width
