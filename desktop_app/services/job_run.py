"""The job that runs now, in memory: queue, games in progress, who gets what next, figures. No threads, no SQL.

Owned by `services.analyse_games`, which guards it with its lock. Times are monotonic seconds, given by the caller.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from desktop_app.domain.batch import QUEUE_ROWS, BatchCounters, BatchSnapshot, QueueRow
from desktop_app.domain.work import ItemState, JobState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.domain.profile import AnalysisKey
    from desktop_app.domain.work import Chunk, ChunkResult, JobId, JobItemId
    from desktop_app.library.evaluations import StoredPosition
    from desktop_app.library.jobs import StoredItem
    from desktop_app.services.game_work import GameWork

_RATE_SAMPLES = 240
_RATE_WINDOW_S = 60.0


class Rate:
    """Positions a second over the last minute of work; forgets at every pause."""

    def __init__(self) -> None:
        self._times: deque[tuple[float, int]] = deque(maxlen=_RATE_SAMPLES)

    def add(self, now: float, count: int) -> None:
        """Note that `count` positions were just done."""
        self._times.append((now, count))

    def forget(self) -> None:
        """Start anew, after a pause."""
        self._times.clear()

    def per_second(self, now: float) -> float:
        """The rate, 0 while unknown."""
        while self._times and now - self._times[0][0] > _RATE_WINDOW_S:
            self._times.popleft()
        if len(self._times) < 2:
            return 0.0
        first = self._times[0][0]
        span = now - first
        done = sum(count for _, count in islice(self._times, 1, None))
        return done / span if span > 0 else 0.0


@dataclass(slots=True)
class JobRun:
    """One job while it runs.

    Attributes:
        queue: items not begun, next first. `works`: games in progress, oldest first.
        preparing: items a worker plans right now.
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
    queued_positions: int = 0
    counters: BatchCounters = field(default_factory=BatchCounters)
    rate: Rate = field(default_factory=Rate)

    def load(self, items: Iterable[StoredItem]) -> None:
        """Take the job's items as stored; what runs here stays as it is."""
        for item in items:
            known = item.id in self.works or item.id in self.preparing or item.id in self.queue
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

    def _queue(self, item: StoredItem) -> None:
        self.queue[item.id] = item
        self.queued_positions += item.plies_total - item.plies_done
        self.settled_positions += item.plies_done

    def _unqueue(self, item_id: JobItemId) -> StoredItem:
        item = self.queue.pop(item_id)
        self.queued_positions -= item.plies_total - item.plies_done
        self.settled_positions -= item.plies_done
        return item

    # -- who gets what next ----------------------------------------------------------------------------------------

    def next_chunk(self, worker: int, last: JobItemId | None, now: float) -> Chunk | None:
        """A chunk of a game in progress, or None when a queued game is to be begun first, or nothing is there.

        Order: a game the user waits for; the worker's own last game; games nobody works on; and, once the queue is
        empty, games of others. So games finish one after another, and no worker idles at the end.
        """
        if now < self.hold_until:
            return None
        for work in self._candidates(last):
            chunk = work.take(worker, now)
            if chunk is not None:
                return chunk
        return None

    def _candidates(self, last: JobItemId | None) -> list[GameWork]:
        urgent = [work for work in self.works.values() if work.item_id in self.urgent]
        if not urgent and self.urgent & self.queue.keys():
            return []
        own = [self.works[last]] if last in self.works else []
        idle = [work for work in self.works.values() if not work.running]
        others = [] if self.queue else list(self.works.values())
        return [*urgent, *own, *idle, *others]

    def begin_next(self, now: float) -> StoredItem | None:
        """Take the next queued item to be planned by the caller, who answers with `begun`, or `settle`."""
        if now < self.hold_until or not self.queue:
            return None
        waited_for = self.urgent & self.queue.keys()
        item_id = next(iter(waited_for or self.queue))
        item = self._unqueue(item_id)
        self.preparing[item_id] = item
        return item

    def begun(self, work: GameWork) -> None:
        """A planned game is in progress now."""
        self.preparing.pop(work.item_id, None)
        self.works[work.item_id] = work

    def put_back(self, item: StoredItem) -> None:
        """A game could not be planned now; it is next again."""
        self.preparing.pop(item.id, None)
        rest = dict(self.queue)
        self.queue.clear()
        self.queue[item.id] = item
        self.queue.update(rest)
        self.queued_positions += item.plies_total - item.plies_done
        self.settled_positions += item.plies_done

    def settle(self, item: StoredItem, state: ItemState, *, error: str = "", plies_done: int | None = None) -> None:
        """An item ended, for whichever reason."""
        if item.id in self.queue:
            self._unqueue(item.id)
        work = self.works.pop(item.id, None)
        self.preparing.pop(item.id, None)
        self.urgent.discard(item.id)
        if work is not None:
            work.dropped = state is not ItemState.DONE
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
        first = {item_id: self.queue[item_id] for item_id in item_ids if item_id in self.queue}
        rest = {item_id: item for item_id, item in self.queue.items() if item_id not in first}
        self.queue = {**first, **rest}

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
        return [*works, *self.preparing.values(), *self.queue.values()]

    def find(self, game_id: GameId) -> StoredItem | None:
        """The unfinished item of a game."""
        return next((item for item in self.unfinished_items() if item.game_id == game_id), None)

    def unfinished_games(self) -> frozenset[GameId]:
        """Games not ended yet."""
        return frozenset(item.game_id for item in self.unfinished_items())

    @property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return not (self.queue or self.works or self.preparing)

    # -- figures ---------------------------------------------------------------------------------------------------

    def count_stored(self, positions: Sequence[StoredPosition], result: ChunkResult | None) -> None:
        """Add what was just stored to this process's figures."""
        searchable = [position for position in positions if position.evaluation.best is not None]
        searched = [position for position in searchable if not position.reused]
        counters = self.counters
        self.counters = replace(
            counters,
            positions=counters.positions + len(searchable),
            positions_reused=counters.positions_reused + len(searchable) - len(searched),
            nodes=counters.nodes + sum(position.evaluation.nodes for position in searched),
            warmup_nodes=counters.warmup_nodes + (result.warmup_nodes if result else 0),
            engine_seconds=counters.engine_seconds + (result.engine_ms / 1000 if result else 0.0),
        )

    def counters_at(self, now: float) -> BatchCounters:
        """The figures with the time passed."""
        return replace(self.counters, wall_seconds=(self.ended_at or now) - self.started)

    def snapshot(self, now: float) -> BatchSnapshot:
        """Everything but the workers and the jobs behind this one."""
        in_progress = sum(work.plies_done for work in self.works.values())
        planned = [item.plies_total for item in self.preparing.values()]
        left = self.queued_positions + sum(planned)
        left += sum(work.plies_total - work.plies_done for work in self.works.values())
        done = self.settled_positions + in_progress
        rate = self.rate.per_second(now) if self.state is JobState.RUNNING else 0.0
        return BatchSnapshot(
            job_id=self.job_id,
            state=self.state,
            spec=self.key.spec,
            error=self.error,
            items_total=len(self.queue) + len(self.works) + len(self.preparing) + len(self.failed) + len(self.done),
            items_queued=len(self.queue),
            items_running=len(self.works) + len(self.preparing),
            items_done=len(self.done),
            items_failed=len(self.failed),
            items_cancelled=self.cancelled,
            items_skipped=self.skipped,
            positions_total=done + left,
            positions_done=done,
            positions_per_second=rate,
            eta_s=left / rate if rate > 0 else None,
            counters=self.counters_at(now),
            queue_rows=tuple(islice(self._rows(), QUEUE_ROWS)),
        )

    def _rows(self) -> Iterable[QueueRow]:
        for work in self.works.values():
            yield replace(
                _row(work.item, ItemState.RUNNING),
                plies_done=work.plies_done,
                plies_total=work.plies_total,
                attempts=work.attempts,
            )
        for item in self.preparing.values():
            yield _row(item, ItemState.RUNNING)
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
