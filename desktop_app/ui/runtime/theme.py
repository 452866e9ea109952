"""The look in force: which tokens, the palette and the one style sheet made from them, fonts and motion.

Main thread only. `windows` calls `apply`; widgets read `tokens()` while painting and repaint by themselves when the
palette changes (Qt sends every widget a PaletteChange).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from string import Template
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyle

from desktop_app.paths import resource
from desktop_app.ui.runtime.style import STYLE
from desktop_app.ui.runtime.tokens import GRID, LIGHT, RADIUS, Mark, MarkColours, Tokens, tokens_for

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.domain.judgement import Judgement


class ThemeChoice(StrEnum):
    """What the user asked for."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(slots=True)
class _Look:
    """What is in force in this process; there is one QApplication, so there is one look."""

    tokens: Tokens = LIGHT
    reduced_motion: bool = False


_look = _Look()


def tokens() -> Tokens:
    """The tokens in force."""
    return _look.tokens


def colour(hex_text: str, alpha: float = 1.0) -> QColor:
    """A QColor from a token, with an opacity of 0…1."""
    value = QColor(hex_text)
    value.setAlphaF(alpha)
    return value


def blend(lower: str, upper: str, share: float) -> QColor:
    """The opaque colour that `upper` at opacity `share` gives over `lower`."""
    a, b = QColor(lower), QColor(upper)
    return QColor(
        round(a.red() + (b.red() - a.red()) * share),
        round(a.green() + (b.green() - a.green()) * share),
        round(a.blue() + (b.blue() - a.blue()) * share),
    )


def mark_colours(mark: Mark | Judgement) -> MarkColours:
    """Colours of a mark or a judgement in the theme in force."""
    return _look.tokens.marks[Mark(mark.value)]


def system_is_dark() -> bool:
    """Whether the desktop asks for a dark look; False where it does not say."""
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def apply(
    app: QApplication,
    choice: ThemeChoice = ThemeChoice.SYSTEM,
    *,
    colour_blind: bool = False,
    board: str = "slate",
    reduced_motion: bool = False,
) -> Tokens:
    """Puts a look in force on the whole application and returns its tokens.

    To follow the system, call again when `QStyleHints.colorSchemeChanged` fires.
    """
    dark = choice is ThemeChoice.DARK or (choice is ThemeChoice.SYSTEM and system_is_dark())
    look = tokens_for(dark=dark, colour_blind=colour_blind, board=board)
    _look.tokens, _look.reduced_motion = look, reduced_motion
    if app.style().objectName() != "fusion":
        app.setStyle("fusion")
    app.setPalette(palette(look))
    app.setStyleSheet(style_sheet(look))
    return look


def motion_allowed() -> bool:
    """False when the user or the desktop asked for no animation."""
    if _look.reduced_motion:
        return False
    return QApplication.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0


def palette(look: Tokens) -> QPalette:
    """The QPalette of a theme, disabled group included."""
    result = QPalette()
    role = QPalette.ColorRole
    pairs = (
        (role.Window, look.window),
        (role.WindowText, look.text),
        (role.Base, look.surface),
        (role.AlternateBase, look.hover),
        (role.Text, look.text),
        (role.Button, look.raised),
        (role.ButtonText, look.text),
        (role.BrightText, look.danger),
        (role.Highlight, look.accent),
        (role.HighlightedText, look.on_accent),
        (role.Link, look.accent),
        (role.LinkVisited, look.accent),
        (role.ToolTipBase, look.raised),
        (role.ToolTipText, look.text),
        (role.PlaceholderText, look.text_3),
        (role.Light, look.raised),
        (role.Midlight, look.hover),
        (role.Mid, look.border),
        (role.Dark, look.border_strong),
        (role.Shadow, look.shadow),
        (role.Accent, look.accent),
    )
    for name, value in pairs:
        result.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, name, QColor(look.disabled))
    return result


def style_sheet(look: Tokens) -> str:
    """The application's style sheet: one template, filled from the tokens."""
    values = {name: str(getattr(look, name)) for name in look.__slots__ if name not in {"marks", "board", "dark"}}
    folder = icon_folder()
    return Template(STYLE).substitute(
        values,
        radius=RADIUS,
        grid=GRID,
        chevron=(folder / "sheet-down.svg").as_posix(),
        chevron_up=(folder / "sheet-up.svg").as_posix(),
        tick=(folder / f"sheet-tick-{'dark' if look.dark else 'light'}.svg").as_posix(),
    )


def icon_folder() -> Path:
    """Where the icons' drawings are."""
    return resource("icons")


_TABULAR = QFont.Tag.fromString("tnum")


def ui_font(scale: float = 1.0, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The application's font, scaled, with digits of equal width where the font has them."""
    font = QFont(QApplication.font())
    size = font.pointSizeF()
    if size > 0:
        font.setPointSizeF(size * scale)
    else:
        font.setPixelSize(max(1, round(font.pixelSize() * scale)))
    font.setWeight(weight)
    if _TABULAR is not None:
        font.setFeature(_TABULAR, 1)
    return font


@lru_cache(maxsize=1)
def _mono_family() -> str:
    """The first good fixed-width family that is installed, else what the system calls fixed."""
    installed = set(QFontDatabase.families())
    for family in ("JetBrains Mono", "Cascadia Mono", "SF Mono", "Menlo", "Consolas", "DejaVu Sans Mono"):
        if family in installed:
            return family
    return QFontInfo(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)).family()


def mono_font(scale: float = 1.0, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """A fixed-width font for scores, at the size `ui_font` would have."""
    font = ui_font(scale, weight)
    font.setFamilies([_mono_family()])
    return font
