"""Which positions of a game to search next, and how deep: the anytime profiles. Pure; any thread.

Every game first gets a thin pass, last ply first. Then `wanted` is asked again after each stored round: it names the
positions on both sides of the moves whose verdicts are still in doubt (`analysis.confidence`), each a step deeper, until
nothing that matters is in doubt or the game's allowance of nodes is spent. It looks at the evaluations alone, so a
restart goes on by itself. Called by the planning services and the bench. Why it is so: docs/decisions/0020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.analysis.confidence import evidence, probability
from desktop_app.domain.evaluation import Evaluation, Over
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import LICHESS, Grading
from desktop_app.domain.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.analysis.review import Mainline


@dataclass(frozen=True, slots=True)
class Want:
    """One search to make: the position after `ply` half-moves, with `limit_nodes` nodes."""

    ply: Ply
    limit_nodes: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How a profile spends nodes.

    Attributes:
        thin_nodes: the first pass over every position.
        growth: each deepening has so many times the nodes of the one before it.
        cap_nodes: no search is larger.
        mean_nodes: a game's allowance is this times its positions, all passes and warm-up together.
        doubt: how much doubt may remain: a verdict is left alone when it stands with probability 1 - doubt.
    """

    thin_nodes: int
    growth: int
    cap_nodes: int
    mean_nodes: int
    doubt: float

    def level_above(self, nodes: int) -> int:
        """Nodes of the next search of a position whose deepest has `nodes`; 0 when it is deep enough."""
        level = self.thin_nodes
        # A search may end a little before its limit: four fifths of a level count as that level.
        while level * 4 <= nodes * 5:
            if level >= self.cap_nodes:
                return 0
            level = min(self.cap_nodes, level * self.growth)
        return level


POLICIES: dict[Profile, Policy] = {
    Profile.QUICK: Policy(thin_nodes=10_000, growth=4, cap_nodes=160_000, mean_nodes=25_000, doubt=0.15),
    Profile.STANDARD: Policy(thin_nodes=20_000, growth=4, cap_nodes=640_000, mean_nodes=85_000, doubt=0.05),
    Profile.DEEP: Policy(thin_nodes=40_000, growth=4, cap_nodes=2_560_000, mean_nodes=300_000, doubt=0.02),
}
"""The three profiles (docs/decisions/0020, docs/benchmarks.md)."""


def wanted(
    line: Mainline,
    evaluations: Mapping[Ply, Evaluation],
    policy: Policy,
    *,
    grading: Grading = LICHESS,
    extra_nodes: int = 0,
) -> tuple[Want, ...]:
    """The next round of searches for a game, in search order (last ply first), all with one limit; () when settled.

    Args:
        line: the game's main line.
        evaluations: what is stored, finished positions included as `Over`; missing plies get their thin pass first.
        policy: how to spend.
        grading: the thresholds that verdicts hang on.
        extra_nodes: nodes already spent on the game beside its evaluations (warm-up); part of the allowance.
    """
    missing = [Ply(ply) for ply in range(line.positions - 1, -1, -1) if ply not in evaluations]
    if missing:
        return tuple(Want(ply, policy.thin_nodes) for ply in missing)
    left = policy.mean_nodes * line.positions - extra_nodes - sum(found.nodes_spent for found in evaluations.values())
    doubts = _doubts(line, evaluations, policy, grading)
    steps = {ply: policy.level_above(evaluations[ply].nodes) for ply in doubts}
    possible = {step for step in steps.values() if 0 < step <= left}
    if not possible:
        return ()
    limit = min(possible)
    worst_first = sorted((ply for ply, step in steps.items() if step == limit), key=lambda ply: (-doubts[ply], ply))
    chosen = worst_first[: left // limit]
    return tuple(Want(ply, limit) for ply in sorted(chosen, reverse=True))


def is_settled(
    line: Mainline, evaluations: Mapping[Ply, Evaluation], policy: Policy, *, grading: Grading = LICHESS
) -> bool:
    """Whether `wanted` has nothing more to ask for."""
    return not wanted(line, evaluations, policy, grading=grading)


def _doubts(
    line: Mainline, evaluations: Mapping[Ply, Evaluation], policy: Policy, grading: Grading
) -> dict[Ply, float]:
    """Positions on either side of a doubtful verdict -> the greater doubt; finished positions are never in doubt."""
    doubts: dict[Ply, float] = {}
    for ply, found in evidence(line, evaluations, grading=grading).items():
        doubt = 0.0 if found is None else 1 - probability(found)
        if doubt <= policy.doubt:
            continue
        for side in (Ply(ply - 1), ply):
            if not isinstance(evaluations[side].score, Over):
                doubts[side] = max(doubt, doubts.get(side, 0.0))
    return doubts
