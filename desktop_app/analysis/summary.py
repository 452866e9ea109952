"""Accuracy, average centipawn loss, counts and phases of a game, from its evaluations. Pure; any thread.

Formulas: judgement.md 1.5 and 1.6 (lila modules/analyse/src/main/{AccuracyPercent,AccuracyCP}.scala@8dae10ff), with
the rules for holes and phases of judgement.md 5.5. Called with what is known so far, at every stored chunk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.analysis.judge import scores_before
from desktop_app.analysis.phases import ENDGAME, MIDDLEGAME, OPENING, Division
from desktop_app.analysis.win_chances import population_stdev, win_percent
from desktop_app.domain.evaluation import Over
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import (
    LICHESS,
    GameSummary,
    Grading,
    Judgement,
    MoveVerdict,
    PhaseSummary,
    SideSummary,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.evaluation import Score

MIN_WINDOW, MAX_WINDOW = 2, 8
MIN_WEIGHT, MAX_WEIGHT = 0.5, 12.0
_MIN_PHASE_PLIES = 2
"""Below so many plies of a colour a phase shows no accuracy (judgement.md 5.5)."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    """One move's accuracy with its weight in the game."""

    ply: int
    white: bool
    accuracy: float
    weight: float


def rounded(value: float | None) -> int | None:
    """A metric as shown: nearest integer, halves up, as Lichess rounds."""
    return None if value is None else math.floor(value + 0.5)


def summarise(
    *,
    scores: Sequence[Score | None],
    verdicts: Sequence[MoveVerdict],
    division: Division | None,
    start_white: bool = True,
    standard_start: bool = True,
    grading: Grading = LICHESS,
) -> GameSummary:
    """Summarise a game.

    Args:
        scores: White's side, index = ply, 0 to N; None where not evaluated.
        verdicts: of `analysis.judge.judge_game` over the same scores.
        division: the phases, None for games that have none.
        start_white: whether White moves first.
        standard_start: whether the game starts from the standard initial position.
        grading: the rules the verdicts were made by.
    """
    befores = scores_before(scores, standard_start=standard_start, grading=grading)[: len(verdicts) + 1]
    weighed = _weigh(befores, verdicts, start_white=start_white)
    whites, blacks = _accuracies(weighed, least=1)
    white, black = (
        SideSummary(
            accuracy,
            _mean([verdict.cp_loss for verdict in side if verdict.cp_loss is not None]),
            *(sum(verdict.judgement is judgement for verdict in side) for judgement in Judgement),
        )
        for accuracy, side in (
            (whites, [verdict for verdict in verdicts if (verdict.ply % 2 == 1) == start_white]),
            (blacks, [verdict for verdict in verdicts if (verdict.ply % 2 == 1) != start_white]),
        )
    )
    return GameSummary(white, black, _phases(division, weighed, last_ply=len(verdicts)))


def _weigh(befores: Sequence[Score | None], verdicts: Sequence[MoveVerdict], *, start_white: bool) -> list[_Weighed]:
    """Accuracies with their weights; the deviation of win % around a move tells how sharp the game was there."""
    # A mated position has no evaluation on Lichess, so it is no part of the list (judgement.md 1.3).
    mated = bool(befores) and isinstance(befores[-1], Over) and befores[-1].winner is not None
    known = befores[:-1] if mated else befores
    values = [None if score is None else win_percent(score) for score in known]
    plies = len(values) - 1
    window = max(MIN_WINDOW, min(MAX_WINDOW, plies // 10))
    weighed: list[_Weighed] = []
    for verdict in verdicts[: max(0, plies)]:
        if verdict.accuracy is None:
            continue
        first = max(0, verdict.ply + 1 - window)
        around = [value for value in values[first : first + window] if value is not None]
        weight = max(MIN_WEIGHT, min(MAX_WEIGHT, population_stdev(around) or 0.0))
        weighed.append(_Weighed(verdict.ply, (verdict.ply % 2 == 1) == start_white, verdict.accuracy, weight))
    return weighed


def _accuracies(weighed: Sequence[_Weighed], *, least: int) -> tuple[float | None, float | None]:
    """White's and Black's accuracy over these moves; None for both unless both have `least` moves."""
    whites = [move for move in weighed if move.white]
    blacks = [move for move in weighed if not move.white]
    if len(whites) < least or len(blacks) < least:
        return None, None
    return _accuracy(whites), _accuracy(blacks)


def _accuracy(moves: Sequence[_Weighed]) -> float:
    return mean_accuracy([move.accuracy for move in moves], [move.weight for move in moves])


def mean_accuracy(accuracies: Sequence[float], weights: Sequence[float]) -> float:
    """Mean of the weighted mean and the harmonic mean of a side's moves; there must be some."""
    pairs = zip(accuracies, weights, strict=True)
    weighted = sum([accuracy * weight for accuracy, weight in pairs]) / sum(weights)
    harmonic = len(accuracies) / sum([1 / max(1.0, accuracy) for accuracy in accuracies])
    return (weighted + harmonic) / 2


def _phases(division: Division | None, weighed: Sequence[_Weighed], *, last_ply: int) -> tuple[PhaseSummary, ...]:
    if division is None or last_ply == 0:
        return ()
    phases: list[PhaseSummary] = []
    for name in (OPENING, MIDDLEGAME, ENDGAME):
        plies = [ply for ply in range(1, last_ply + 1) if division.phase_of(ply) == name]
        if plies:
            moves = [move for move in weighed if plies[0] <= move.ply <= plies[-1]]
            white, black = (
                _accuracy(side) if len(side) >= _MIN_PHASE_PLIES else None
                for side in ([m for m in moves if m.white], [m for m in moves if not m.white])
            )
            phases.append(PhaseSummary(name, Ply(plies[0]), Ply(plies[-1]), white, black))
    return tuple(phases)


def _mean(values: Sequence[int]) -> float | None:
    return sum(values) / len(values) if values else None
