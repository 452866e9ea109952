"""How the board's parts are painted: ground, pieces, tints, arrows, badges, the promotion chooser.

Main thread; called by `board` from its paintEvent only. Everything is given in logical pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import chess
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPixmap, QRadialGradient

from desktop_app.ui.runtime import theme
from desktop_app.ui.widgets.marks import paint_badge
from desktop_app.ui.widgets.pieces import piece_pixmap
from desktop_app.ui.widgets.squares import Geometry, arrow_polygon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.ui.runtime.tokens import Mark


def _blank(geometry: Geometry, ratio: float) -> QPixmap:
    device = round(geometry.side * 8 * ratio)
    result = QPixmap(device, device)
    result.setDevicePixelRatio(ratio)
    result.fill(Qt.GlobalColor.transparent)
    return result


def ground(geometry: Geometry, ratio: float) -> QPixmap:
    """The squares as one pixmap; the board's corners are slightly round."""
    result = _blank(geometry, ratio)
    local = Geometry(0, 0, geometry.side, geometry.flipped)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    clip = QPainterPath()
    clip.addRoundedRect(local.board_rect(), 4, 4)
    painter.setClipPath(clip)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    colours = theme.tokens().board
    for square in chess.SQUARES:
        is_dark = (chess.square_file(square) + chess.square_rank(square)) % 2 == 0
        painter.fillRect(local.rect(square), QColor(colours.dark if is_dark else colours.light))
    painter.end()
    return result


def coordinates(geometry: Geometry, ratio: float) -> QPixmap:
    """Files and ranks as one pixmap that lies over tints and under pieces."""
    result = _blank(geometry, ratio)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _coordinates(painter, Geometry(0, 0, geometry.side, geometry.flipped))
    painter.end()
    return result


def _coordinates(painter: QPainter, geometry: Geometry) -> None:
    font = theme.ui_font(1.0, QFont.Weight.DemiBold)
    font.setPixelSize(max(8, min(14, round(geometry.side * 0.18))))
    painter.setFont(font)
    colours = theme.tokens().board
    margin = geometry.side * 0.05
    bottom, left = (7, 7) if geometry.flipped else (0, 0)
    for index in range(8):
        for square, text, flags in (
            (
                chess.square(index, bottom),
                chess.FILE_NAMES[index],
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom,
            ),
            (
                chess.square(left, index),
                chess.RANK_NAMES[index],
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop,
            ),
        ):
            is_dark = (chess.square_file(square) + chess.square_rank(square)) % 2 == 0
            painter.setPen(QColor(colours.on_dark if is_dark else colours.on_light))
            rect = geometry.rect(square).adjusted(margin, margin * 0.6, -margin, -margin * 0.4)
            painter.drawText(rect, flags, text)


@dataclass(frozen=True, slots=True)
class Canvas:
    """A painter with the board's geometry and the screen's ratio; lives for one paintEvent."""

    painter: QPainter
    geometry: Geometry
    ratio: float

    def piece(self, symbol: str, point: QPointF, opacity: float = 1.0) -> None:
        """One piece with its square's top left corner at `point`."""
        pixmap = piece_pixmap(symbol, round(self.geometry.side * self.ratio), self.ratio)
        self.painter.setOpacity(opacity)
        self.painter.drawPixmap(point, pixmap)
        self.painter.setOpacity(1.0)

    def lifted_piece(self, symbol: str, centre: QPointF) -> None:
        """The piece in the hand, a little larger, centred under the pointer."""
        device = round(self.geometry.side * self.ratio * 1.12)
        half = device / self.ratio / 2
        self.painter.drawPixmap(centre - QPointF(half, half), piece_pixmap(symbol, device, self.ratio))

    def check_glow(self, rect: QRectF) -> None:
        """A red glow behind a king in check."""
        glow = QRadialGradient(rect.center(), rect.width() * 0.68)
        check = theme.tokens().board.check
        glow.setColorAt(0.0, theme.colour(check, 0.95))
        glow.setColorAt(0.45, theme.colour(check, 0.6))
        glow.setColorAt(1.0, theme.colour(check, 0.0))
        self.painter.fillRect(rect, glow)

    def target(self, rect: QRectF, *, occupied: bool) -> None:
        """Where the selected piece may go: a dot, or a ring round what it would take."""
        tint = theme.colour(theme.tokens().shadow, 0.26)
        if occupied:
            width = rect.width() * 0.08
            self.painter.setPen(QPen(tint, width))
            self.painter.setBrush(Qt.BrushStyle.NoBrush)
            self.painter.drawEllipse(rect.adjusted(width, width, -width, -width))
        else:
            self.painter.setPen(Qt.PenStyle.NoPen)
            self.painter.setBrush(tint)
            radius = rect.width() * 0.15
            self.painter.drawEllipse(rect.center(), radius, radius)

    def arrow(self, ends: tuple[int, int], tint: QColor, weight: float) -> None:
        """An arrow from square to square; a drop, which has one square only, is a circle."""
        if ends[0] == ends[1]:
            self.circle(self.geometry.rect(ends[0]), tint)
            return
        start, end = self.geometry.rect(ends[0]).center(), self.geometry.rect(ends[1]).center()
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(tint)
        self.painter.drawPolygon(arrow_polygon(start, end, self.geometry.side, weight))

    def circle(self, rect: QRectF, tint: QColor) -> None:
        """A circle round a square."""
        width = rect.width() * 0.07
        self.painter.setPen(QPen(tint, width))
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawEllipse(rect.adjusted(width, width, -width, -width))

    def badge(self, square: int, mark: Mark, opacity: float) -> None:
        """A mark on the square's upper right corner, kept inside the board."""
        side = max(16.0, self.geometry.side * 0.42)
        centre = self.geometry.rect(square).topRight() + QPointF(-self.geometry.side * 0.08, self.geometry.side * 0.08)
        rect = QRectF(centre.x() - side / 2, centre.y() - side / 2, side, side)
        board = self.geometry.board_rect()
        rect.moveRight(min(rect.right(), board.right() - 1))
        rect.moveTop(max(rect.top(), board.top() + 1))
        paint_badge(self.painter, rect, mark, opacity=opacity)

    def chooser(self, options: Sequence[int], symbols: Sequence[str]) -> None:
        """The four promotion pieces on their squares, the rest of the board dimmed."""
        look = theme.tokens()
        self.painter.fillRect(self.geometry.board_rect(), theme.colour(look.shadow, 0.45))
        for square, symbol in zip(options, symbols, strict=True):
            rect = self.geometry.rect(square)
            self.painter.fillRect(rect, QColor(look.surface))
            self.painter.setPen(QPen(QColor(look.border), 1))
            self.painter.setBrush(Qt.BrushStyle.NoBrush)
            self.painter.drawRect(rect)
            self.piece(symbol, rect.topLeft())
