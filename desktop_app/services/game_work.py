"""One game on its way through a job: planned once, filled chunk by chunk, stored after each.

Called by `services.analyse_games` on worker threads; several workers may share one game.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.plan import LEAST_WORTH_WARMING, plan_game
from desktop_app.analysis.review import Mainline, review
from desktop_app.domain.evaluation import Over
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import LICHESS, Grading
from desktop_app.domain.moves import unpack_moves
from desktop_app.library.evaluations import ChunkToStore, StoredPosition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_app.analysis.plan import GamePlan
    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.domain.game import GameId, GameLine, GameRecord
    from desktop_app.domain.profile import AnalysisKey, SearchSpec
    from desktop_app.domain.work import Chunk, JobItemId
    from desktop_app.library.jobs import StoredItem
    from desktop_app.library.library import Library

CHESS960 = "chess960"
JUDGED_VARIANTS = frozenset({"chess", CHESS960})


class NothingToAnalyseError(Exception):
    """The game has nothing we could analyse; the text says why. It is skipped, not failed."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A chunk that may be handed out from `not_before` on (monotonic seconds)."""

    chunk: Chunk
    not_before: float = 0.0


@dataclass(slots=True)
class GameWork:
    """A game in progress.

    `storing` is held while its evaluations and summary are written; all else is guarded by the batch's lock.

    Attributes:
        evaluations: everything known of this analysis, by ply.
        pending: chunks not handed out, next first.
        running: worker -> the chunk it searches.
        dropped: cancelled, removed or failed; whoever still works on it stops.
        fresh: what planning it stored without a search.
    """

    item: StoredItem
    title: str
    line: Mainline
    key: AnalysisKey
    grading: Grading
    evaluations: dict[Ply, Evaluation]
    pending: deque[Waiting]
    attempts: int = 0
    complete: bool = False
    dropped: bool = False
    running: dict[int, Chunk] = field(default_factory=dict)
    fresh: tuple[StoredPosition, ...] = ()
    storing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def game_id(self) -> GameId:
        """The game's id."""
        return self.item.game_id

    @property
    def item_id(self) -> JobItemId:
        """The item's id."""
        return self.item.id

    @property
    def plies_done(self) -> int:
        """Positions evaluated, finished ones included."""
        return len(self.evaluations)

    @property
    def plies_total(self) -> int:
        """Positions of the game."""
        return self.line.positions

    def take(self, worker: int, now: float) -> Chunk | None:
        """Hand out the next chunk whose time has come."""
        for index, waiting in enumerate(self.pending):
            if waiting.not_before <= now:
                del self.pending[index]
                self.running[worker] = waiting.chunk
                return waiting.chunk
        return None

    def put_back(self, worker: int, chunk: Chunk, *, not_before: float = 0.0) -> None:
        """Take a chunk back unfinished."""
        self.running.pop(worker, None)
        self.pending.appendleft(Waiting(chunk, not_before))

    def store(self, library: Library, positions: Sequence[StoredPosition]) -> bool:
        """Store new positions with everything that follows from them. Returns whether the game is complete."""
        with self.storing:
            if self.dropped:
                return False
            known = {**self.evaluations, **{position.ply: position.evaluation for position in positions}}
            self.complete = library.evaluations.store_chunk(
                ChunkToStore(
                    item_id=self.item_id,
                    game_id=self.game_id,
                    key=self.key,
                    positions=tuple(positions),
                    positions_total=self.plies_total,
                    summary=review(self.line, known, grading=self.grading).summary,
                    grading=self.grading.stamp,
                )
            )
            self.evaluations = known
            return self.complete

    def positions_of(
        self, evaluations: Iterable[tuple[Ply, Evaluation]], *, reused: bool = False
    ) -> list[StoredPosition]:
        """Evaluations with the keys they are shared under."""
        return [
            StoredPosition(ply, found, None if isinstance(found.score, Over) else self.line.keys[ply], reused=reused)
            for ply, found in evaluations
        ]

    def reuse(self, library: Library, plies: Iterable[Ply]) -> list[StoredPosition]:
        """Evaluations of equal positions that this very engine made, as deep or deeper. None in reproducible mode."""
        if self.key.spec.reproducible:
            return []
        keys = {ply: key for ply in plies if (key := self.line.keys[ply]) is not None}
        found = library.evaluations.reusable(keys.values(), self.key.engine, self.key.spec.limit_nodes)
        pairs = [(ply, replace(found[key], engine_ms=0)) for ply, key in keys.items() if key in found]
        return self.positions_of(pairs, reused=True)


