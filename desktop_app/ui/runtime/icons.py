"""Our icons: one family of line drawings in `resources/icons`, tinted from the theme, crisp at any ratio.

Main thread only. Widgets and windows ask for `icon("play")`; after a change of theme they ask again (the cache is keyed
by colour), most simply in `changeEvent(PaletteChange)`.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desktop_app.ui.runtime import theme

_DEVICE_SIZES = (16, 18, 20, 24, 27, 30, 32, 36, 40, 48, 64, 96)
"""Device pixels drawn ahead: 16, 18, 20, 24, 32 and 48 logical pixels at 100, 150 and 200 %."""


@lru_cache(maxsize=256)
def _renderer(name: str, hex_colour: str) -> QSvgRenderer:
    text = (theme.icon_folder() / f"{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(text.replace("currentColor", hex_colour).encode()))


def paint_icon(painter: QPainter, rect: QRectF, name: str, hex_colour: str) -> None:
    """Draws an icon into a rectangle of a widget that paints itself."""
    _renderer(name, hex_colour).render(painter, rect)


@lru_cache(maxsize=512)
def pixmap(name: str, device_px: int, hex_colour: str) -> QPixmap:
    """A square pixmap of exactly `device_px` device pixels (its ratio is left at 1)."""
    result = QPixmap(device_px, device_px)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    paint_icon(painter, QRectF(0, 0, device_px, device_px), name, hex_colour)
    painter.end()
    return result


@lru_cache(maxsize=256)
def _icon(name: str, normal: str, disabled: str) -> QIcon:
    result = QIcon()
    for size in _DEVICE_SIZES:
        result.addPixmap(pixmap(name, size, normal), QIcon.Mode.Normal)
        result.addPixmap(pixmap(name, size, disabled), QIcon.Mode.Disabled)
    return result


def icon(name: str, hex_colour: str | None = None) -> QIcon:
    """An icon in the theme's text colour or the one given; an unknown name raises FileNotFoundError."""
    look = theme.tokens()
    return _icon(name, hex_colour or look.text_2, look.disabled)
