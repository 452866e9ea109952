"""How likely each verdict is to stand against a ten times deeper search. Pure; any thread.

Asked by `analysis.anytime` for where to spend nodes, and by `services.show_game` for what viewer and `show --json` say.
A verdict hangs on three facts: the scores on both sides of the move, and whether the move is the engine's own choice
(then it is never judged). Each can change with more nodes; what the features are worth was fitted, see `_SETTLED` below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.analysis.judge import judge_scores, scores_before
from desktop_app.analysis.win_chances import winning_chances
from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Over, Score, to_cp
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import LICHESS, Grading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.analysis.review import Mainline

SURE = 0.93
"""From this probability on a verdict counts as sure; chosen with the constants (docs/decisions/0020)."""

NOISE = 0.035
"""Typical change of a loss of winning chances (scale -1…+1) between `NOISE_NODES` nodes and ten times as many."""

NOISE_NODES = 100_000
NOISE_DECAY = 0.35
"""The change shrinks with nodes to this power."""


@dataclass(frozen=True, slots=True)
class MoveEvidence:
    """What is known about one move's verdict.

    Attributes:
        loss: winning chances the mover lost (-2…+2), mates as ±1.
        margin: distance of the loss to the nearest threshold that it could cross, on the same scale.
        noise: how far the loss may be expected to move still.
        top: whether the move is the engine's own choice.
        steady: share 0…1 of the searches (both sides of the move) in which the best move has not changed.
        judged: whether it is judged as things stand.
        mate: whether a mate stands on either side.
    """

    loss: float
    margin: float
    noise: float
    top: bool
    steady: float
    judged: bool
    mate: bool


def confidence(
    line: Mainline, evaluations: Mapping[Ply, Evaluation], *, grading: Grading = LICHESS
) -> dict[Ply, float]:
    """Probability 0…1 for every judged or judgeable move that its verdict would stand against ten times the nodes.

    Keys are the plies of moves (1…N). A move that lacks an evaluation on either side is missing; a forced move and a
    mating one are certain.
    """
    return {
        ply: 1.0 if found is None else probability(found)
        for ply, found in evidence(line, evaluations, grading=grading).items()
    }


def is_sure(probability: float) -> bool:
    """Whether a verdict of this confidence is shown as settled."""
    return probability >= SURE


def evidence(
    line: Mainline, evaluations: Mapping[Ply, Evaluation], *, grading: Grading = LICHESS
) -> dict[Ply, MoveEvidence | None]:
    """The evidence of every move that has both its evaluations; None where no search can change the verdict."""
    scores: list[Score | None] = [None] * line.positions
    for ply, evaluation in evaluations.items():
        if ply < line.positions:
            scores[ply] = evaluation.score
    befores = scores_before(scores, standard_start=line.standard_start, grading=grading)
    found: dict[Ply, MoveEvidence | None] = {}
    last = min(len(line.moves), grading.max_plies or len(line.moves))
    for number in range(1, last + 1):
        prev, cur = befores[number - 1], scores[number]
        before, after = evaluations.get(Ply(number - 1)), evaluations.get(Ply(number))
        if prev is None or cur is None or after is None or before is None:
            continue
        certain = line.legal_counts[number - 1] == 1 or (isinstance(cur, Over) and cur.winner is not None)
        white = line.start_white == (number % 2 == 1)
        played = (line.moves[number - 1], line.other_spelling.get(number, ""))
        found[Ply(number)] = (
            None
            if certain
            else _weigh(prev, cur, before, after, white=white, top=before.best in played, grading=grading)
        )
    return found


def _weigh(
    prev: Score, cur: Score, before: Evaluation, after: Evaluation, *, white: bool, top: bool, grading: Grading
) -> MoveEvidence:
    sign = 1 if white else -1
    loss = sign * (_chances(prev) - _chances(cur))
    judged = judge_scores(prev, cur, white=white, top_move_played=top, grading=grading) is not None
    thresholds = (grading.inaccuracy, grading.mistake, grading.blunder)
    return MoveEvidence(
        loss=loss,
        margin=min(abs(loss - threshold) for threshold in thresholds),
        noise=math.hypot(_noise(before), _noise(after)),
        top=top,
        steady=min(_steady(before), _steady(after)),
        judged=judged,
        mate=isinstance(prev, Mate) or isinstance(cur, Mate),
    )


def probability(found: MoveEvidence) -> float:
    """The fitted probability that the verdict stands."""
    distance = min(6.0, found.margin / max(found.noise, 1e-6))
    log_odds = -0.5 + 1.6 * distance + 1.0 * found.steady + (0.5 if found.top else 0.0)
    return 1 / (1 + math.exp(-log_odds))


def _chances(score: Score) -> float:
    """Winning chances of White; mates and won games are ±1."""
    match score:
        case Cp(white_cp):
            return winning_chances(white_cp)
        case Mate(white_mate):
            return 1.0 if white_mate > 0 else -1.0
        case Over():
            return to_cp(score) / 1000


def _noise(evaluation: Evaluation) -> float:
    """How far the winning chances of a position may be expected to move with ten times the nodes."""
    if isinstance(evaluation.score, Over):
        return 0.0
    return float(NOISE * (NOISE_NODES / max(1000, evaluation.nodes)) ** NOISE_DECAY)


def _steady(evaluation: Evaluation) -> float:
    return 1.0 if evaluation.stability is None else evaluation.stability.best_since / 1000
