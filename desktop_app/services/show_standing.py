"""How far each verdict of a game may be trusted: confidence, whether it is settled, and why it is in doubt.

Pure but for what it is given; any thread. Called by `services.show_game`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.analysis.confidence import confidence, evidence, is_sure
from desktop_app.analysis.doubts import doubt_reason
from desktop_app.domain.game import Ply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.analysis.review import Mainline
    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.judgement import Grading
    from desktop_app.library.evaluations import GameAnalysis


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to be said of one verdict.

    Attributes:
        confidence: probability 0…1 that it would stand against ten times the nodes; None while it is not judged.
        settled: its analysis is done, or the verdict counts as sure already.
        doubt: why it may still be wrong, as a sentence; "" where it counts as sure.
    """

    confidence: float | None
    settled: bool
    doubt: str = ""


UNKNOWN = Standing(None, settled=False)


def standings(
    line: Mainline, found: Mapping[Ply, Evaluation], analysis: GameAnalysis | None, *, grading: Grading
) -> dict[Ply, Standing]:
    """The standing of every move that is evaluated on both sides.

    Args:
        line: the game.
        found: its evaluations, news that is not stored yet included.
        analysis: the analysis they are of, None where there is only news.
        grading: the thresholds.
    """
    probabilities = confidence(line, found, grading=grading)
    weighed = evidence(line, found, grading=grading)
    complete = analysis is not None and analysis.complete
    shown = {}
    for ply, probability in probabilities.items():
        sides_stored = analysis is not None and ply in analysis.evaluations and Ply(ply - 1) in analysis.evaluations
        known = weighed.get(ply)
        doubt = "" if known is None or is_sure(probability) else doubt_reason(known, grading)
        shown[ply] = Standing(probability, complete or (sides_stored and not doubt), doubt)
    return shown