def engine_with(identity: EngineIdentity, spec: SearchSpec) -> EngineIdentity:
    """The identity under the options this search sets: the hash size follows from the limit."""
    options = tuple((name, str(spec.hash_mb) if name == "Hash" else value) for name, value in identity.options)
    return replace(identity, options=options)


def main_line(line: GameLine | GameRecord) -> Mainline:
    """Walk a stored game. Raises NothingToAnalyseError where there is nothing to walk."""
    if line.not_judged:
        raise NothingToAnalyseError(line.not_judged)
    if line.variant not in JUDGED_VARIANTS:
        raise NothingToAnalyseError(f"the variant {line.variant} is not judged")
    if line.ply_count == 0:
        raise NothingToAnalyseError("no moves")
    moves = [move.uci() for move in unpack_moves(line.moves)]
    try:
        return Mainline.walk(line.start_fen or chess.STARTING_FEN, moves, chess960=line.variant == CHESS960)
    except ValueError as error:
        raise NothingToAnalyseError(f"cannot be replayed: {error}") from error


def prepare(library: Library, item: StoredItem, key: AnalysisKey, *, grading: Grading = LICHESS) -> GameWork:
    """Plan a game and store what needs no search: finished positions, and equal positions found elsewhere.

    The item is running afterwards, or done when nothing is left to search (`complete`).

    Raises:
        NothingToAnalyseError: it is to be skipped.
        NotFoundError: the game is gone.
    """
    line = main_line(library.jobs.line(item.game_id))
    stored = library.evaluations.of_key(item.game_id, key)
    known = dict(stored.evaluations) if stored else {}
    work = GameWork(item, item.title, line, key, grading, known, deque(), attempts=item.attempts)
    plan = _plan(work)
    new = work.positions_of((ply, found) for ply, found in plan.over if ply not in known)
    wanted = [ply for chunk in plan.chunks for ply in chunk.plies]
    reused = work.reuse(library, wanted)
    work.fresh = (*new, *reused)
    complete = work.store(library, work.fresh)
    if not complete:
        work.pending.extend(Waiting(chunk) for chunk in (_plan(work) if reused else plan).chunks)
    return work


def without(chunk: Chunk, plies: Iterable[Ply]) -> Chunk | None:
    """The chunk without plies found elsewhere meanwhile; None when nothing is left."""
    gone = frozenset(plies)
    left = tuple(ply for ply in chunk.plies if ply not in gone)
    if not left:
        return None
    if left == chunk.plies:
        return chunk
    neighbour = chunk.warmup_ply if left[0] == chunk.plies[0] else Ply(left[0] + 1)
    worth = neighbour is not None and len(left) >= LEAST_WORTH_WARMING
    return replace(chunk, plies=left, warmup_ply=neighbour if worth else None)


def _plan(work: GameWork) -> GamePlan:
    plan = plan_game(
        item_id=work.item_id,
        game_id=work.game_id,
        root_fen=work.line.root_fen,
        moves=work.line.moves,
        chess960=work.line.chess960,
        spec=work.key.spec,
        known=frozenset(work.evaluations),
    )
    if plan.not_judged:
        raise NothingToAnalyseError(plan.not_judged)
    return plan
