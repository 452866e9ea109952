"""Colours, sizes and marks of both themes: the only place where a colour is written down.

Data only; no thread, no Qt object is made at import. `theme` turns it into a QPalette and a style sheet, widgets
read it through `theme.tokens()`. Contrast of every ink against its ground is checked by tests (4.5:1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

GRID = 8
"""Spacing unit in logical pixels; halves are allowed inside dense rows."""
RADIUS = 6
"""Corner radius in logical pixels."""
MOTION_MS = 120
"""Length of a piece's motion."""
NEWS_MS = 180
"""Length of the motion of things that arrive: bars, rings, toasts."""


class Mark(StrEnum):
    """What can be said of a move on the board, in the list and on the graph; the values contain those of Judgement."""

    BLUNDER = "blunder"
    MISTAKE = "mistake"
    INACCURACY = "inaccuracy"
    GOOD = "good"
    BEST = "best"
    BOOK = "book"


GLYPHS: Mapping[Mark, str] = MappingProxyType(
    {
        Mark.BLUNDER: "??",
        Mark.MISTAKE: "?",
        Mark.INACCURACY: "?!",
        Mark.GOOD: "✓",
        Mark.BEST: "★",
        Mark.BOOK: "≡",
    }
)
"""The sign beside the colour, so that colour never speaks alone."""


@dataclass(frozen=True, slots=True)
class MarkColours:
    """One mark: `ink` for text on the theme's grounds, `fill` for badges and dots, `on_fill` for a glyph on them."""

    ink: str
    fill: str
    on_fill: str


