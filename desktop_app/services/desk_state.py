"""What a batch keeps in memory, and what follows when a game or a job ends: stored first, then told.

One condition guards everything in memory; it is never held while the library or the listener is called. Base of
`services.chunk_desk`; any thread.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from desktop_app.domain.batch import ItemNews, JobNews, PositionNews, Stage, WaitingJob
from desktop_app.domain.work import ItemState, JobState
from desktop_app.errors import KibitzError
from desktop_app.services.batch_workers import Crew
from desktop_app.services.changes import Changes
from desktop_app.services.game_work import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import GameId, Ply
    from desktop_app.domain.work import Chunk
    from desktop_app.library.jobs import StoredItem
    from desktop_app.library.library import Library
    from desktop_app.ports import Evaluator
    from desktop_app.services.batch_listener import BatchListener
    from desktop_app.services.job_run import JobRun

logger = logging.getLogger(__name__)

INITIATOR = "analysis"
BACK_OFF_S = 0.5


class DeskState:
    """The running job and its workers, and how items and jobs end.

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
            run.searches.forget()
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
        stage: Stage | None,
        worker: int = -1,
        reused: bool = False,
    ) -> None:
        for ply, evaluation in found:
            with self._lock:
                self._sequence += 1
                sequence = self._sequence
            taken = reused and evaluation.best is not None  # a finished position is the board's, not another game's
            news = PositionNews(run.job_id, game_id, worker, ply, evaluation, sequence, reused=taken, stage=stage)
            self._listener.position(news)

    def _tell(self, changes: Changes) -> None:
        self._listener.changed(changes)


def stop_all(engines: Iterable[Evaluator]) -> None:
    """Cut running searches short; never with a lock held."""
    for engine in engines:
        engine.stop()
