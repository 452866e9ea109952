"""Planning a game, at first and after each round of an anytime analysis. Blocking; on worker threads.

Called by `services.chunk_desk`. What is planned follows from what is stored alone, so that a restart goes on by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from desktop_app.analysis.anytime import POLICIES, wanted
from desktop_app.analysis.plan import plan_game, plan_round
from desktop_app.domain.profile import CHUNK_POSITIONS
from desktop_app.domain.work import Chunk
from desktop_app.services.game_work import GameWork, NothingToAnalyseError, main_line
from desktop_app.services.job_progress import first_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_app.analysis.anytime import Want
    from desktop_app.analysis.plan import GamePlan
    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import Ply
    from desktop_app.domain.profile import AnalysisKey
    from desktop_app.library.evaluations import StoredPosition
    from desktop_app.library.jobs import StoredItem
    from desktop_app.library.library import Library


@dataclass(frozen=True, slots=True)
class Round:
    """What planning found: chunks to search (none when the game is complete), and what it stored without a search."""

    chunks: tuple[Chunk, ...]
    copied: tuple[StoredPosition, ...] = ()


def prepare(library: Library, item: StoredItem, key: AnalysisKey, *, shares: int = 1) -> GameWork:
    """Take up a game and store what needs no search: finished positions, and evaluations found elsewhere.

    Its first round is pending afterwards, or it is complete. `shares`: as for `next_round`; the reproducible mode is
    always cut alike.

    Raises:
        NothingToAnalyseError: it is to be skipped.
        NotFoundError: the game is gone.
    """
    line = main_line(library.jobs.line(item.game_id))
    stored = library.evaluations.of_key(item.game_id, key)
    known = dict(stored.evaluations) if stored else {}
    plan = plan_game(
        item_id=item.id,
        game_id=item.game_id,
        root_fen=line.root_fen,
        moves=line.moves,
        chess960=line.chess960,
        spec=key.spec,
        known=frozenset(known),
    )
    if plan.not_judged:
        raise NothingToAnalyseError(plan.not_judged)
    whole = Chunk(item.id, item.game_id, plan.root_fen, plan.moves, line.chess960, (), None, key.spec)
    work = GameWork(item, line, key, library.gradings.in_force, whole, known, dict(stored.asked) if stored else {})
    work.attempts = item.attempts
    work.deepened = sum(found.nodes_spent - found.passes[0].nodes for found in known.values() if found.passes)
    over = work.finished((ply, found) for ply, found in plan.over if ply not in known)
    found = (
        _first_anytime(library, work, over, shares=shares)
        if key.spec.anytime
        else _reproducible(library, work, plan, over)
    )
    work.fresh = found.copied
    work.fill(found.chunks)
    return work


def next_round(library: Library, work: GameWork, *, shares: int = 1) -> Round:
    """Plan the round after the last; the game is stored as complete when there is none.

    Copies what other games have evaluated as deep as this round would, and asks again. `shares`: into how many
    chunks it is cut at least, where it has so many positions.
    """
    if not work.key.spec.anytime:
        work.store(library, (), settled=True)
        return Round(())
    copied: list[StoredPosition] = []
    while wants := _wants(work):
        found = _copies(library, work, wants)
        if not found:
            plies = [want.ply for want in wants]
            size = min(CHUNK_POSITIONS, -(-len(plies) // shares))
            chunks = plan_round(work.whole, plies, wants[0].limit_nodes, size=size)
            return Round(tuple(chunks), tuple(copied))
        work.store(library, found, settled=False)
        copied += found
    work.store(library, (), settled=True)
    return Round((), tuple(copied))


def _reproducible(library: Library, work: GameWork, plan: GamePlan, over: list[StoredPosition]) -> Round:
    """The reproducible mode: everything at once, nothing from elsewhere."""
    complete = work.store(library, over, settled=True)
    return Round(() if complete else plan.chunks, tuple(over))


def _first_anytime(library: Library, work: GameWork, over: list[StoredPosition], *, shares: int) -> Round:
    """The first round here; other analyses of the same game by the same engine count where they are no shallower."""
    found, least = list(over), first_nodes(work.key.spec)
    for ply, evidence in library.evaluations.of_other_analyses(work.game_id, work.key).items():
        own = work.evaluations.get(ply)
        deep = max(evidence.asked, evidence.evaluation.nodes)
        if deep >= least and (own is None or own.nodes < evidence.evaluation.nodes):
            found.append(work.copied(ply, evidence.evaluation, evidence.asked))
    if found or work.item.plies_done != work.plies_done:
        work.store(library, found, settled=False)
    following = next_round(library, work, shares=shares)
    return replace(following, copied=(*found, *following.copied))


def _wants(work: GameWork) -> tuple[Want, ...]:
    """What the profile still asks for, by what was asked of each position."""
    policy = POLICIES[work.key.spec.profile]
    return wanted(work.line, _as_asked(work.evaluations, work.asked), policy, grading=work.grading)


def _as_asked(evaluations: Mapping[Ply, Evaluation], asked: Mapping[Ply, int]) -> dict[Ply, Evaluation]:
    """Evaluations with the nodes they were asked for: a search that ended early (a mate is proved) is deep enough."""
    return {
        ply: found if found.nodes >= asked.get(ply, 0) else replace(found, nodes=asked[ply])
        for ply, found in evaluations.items()
    }


def _copies(library: Library, work: GameWork, wants: Sequence[Want]) -> list[StoredPosition]:
    """Evaluations of equal positions that this very engine made, as deep as wanted or deeper."""
    keys = {want.ply: key for want in wants if (key := work.line.keys[want.ply]) is not None}
    if not keys:
        return []
    found = library.evaluations.reusable(keys.values(), work.key.engine, wants[0].limit_nodes)
    return [work.copied(ply, found[key].evaluation, found[key].asked) for ply, key in keys.items() if key in found]