@dataclass(frozen=True, slots=True)
class BoardColours:
    """Squares, their coordinates, and what is painted over them. Alphas are 0…1."""

    light: str
    dark: str
    on_light: str
    on_dark: str
    last_move: str
    last_move_alpha: float
    selected: str
    selected_alpha: float
    check: str
    best_arrow: str
    refutation_arrow: str
    alternative_arrow: str
    arrow_alpha: float
    user: tuple[str, str, str, str]
    """Shapes drawn by hand: plain, with Shift or Ctrl, with Alt, with both."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """One theme."""

    name: str
    dark: bool
    window: str
    surface: str
    raised: str
    sunken: str
    hover: str
    border: str
    border_strong: str
    text: str
    text_2: str
    text_3: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_soft: str
    danger: str
    warning: str
    success: str
    skeleton: str
    shadow: str
    white_side: str
    black_side: str
    on_white_side: str
    on_black_side: str
    graph_white: str
    graph_black: str
    marks: Mapping[Mark, MarkColours]
    board: BoardColours


_USER_SHAPES = ("#15781b", "#a3201f", "#1f5fae", "#b8860b")

BOARD_LIGHT = BoardColours(
    light="#e9edf2",
    dark="#8ea6c0",
    on_light="#5f7690",
    on_dark="#f3f6fa",
    last_move="#f2c744",
    last_move_alpha=0.48,
    selected="#1c6fd1",
    selected_alpha=0.38,
    check="#e0201b",
    best_arrow="#1c6fd1",
    refutation_arrow="#cf222e",
    alternative_arrow="#4b6478",
    arrow_alpha=0.72,
    user=_USER_SHAPES,
)
BOARD_DARK = replace(
    BOARD_LIGHT,
    light="#cdd5de",
    dark="#6c849e",
    on_light="#526a83",
    on_dark="#e3e9f0",
    last_move="#e2b53a",
    last_move_alpha=0.5,
    best_arrow="#1f74dd",
)
BOARDS: Mapping[str, tuple[BoardColours, BoardColours]] = MappingProxyType(
    {
        "slate": (BOARD_LIGHT, BOARD_DARK),
        "walnut": (
            replace(BOARD_LIGHT, light="#f0dfc4", dark="#b58e68", on_light="#8a6544", on_dark="#fbf3e6"),
            replace(BOARD_DARK, light="#dcc8a8", dark="#9b7653", on_light="#7b5a3c", on_dark="#f3e6d2"),
        ),
        "green": (
            replace(BOARD_LIGHT, light="#eef0e2", dark="#86a16d", on_light="#5c7547", on_dark="#f7f9ee"),
            replace(BOARD_DARK, light="#d5d9c4", dark="#6c8757", on_light="#4e6739", on_dark="#eef2e2"),
        ),
    }
)
"""Board colours by name: (light theme, dark theme)."""

_MARKS_LIGHT: Mapping[Mark, MarkColours] = MappingProxyType(
    {
        Mark.BLUNDER: MarkColours("#c4232c", "#d5303a", "#ffffff"),
        Mark.MISTAKE: MarkColours("#ad5200", "#f08c1d", "#2b1600"),
        Mark.INACCURACY: MarkColours("#856500", "#f2c230", "#2b2100"),
        Mark.GOOD: MarkColours("#2b7a33", "#3f9a48", "#ffffff"),
        Mark.BEST: MarkColours("#0b766c", "#12877c", "#ffffff"),
        Mark.BOOK: MarkColours("#845a34", "#97693e", "#ffffff"),
    }
)
_MARKS_DARK: Mapping[Mark, MarkColours] = MappingProxyType(
    {
        Mark.BLUNDER: MarkColours("#ff7d78", "#e5484d", "#ffffff"),
        Mark.MISTAKE: MarkColours("#ffa552", "#f4953a", "#2b1600"),
        Mark.INACCURACY: MarkColours("#f0ca4d", "#f0c63c", "#2b2100"),
        Mark.GOOD: MarkColours("#72cf80", "#4aa756", "#06210a"),
        Mark.BEST: MarkColours("#45cbbb", "#24a899", "#00211d"),
        Mark.BOOK: MarkColours("#cfa880", "#a87a4d", "#1d1206"),
    }
)
# Ordered by lightness and told apart by hue on the blue-yellow axis, which red-green colour blindness keeps
# (Paul Tol, "Colour schemes", 2021: high-contrast scheme).
_MARKS_LIGHT_CB: Mapping[Mark, MarkColours] = MappingProxyType(
    {
        **_MARKS_LIGHT,
        Mark.BLUNDER: MarkColours("#9c1f52", "#a8245b", "#ffffff"),
        Mark.MISTAKE: MarkColours("#2b62b5", "#3c78d0", "#ffffff"),
        Mark.INACCURACY: MarkColours("#806600", "#e8c22e", "#2b2100"),
        Mark.GOOD: MarkColours("#4a5a66", "#5d707e", "#ffffff"),
        Mark.BEST: MarkColours("#0a7080", "#0f8294", "#ffffff"),
    }
)
_MARKS_DARK_CB: Mapping[Mark, MarkColours] = MappingProxyType(
    {
        **_MARKS_DARK,
        Mark.BLUNDER: MarkColours("#f583ae", "#d65089", "#ffffff"),
        Mark.MISTAKE: MarkColours("#84b4f7", "#5c97ea", "#04152e"),
        Mark.INACCURACY: MarkColours("#f0d268", "#ecca50", "#2b2100"),
        Mark.GOOD: MarkColours("#b4c2cc", "#8497a4", "#0d1418"),
        Mark.BEST: MarkColours("#5cc9da", "#35aabc", "#001d22"),
    }
)

LIGHT = Tokens(
    name="light",
    dark=False,
    window="#f4f5f7",
    surface="#ffffff",
    raised="#ffffff",
    sunken="#eceef1",
    hover="#eef1f5",
    border="#dde1e6",
    border_strong="#b9c0c9",
    text="#1b2027",
    text_2="#4a535e",
    text_3="#636c77",
    disabled="#9aa2ac",
    accent="#1c6fd1",
    accent_hover="#165db2",
    on_accent="#ffffff",
    accent_soft="#dceafb",
    danger="#c4232c",
    warning="#ad5200",
    success="#2b7a33",
    skeleton="#e6e9ed",
    shadow="#101820",
    white_side="#fbfbfa",
    black_side="#3b4047",
    on_white_side="#30353b",
    on_black_side="#f3f4f5",
    graph_white="#fdfdfc",
    graph_black="#5d656f",
    marks=_MARKS_LIGHT,
    board=BOARD_LIGHT,
)
DARK = Tokens(
    name="dark",
    dark=True,
    window="#17191c",
    surface="#1f2226",
    raised="#282c31",
    sunken="#131517",
    hover="#2b3036",
    border="#33383f",
    border_strong="#525a64",
    text="#e6e8eb",
    text_2="#b0b7c0",
    text_3="#969ea8",
    disabled="#626a74",
    accent="#63a8f5",
    accent_hover="#82bafa",
    on_accent="#07192e",
    accent_soft="#1f3a59",
    danger="#ff7d78",
    warning="#ffa552",
    success="#72cf80",
    skeleton="#2a2e33",
    shadow="#000000",
    white_side="#e4e5e6",
    black_side="#3a3e44",
    on_white_side="#24282d",
    on_black_side="#eceded",
    graph_white="#c9cdd2",
    graph_black="#31363c",
    marks=_MARKS_DARK,
    board=BOARD_DARK,
)

TAG_DOTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "red": ("#d5303a", "#f2666b"),
        "orange": ("#e07b12", "#f4953a"),
        "yellow": ("#d9a800", "#f0c63c"),
        "green": ("#3f9a48", "#62bd6c"),
        "teal": ("#12877c", "#2fb8a8"),
        "blue": ("#1c6fd1", "#63a8f5"),
        "purple": ("#7d4fc4", "#b08cf0"),
        "pink": ("#c9418f", "#f07cbd"),
        "grey": ("#636c77", "#969ea8"),
    }
)
"""Colours of tags by name (domain.sets.TAG_COLOURS): a dot in the light theme, in the dark one."""


def tokens_for(*, dark: bool, colour_blind: bool = False, board: str = "slate") -> Tokens:
    """The tokens of one theme with the wanted marks and board; an unknown board name means the default."""
    base = DARK if dark else LIGHT
    boards = BOARDS.get(board, BOARDS["slate"])
    marks: Mapping[Mark, MarkColours] = base.marks
    if colour_blind:
        marks = _MARKS_DARK_CB if dark else _MARKS_LIGHT_CB
    name = f"{base.name}{'-cb' if colour_blind else ''}-{board}"
    return replace(base, name=name, marks=marks, board=boards[1] if dark else boards[0])
