"""Piece pixmaps from `chess.svg.PIECES`, cached by (piece, device pixels). Main thread; for board and strip."""

from __future__ import annotations

from functools import lru_cache

import chess.svg
from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_WRAP = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 45 45">{}</svg>'


@lru_cache(maxsize=12)
def _renderer(symbol: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_WRAP.format(chess.svg.PIECES[symbol]).encode()))


@lru_cache(maxsize=144)
def _drawn(symbol: str, device_px: int) -> QPixmap:
    result = QPixmap(device_px, device_px)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    _renderer(symbol).render(painter, QRectF(0, 0, device_px, device_px))
    painter.end()
    return result


@lru_cache(maxsize=144)
def piece_pixmap(symbol: str, device_px: int, ratio: float) -> QPixmap:
    """The piece `symbol` (P…k) in a square of `device_px` device pixels, marked with the screen's ratio."""
    result = QPixmap(_drawn(symbol, device_px))
    result.setDevicePixelRatio(ratio)
    return result
