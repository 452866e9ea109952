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


@dataclass(frozen=True, slots=True)
class Grading:
    """Thresholds and rules of judging; one is in force at a time.

    Attributes:
        name: `lichess` and others; part of stored summaries.
        inaccuracy, mistake, blunder: least loss of winning chances (scale -1…+1, unclamped centipawns) for each.
        opening_cp: evaluation before ply 1 in a standard game, White's side (Lichess uses +15).
        opening_cp_always: use it also for games from a FEN and Chess960, as Lichess does; else the root's own score.
        max_plies: judge only that many plies, None for all (Lichess stops at 300).
    """

    name: str
    inaccuracy: float
    mistake: float
    blunder: float
    opening_cp: int = 15
    opening_cp_always: bool = False
    max_plies: int | None = None


LICHESS = Grading("lichess", 0.10, 0.20, 0.30)
SHORTEST_WITH_ACCURACY = 5
"""Half-moves a game must have before an accuracy says anything; Lichess analyses no shorter ones (judgement.md 5.4)."""

LICHESS_MOST_PLIES = 300
"""Half-moves after which Lichess stops; we go on, and say so."""

LICHESS_EXACT = Grading("lichess_exact", 0.10, 0.20, 0.30, opening_cp_always=True, max_plies=LICHESS_MOST_PLIES)
GRADINGS = {grading.name: grading for grading in (LICHESS, LICHESS_EXACT)}
"""Sources: judgement.md 1.4 (lila Advice.scala@b97af467) and 5.3."""


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
