"""Why a verdict is in doubt, in a sentence for the reader. Pure; any thread.

Called by `services.show_standing`; the numbers are those of `analysis.confidence`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.analysis.confidence import MoveEvidence
    from desktop_app.domain.judgement import Grading

_NEAR_LINE = 2.0
"""Margins up to so many times the expected change count as close to a line."""


def doubt_reason(found: MoveEvidence, grading: Grading) -> str:
    """The chief reason why a deeper search could judge the move otherwise."""
    if found.mate:
        return "A mate is near: a deeper look may find it sooner, or that there is none."
    if found.margin <= _NEAR_LINE * found.noise:
        return f"Close to the line between {_line(found.loss, grading)}."
    return "The engine changed its mind about the best move late in its search."


def _line(loss: float, grading: Grading) -> str:
    """The two verdicts on either side of the threshold nearest to a loss."""
    lines = (
        (grading.inaccuracy, "a fine move and an inaccuracy"),
        (grading.mistake, "an inaccuracy and a mistake"),
        (grading.blunder, "a mistake and a blunder"),
    )
    return min(lines, key=lambda line: abs(loss - line[0]))[1]
