"""The side of a batch that workers see: hands out chunks, takes results, decides what a fault costs.

`ChunkDesk` implements `ports.ChunkSource`. One condition guards everything in memory; it is never held while the
library or the listener is called. Worker threads call it; `services.analyse_games` builds the user's commands on it.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.domain.batch import ItemNews, JobNews, PositionNews, WaitingJob, WorkerState
from desktop_app.domain.work import MAX_ITEM_ATTEMPTS, ItemState, JobState
from desktop_app.errors import CancelledError, EngineUnusableError, KibitzError, NotFoundError
from desktop_app.services.batch_workers import Crew
from desktop_app.services.changes import Changes
from desktop_app.services.game_work import GameWork, NothingToAnalyseError, Waiting, prepare, without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import GameId, Ply
    from desktop_app.domain.work import Chunk, ChunkResult
    from desktop_app.library.jobs import StoredItem
    from desktop_app.library.library import Library
    from desktop_app.ports import Evaluator
    from desktop_app.services.batch_listener import BatchListener
    from desktop_app.services.batch_workers import WorkerSlot
    from desktop_app.services.job_run import JobRun

logger = logging.getLogger(__name__)

INITIATOR = "analysis"
START_ATTEMPTS = 3
BACK_OFF_S = 0.5
_WAIT_S = 1.0


class ChunkDesk:
    """Where workers pull chunks of the running job and hand over what they found.

    Attributes:
        fault: what made the job pause by itself, None otherwise; headless commands end with it.
    """

    def __init__(
        self,
        library: Library,
        listener: BatchListener,
        *,
        clock: Callable[[], float] = time.monotonic,
        back_off_s: float = BACK_OFF_S,
    ) -> None:
        self._library = library
        self._listener = listener
        self._clock = clock
        self._back_off_s = back_off_s
        self._lock = threading.Condition()
        self._crew = Crew()
        self._run: JobRun | None = None
        self._ended: JobRun | None = None
        self._waiting: list[WaitingJob] = []
        self._closed = False
        self._sequence = 0
        self.fault: KibitzError | None = None

    # -- ports.ChunkSource -----------------------------------------------------------------------------------------

    def pull(self, worker: int) -> Chunk | None:
        """Wait for the next chunk; None when the worker shall end: no job, fewer workers wanted, or closed."""
        while True:
            with self._lock:
                slot = self._crew.enter(worker)
                if slot.chunk is not None:
                    # A worker of this number died without an answer.
                    self._take_back(slot, slot.chunk)
                found = self._next(slot)
            if found is None:
                return None
            run, item, chunk = found
            if item is not None:
                self._begin(run, item)
            elif chunk is not None:
                fresh = self._unless_known(run, slot, chunk)
                if fresh is not None:
                    return fresh

    def attach(self, worker: int, evaluator: Evaluator | None) -> None:
        """A worker opened or closed its engine."""
        with self._lock:
            slot = self._crew.mine(worker)
            if slot is not None:
                slot.evaluator = evaluator
                slot.opened = slot.opened or evaluator is not None

    def checkpoint(self, worker: int) -> None:
        """Wait while paused; raise CancelledError when the worker's chunk is no longer wanted."""
        with self._lock:
            slot = self._crew.enter(worker)
            while True:
                run = self._run
                if self._closed or slot.stop or run is None:
                    raise CancelledError("This chunk is no longer wanted.")
                if run.state is not JobState.PAUSED:
                    slot.state = WorkerState.SEARCHING
                    return
                slot.state = WorkerState.PAUSED
                self._lock.wait(_WAIT_S)

    def evaluated(self, worker: int, chunk: Chunk, ply: Ply, evaluation: Evaluation) -> None:
        """Pass a position on as it arrives."""
        with self._lock:
            self._crew.enter(worker).searched(ply, evaluation)
            run = self._run
            if run is not None:
                run.rate.add(self._clock(), 1)
        if run is not None:
            self._announce(run, chunk.game_id, [(ply, evaluation)], worker=worker)

    def hand_over(self, worker: int, result: ChunkResult) -> None:
        """Store a finished chunk. Raises CancelledError when it could not be stored; the job is paused then."""
        with self._lock:
            slot, run = self._crew.enter(worker), self._run
            work = run.works.get(result.chunk.item_id) if run else None
            if run is None or work is None or work.dropped:
                slot.answered()
                return
        if result.engine != run.key.engine:
            self._halt(EngineUnusableError("The engine is not the one this analysis was started with."))
            raise CancelledError("The engine changed.")
        positions = work.positions_of(result.evaluations)
        try:
            work.store(self._library, positions)
        except KibitzError as error:
            self._halt(error)
            raise CancelledError("The chunk could not be stored.") from error
        with self._lock:
            work.running.pop(worker, None)
            slot.answered()
            run.start_failures = 0
            run.count_stored(positions, result)
        self._stored(run, work)

    def give_back(self, worker: int, chunk: Chunk) -> None:
        """Take a chunk back that was not finished."""
        with self._lock:
            self._take_back(self._crew.enter(worker), chunk)
            self._lock.notify_all()

    def failed(self, worker: int, chunk: Chunk, reason: str) -> None:
        """Decide about a fault: once more on a fresh process, then the item fails.

        An engine that cannot be started at all costs no game anything: after a few attempts the job pauses.
        """
        with self._lock:
            slot, run = self._crew.enter(worker), self._run
            work = run.works.get(chunk.item_id) if run else None
            if run is None or work is None or work.dropped:
                slot.answered()
                return
            opened = slot.opened
            slot.answered()
            if opened:
                work.attempts += 1
                work.running.pop(worker, None)
            else:
                run.start_failures += 1
                run.hold_until = self._clock() + self._back_off_s * 2 ** (run.start_failures - 1)
                work.put_back(worker, chunk)
        if not opened:
            if run.start_failures >= START_ATTEMPTS:
                self._halt(EngineUnusableError(f"The engine cannot be started: {reason}"))
        elif chunk.attempt > 1 or work.attempts >= MAX_ITEM_ATTEMPTS:
            self._fail(run, work.item, reason, attempts=work.attempts, chunk=chunk)
        else:
            self._try_again(work, worker, chunk, reason)

    # -- handing out -----------------------------------------------------------------------------------------------

    def _next(self, slot: WorkerSlot) -> tuple[JobRun, StoredItem | None, Chunk | None] | None:
        """With the lock held: wait for a chunk, or for a game to plan. None: the worker ends, and is gone here."""
        while True:
            run = self._run
            if self._closed or run is None or slot.worker >= self._crew.wanted:
                self._crew.leave(slot.worker)
                self._lock.notify_all()
                return None
            slot.state = WorkerState.PAUSED if run.state is JobState.PAUSED else WorkerState.WAITING
            if run.state is JobState.RUNNING:
                now = self._clock()
                chunk = run.next_chunk(slot.worker, slot.last_item, now)
                if chunk is not None:
                    slot.give(chunk)
                    return run, None, chunk
                item = run.begin_next(now)
                if item is not None:
                    slot.last_item = item.id
                    return run, item, None
            self._lock.wait(min(_WAIT_S, self._back_off_s))

    def _begin(self, run: JobRun, item: StoredItem) -> None:
        """Plan a game, on a worker's thread."""
        try:
            work = prepare(self._library, item, run.key)
        except NothingToAnalyseError as error:
            reason = str(error)
            if self._stores(lambda: self._library.jobs.skip_item(item.id, reason)):
                self._settled(run, item, ItemState.DONE, error=reason)
            else:
                with self._lock:
                    run.put_back(item)
        except NotFoundError:
            self._settled(run, item, ItemState.CANCELLED)
        except KibitzError as error:
            with self._lock:
                run.put_back(item)
            self._halt(error)
        except Exception as error:
            logger.exception("game %d cannot be planned", item.game_id)
            reason = f"internal error: {type(error).__name__}: {error}"
            self._fail(run, item, reason, attempts=item.attempts + 1)
        else:
            self._begun(run, work)

    def _begun(self, run: JobRun, work: GameWork) -> None:
        with self._lock:
            if work.item_id in run.preparing:
                run.begun(work)
                run.count_stored(work.fresh, None)
            else:
                # Removed or cancelled while it was planned.
                work.dropped = True
            self._lock.notify_all()
        if work.dropped:
            return
        self._announce(run, work.game_id, [(found.ply, found.evaluation) for found in work.fresh], reused=True)
        self._listener.item(ItemNews(run.job_id, work.item_id, work.game_id, ItemState.RUNNING))
        self._stored(run, work)

    def _unless_known(self, run: JobRun, slot: WorkerSlot, chunk: Chunk) -> Chunk | None:
        """Leave out positions evaluated in other games since this one was planned; None when none is left."""
        work = run.works.get(chunk.item_id)
        if work is None or run.key.spec.reproducible:
            return chunk
        try:
            reused = work.reuse(self._library, chunk.plies)
            if not reused:
                return chunk
            work.store(self._library, reused)
        except KibitzError as error:
            self.give_back(slot.worker, chunk)
            self._halt(error)
            return None
        left = without(chunk, [found.ply for found in reused])
        with self._lock:
            run.count_stored(reused, None)
            if left is None:
                work.running.pop(slot.worker, None)
                slot.answered()
            else:
                work.running[slot.worker] = slot.chunk = left
        self._announce(run, work.game_id, [(found.ply, found.evaluation) for found in reused], reused=True)
        self._stored(run, work)
        return left

    def _take_back(self, slot: WorkerSlot, chunk: Chunk) -> None:
        """With the lock held: a chunk comes back unfinished."""
        run = self._run
        work = run.works.get(chunk.item_id) if run else None
        if work is not None and not work.dropped:
            work.put_back(slot.worker, chunk)
        slot.answered()

    # -- what follows from answers ---------------------------------------------------------------------------------

    def _stored(self, run: JobRun, work: GameWork) -> None:
        """Something of a game was committed."""
        if work.complete:
            self._settled(run, work.item, ItemState.DONE)
        else:
            self._tell(Changes(games=frozenset({work.game_id}), jobs=True, initiator=INITIATOR))

    def _try_again(self, work: GameWork, worker: int, chunk: Chunk, reason: str) -> None:
        not_before = self._clock() + self._back_off_s * 2 ** (work.attempts - 1)
        with self._lock:
            work.put_back(worker, replace(chunk, attempt=chunk.attempt + 1), not_before=not_before)
            self._lock.notify_all()
        self._stores(lambda: self._library.jobs.set_attempts(work.item_id, work.attempts, reason))

    def _fail(self, run: JobRun, item: StoredItem, reason: str, *, attempts: int, chunk: Chunk | None = None) -> None:
        """An item fails, over this chunk or while it was planned."""
        if self._stores(lambda: self._library.jobs.fail_item(item.id, attempts=attempts, error=reason)):
            with self._lock:
                engines = self._drop(run, item)
            stop_all(engines)
            self._settled(run, item, ItemState.FAILED, error=reason)
            return
        with self._lock:
            work = run.works.get(item.id)
            if work is not None and chunk is not None:
                work.pending.appendleft(Waiting(chunk))
            elif item.id in run.preparing:
                run.put_back(item)

    def _drop(self, run: JobRun, item: StoredItem) -> list[Evaluator]:
        """With the lock held: nobody shall work on this item any more. Returns engines to be stopped."""
        work = run.works.get(item.id)
        if work is not None:
            work.dropped = True
        return self._crew.stop_where(lambda chunk: chunk.item_id == item.id)

    def _settled(self, run: JobRun, item: StoredItem, state: ItemState, *, error: str = "") -> None:
        """An item ended and that is committed: count it, tell it, end the job if it was the last."""
        with self._lock:
            if item.id not in run.works and item.id not in run.preparing:
                return
            run.settle(item, state, error=error)
            self._lock.notify_all()
        self._tell(Changes(games=frozenset({item.game_id}), jobs=True, initiator=INITIATOR))
        skipped = state is ItemState.DONE and bool(error)
        self._listener.item(ItemNews(run.job_id, item.id, item.game_id, state, error, skipped=skipped))
        self._finish_if_done(run)

    def _finish_if_done(self, run: JobRun) -> None:
        with self._lock:
            if run is not self._run or not run.finished or run.state not in {JobState.RUNNING, JobState.PAUSED}:
                return
            run.state = JobState.DONE
        self._end(run, JobState.DONE)

    def _end(self, run: JobRun, state: JobState) -> None:
        """The job is over: store it, tell it, and let the next one start."""
        stored = self._stores(lambda: self._library.jobs.set_state(run.job_id, state))
        with self._lock:
            run.ended_at = self._clock()
            self._run, self._ended = None, run
            following = self._waiting.pop(0) if self._waiting and stored and not self._closed else None
            self._lock.notify_all()
        self._tell(Changes(jobs=True, initiator=INITIATOR))
        self._listener.job(JobNews(run.job_id, state))
        if following is not None:
            self._start_following(following)

    def _start_following(self, job: WaitingJob) -> None:
        """Start the job that waited; `AnalysisBatch` knows how."""
        raise NotImplementedError

    def _halt(self, error: KibitzError) -> None:
        """Pause the job by itself, with a reason, since going on would only fail game after game."""
        with self._lock:
            run = self._run
            if run is None or run.state is not JobState.RUNNING or self._closed:
                return
            run.state, run.error, run.start_failures = JobState.PAUSED, str(error), 0
            run.rate.forget()
            self.fault = error
            self._lock.notify_all()
        logger.error("job %d pauses: %s", run.job_id, error)
        try:
            self._library.jobs.set_state(run.job_id, JobState.PAUSED, error=str(error))
        except KibitzError as failure:
            logger.warning("job %d: its pause could not be stored: %s", run.job_id, failure)
        self._listener.job(JobNews(run.job_id, JobState.PAUSED, str(error)))

    def _stores(self, write: Callable[[], object]) -> bool:
        """Write to the library; a failure pauses the job. Returns whether it was written."""
        try:
            write()
        except KibitzError as error:
            self._halt(error)
            return False
        return True

    def _announce(
        self,
        run: JobRun,
        game_id: GameId,
        found: Iterable[tuple[Ply, Evaluation]],
        *,
        worker: int = -1,
        reused: bool = False,
    ) -> None:
        for ply, evaluation in found:
            with self._lock:
                self._sequence += 1
                sequence = self._sequence
            taken = reused and evaluation.best is not None  # a finished position is the board's, not another game's
            self._listener.position(PositionNews(run.job_id, game_id, worker, ply, evaluation, sequence, reused=taken))

    def _tell(self, changes: Changes) -> None:
        self._listener.changed(changes)


def stop_all(engines: Iterable[Evaluator]) -> None:
    """Cut running searches short; never with a lock held."""
    for engine in engines:
        engine.stop()
