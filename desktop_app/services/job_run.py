"""The job that runs now, in memory: queue, games in progress, who gets what next, figures. No threads, no SQL.

Owned by `services.analyse_games`, which guards it with its lock. Times are monotonic seconds, given by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from desktop_app.domain.batch import QUEUE_ROWS, BatchCounters, BatchSnapshot, QueueRow, Stage
from desktop_app.domain.work import ItemState, JobState
from desktop_app.services.job_progress import Effort, Rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_app.domain.game import GameId, PositionKey
    from desktop_app.domain.profile import AnalysisKey
    from desktop_app.domain.work import Chunk, ChunkResult, JobId, JobItemId
    from desktop_app.library.evaluations import StoredPosition
    from desktop_app.library.jobs import StoredItem
    from desktop_app.services.game_work import GameWork

KEPT_WORKS = 48
"""Games kept in memory between two of their rounds; of others only what is stored is known, and is read again."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a worker is to do next: search a chunk, take up an item, or plan the next round of a game."""

    chunk: Chunk | None = None
    item: StoredItem | None = None
    work: GameWork | None = None


@dataclass(slots=True)
class JobRun:
    """One job while it runs.

    Attributes:
        queue: items that lack their first look and were not begun, next first.
        works: games in progress, oldest first.
        looked: items that have their first look and are not in memory, next first.
        preparing: items a worker takes up right now.
        busy: positions being searched now, with their limits: no other game searches them meanwhile.
        recent: positions stored while a game is being planned, with their limits: the plan may not know of them.
        urgent: items to be worked on before any other, by as many workers as there are.
        hold_until: no chunk is handed out before this time (the engine could not be started).
        start_failures: in a row, of all workers.
    """

    job_id: JobId
    key: AnalysisKey
    started: float
    ended_at: float | None = None
    state: JobState = JobState.RUNNING
    error: str = ""
    queue: dict[JobItemId, StoredItem] = field(default_factory=dict)
    looked: dict[JobItemId, StoredItem] = field(default_factory=dict)
    works: dict[JobItemId, GameWork] = field(default_factory=dict)
    preparing: dict[JobItemId, StoredItem] = field(default_factory=dict)
    failed: dict[JobItemId, StoredItem] = field(default_factory=dict)
    done: dict[JobItemId, StoredItem] = field(default_factory=dict)
    cancelled: int = 0
    skipped: int = 0
    urgent: set[JobItemId] = field(default_factory=set)
    hold_until: float = 0.0
    start_failures: int = 0
    settled_positions: int = 0
    workers: int = 1
    kept_works: int = KEPT_WORKS
    busy: dict[PositionKey, int] = field(default_factory=dict)
    recent: dict[PositionKey, int] = field(default_factory=dict)
    planners: int = 0
    counters: BatchCounters = field(default_factory=BatchCounters)
    rate: Rate = field(default_factory=Rate)
    searches: Rate = field(default_factory=Rate)
    effort: Effort = field(init=False)

    def __post_init__(self) -> None:
        self.effort = Effort(self.key.spec)

    def load(self, items: Iterable[StoredItem]) -> None:
        """Take the job's items as stored; what runs here stays as it is."""
        for item in items:
            known = any(item.id in held for held in (self.works, self.preparing, self.queue, self.looked))
            match item.state:
                case _ if known or item.id in self.done or item.id in self.failed:
                    continue
                case ItemState.QUEUED | ItemState.RUNNING:
                    self._queue(item)
                case ItemState.CANCELLED:
                    self.cancelled += 1
                case ItemState.DONE:
                    self.done[item.id] = item
                    self.skipped += bool(item.error)
                    self.settled_positions += item.plies_total
                case ItemState.FAILED:
                    self.failed[item.id] = item
                    self.settled_positions += item.plies_done

    def _queue(self, item: StoredItem, *, first: bool = False) -> None:
        """Put an item behind the others, or before them, of those that are as far as it is."""
        looked = self.key.spec.anytime and item.plies_done >= item.plies_total
        target = self.looked if looked else self.queue
        if first:
            rest = dict(target)
            target.clear()
            target[item.id] = item
            target.update(rest)
        else:
            target[item.id] = item

    # -- who gets what next ----------------------------------------------------------------------------------------

    def next_step(self, worker: int, last: JobItemId | None, now: float) -> Step | None:
        """What this worker is to do next, None when it has to wait.

        Order: a game the user waits for, on all workers. Then the first look at every game: the worker's own last game,
        games nobody works on, queued ones and, once the queue is empty, games of others. Only then the games are looked
        at more closely, in the same order. So games finish one after another, and no worker idles at the end.
        """
        if now < self.hold_until:
            return None
        return (
            self._urgent_step(worker, now)
            or self._stage_step(Stage.FIRST_LOOK, worker, last, now)
            or (None if self._first_looks_left(now) else self._stage_step(Stage.CLOSER, worker, last, now))
        )

    def _urgent_step(self, worker: int, now: float) -> Step | None:
        for item_id in self.urgent:
            work = self.works.get(item_id)
            if work is not None:
                step = self._step_of(work, worker, now)
                if step is not None:
                    return step
            for queue in (self.queue, self.looked):
                if item_id in queue:
                    return self._begin(queue, item_id)
        return None

    def _stage_step(self, stage: Stage, worker: int, last: JobItemId | None, now: float) -> Step | None:
        works = [work for work in self.works.values() if self._stage(work) is stage]
        own = [work for work in works if work.item_id == last]
        idle = [work for work in works if not work.running]
        for work in (*own, *idle):
            step = self._step_of(work, worker, now)
            if step is not None:
                return step
        queue = self.queue if stage is Stage.FIRST_LOOK else self.looked
        if queue:
            return self._begin(queue, next(iter(queue)))
        for work in works:
            step = self._step_of(work, worker, now)
            if step is not None:
                return step
        return None

    def _stage(self, work: GameWork) -> Stage:
        return work.stage if self.key.spec.anytime else Stage.FIRST_LOOK

    def _step_of(self, work: GameWork, worker: int, now: float) -> Step | None:
        if work.round_over:
            work.planning = True
            self.planners += 1
            return Step(work=work)
        chunk = work.take(worker, now, self.busy)
        if chunk is None:
            return None
        for key in work.shared_keys(chunk):
            self.busy[key] = max(chunk.limit_nodes, self.busy.get(key, 0))
        return Step(chunk=chunk)

    def _begin(self, queue: dict[JobItemId, StoredItem], item_id: JobItemId) -> Step:
        """Take an item to be taken up by the caller, who answers with `begun`, `put_back`, or `settle`."""
        item = queue.pop(item_id)
        self.preparing[item_id] = item
        self.planners += 1
        return Step(item=item)

    def _first_looks_left(self, now: float) -> bool:
        """Whether a game lacks its first look; one that waits after a fault holds nobody up."""
        if not self.key.spec.anytime:
            return False
        if self.queue or any(item.plies_done < item.plies_total for item in self.preparing.values()):
            return True
        return any(
            work.stage is Stage.FIRST_LOOK and not any(waiting.not_before > now for waiting in work.pending)
            for work in self.works.values()
        )

    def shares(self, item_id: JobItemId) -> int:
        """Into how many chunks a round is to be cut at least: all workers share a waited-for game and the last."""
        alone = item_id in self.urgent or not (self.queue or self.looked or len(self.works) >= self.workers)
        return self.workers if alone else 1

    def planned(self) -> None:
        """A plan was made, or given up."""
        self.planners -= 1
        if not self.planners:
            self.recent.clear()

    def begun(self, work: GameWork) -> None:
        """A game that was taken up is in progress now."""
        self.preparing.pop(work.item_id, None)
        self.works[work.item_id] = work
        work.found_elsewhere(self.recent)

    def round_planned(self, work: GameWork, chunks: Sequence[Chunk]) -> None:
        """A game's next round; the game leaves memory where many others are to be looked at first."""
        work.planning = False
        work.fill(chunks)
        work.found_elsewhere(self.recent)
        if work.complete or work.stage is Stage.FIRST_LOOK or work.item_id in self.urgent:
            return
        if len(self.works) > self.kept_works and self.queue and not work.running:
            del self.works[work.item_id]
            self._queue(replace(work.item, plies_done=work.plies_done, attempts=work.attempts))

    def released(self, work: GameWork, chunk: Chunk, *, stored: bool) -> None:
        """A chunk was answered: its positions may be searched by others or, when they are stored, copied by them."""
        keys = dict.fromkeys(work.shared_keys(chunk), chunk.limit_nodes)
        for key in keys:
            if self.busy.get(key) == chunk.limit_nodes:
                del self.busy[key]
        if not stored or not keys:
            return
        if self.planners:
            self.recent.update(keys)
        for other in self.works.values():
            if other is not work:
                other.found_elsewhere(keys)

    def put_back(self, item: StoredItem) -> None:
        """A game could not be taken up now; it is next again."""
        self.preparing.pop(item.id, None)
        self._queue(item, first=True)

    def settle(self, item: StoredItem, state: ItemState, *, error: str = "", plies_done: int | None = None) -> None:
        """An item ended, for whichever reason."""
        self.queue.pop(item.id, None)
        self.looked.pop(item.id, None)
        work = self.works.pop(item.id, None)
        self.preparing.pop(item.id, None)
        self.urgent.discard(item.id)
        if work is not None:
            work.dropped = state is not ItemState.DONE
            for chunk in work.running.values():
                self.released(work, chunk, stored=False)
            if state is ItemState.DONE:
                self.effort.settled(work.plies_total, work.deepened)
        plies = plies_done if plies_done is not None else work.plies_done if work else item.plies_done
        attempts = work.attempts if work else item.attempts
        settled = replace(item, state=state, error=error, plies_done=plies, attempts=attempts)
        counters = self.counters
        match state:
            case ItemState.DONE if error:
                self.skipped += 1
                self.done[item.id] = settled
                self.counters = replace(counters, games_skipped=counters.games_skipped + 1)
            case ItemState.DONE:
                self.done[item.id] = settled
                self.counters = replace(counters, games_done=counters.games_done + 1)
            case ItemState.FAILED:
                self.failed[item.id] = settled
                self.counters = replace(counters, games_failed=counters.games_failed + 1)
            case _:
                self.cancelled += 1
        self.settled_positions += item.plies_total if state is ItemState.DONE else plies

    def prefer(self, item_ids: Sequence[JobItemId]) -> None:
        """Put these queued items first, in this order."""
        for queue in (self.queue, self.looked):
            first = {item_id: queue[item_id] for item_id in item_ids if item_id in queue}
            rest = {item_id: item for item_id, item in queue.items() if item_id not in first}
            queue.clear()
            queue.update({**first, **rest})
        kept = {item_id: self.works[item_id] for item_id in item_ids if item_id in self.works}
        self.works = kept | self.works

    def requeue_failed(self) -> None:
        """All failed items get another chance, after the others."""
        failed = list(self.failed.values())
        self.failed.clear()
        for item in failed:
            self.settled_positions -= item.plies_done
            self._queue(replace(item, state=ItemState.QUEUED, attempts=0, error=""))

    def unfinished_items(self) -> list[StoredItem]:
        """Items not ended yet: in progress, being planned, queued."""
        works = (work.item for work in self.works.values())
        return [*works, *self.preparing.values(), *self.queue.values(), *self.looked.values()]

    def find(self, game_id: GameId) -> StoredItem | None:
        """The unfinished item of a game."""
        return next((item for item in self.unfinished_items() if item.game_id == game_id), None)

    def unfinished_games(self) -> frozenset[GameId]:
        """Games not ended yet."""
        return frozenset(item.game_id for item in self.unfinished_items())

    @property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return not (self.queue or self.looked or self.works or self.preparing)

    # -- figures ---------------------------------------------------------------------------------------------------

    def count_stored(self, positions: Sequence[StoredPosition], result: ChunkResult | None) -> None:
        """Add what was just stored to this process's figures: a chunk's result, or copies where there is none."""
        searches = [position for position in positions if position.evaluation.best is not None]
        first = [position for position in searches if not position.again]
        saved = sum(position.reused for position in searches)
        counters = self.counters
        self.counters = replace(
            counters,
            positions=counters.positions + len(first),
            positions_reused=counters.positions_reused + sum(position.reused for position in first),
            searches=counters.searches + len(searches) - saved,
            searches_reused=counters.searches_reused + saved,
            nodes=counters.nodes + sum(found.nodes for _, found in result.evaluations) if result else counters.nodes,
            warmup_nodes=counters.warmup_nodes + (result.warmup_nodes if result else 0),
            engine_seconds=counters.engine_seconds + (result.engine_ms / 1000 if result else 0.0),
        )

    def counters_at(self, now: float) -> BatchCounters:
        """The figures with the time passed."""
        return replace(self.counters, wall_seconds=(self.ended_at or now) - self.started)

    def snapshot(self, now: float) -> BatchSnapshot:
        """Everything but the workers and the jobs behind this one."""
        open_items = [*self.preparing.values(), *self.queue.values(), *self.looked.values()]
        works = list(self.works.values())
        total = sum(item.plies_total for item in open_items) + sum(work.plies_total for work in works)
        looked = sum(item.plies_done for item in open_items) + sum(work.plies_done for work in works)
        left = self.effort.left(unlooked=total - looked, unsettled=total, spent=sum(work.deepened for work in works))
        running = self.state is JobState.RUNNING
        rate = self.rate.per_second(now) if running else 0.0
        ended = len(self.failed) + len(self.done)
        unlooked_games = sum(item.plies_done < item.plies_total for item in open_items) + sum(
            work.stage is Stage.FIRST_LOOK for work in works
        )
        items = len(open_items) + len(works) + ended
        return BatchSnapshot(
            job_id=self.job_id,
            state=self.state,
            spec=self.key.spec,
            error=self.error,
            items_total=items,
            items_queued=len(self.queue) + len(self.looked),
            items_running=len(works) + len(self.preparing),
            items_done=len(self.done),
            items_failed=len(self.failed),
            items_cancelled=self.cancelled,
            items_skipped=self.skipped,
            positions_total=self.settled_positions + total,
            positions_done=self.settled_positions + looked,
            stage=self._job_stage(unlooked_games),
            items_looked=items - unlooked_games,
            progress=self.effort.progress(left, positions=self.settled_positions + total),
            positions_per_second=self.searches.per_second(now) if running else 0.0,
            eta_s=left / rate if rate > 0 else None,
            counters=self.counters_at(now),
            queue_rows=tuple(islice(self._rows(), QUEUE_ROWS)),
        )

    def _job_stage(self, unlooked_games: int) -> Stage | None:
        if not self.key.spec.anytime:
            return None
        return Stage.FIRST_LOOK if unlooked_games else Stage.CLOSER

    def _rows(self) -> Iterable[QueueRow]:
        for work in self.works.values():
            waits = not work.running and self._stage(work) is Stage.CLOSER
            yield replace(
                _row(work.item, ItemState.QUEUED if waits else ItemState.RUNNING),
                plies_done=work.plies_done,
                plies_total=work.plies_total,
                attempts=work.attempts,
                looked=self.key.spec.anytime and work.stage is Stage.CLOSER,
            )
        for item in self.preparing.values():
            yield _row(item, ItemState.RUNNING)
        for item in self.looked.values():
            yield replace(_row(item, ItemState.QUEUED), looked=True)
        for item in chain(self.queue.values(), self.failed.values(), self.done.values()):
            yield _row(item, item.state if item.state is not ItemState.RUNNING else ItemState.QUEUED)


def _row(item: StoredItem, state: ItemState) -> QueueRow:
    return QueueRow(
        item_id=item.id,
        game_id=item.game_id,
        title=item.title,
        state=state,
        plies_done=item.plies_done,
        plies_total=item.plies_total,
        attempts=item.attempts,
        error=item.error,
    )
