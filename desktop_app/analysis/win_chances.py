"""From scores to winning chances and move accuracy: Lichess's curves with their sources. Pure; any thread.

Used by `analysis.judge` and `analysis.summary`, and by the graph and the evaluation bar, which draw win %. Two curves
must not be mixed: the review curve (`win_percent`, clamped at ±1000 cp) and the browser's (`browser_chances`), which
ranks mates by distance and serves puzzle-like questions ("are these two moves about as good?").
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from desktop_app.domain.evaluation import CP_CEILING, Cp, Mate, Over, Score, to_cp

if TYPE_CHECKING:
    from collections.abc import Sequence

CURVE = 0.00368208
"""Steepness of the winning-chances curve (scalachess core/src/main/scala/eval.scala@cbffc9d7; lila PR #11148)."""

_ACCURACY_SCALE = 103.1668100711649
_ACCURACY_DECAY = -0.04354415386753951
_ACCURACY_SHIFT = -3.166924740191411
_ACCURACY_BONUS = 1.0
"""lila modules/analyse/src/main/AccuracyPercent.scala@8dae10ff; the bonus is absent from lichess.org/page/accuracy."""

SIMILAR_POV_DIFF = 0.14
"""Two moves closer than this are about as good (lila ui/puzzle; judgement.md 1.2)."""

_WINNING_CHANCES = 0.3524
"""Browser chances of +200 cp: a second move at least as good also solves a puzzle (judgement.md 1.2)."""


def winning_chances(cp: float) -> float:
    """Winning chances -1…+1 of the side that `cp` is signed for. The centipawns are not clamped here."""
    # exp overflows beyond 709: there the chances are ±1 to the last bit anyway.
    exponent = max(-700.0, min(700.0, -CURVE * cp))
    return max(-1.0, min(1.0, 2 / (1 + math.exp(exponent)) - 1))


def win_percent_of_cp(cp: float) -> float:
    """Win % of the side that `cp` is signed for, 2.455…97.545: centipawns are clamped at ±1000."""
    return 50 + 50 * winning_chances(max(-CP_CEILING, min(CP_CEILING, cp)))


def win_percent(score: Score) -> float:
    """White's win % for a score: mates and won games like ±1000 cp, a finished draw 50."""
    return win_percent_of_cp(to_cp(score))


def move_accuracy(before: float, after: float) -> float:
    """Accuracy 0…100 of a move, from the mover's win % before and after it."""
    if after >= before:
        return 100.0
    curve = _ACCURACY_SCALE * math.exp(_ACCURACY_DECAY * (before - after)) + _ACCURACY_SHIFT + _ACCURACY_BONUS
    return max(0.0, min(100.0, curve))


def population_stdev(values: Sequence[float]) -> float | None:
    """Population standard deviation, None of nothing (scalalib lila/src/main/scala/Maths.scala@3151c435)."""
    if not values:
        return None
    mean = sum(values) / len(values)
    # A list, not a generator: half the time, and this is asked for every move of a library that is judged again.
    return math.sqrt(sum([(value - mean) ** 2 for value in values]) / len(values))


def browser_chances(score: Score) -> float:
    """Winning chances of White as Lichess's browser draws them (ui/lib/src/ceval/winningChances.ts@4890ba91).

    Centipawns are clamped at ±1000; a mate in n counts as ±100·(21 - min(10, n)) cp, so nearer mates count for more.
    """
    match score:
        case Mate(white_mate):
            cp = (21 - min(10, abs(white_mate))) * 100 * (1 if white_mate > 0 else -1)
        case Over(None):
            cp = 0
        case Over(winner):
            cp = 2100 if winner else -2100
        case Cp(white_cp):
            cp = max(-CP_CEILING, min(CP_CEILING, white_cp))
    return winning_chances(cp)


def pov_diff(*, white: bool, first: Score, second: Score) -> float:
    """How much better `first` is than `second` for a side, in win probability -1…+1 (browser curve)."""
    sign = 1 if white else -1
    return sign * (browser_chances(first) - browser_chances(second)) / 2


def about_as_good(*, white: bool, best: Score, second: Score) -> bool:
    """Whether the second-best move loses so little that both deserve credit."""
    return pov_diff(white=white, first=best, second=second) < SIMILAR_POV_DIFF


def has_several_solutions(*, white: bool, best: Score, second: Score) -> bool:
    """Whether a second move solves the position too: about as good, or winning by itself."""
    chances = browser_chances(second) * (1 if white else -1)
    return chances >= _WINNING_CHANCES or about_as_good(white=white, best=best, second=second)
