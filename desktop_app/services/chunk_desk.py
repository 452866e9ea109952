"""The side of a batch that workers see: hands out chunks, takes results, decides what a fault costs.

`ChunkDesk` implements `ports.ChunkSource`. Worker threads call it; `services.analyse_games` builds the user's commands
on it. Games are planned here as well, by the worker that asks for work.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.domain.batch import ItemNews, Stage, WorkerState
from desktop_app.domain.work import MAX_ITEM_ATTEMPTS, ItemState, JobState
from desktop_app.errors import CancelledError, EngineUnusableError, KibitzError, NotFoundError
from desktop_app.services.changes import Changes
from desktop_app.services.desk_state import BACK_OFF_S, INITIATOR, DeskState, stop_all
from desktop_app.services.game_rounds import next_round, prepare
from desktop_app.services.game_work import GameWork, NothingToAnalyseError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import Ply
    from desktop_app.domain.work import Chunk, ChunkResult
    from desktop_app.library.evaluations import StoredPosition
    from desktop_app.library.jobs import StoredItem
    from desktop_app.ports import Evaluator
    from desktop_app.services.batch_workers import WorkerSlot
    from desktop_app.services.job_run import JobRun, Step

__all__ = ["BACK_OFF_S", "INITIATOR", "ChunkDesk", "stop_all"]

logger = logging.getLogger(__name__)

START_ATTEMPTS = 3
_WAIT_S = 1.0


class ChunkDesk(DeskState):
    """Where workers pull chunks of the running job and hand over what they found."""

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
            run, step = found
            if step.item is not None:
                self._begin(run, step.item)
            elif step.work is not None:
                self._plan(run, step.work)
            else:
                return step.chunk

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
            stage = None
            if run is not None:
                now = self._clock()
                run.searches.add(now, 1)
                run.rate.add(now, evaluation.nodes)
                work = run.works.get(chunk.item_id)
                stage = work.stage_of(chunk) if work is not None and run.key.spec.anytime else None
        if run is not None:
            self._announce(run, chunk.game_id, [(ply, evaluation)], stage=stage, worker=worker)

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
        before = work.plies_done
        positions = work.answers(result.chunk, result.evaluations)
        try:
            work.store(self._library, positions, settled=not run.key.spec.anytime)
        except KibitzError as error:
            self._halt(error)
            raise CancelledError("The chunk could not be stored.") from error
        with self._lock:
            work.running.pop(worker, None)
            work.deepened += sum(found.evaluation.nodes for found in positions if found.again)
            run.released(work, result.chunk, stored=True)
            slot.answered()
            run.start_failures = 0
            run.count_stored(positions, result)
            self._lock.notify_all()
        self._stored(run, work)
        self._tell_look(run, work, before=before)

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
            run.released(work, chunk, stored=False)
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

    def _next(self, slot: WorkerSlot) -> tuple[JobRun, Step] | None:
        """With the lock held: wait for something to do. None: the worker ends, and is gone here."""
        while True:
            run = self._run
            if self._closed or run is None or not self._crew.wants(slot.worker):
                self._crew.leave(slot.worker)
                self._lock.notify_all()
                return None
            slot.state = WorkerState.PAUSED if run.state is JobState.PAUSED else WorkerState.WAITING
            if run.state is JobState.RUNNING:
                run.workers = max(1, self._crew.working)
                step = run.next_step(slot.worker, slot.last_item, self._clock())
                if step is not None:
                    slot.take(step)
                    return run, step
            self._lock.wait(min(_WAIT_S, self._back_off_s))

    def _begin(self, run: JobRun, item: StoredItem) -> None:
        """Take a game up, on a worker's thread."""
        work = self._prepared(run, item)
        with self._lock:
            run.planned()
            if work is not None and item.id in run.preparing:
                run.begun(work)
                run.count_stored(work.fresh, None)
            elif work is not None:
                # Removed or cancelled while it was planned.
                work.dropped = True
            self._lock.notify_all()
        if work is None or work.dropped:
            return
        self._copied(run, work, work.fresh)
        self._listener.item(ItemNews(run.job_id, work.item_id, work.game_id, ItemState.RUNNING))
        self._stored(run, work)
        self._tell_look(run, work, before=item.plies_done)

    def _prepared(self, run: JobRun, item: StoredItem) -> GameWork | None:
        """Plan a game; what stands in the way is dealt with here."""
        try:
            return prepare(self._library, item, run.key, shares=run.shares(item.id))
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
        return None

    def _plan(self, run: JobRun, work: GameWork) -> None:
        """Plan a game's next round, or find it complete, on a worker's thread."""
        before = work.plies_done
        chunks: tuple[Chunk, ...] = ()
        copied: tuple[StoredPosition, ...] = ()
        try:
            found = next_round(self._library, work, shares=run.shares(work.item_id))
            chunks, copied = found.chunks, found.copied
        except KibitzError as error:
            self._halt(error)
        except Exception as error:
            logger.exception("game %d cannot be planned", work.game_id)
            reason = f"internal error: {type(error).__name__}: {error}"
            self._fail(run, work.item, reason, attempts=work.attempts + 1)
        with self._lock:
            run.planned()
            run.round_planned(work, chunks)
            run.count_stored(copied, None)
            self._lock.notify_all()
        if work.dropped:
            return
        self._copied(run, work, copied)
        if copied or work.complete:
            self._stored(run, work)
        self._tell_look(run, work, before=before)

    def _copied(self, run: JobRun, work: GameWork, copied: Iterable[StoredPosition]) -> None:
        """Tell what planning stored without a search."""
        for stage in (Stage.FIRST_LOOK, Stage.CLOSER):
            mine = [found for found in copied if found.again == (stage is Stage.CLOSER)]
            told = stage if run.key.spec.anytime else None
            self._announce(run, work.game_id, [(one.ply, one.evaluation) for one in mine], stage=told, reused=True)

    def _tell_look(self, run: JobRun, work: GameWork, *, before: int) -> None:
        """A game that has just got its first look is told of: all its verdicts are there, provisionally."""
        if run.key.spec.anytime and before < work.plies_total == work.plies_done and not work.complete:
            self._listener.item(ItemNews(run.job_id, work.item_id, work.game_id, ItemState.RUNNING, looked=True))

    def _take_back(self, slot: WorkerSlot, chunk: Chunk) -> None:
        """With the lock held: a chunk comes back unfinished."""
        run = self._run
        work = run.works.get(chunk.item_id) if run else None
        if run is not None and work is not None and not work.dropped:
            work.put_back(slot.worker, chunk)
            run.released(work, chunk, stored=False)
        slot.answered()

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
