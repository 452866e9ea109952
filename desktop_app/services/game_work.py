"""One game on its way through a job: handed out chunk by chunk, stored after each, planned anew after each round.

Called by `services.chunk_desk` on worker threads; several workers may share one game. `services.game_rounds` plans.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.review import Mainline, review
from desktop_app.domain.batch import Stage
from desktop_app.domain.evaluation import Over
from desktop_app.domain.moves import unpack_moves
from desktop_app.library.evaluations import ChunkToStore, StoredPosition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.domain.game import GameId, GameLine, GameRecord, Ply, PositionKey
    from desktop_app.domain.judgement import Grading
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
        whole: a chunk that names item, game and spec, with all moves as engines are told them; its plies say nothing.
        evaluations: everything known of this analysis, by ply; `asked`: to how many nodes each search was limited.
        pending: chunks of this round that were not handed out, next first.
        running: worker -> the chunk it searches.
        planning: a worker plans its next round right now.
        complete: evaluated, and settled where it is anytime; that is stored.
        dropped: cancelled, removed or failed; whoever still works on it stops.
        fresh: what planning it stored without a search.
        deepened: nodes searched beyond its first look.
    """

    item: StoredItem
    line: Mainline
    key: AnalysisKey
    grading: Grading
    whole: Chunk
    evaluations: dict[Ply, Evaluation]
    asked: dict[Ply, int] = field(default_factory=dict)
    pending: deque[Waiting] = field(default_factory=deque)
    attempts: int = 0
    planning: bool = False
    complete: bool = False
    dropped: bool = False
    running: dict[int, Chunk] = field(default_factory=dict)
    fresh: tuple[StoredPosition, ...] = ()
    deepened: int = 0
    storing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def title(self) -> str:
        """The players."""
        return self.item.title

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

    @property
    def stage(self) -> Stage:
        """Whether it still lacks its first look."""
        return Stage.FIRST_LOOK if self.plies_done < self.plies_total else Stage.CLOSER

    @property
    def round_over(self) -> bool:
        """Whether it is to be planned anew: nothing is left of its round, and nobody is at it."""
        return not (self.pending or self.running or self.planning or self.complete or self.dropped)

    def stage_of(self, chunk: Chunk) -> Stage:
        """Whether a chunk belongs to the first look at its game."""
        return Stage.CLOSER if any(ply in self.evaluations for ply in chunk.plies) else Stage.FIRST_LOOK

    def take(self, worker: int, now: float, busy: Mapping[PositionKey, int]) -> Chunk | None:
        """Hand out the next chunk whose time has come, without positions that are being searched elsewhere.

        Those stay for later. `busy` names them with their limits.
        """
        for index, waiting in enumerate(self.pending):
            if waiting.not_before > now:
                continue
            chunk = waiting.chunk
            held = [ply for ply in chunk.plies if self._is_busy(ply, chunk.limit_nodes, busy)]
            free = without(chunk, held)
            if free is None:
                continue
            if held:
                self.pending[index] = replace(waiting, chunk=replace(chunk, plies=tuple(held)))
            else:
                del self.pending[index]
            self.running[worker] = free
            return free
        return None

    def _is_busy(self, ply: Ply, limit_nodes: int, busy: Mapping[PositionKey, int]) -> bool:
        key = self.line.keys[ply]
        return key is not None and busy.get(key, 0) >= limit_nodes

    def shared_keys(self, chunk: Chunk) -> list[PositionKey]:
        """The keys under which a chunk's positions may serve other games; none in the reproducible mode."""
        if self.key.spec.reproducible:
            return []
        return [key for ply in chunk.plies if (key := self.line.keys[ply]) is not None]

    def found_elsewhere(self, keys: Mapping[PositionKey, int]) -> None:
        """Positions that other games have stored since this round was planned need no search: the next plan copies."""
        left: deque[Waiting] = deque()
        for waiting in self.pending:
            chunk = waiting.chunk
            found = [ply for ply in chunk.plies if self._is_busy(ply, chunk.limit_nodes, keys)]
            rest = without(chunk, found)
            if rest is not None:
                left.append(replace(waiting, chunk=rest))
        self.pending = left

    def fill(self, chunks: Iterable[Chunk]) -> None:
        """A round is planned: these are its chunks."""
        self.pending.extend(Waiting(chunk) for chunk in chunks)

    def put_back(self, worker: int, chunk: Chunk, *, not_before: float = 0.0) -> None:
        """Take a chunk back unfinished."""
        self.running.pop(worker, None)
        self.pending.appendleft(Waiting(chunk, not_before))

    def store(self, library: Library, positions: Sequence[StoredPosition], *, settled: bool) -> bool:
        """Store new positions with everything that follows from them. Returns whether the game is complete.

        `settled` says whether an anytime profile's rule is met with them.
        """
        with self.storing:
            if self.dropped:
                return False
            known = {**self.evaluations, **{position.ply: position.evaluation for position in positions}}
            grading = library.gradings.in_force
            complete = library.evaluations.store_chunk(
                ChunkToStore(
                    item_id=self.item_id,
                    game_id=self.game_id,
                    key=self.key,
                    positions=tuple(positions),
                    positions_total=self.plies_total,
                    summary=review(self.line, known, grading=grading).summary,
                    grading=grading.stamp,
                    settled=settled,
                )
            )
            self.asked = {**self.asked, **{found.ply: found.asked or 0 for found in positions}}
            self.evaluations = known
            self.complete = complete
            return complete

    def answers(self, chunk: Chunk, found: Iterable[tuple[Ply, Evaluation]]) -> list[StoredPosition]:
        """What a chunk found, each with the searches of the same position before it."""
        return [
            StoredPosition(
                ply,
                evaluation.deepening(self.evaluations.get(ply)),
                self._key_of(ply, evaluation),
                asked=chunk.limit_nodes,
                again=ply in self.evaluations,
            )
            for ply, evaluation in found
        ]

    def finished(self, over: Iterable[tuple[Ply, Evaluation]]) -> list[StoredPosition]:
        """Positions that the rules end."""
        return [StoredPosition(ply, evaluation, None) for ply, evaluation in over]

    def copied(self, ply: Ply, evaluation: Evaluation, asked: int) -> StoredPosition:
        """An evaluation made elsewhere; its time was spent there."""
        own = self.evaluations.get(ply)
        if own is not None and not evaluation.passes:
            evaluation = evaluation.deepening(own)
        key = self._key_of(ply, evaluation)
        return StoredPosition(
            ply, replace(evaluation, engine_ms=0), key, reused=True, asked=asked, again=own is not None
        )

    def _key_of(self, ply: Ply, evaluation: Evaluation) -> PositionKey | None:
        return None if isinstance(evaluation.score, Over) else self.line.keys[ply]


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


def without(chunk: Chunk, plies: Iterable[Ply]) -> Chunk | None:
    """The chunk without plies that are dealt with elsewhere; None when nothing is left."""
    gone = frozenset(plies)
    left = tuple(ply for ply in chunk.plies if ply not in gone)
    return replace(chunk, plies=left) if left else None
