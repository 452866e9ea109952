"""A batch without a window: plain threads around `analysis.loop`, news on the calling thread, safe to interrupt.

Called by `kibitz analyse`, the demo and the benches, on the main thread. Repeating an interrupted call goes on with the
job it left behind.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from desktop_app.domain.batch import BatchCounters, BatchSnapshot, ItemNews, JobNews, PositionNews
from desktop_app.domain.engine_setup import PLAIN, EngineSetup
from desktop_app.domain.work import ItemState, JobState
from desktop_app.engine.session import EngineSession
from desktop_app.services.analyse_games import AnalysisBatch
from desktop_app.services.remote_job import RemoteWorkers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.game import GameId
    from desktop_app.domain.profile import SearchSpec
    from desktop_app.domain.work import JobId
    from desktop_app.errors import KibitzError
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken, Evaluator
    from desktop_app.services.changes import Changes
    from desktop_app.services.remote_job import RemotePlan

BatchEvent: TypeAlias = PositionNews | ItemNews | JobNews | BatchSnapshot
"""What a headless run tells; snapshots come a few times a second while it runs."""

_TICK_S = 0.1
_SNAPSHOT_S = 0.3
_JOIN_S = 10.0
_ENDS = frozenset({JobState.DONE, JobState.CANCELLED, JobState.FAILED})
_UNDERWAY = frozenset({ItemState.QUEUED, ItemState.RUNNING, ItemState.FAILED})


@dataclass(frozen=True, slots=True)
class HeadlessOutcome:
    """How a headless run ended.

    Attributes:
        job_id: None when there was nothing to do.
        counters: what this process did.
        interrupted: it was told to stop; the job is kept and goes on when asked for again.
        fault: what made the job stop by itself (no engine, full disk), None otherwise; the job is kept.
    """

    job_id: JobId | None
    counters: BatchCounters
    interrupted: bool
    fault: KibitzError | None


class _Mailbox:
    """A BatchListener that keeps news for the calling thread."""

    def __init__(self) -> None:
        self.news: queue.SimpleQueue[PositionNews | ItemNews | JobNews] = queue.SimpleQueue()

    def position(self, news: PositionNews) -> None:
        """Worker thread."""
        self.news.put(news)

    def changed(self, changes: Changes) -> None:
        """Worker thread; nothing here shows facts that could be stale."""

    def item(self, news: ItemNews) -> None:
        """Worker thread."""
        self.news.put(news)

    def job(self, news: JobNews) -> None:
        """Worker thread."""
        self.news.put(news)


def run_headless(  # noqa: PLR0913 - everything that one command line chooses
    library: Library,
    game_ids: Sequence[GameId],
    spec: SearchSpec,
    *,
    workers: int,
    engine_path: str,
    identity: EngineIdentity,
    setup: EngineSetup = PLAIN,
    on_event: Callable[[BatchEvent], None],
    cancel: CancelToken | None = None,
    remote: RemotePlan | None = None,
) -> HeadlessOutcome:
    """Analyse games and return when they are done, when `cancel` says so, or when it cannot go on.

    An unfinished job of the same kind whose games are all among `game_ids` is resumed (its failed games get another
    chance), and games it lacks are added; with no games at all, any unfinished job of the same kind is.

    Args:
        library: open library.
        game_ids: games, in the order wanted.
        spec: profile or reproducible limits.
        workers: engines at once; 0 leaves all to the server.
        engine_path: the engine's program, "" without one.
        identity: what `engine.discovery.identify` said of it, or the server's engine.
        setup: what the engine is told besides; `identity` was asked for with it.
        on_event: hears everything, on the calling thread.
        cancel: asked ten times a second.
        remote: an analysis server that searches too. Without one the connection is awaited; what it refuses for good
            ends the run, unless engines here go on.

    Raises JobOwnedElsewhereError, LibraryError kinds.
    """
    mailbox = _Mailbox()
    batch = AnalysisBatch(library, engine_path=engine_path, identity=identity, listener=mailbox)
    hands = _Hands(batch, remote, lambda hash_mb: EngineSession.open(engine_path, hash_mb=hash_mb, setup=setup))
    job_id: JobId | None = None
    ended = False
    fault: KibitzError | None = None
    try:
        hands.begin(here=workers > 0)
        job_id = _begin(batch, library, game_ids, spec=spec, workers=max(1, workers))
        shown = time.monotonic()
        while job_id is not None and not ended and fault is None and not (cancel is not None and cancel.cancelled()):
            hands.hire()
            ended = _deliver(mailbox, on_event, job_id)
            fault = batch.fault or (hands.servers.fault if workers < 1 else None)
            if time.monotonic() - shown >= _SNAPSHOT_S:
                shown = time.monotonic()
                on_event(replace(batch.snapshot(), connection=hands.servers.connection))
    finally:
        hands.finish(ended=ended)
    if job_id is not None:
        ended = _drain(mailbox, on_event, job_id) or ended
    fault = batch.fault or fault
    interrupted = job_id is not None and not ended and fault is None
    return HeadlessOutcome(job_id, batch.counters(), interrupted=interrupted, fault=fault)


class _Hands:
    """Threads that search: engines here, and lanes to a server."""

    def __init__(
        self, batch: AnalysisBatch, remote: RemotePlan | None, open_evaluator: Callable[[int], Evaluator]
    ) -> None:
        self._batch, self._remote, self._open = batch, remote, open_evaluator
        self.servers = RemoteWorkers(batch)
        self._threads: list[threading.Thread] = []

    def begin(self, *, here: bool) -> None:
        """Say where to search."""
        if self._remote is not None:
            self.servers.use(self._remote, here=here)

    def hire(self) -> None:
        """Start the workers that are missing."""
        if self._remote is not None:
            self.servers.tick()
        for worker in self._batch.claim_workers():
            thread = threading.Thread(
                target=self._batch.run_worker, args=(worker, self._open), name=f"kibitz-worker-{worker}"
            )
            self._threads.append(thread)
            thread.start()

    def finish(self, *, ended: bool) -> None:
        """Stop and join all of them."""
        self.servers.finish(ended=ended)
        self._batch.close()
        self.servers.join()
        for thread in self._threads:
            thread.join(_JOIN_S)


def _begin(
    batch: AnalysisBatch, library: Library, game_ids: Sequence[GameId], *, spec: SearchSpec, workers: int
) -> JobId | None:
    """Resume what an interrupted call left, or start anew; None when there is nothing to do."""
    wanted = frozenset(game_ids)
    for job in batch.resumable_jobs():
        if job.spec != spec:
            continue
        left = {item.game_id for item in library.jobs.items(job.id) if item.state in _UNDERWAY}
        if not wanted or left <= wanted:
            library.jobs.add_games(job.id, game_ids)
            library.jobs.retry_failed(job.id)
            batch.resume(job.id, workers=workers, alone=True)
            return job.id
    if not game_ids:
        return None
    return batch.start(game_ids, spec, workers, alone=True)


def _deliver(mailbox: _Mailbox, on_event: Callable[[BatchEvent], None], job_id: JobId) -> bool:
    """Wait a moment for news and pass all there is on. Returns whether the job ended."""
    try:
        news = mailbox.news.get(timeout=_TICK_S)
    except queue.Empty:
        return False
    on_event(news)
    return _drain(mailbox, on_event, job_id) or _is_end(news, job_id)


def _drain(mailbox: _Mailbox, on_event: Callable[[BatchEvent], None], job_id: JobId) -> bool:
    ended = False
    while True:
        try:
            news = mailbox.news.get_nowait()
        except queue.Empty:
            return ended
        on_event(news)
        ended = ended or _is_end(news, job_id)


def _is_end(news: BatchEvent, job_id: JobId) -> bool:
    return isinstance(news, JobNews) and news.job_id == job_id and news.state in _ENDS
