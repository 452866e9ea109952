"""Our verdicts: what was judged, by which rules. The judging itself is `analysis.judge`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.domain.game import Ply

RULES_VERSION = 1
"""Raised whenever the same evaluations would be judged differently; stored summaries of older rules are re-graded."""


class Judgement(StrEnum):
    """What is wrong with a move; a move that is not judged has no Judgement."""

    INACCURACY = "inaccuracy"
    MISTAKE = "mistake"
    BLUNDER = "blunder"

    @property
    def nag(self) -> int:
        """The PGN glyph number: $6 ?!, $2 ?, $4 ??."""
        return {"inaccuracy": 6, "mistake": 2, "blunder": 4}[self.value]

    @property
    def glyph(self) -> str:
        """The glyph players know: ?!, ?, ??."""
        return {"inaccuracy": "?!", "mistake": "?", "blunder": "??"}[self.value]


class MoveMark(StrEnum):
    """What is special about a good move; at most one, the strongest."""

    ONLY = "only"
    GREAT = "great"
    BRILLIANT = "brilliant"

    @property
    def nag(self) -> int:
        """The PGN glyph number: $7 only move, $1 !, $3 !!."""
        return {"only": 7, "great": 1, "brilliant": 3}[self.value]


@dataclass(frozen=True, slots=True)
class Grading:
    """Thresholds and rules of judging; one is in force at a time.

    Attributes:
        name: `lichess` and others, or the user's own.
        inaccuracy, mistake, blunder: least loss of winning chances (scale -1…+1) for each; half of that in win %.
        opening_cp: evaluation before ply 1 in a standard game, White's side (Lichess uses +15).
        opening_cp_always: use it also for games from a FEN and Chess960, as Lichess does; else the root's own score.
        max_plies: judge only that many plies, None for all (Lichess stops at 300).
        by_win_percent: losses are of the displayed win %: centipawns clamped at ±1000, mates as ±1000, and no rules
            of their own for mates. Else centipawns are not clamped and mates follow Lichess's table.
        own: the user made it.
    """

    name: str
    inaccuracy: float
    mistake: float
    blunder: float
    opening_cp: int = 15
    opening_cp_always: bool = False
    max_plies: int | None = None
    by_win_percent: bool = False
    own: bool = False

    @property
    def points(self) -> tuple[float, float, float]:
        """The thresholds in percentage points of win %: inaccuracy, mistake, blunder."""
        inaccuracy, mistake, blunder = (
            round(_POINTS * loss, 6) for loss in (self.inaccuracy, self.mistake, self.blunder)
        )
        return inaccuracy, mistake, blunder

    @property
    def stamp(self) -> str:
        """What summaries made by it are marked with, at most 32 characters; another one when own thresholds change."""
        return f"{self.name} {'/'.join(f'{value:g}' for value in self.points)}" if self.own else self.name

    @property
    def meaning(self) -> str:
        """What it means, as one sentence for people."""
        if not self.own:
            return _MEANINGS[self.name]
        inaccuracy, mistake, blunder = (f"{value:g}" for value in self.points)
        return (
            f"Your own: a move that loses {inaccuracy} percentage points of win % is an inaccuracy, {mistake} a "
            f"mistake, {blunder} a blunder; mates are judged as on Lichess."
        )


_POINTS = 50
"""Percentage points of win % in a loss of 1 on the scale of winning chances (win % = 50 + 50 * chances)."""

LICHESS = Grading("lichess", 0.10, 0.20, 0.30)
SHORTEST_WITH_ACCURACY = 5
"""Half-moves a game must have before an accuracy says anything; Lichess analyses no shorter ones (judgement.md 5.4)."""

LICHESS_MOST_PLIES = 300
"""Half-moves after which Lichess stops; we go on, and say so."""

LICHESS_EXACT = Grading("lichess_exact", 0.10, 0.20, 0.30, opening_cp_always=True, max_plies=LICHESS_MOST_PLIES)
STRICT_20 = Grading("strict-20", 0.10, 0.20, 0.40, by_win_percent=True)
"""5/10/20 points of win %, an approximation of other sites' bands on Lichess's curve (judgement.md 2, 3 and 5.6)."""

GRADINGS = {grading.name: grading for grading in (LICHESS, LICHESS_EXACT, STRICT_20)}
"""Sources: judgement.md 1.4 (lila Advice.scala@b97af467), 5.3 and 5.6."""

_SPOKEN = {"lichess": "Lichess", "lichess_exact": "Lichess, exactly", "strict-20": "Strict (approximation)"}


def spoken(grading: str) -> str:
    """A grading's name or stamp as people read it; the user's own as they named it, with its thresholds if stamped."""
    return _SPOKEN.get(grading, grading)


def length_remark(plies: int, grading: str) -> str:
    """What a reader must know of the figures of a game of so many half-moves; mostly "".

    Args:
        plies: half-moves of the game.
        grading: the stamp of the grading it is judged by.
    """
    if 0 < plies < SHORTEST_WITH_ACCURACY:
        return "Too short for an accuracy."
    if plies <= LICHESS_MOST_PLIES:
        return ""
    moves = LICHESS_MOST_PLIES // 2
    if grading == LICHESS_EXACT.stamp:
        return f"Only the first {moves} moves are judged, as on Lichess."
    return f"Beyond Lichess's limit: Lichess judges the first {moves} moves, Kibitz all of them."


_MEANINGS = {
    "lichess": (
        "As on Lichess: a move that loses 5 percentage points of win % is an inaccuracy, 10 a mistake, 15 a blunder; "
        "games from a position of their own start from what the engine says of it."
    ),
    "lichess_exact": (
        "Exactly as on Lichess, its limits included: every game starts from +0.15, even from a lopsided position, and "
        f"nothing after half-move {LICHESS_MOST_PLIES} is judged."
    ),
    "strict-20": (
        "An approximation of stricter sites on Lichess's curve: 5 percentage points of win % are an inaccuracy, 10 a "
        "mistake, 20 a blunder; mates count as ±10 pawns and nothing beyond that matters."
    ),
}

LONGEST_OWN_NAME = 16
_LEAST_POINTS, _MOST_POINTS = 0.1, 99.9


@dataclass(frozen=True, slots=True)
class OwnThresholds:
    """A grading of the user's own: thresholds in percentage points of win %, Lichess's rules else.

    Valid by construction: raises ValueError with a sentence that says what is wrong.
    """

    name: str
    inaccuracy: float
    mistake: float
    blunder: float

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > LONGEST_OWN_NAME or not self.name.isprintable():
            raise ValueError(f"a grading's name has 1 to {LONGEST_OWN_NAME} characters")
        if self.name.strip().lower() in GRADINGS:
            raise ValueError(f"{self.name} is the name of a grading that Kibitz brings; choose another")
        values = (self.inaccuracy, self.mistake, self.blunder)
        if any(round(value, 1) != value or not _LEAST_POINTS <= value <= _MOST_POINTS for value in values):
            raise ValueError(f"thresholds are {_LEAST_POINTS} to {_MOST_POINTS} percentage points, in steps of 0.1")
        if not self.inaccuracy < self.mistake < self.blunder:
            raise ValueError("a blunder must lose more than a mistake, and a mistake more than an inaccuracy")

    @property
    def grading(self) -> Grading:
        """The grading to judge by."""
        losses = (self.inaccuracy / _POINTS, self.mistake / _POINTS, self.blunder / _POINTS)
        return Grading(self.name, *losses, own=True)


@dataclass(frozen=True, slots=True)
class MoveVerdict:
    """What is said about one move.

    Attributes:
        ply: the move's number, from 1.
        judgement: None when the move is fine or cannot be judged.
        label: "" or why nothing is said: "mate", "forced", "best", "not evaluated".
        accuracy: 0…100 by Lichess's curve, None when an evaluation is missing.
        win_loss: percentage points of win % the mover lost (never negative), None when an evaluation is missing.
        cp_loss: centipawns lost by the mover, clamped, None when missing or the mating move.
    """

    ply: Ply
    judgement: Judgement | None
    label: str
    accuracy: float | None
    win_loss: float | None
    cp_loss: int | None


@dataclass(frozen=True, slots=True)
class SideSummary:
    """One side of a game: accuracy 0…100 unrounded, ACPL unrounded, counts. None where there is no data."""

    accuracy: float | None
    acpl: float | None
    inaccuracies: int
    mistakes: int
    blunders: int


@dataclass(frozen=True, slots=True)
class PhaseSummary:
    """One phase (opening, middlegame, endgame): its first and last ply, and accuracy per side (None below 2 plies)."""

    name: str
    first_ply: Ply
    last_ply: Ply
    white_accuracy: float | None
    black_accuracy: float | None


@dataclass(frozen=True, slots=True)
class GameSummary:
    """Both sides of a game and its phases, as far as it is evaluated."""

    white: SideSummary
    black: SideSummary
    phases: tuple[PhaseSummary, ...]
