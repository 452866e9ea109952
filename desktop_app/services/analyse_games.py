"""A batch as its user commands it: start, pause, cancel, reorder, change workers, resume after a crash.

`AnalysisBatch` also is the `ports.ChunkSource` its workers pull from (see `services.chunk_desk`); headless threads and
the window's runnables work for it alike. Commands store what they change, so call them from any thread but the GUI's;
`snapshot`, `counters`, `claim_workers` and `stop_searching` touch memory only and may be called from anywhere.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.analysis.loop import work as work_loop
from desktop_app.domain.batch import BatchCounters, BatchSnapshot, ItemNews, JobNews, WaitingJob
from desktop_app.domain.profile import AnalysisKey
from desktop_app.domain.work import ItemState, JobState
from desktop_app.errors import KibitzError
from desktop_app.library.jobs import owned_elsewhere
from desktop_app.library.owners import this_owner
from desktop_app.services.batch_listener import BatchListener
from desktop_app.services.batch_workers import speed_of
from desktop_app.services.changes import Changes
from desktop_app.services.chunk_desk import BACK_OFF_S, INITIATOR, stop_all
from desktop_app.services.game_work import engine_with
from desktop_app.services.job_run import JobRun
from desktop_app.services.lane_desk import LaneDesk
from desktop_app.services.plan_cost import plan_cost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.game import GameId
    from desktop_app.domain.profile import SearchSpec
    from desktop_app.domain.work import JobId
    from desktop_app.library.jobs import StoredItem, StoredJob
    from desktop_app.library.library import Library
    from desktop_app.ports import Evaluator

__all__ = ["AnalysisBatch", "BatchListener", "plan_cost"]

logger = logging.getLogger(__name__)

_CLOSE_BUDGET_S = 10.0
_UNDERWAY = frozenset({ItemState.QUEUED, ItemState.RUNNING})


class AnalysisBatch(LaneDesk):
    """Jobs of one library: one runs, the others wait behind it."""

    def __init__(
        self,
        library: Library,
        *,
        engine_path: str,
        identity: EngineIdentity,
        listener: BatchListener,
        clock: Callable[[], float] = time.monotonic,
        back_off_s: float = BACK_OFF_S,
    ) -> None:
        super().__init__(library, listener, clock=clock, back_off_s=back_off_s)
        self._engine_path = engine_path
        self._identity = identity
        self._me = this_owner()

    # -- begin and end ---------------------------------------------------------------------------------------------

    def start(self, game_ids: Sequence[GameId], spec: SearchSpec, workers: int, *, alone: bool = False) -> JobId:
        """Store a job for these games and run it, or let it wait behind the running one.

        With `alone`, jobs that wait are left waiting when it ends.

        Raises JobOwnedElsewhereError when another living process analyses this library; nothing is stored then.
        """
        self._refuse_owned_elsewhere()
        job_id = self._library.jobs.create(game_ids, engine_path=self._engine_path, spec=spec, workers=workers)
        self._tell(Changes(games=frozenset(game_ids), jobs=True, initiator=INITIATOR))
        with self._lock:
            waits = self._run is not None
            if waits:
                self._waiting.append(WaitingJob(job_id, len(game_ids), spec))
        if not waits:
            self.resume(job_id, alone=alone)
        return job_id

    def resumable_jobs(self) -> list[StoredJob]:
        """Unfinished jobs that do not run here, oldest first, after what dead processes held was freed.

        Raises JobOwnedElsewhereError when another living process runs one.
        """
        self._refuse_owned_elsewhere()
        with self._lock:
            running = self._run.job_id if self._run else None
        return [job for job in self._library.jobs.unfinished() if job.id != running]

    def resume_unfinished(self) -> int:
        """Go on with the oldest unfinished job, at start-up; returns how many of its games are left, 0 without one.

        A job the user had paused comes back paused. Raises JobOwnedElsewhereError.
        """
        found = next(iter(self.resumable_jobs()), None)
        if found is None:
            return 0
        self.resume(found.id, paused=found.state is JobState.PAUSED and not found.error)
        with self._lock:
            return len(self._run.unfinished_games()) if self._run else 0

    def resume(self, job_id: JobId, *, workers: int | None = None, paused: bool = False, alone: bool = False) -> None:
        """Run a stored job. What its games have stored is not searched again.

        Args:
            job_id: which.
            workers: how many workers it shall have, None for as many as before.
            paused: let it wait for `resume_running`.
            alone: leave other jobs waiting when it ends.

        Raises JobOwnedElsewhereError, NotFoundError.
        """
        jobs = self._library.jobs
        stored = jobs.get(job_id)
        jobs.claim(job_id, self._me)
        key = AnalysisKey(engine_with(self._identity, stored.spec), stored.spec)
        run = JobRun(job_id, key, self._clock())
        settled = self._settle_analysed(run, jobs.items(job_id))
        if paused:
            run.state = JobState.PAUSED
            jobs.set_state(job_id, JobState.PAUSED)
        others = [
            WaitingJob(job.id, job.items, job.spec) for job in jobs.unfinished() if job.id != job_id and not alone
        ]
        with self._lock:
            self._run, self._ended, self._waiting, self.fault = run, None, others, None
            self._crew.wanted = max(1, workers or stored.workers)
            self._lock.notify_all()
        self._tell(Changes(games=run.unfinished_games(), jobs=True, initiator=INITIATOR))
        self._listener.job(JobNews(job_id, run.state))
        for item in settled:
            self._listener.item(ItemNews(job_id, item.id, item.game_id, ItemState.DONE))
        self._finish_if_done(run)

    def cancel(self) -> None:
        """End the running job: searches stop at once, what is stored stays. The next job starts, if one waits."""
        with self._lock:
            run = self._run
            if run is None or run.state not in {JobState.RUNNING, JobState.PAUSED}:
                return
            run.state = JobState.CANCELLED
            for work in run.works.values():
                work.dropped = True
            engines = self._crew.stop_where(lambda _chunk: True)
            self._lock.notify_all()
        stop_all(engines)
        try:
            games = self._library.jobs.cancel_items(run.job_id)
        except KibitzError:
            # It could not be stored: the job has stopped here, and is there again at the next start.
            with self._lock:
                self._run, self._ended = None, run
                self._lock.notify_all()
            raise
        with self._lock:
            for item in run.unfinished_items():
                run.settle(item, ItemState.CANCELLED)
        self._tell(Changes(games=frozenset(games), jobs=True, initiator=INITIATOR))
        self._end(run, JobState.CANCELLED)

    def stop_searching(self) -> None:
        """Begin to close: workers end as soon as their engines obey. Returns at once."""
        with self._lock:
            self._closed = True
            engines = self._crew.stop_where(lambda _chunk: True)
            self._lock.notify_all()
        stop_all(engines)

    @property
    def has_job(self) -> bool:
        """Whether a job runs or is paused here."""
        with self._lock:
            return self._run is not None

    def close(self, *, budget_s: float = _CLOSE_BUDGET_S) -> None:
        """Stop all workers, wait for them, and give the job up so that it goes on at the next start. Idempotent."""
        self.stop_searching()
        with self._lock:
            gone = self._lock.wait_for(lambda: not self._crew.slots, budget_s)
            run, self._run = self._run, None
            if run is not None:
                run.ended_at = self._clock()
                self._ended = run
        if not gone:
            logger.warning("workers are still busy after %.0f s", budget_s)
        if run is not None and run.state in {JobState.RUNNING, JobState.PAUSED}:
            self._library.jobs.release(run.job_id)

    # -- while it runs ---------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Let every worker finish its position, then wait. Nothing is lost."""
        self._switch(JobState.RUNNING, JobState.PAUSED)

    def resume_running(self) -> None:
        """Go on after `pause`, or after the job paused by itself."""
        self._switch(JobState.PAUSED, JobState.RUNNING)

    def set_workers(self, workers: int) -> None:
        """Change how many workers there shall be, at least one; those too many end after their chunk."""
        with self._lock:
            self._crew.wanted = max(1, workers)
            run = self._run
            self._lock.notify_all()
        if run is not None:
            self._library.jobs.set_workers(run.job_id, max(1, workers))
            self._listener.job(JobNews(run.job_id, run.state, run.error))

    def move_to_front(self, game_id: GameId) -> bool:
        """Make a game of the running job the next one, worked on by all workers. False when it does not wait there."""
        with self._lock:
            run = self._run
            item = run.find(game_id) if run else None
            if run is None or item is None:
                return False
            run.urgent = {item.id}
            run.prefer([item.id])
            self._lock.notify_all()
        self._library.jobs.reorder(run.job_id, [item.id])
        self._tell(Changes(jobs=True, initiator=INITIATOR))
        return True

    def reorder(self, game_ids: Sequence[GameId]) -> None:
        """Put these queued games first, in this order."""
        with self._lock:
            run = self._run
            found = [run.find(game_id) for game_id in game_ids] if run else []
            item_ids = [item.id for item in found if item is not None]
            if run is None or not item_ids:
                return
            run.prefer(item_ids)
        self._library.jobs.reorder(run.job_id, item_ids)
        self._tell(Changes(jobs=True, initiator=INITIATOR))

    def remove(self, game_id: GameId) -> bool:
        """Take a game out of the running job; what it has stored stays. False when it is not in it, or has ended."""
        return bool(self.remove_games([game_id]))

    def remove_games(self, game_ids: Iterable[GameId]) -> int:
        """Take these games out of the running job; what they have stored stays. Returns how many were in it."""
        wanted = frozenset(game_ids)
        with self._lock:
            run = self._run
            items = [item for item in run.unfinished_items() if item.game_id in wanted] if run else []
            if run is None or not items:
                return 0
            engines = [engine for item in items for engine in self._drop(run, item)]
            for item in items:
                run.settle(item, ItemState.CANCELLED)
            self._lock.notify_all()
        stop_all(engines)
        self._library.jobs.cancel_items(run.job_id, [item.id for item in items])
        games = frozenset(item.game_id for item in items)
        self._tell(Changes(games=games, jobs=True, initiator=INITIATOR))
        for item in items:
            self._listener.item(ItemNews(run.job_id, item.id, item.game_id, ItemState.CANCELLED))
        self._finish_if_done(run)
        return len(items)

    def retry_failed(self) -> int:
        """Queue the failed games of the running, or of the last, job again. Returns how many."""
        with self._lock:
            run = self._run or self._ended
        if run is None:
            return 0
        games = self._library.jobs.retry_failed(run.job_id)
        with self._lock:
            live = run is self._run
            if live:
                run.requeue_failed()
                self._lock.notify_all()
        self._tell(Changes(games=frozenset(games), jobs=True, initiator=INITIATOR))
        if games and not live:
            self.resume(run.job_id)
        return len(games)

    # -- what there is to see --------------------------------------------------------------------------------------

    def snapshot(self) -> BatchSnapshot:
        """The batch now: the running job, else the last one that ended here."""
        now = self._clock()
        with self._lock:
            run = self._run or self._ended
            if run is None:
                return BatchSnapshot(waiting_jobs=tuple(self._waiting))
            rows = self._crew.rows(run.works)
            running = run.state is JobState.RUNNING
            return replace(
                run.snapshot(now),
                workers=len(rows),
                wanted_workers=self._crew.wanted,
                nodes_per_second=speed_of(rows) if running else 0,
                worker_rows=rows,
                waiting_jobs=tuple(self._waiting),
            )

    def counters(self) -> BatchCounters:
        """What this process did for the running, or the last, job."""
        with self._lock:
            run = self._run or self._ended
            return run.counters_at(self._clock()) if run else BatchCounters()

    # -- threads that work for it ----------------------------------------------------------------------------------

    def claim_workers(self) -> tuple[int, ...]:
        """Numbers of workers to be started now, each by `run_worker` on a thread of its own; named only once."""
        with self._lock:
            return () if self._run is None or self._closed else self._crew.reserve_missing()

    def run_worker(self, worker: int, open_evaluator: Callable[[int], Evaluator]) -> None:
        """Work on the calling thread until there is no job, fewer workers are wanted, or the batch is closed."""
        self.run_lane(worker, lambda number: work_loop(number, self, open_evaluator))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _refuse_owned_elsewhere(self) -> None:
        with self._lock:
            if self._run is not None:
                return
        elsewhere = self._library.jobs.recover(self._me)
        if elsewhere:
            raise owned_elsewhere(elsewhere[0])

    def _settle_analysed(self, run: JobRun, items: Sequence[StoredItem]) -> list[StoredItem]:
        """Games that show exactly this analysis already are done at once. Loads the run; returns those items."""
        open_items = [item for item in items if item.state in _UNDERWAY]
        done_games = self._library.evaluations.analysed_games([item.game_id for item in open_items], run.key)
        done = [item for item in open_items if item.game_id in done_games]
        if done:
            self._library.jobs.finish_items([item.id for item in done])
        ids = frozenset(item.id for item in done)
        run.load(replace(item, state=ItemState.DONE, error="") if item.id in ids else item for item in items)
        run.counters = replace(run.counters, games_done=len(done))
        return done

    def _switch(self, before: JobState, after: JobState) -> None:
        with self._lock:
            run = self._run
            if run is None or run.state is not before:
                return
            run.state, run.error, run.hold_until = after, "", 0.0
            run.start_failures = 0
            run.rate.forget()
            run.searches.forget()
            self.fault = None
            self._lock.notify_all()
        self._library.jobs.set_state(run.job_id, after)
        self._tell(Changes(jobs=True, initiator=INITIATOR))
        self._listener.job(JobNews(run.job_id, after))
        self._finish_if_done(run)

    def _start_following(self, job: WaitingJob) -> None:
        try:
            self.resume(job.job_id)
        except KibitzError as error:
            logger.warning("job %d cannot start: %s", job.job_id, error)
            self._listener.job(JobNews(job.job_id, JobState.QUEUED, str(error)))
