"""Tokens, palette, style sheet, icons: legible in both themes, and nothing missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QColor

from desktop_app.ui.runtime import icons, theme
from desktop_app.ui.runtime.tokens import BOARDS, GLYPHS, Mark, Tokens, tokens_for

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

WIDGETS = Path(theme.__file__).resolve().parents[1] / "widgets"
LOOKS = [tokens_for(dark=dark, colour_blind=blind) for dark in (False, True) for blind in (False, True)]


def luminance(hex_colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    colour = QColor(hex_colour)
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio (WCAG 2.1)."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_text_is_legible_on_every_ground(look: Tokens) -> None:
    """All three strengths, the accent, messages and every mark's ink reach 4.5:1 on window, surface and raised."""
    inks = {
        name: getattr(look, name) for name in ("text", "text_2", "text_3", "accent", "danger", "warning", "success")
    }
    inks |= {f"{mark} ink": colours.ink for mark, colours in look.marks.items()}
    poor = {
        f"{name} on {ground}": round(contrast(ink, getattr(look, ground)), 2)
        for name, ink in inks.items()
        for ground in ("window", "surface", "raised")
        if contrast(ink, getattr(look, ground)) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_glyphs_are_legible_on_their_badges(look: Tokens) -> None:
    """Signs on badges, text on the accent and on selections, and numbers on the bar are legible."""
    pairs = {f"{mark}": (colours.on_fill, colours.fill) for mark, colours in look.marks.items()}
    graphics = {name: round(contrast(*pair), 2) for name, pair in pairs.items() if contrast(*pair) < 3}
    assert graphics == {}
    assert contrast(look.on_accent, look.accent) >= 4.5
    assert contrast(look.text, look.accent_soft) >= 4.5
    assert contrast(look.on_white_side, look.white_side) >= 4.5
    assert contrast(look.on_black_side, look.black_side) >= 4.5


def test_every_mark_has_glyph_and_colour() -> None:
    """Colour never speaks alone."""
    for look in LOOKS:
        assert set(look.marks) == set(Mark) == set(GLYPHS)


def test_unknown_board_names_mean_the_default() -> None:
    """A setting from elsewhere cannot leave us without a board."""
    assert tokens_for(dark=True, board="purple").board == BOARDS["slate"][1]


@pytest.mark.parametrize("choice", [theme.ThemeChoice.LIGHT, theme.ThemeChoice.DARK])
def test_theme_reaches_palette_and_sheet(qapp: QApplication, choice: theme.ThemeChoice) -> None:
    """A forced theme is in force whatever the system says; no template field is left open."""
    look = theme.apply(qapp, choice)
    assert look.dark is (choice is theme.ThemeChoice.DARK)
    assert qapp.palette().window().color().name() == look.window
    assert "$" not in qapp.styleSheet()
    for path in re.findall(r'url\("(.*?)"\)', qapp.styleSheet()):
        assert Path(path).is_file()


def test_icons_are_tinted_and_crisp() -> None:
    """Each drawing can be rendered, in the colour asked for, at every ratio without scaling up."""
    names = sorted(path.stem for path in theme.icon_folder().glob("*.svg") if not path.stem.startswith("sheet-"))
    assert len(names) >= 30
    for name in names:
        image = icons.pixmap(name, 24, "#ff0000").toImage()
        seen = {
            QColor(image.pixelColor(x, y)).name()
            for x in range(24)
            for y in range(24)
            if image.pixelColor(x, y).alpha() == 255
        }
        assert seen == {"#ff0000"}, name
    assert icons.icon("play").availableSizes()


def test_widgets_name_no_colours() -> None:
    """Colours live in tokens alone."""
    found = [
        f"{path.name}: {match}"
        for path in WIDGETS.glob("*.py")
        for match in re.findall(
            r'"#[0-9a-fA-F]{3,8}"|GlobalColor\.(?!transparent)\w+', path.read_text(encoding="utf-8")
        )
    ]
    assert found == []
