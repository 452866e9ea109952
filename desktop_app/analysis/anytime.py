"""Which positions of a game to search next, and how deep: the anytime profiles. Pure; any thread.

Every game first gets a thin pass, last ply first. Then `wanted` is asked again after each stored round: it names the
positions on both sides of the moves whose verdicts are still in doubt (`analysis.confidence`), each a step deeper,
until nothing that matters is in doubt or the game's allowance of nodes is spent. It looks at the evaluations alone, so
a restart goes on by itself. Called by the planning services and the bench. Why it is so: docs/decisions/0020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.analysis.confidence import doubt, evidence
from desktop_app.analysis.confidence_model import ALL, Model
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


_EXHAUSTED_DEPTH = 200
"""A search that got here has seen all there is (a mate is proved): it ends below its limit, and so would the next."""


_LONGEST_STEP = 6
"""No search is more than so many times as large as the one before: most doubts are gone by then, and the rest is worth
asking again."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a profile spends nodes.

    Attributes:
        levels: nodes of a position's searches, thin pass first, each deeper than the one before.
        doubts: how much doubt (`analysis.confidence.doubt`) may remain without each of them but the first.
        mean_nodes: a game's allowance is this times its positions, all passes and warm-up together. Quiet games take
            much less; what games take on average is in docs/benchmarks.md.
        model: the fitted weights of doubt; the bench alone puts others in, to measure each half by the other.
    """

    levels: tuple[int, ...]
    doubts: tuple[float, ...]
    mean_nodes: int
    model: Model = ALL

    @property
    def thin_nodes(self) -> int:
        """The first pass over every position."""
        return self.levels[0]

    @property
    def cap_nodes(self) -> int:
        """No search is larger."""
        return self.levels[-1]

    def level_of(self, nodes: int) -> int:
        """Index of the deepest level that a search of `nodes` nodes has reached; -1 for none."""
        # A search may end a little before its limit: four fifths of a level count as that level.
        return sum(level * 4 <= nodes * 5 for level in self.levels) - 1

    def next_limit(self, nodes: int, doubt: float) -> int:
        """Nodes of the next search of a position whose deepest has `nodes`; 0 when `doubt` may remain."""
        level = self.level_of(nodes)
        if level < 0:
            return self.levels[0]
        asked = [
            limit
            for limit, bearable in zip(self.levels[level + 1 :], self.doubts[level:], strict=True)
            if doubt > bearable and limit <= _LONGEST_STEP * self.levels[level]
        ]
        return max(asked, default=0)


POLICIES: dict[Profile, Policy] = {
    Profile.QUICK: Policy((10_000, 60_000), (0.25,), mean_nodes=40_000),
    Profile.STANDARD: Policy((20_000, 50_000, 120_000, 480_000), (0.09, 0.28, 0.55), mean_nodes=200_000),
    Profile.DEEP: Policy((40_000, 240_000, 960_000, 2_500_000), (0.1, 0.3, 0.5), mean_nodes=800_000),
}
"""The three profiles; measured in docs/benchmarks.md, chosen in docs/decisions/0020."""


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
    doubts = _doubts(line, evaluations, grading, policy.model)
    limits = {ply: policy.next_limit(evaluations[ply].nodes, doubts[ply]) for ply in doubts}
    possible = {limit for limit in limits.values() if 0 < limit <= left}
    if not possible:
        return ()
    limit = min(possible)
    worst_first = sorted((ply for ply, own in limits.items() if own == limit), key=lambda ply: (-doubts[ply], ply))
    chosen = worst_first[: left // limit]
    return tuple(Want(ply, limit) for ply in sorted(chosen, reverse=True))


def is_settled(
    line: Mainline, evaluations: Mapping[Ply, Evaluation], policy: Policy, *, grading: Grading = LICHESS
) -> bool:
    """Whether `wanted` has nothing more to ask for."""
    return not wanted(line, evaluations, policy, grading=grading)


def _doubts(line: Mainline, evaluations: Mapping[Ply, Evaluation], grading: Grading, model: Model) -> dict[Ply, float]:
    """Positions on either side of a move -> the greater doubt; finished positions are never in doubt."""
    doubts: dict[Ply, float] = {}
    for ply, found in evidence(line, evaluations, grading=grading, model=model).items():
        if found is None:
            continue
        of_move = doubt(found, model)
        for side in (Ply(ply - 1), ply):
            if not isinstance(evaluations[side].score, Over) and evaluations[side].depth < _EXHAUSTED_DEPTH:
                doubts[side] = max(of_move, doubts.get(side, 0.0))
    return doubts
