"""How likely each verdict is to stand against a ten times deeper search. Pure; any thread.

Asked by `analysis.anytime` for where to spend nodes, and by `services.show_game` for what viewer and `show --json` say.
A verdict hangs on three facts: the scores on both sides of the move, and whether the move is the engine's own choice
(then it is never judged). Each can change with more nodes. How much a score still moves depends on the nodes, on how
steep the curve of winning chances is there, and on how steady the search was; the distance of the loss to the
thresholds in units of that noise, with the history over passes, gives the odds. Weights: `analysis.confidence_model`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from operator import mul
from typing import TYPE_CHECKING

from desktop_app.analysis.confidence_model import ALL, Model
from desktop_app.analysis.judge import judge_scores, scores_before
from desktop_app.analysis.win_chances import CURVE, winning_chances
from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Over, Pass, Score, to_cp
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import LICHESS, Grading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.analysis.review import Mainline

SURE = 0.92
"""From this probability on a verdict counts as sure. Chosen on the reference games so that 98 of 100 sure ones agree
with a search ten times as deep (docs/decisions/0020)."""

_SEVERITY_SHARE = 0.5
"""What a doubt about how bad a move is counts for, beside the doubt whether it is bad at all."""

_FARTHEST = 8.0
"""Distances beyond so many units of noise are all the same."""
_SHALLOW_NODES = 30_000
"""Up to so many nodes a search is a thin pass."""
_LEAST_NOISE = 0.004
_TYPICAL_NOISE = 0.05
_TYPICAL_CHANGE = 0.05
_MOST_CHANGES = 4.0
_CP_FLOOR, _SPREAD_FLOOR = 40, 8


@dataclass(frozen=True, slots=True)
class MoveEvidence:
    """What is known about one move's verdict.

    Attributes:
        loss: winning chances the mover lost (-2…+2), mates as ±1.
        margin: distance of the loss to the nearest threshold, on the same scale.
        over: loss beyond the lowest threshold, negative below it.
        noise: how far the loss may be expected to move still.
        top: whether the move is the engine's own choice.
        restless: share 0…1 of the search before the move that had passed when its best move last changed.
        judged: whether it is judged as things stand.
        mate: whether a mate stands on either side.
        deep: whether either side was searched beyond the thin pass.
        changed: whether the thin pass judged it otherwise (judged or not).
        moved: how far the loss moved since the thin pass.
    """

    loss: float
    margin: float
    over: float
    noise: float
    top: bool
    restless: float
    judged: bool
    mate: bool
    deep: bool = False
    changed: bool = False
    moved: float = 0.0

    @property
    def steady(self) -> float:
        """Share 0…1 of the search before the move through which its best move has been the same."""
        return 1 - self.restless


def confidence(
    line: Mainline, evaluations: Mapping[Ply, Evaluation], *, grading: Grading = LICHESS, model: Model = ALL
) -> dict[Ply, float]:
    """Probability 0…1 for every move that its verdict, judged or not, would stand against ten times the nodes.

    How bad a judged move is (inaccuracy, mistake, blunder) may still change by a step. Keys are the plies of moves
    (1…N). A move that lacks an evaluation on either side is missing; a forced move and a mating one are certain.
    """
    return {
        ply: 1.0 if found is None else probability(found, model)
        for ply, found in evidence(line, evaluations, grading=grading, model=model).items()
    }


def is_sure(probability: float) -> bool:
    """Whether a verdict of this confidence is shown as settled."""
    return probability >= SURE


def evidence(
    line: Mainline, evaluations: Mapping[Ply, Evaluation], *, grading: Grading = LICHESS, model: Model = ALL
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
        before, after = evaluations.get(Ply(number - 1)), evaluations.get(Ply(number))
        prev = befores[number - 1]
        if prev is None or before is None or after is None:
            continue
        if line.legal_counts[number - 1] == 1 or (isinstance(after.score, Over) and after.score.winner is not None):
            found[Ply(number)] = None
            continue
        move = _Move(
            white=line.start_white == (number % 2 == 1),
            played=(line.moves[number - 1], line.other_spelling.get(number, "")),
            given=None if prev is before.score else prev,
            grading=grading,
            model=model,
        )
        found[Ply(number)] = _with_history(move, before, after)
    return found


def probability(found: MoveEvidence, model: Model = ALL) -> float:
    """The fitted probability that a judged move stays judged, or one that is not judged stays so."""
    return 1 - _logistic(model.judged, features(found))


def doubt(found: MoveEvidence, model: Model = ALL) -> float:
    """How much a deeper look is worth, 0…1: the odds of another verdict, and half of those of another severity."""
    values = features(found)
    flip = _logistic(model.judged, values)
    return flip + _SEVERITY_SHARE * max(0.0, _logistic(model.verdict, values) - flip)


def features(found: MoveEvidence) -> tuple[float, ...]:
    """What the fitted weights are weights of."""
    units = found.over / found.noise
    distance = min(_FARTHEST, abs(units))
    judged, top, deep = float(found.judged), float(found.top), float(found.deep)
    return (
        1.0,
        distance,
        distance * distance / _FARTHEST,
        min(_FARTHEST, found.margin / found.noise),
        judged,
        judged * distance,
        top,
        top * max(-4.0, min(4.0, units)),
        top * found.restless,
        judged * found.restless,
        float(found.mate),
        math.log(found.noise / _TYPICAL_NOISE),
        deep,
        float(found.changed),
        min(_MOST_CHANGES, found.moved / _TYPICAL_CHANGE),
        deep * distance,
    )


def noise_features(search: Evaluation | Pass) -> tuple[float, ...]:
    """What the weights of the noise are weights of: nodes, steepness of the curve with the score, with its spread."""
    cp = to_cp(search.score)
    chances = winning_chances(cp)
    slope = CURVE * (1 - chances * chances) / 2
    spread = search.stability.spread_cp if search.stability else 0
    return (
        1.0,
        math.log(max(1000, search.nodes) / 100_000),
        math.log(slope * (abs(cp) + _CP_FLOOR)),
        math.log(slope * (spread + _SPREAD_FLOOR)),
        float(isinstance(search.score, Mate)),
    )


def chances_of(score: Score) -> float:
    """Winning chances of White, not clamped; mates and won games are ±1."""
    match score:
        case Cp(white_cp):
            return winning_chances(white_cp)
        case Mate(white_mate):
            return 1.0 if white_mate > 0 else -1.0
        case Over():
            return to_cp(score) / 1000


@dataclass(frozen=True, slots=True)
class _Move:
    """The move itself, and the rules. `given` replaces the score before it (the fixed one of the start position)."""

    white: bool
    played: tuple[str, str]
    given: Score | None
    grading: Grading
    model: Model


def _with_history(move: _Move, before: Evaluation, after: Evaluation) -> MoveEvidence:
    now = _weigh(move, before, after)
    if not before.passes and not after.passes:
        return now
    first = _weigh(
        move,
        before.passes[0] if before.passes else before,
        after.passes[0] if after.passes else after,
    )
    return replace(now, changed=first.judged != now.judged, moved=abs(first.loss - now.loss))


def _weigh(move: _Move, before: Evaluation | Pass, after: Evaluation | Pass) -> MoveEvidence:
    grading, model = move.grading, move.model
    prev = move.given or before.score
    loss = (1 if move.white else -1) * (chances_of(prev) - chances_of(after.score))
    top = before.best in move.played
    thresholds = (grading.inaccuracy, grading.mistake, grading.blunder)
    return MoveEvidence(
        loss=loss,
        margin=min(abs(loss - threshold) for threshold in thresholds),
        over=loss - grading.inaccuracy,
        noise=math.hypot(0.0 if move.given else _noise(before, model), _noise(after, model)) + _LEAST_NOISE,
        top=top,
        restless=0.0 if before.stability is None else 1 - before.stability.best_since / 1000,
        judged=judge_scores(prev, after.score, white=move.white, top_move_played=top, grading=grading) is not None,
        mate=isinstance(prev, Mate) or isinstance(after.score, Mate),
        deep=max(before.nodes, after.nodes) > _SHALLOW_NODES,
    )


def _noise(search: Evaluation | Pass, model: Model) -> float:
    """How far the winning chances of a position may be expected to move with many more nodes."""
    if isinstance(search.score, Over):
        return 0.0
    return math.exp(sum(map(mul, model.noise, noise_features(search))))


def _logistic(weights: tuple[float, ...], values: tuple[float, ...]) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, sum(map(mul, weights, values))))))
