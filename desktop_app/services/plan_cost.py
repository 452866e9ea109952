"""What an analysis would cost: the figures of the confirm sheet. Blocking; any thread but the GUI's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.batch import CostEstimate
from desktop_app.domain.profile import AnalysisKey
from desktop_app.services.game_work import JUDGED_VARIANTS, NothingToAnalyseError, engine_with, main_line
from desktop_app.services.job_progress import expected_nodes, first_nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.game import GameId
    from desktop_app.domain.profile import SearchSpec
    from desktop_app.library.library import Library

_USUAL_NODES_PER_SECOND = 500_000.0
"""Of one Stockfish thread on an ordinary machine, until this one has been measured."""

_SAMPLE = 24
_OVERLAP = 1.08
"""Searches made only to warm the hash, and time between searches."""


def plan_cost(
    library: Library, game_ids: Sequence[GameId], spec: SearchSpec, identity: EngineIdentity, *, workers: int = 1
) -> CostEstimate:
    """Estimate games, positions and time of an analysis with `workers` workers.

    Positions that other games share are counted in a sample of the games and scaled up.
    """
    key = AnalysisKey(engine_with(identity, spec), spec)
    sizes = library.evaluations.sizes(game_ids, key)
    judged = [size for size in sizes if size.not_judged is None and size.variant in JUDGED_VARIANTS and size.plies]
    stored = sum(size.stored for size in judged)
    positions = sum(size.plies + 1 for size in judged) - stored
    share = _reusable_share(library, [size.game_id for size in judged if not size.stored], key)
    reusable = int(positions * share)
    each = expected_nodes(spec)
    speed = library.evaluations.nodes_per_second(key.engine) or _USUAL_NODES_PER_SECOND
    return CostEstimate(
        games=len(judged),
        skipped=len(sizes) - len(judged),
        positions=positions,
        already_stored=stored,
        reusable=reusable,
        seconds=(positions - reusable) * each * _OVERLAP / speed / max(1, workers),
        nodes_each=each,
    )


def _reusable_share(library: Library, game_ids: Sequence[GameId], key: AnalysisKey) -> float:
    """Which part of the positions, 0…1, could be copied from other games; 0 in the reproducible mode."""
    if key.spec.reproducible or not game_ids:
        return 0.0
    step = max(1, len(game_ids) // _SAMPLE)
    positions = shared = 0
    for game_id in game_ids[::step][:_SAMPLE]:
        try:
            line = main_line(library.jobs.line(game_id))
        except NothingToAnalyseError:
            continue
        keys = [found for found in line.keys if found is not None]
        positions += line.positions
        shared += len(library.evaluations.reusable(keys, key.engine, first_nodes(key.spec)))
    return shared / positions if positions else 0.0
