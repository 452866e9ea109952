"""How a mark looks wherever it appears: the badge on a square, the dot on the graph. Main thread, painting only."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainterPath, QPen, QPolygonF, QTransform

from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import GLYPHS, Mark

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from desktop_app.domain.judgement import Judgement

WORDS = {
    Mark.BLUNDER: "blunder",
    Mark.MISTAKE: "mistake",
    Mark.INACCURACY: "inaccuracy",
    Mark.GOOD: "good move",
    Mark.BEST: "best move",
    Mark.BOOK: "book move",
}
"""The mark in words, for tooltips and screen readers."""


def _star(points: int = 5) -> QPolygonF:
    corners = []
    for index in range(points * 2):
        radius = 1.0 if index % 2 == 0 else 0.45
        angle = math.pi * index / points
        corners.append(QPointF(radius * math.sin(angle), -radius * math.cos(angle)))
    return QPolygonF(corners)


@lru_cache(maxsize=16)
def _sign(mark: Mark) -> QPainterPath:
    """The sign's outline at an arbitrary size: text for ?!, ? and ??, drawings for the others."""
    path = QPainterPath()
    if mark is Mark.BEST:
        path.addPolygon(_star())
        path.closeSubpath()
    elif mark is Mark.GOOD:
        path.addPolygon(QPolygonF([QPointF(*p) for p in ((-9, 0), (-6, -3), (-3, 0), (6, -9), (9, -6), (-3, 6))]))
        path.closeSubpath()
    elif mark is Mark.BOOK:
        for top in (-6.0, -1.2, 3.6):
            path.addRect(QRectF(-6, top, 12, 2.6))
    else:
        font = QFont(theme.ui_font(1.0, QFont.Weight.Bold))
        font.setPixelSize(64)
        path.addText(0, 0, font, GLYPHS[mark])
    return path


def sign_path(mark: Mark, rect: QRectF) -> QPainterPath:
    """The sign of a mark, as large as fits in `rect` and centred in it."""
    path = _sign(mark)
    box = path.boundingRect()
    scale = min(rect.width() / box.width(), rect.height() / box.height())
    shift = rect.center() - box.center() * scale
    return QTransform(scale, 0, 0, scale, shift.x(), shift.y()).map(path)


def paint_badge(painter: QPainter, rect: QRectF, mark: Mark | Judgement, *, opacity: float = 1.0) -> None:
    """A round badge with the mark's sign; `rect` is a square."""
    kind = Mark(mark.value)
    colours = theme.mark_colours(kind)
    painter.save()
    painter.setOpacity(painter.opacity() * opacity)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour(theme.tokens().shadow, 0.28))
    painter.drawEllipse(rect.translated(0, rect.height() * 0.05))
    painter.setBrush(QColor(colours.fill))
    painter.drawEllipse(rect)
    inset = rect.width() * 0.24
    painter.setBrush(QColor(colours.on_fill))
    painter.drawPath(sign_path(kind, rect.adjusted(inset, inset, -inset, -inset)))
    painter.restore()


def paint_dot(painter: QPainter, centre: QPointF, radius: float, mark: Mark | Judgement, *, ground: str) -> None:
    """A small shape that tells the mark without its colour: circle ?!, diamond ?, triangle ?? (square for others)."""
    kind = Mark(mark.value)
    painter.setPen(QPen(QColor(ground), 1.2))
    painter.setBrush(QColor(theme.mark_colours(kind).fill))
    x, y, r = centre.x(), centre.y(), radius
    if kind is Mark.INACCURACY:
        painter.drawEllipse(centre, r, r)
    elif kind is Mark.MISTAKE:
        d = r * 1.3
        painter.drawPolygon(QPolygonF([QPointF(x, y - d), QPointF(x + d, y), QPointF(x, y + d), QPointF(x - d, y)]))
    elif kind is Mark.BLUNDER:
        d = r * 1.35
        painter.drawPolygon(QPolygonF([QPointF(x - d, y - d * 0.8), QPointF(x + d, y - d * 0.8), QPointF(x, y + d)]))
    else:
        painter.drawRect(QRectF(x - r, y - r, 2 * r, 2 * r))
