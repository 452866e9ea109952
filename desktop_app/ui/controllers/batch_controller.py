"""The batch: starts it, steers it, keeps its workers, and reads its state while it runs.

Main thread; everything that touches the library runs in `runtime.operations`, searches run in
`runtime.engine_workers`. Used by `windows.batch_panel`, `windows.review_sheet` and `application`.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_app.domain.batch import BatchSnapshot
from desktop_app.domain.engine_setup import PLAIN, EngineSetup
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameId
from desktop_app.domain.work import JobState
from desktop_app.engine.session import EngineSession
from desktop_app.services.analyse_games import AnalysisBatch, plan_cost
from desktop_app.services.remote_job import RemoteWorkers
from desktop_app.ui.runtime.bridge import BatchBridge
from desktop_app.ui.runtime.engine_workers import EngineWorkers
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.batch import CostEstimate, JobNews
    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.profile import SearchSpec
    from desktop_app.ports import Evaluator
    from desktop_app.services.changes import Changes
    from desktop_app.services.remote_job import RemotePlan
    from desktop_app.ui.controllers.desk import Desk

_TICK_MS = 250
LIVE_STATES = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.PAUSED})
_T = TypeVar("_T")


class BatchController(QObject):
    """One batch at a time, and what is known of it.

    Signals: `snapshot_changed(BatchSnapshot)` four times a second while a job is alive; `positions_arrived(news)`;
    `estimated(token, CostEstimate)`; `resumed(games)` when a job of an earlier run goes on; `finished(BatchSnapshot)`;
    `retry_asked(ids)` when games failed in an earlier run, whose job and depth are gone: the user is to say how.
    """

    snapshot_changed = Signal(object)
    positions_arrived = Signal(object)
    estimated = Signal(int, object)
    resumed = Signal(int)
    finished = Signal(object)
    retry_asked = Signal(object)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._bridge = BatchBridge(self)
        self._bridge.positions_arrived.connect(self.positions_arrived)
        self._bridge.facts_changed.connect(self._on_facts_changed)
        self._bridge.jobs_changed.connect(self._on_jobs_changed)
        self._batch: AnalysisBatch | None = None
        self._engine_path = ""
        self._identity: EngineIdentity | None = None
        self._setup = PLAIN
        self._in_use: tuple[str, EngineIdentity | None, EngineSetup] = ("", None, PLAIN)
        self._workers = EngineWorkers(self._open_engine, self)
        self._servers: RemoteWorkers | None = None
        self._plan: RemotePlan | None = None
        self._here = True
        self._theirs: EngineIdentity | None = None
        self.snapshot = BatchSnapshot()
        self._moving = threading.Lock()
        self._estimates = 0
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.setObjectName("batch tick")
        self._timer.timeout.connect(self._tick)

    @property
    def ready(self) -> bool:
        """Whether there is an engine to work with, here or at the server."""
        return self._searcher is not None

    @property
    def _searcher(self) -> EngineIdentity | None:
        """Whose evaluations a job has: the server's engine where it searches alone."""
        return self._identity if self._here else self._theirs

    @property
    def engine_here(self) -> tuple[str, EngineIdentity | None]:
        """This computer's engine, for spot checks."""
        return self._engine_path, self._identity

    def set_server(self, plan: RemotePlan | None, *, here: bool, theirs: EngineIdentity | None) -> None:
        """Search at a server from now on, or at none, and `here` or not; a running job moves.

        `theirs` is the server's engine, needed where it searches alone. Where the job's engine stays the same, only the
        chunks in flight are taken back; for another engine the job's unfinished games begin anew, for nothing is mixed.
        """
        self._plan, self._here, self._theirs = plan, here or plan is None, theirs
        if self._servers is not None and self._in_use[1] == self._searcher:
            self._servers.use(plan, here=self._here)
            self._tick()
        else:
            self._use_engine()

    @property
    def alive(self) -> bool:
        """Whether a job is queued, running or paused."""
        return self.snapshot.state in LIVE_STATES

    @Slot(str, object, object)
    def set_engine(self, path: str, identity: EngineIdentity, setup: EngineSetup = PLAIN) -> None:
        """Use this engine for jobs started from now on; an unfinished job of an earlier run goes on by itself."""
        self._engine_path, self._identity, self._setup = path, identity, setup
        if not self.alive:
            self._use_engine()

    def _use_engine(self) -> None:
        """Work with the engine chosen last: no job is alive, or it moves to another one."""
        wanted = (self._engine_path, self._searcher, self._setup)
        if self._searcher is None or self._in_use == wanted:
            return
        first, old, moves = self._batch is None, self._batch, self.alive
        self._in_use = wanted
        batch = AnalysisBatch(
            self._desk.library, engine_path=self._engine_path, identity=self._searcher, listener=self._bridge
        )
        servers = self._servers
        self._batch, self._servers = batch, RemoteWorkers(batch)
        self._servers.use(self._plan, here=self._here)
        if servers is not None:
            servers.finish(ended=True)
        if old is not None:
            title = "Moving the analysis" if moves else "Changing the engine"
            self._desk.operations.read(title, lambda: self._move(old, batch), self._on_moved)
        elif first:
            self._resume_unfinished(batch)

    def _move(self, old: AnalysisBatch, new: AnalysisBatch) -> int:
        """Operation thread: close the old batch; a job of it goes on in the other one. Returns its games."""
        with self._moving:
            job = old.has_job
            old.close()
            return new.resume_unfinished() if job and not new.has_job else 0

    def _begin(self, batch: AnalysisBatch, call: Callable[[], _T]) -> _T:
        """Operation thread: what may begin a job; one that began in a batch replaced meanwhile goes on in the new one.

        An engine that is found late, or another server, replaces the batch while nothing is seen to run in it.
        """
        answer = call()
        new = self._batch
        if new is not None and new is not batch:
            self._move(batch, new)
        return answer

    def _on_moved(self, games: int) -> None:
        if games:
            self._go()

    def estimate(self, ids: Sequence[GameId], spec: SearchSpec, workers: int) -> int:
        """Ask what an analysis would cost; the answer is `estimated` with the token returned."""
        identity, library = self._searcher, self._desk.library
        if identity is None:
            return -1
        self._estimates += 1
        token, games = self._estimates, tuple(ids)

        def call() -> CostEstimate:
            return plan_cost(library, games, spec, identity, workers=workers)

        self._desk.operations.read("Estimating", call, lambda answer: self.estimated.emit(token, answer))
        return token

    def start(self, ids: Sequence[GameId], spec: SearchSpec, workers: int) -> None:
        """Analyse these games; behind the running job where there is one."""
        batch, games = self._batch, tuple(ids)
        if batch is None:
            return
        begin = partial(self._begin, batch, lambda: batch.start(games, spec, workers))
        self._command("Starting the analysis", begin, self._go)

    def pause(self) -> None:
        """Stop searching; engines stay warm."""
        self._on_batch("Pausing", lambda batch: batch.pause())

    def resume(self) -> None:
        """Go on after a pause."""
        self._on_batch("Resuming", lambda batch: batch.resume_running(), self._go)

    def cancel(self) -> None:
        """End the job; what is stored stays."""
        self._on_batch("Cancelling", lambda batch: batch.cancel())

    def set_workers(self, count: int) -> None:
        """Change the number of workers while running."""
        self._on_batch("Changing workers", lambda batch: batch.set_workers(count), self._go)

    def move_to_front(self, game_id: GameId) -> None:
        """This game next."""
        self._on_batch("Reordering", lambda batch: batch.move_to_front(game_id))

    @Slot(object)
    def bring_forward(self, game_id: GameId) -> None:
        """The user opened a game: when it waits in the queue, it is next."""
        if self.alive:
            self.move_to_front(game_id)

    def reorder(self, ids: Sequence[GameId]) -> None:
        """Analyse the queued games in this order."""
        self._on_batch("Reordering", lambda batch: batch.reorder(tuple(ids)))

    def remove(self, game_id: GameId) -> None:
        """Take a game out of the queue."""
        self._on_batch("Removing", lambda batch: batch.remove(game_id))

    def let_go(self, ids: Sequence[GameId]) -> None:
        """Operation thread: nobody here analyses these games any more, since they are about to go."""
        batch = self._batch
        if batch is not None:
            batch.remove_games(ids)

    def retry_failed(self) -> None:
        """Try the failed games of the job again; without one, those the library knows of."""
        batch = self._batch
        if batch is None:
            return

        def call() -> tuple[int, Sequence[int]]:
            again = self._begin(batch, batch.retry_failed)
            return again, [] if again else self._desk.library.games.ids(GameQuery(filter=parse_filter("state:failed")))

        self._desk.operations.read("Retrying", call, lambda answer: self._on_retried(*answer))

    def _on_retried(self, again: int, failed: Sequence[int]) -> None:
        last = self.snapshot
        if again:
            self._go()
        elif not failed:
            self._desk.notices.post("There are no failed games.")
        elif last.spec is not None and not self.alive:  # the engine was changed since
            self.start([GameId(game) for game in failed], last.spec, max(1, last.wanted_workers))
        else:
            self.retry_asked.emit([GameId(game) for game in failed])

    def begin_stop(self) -> None:
        """Main thread: start nothing more, hear nothing more, let searches end. Returns at once."""
        self._timer.stop()
        self._bridge.close()
        if self._servers is not None:
            self._servers.finish()
        if self._batch is not None:
            self._batch.stop_searching()

    def finish_stop(self, budget_ms: int) -> bool:
        """Any thread but the main one: join the workers, kill engines at the deadline; the job stays resumable."""
        joined = self._workers.stop(self._batch, budget_ms)
        if self._batch is not None:
            self._batch.close(budget_s=budget_ms / 1000)
        left = self._servers is None or self._servers.join(budget_s=budget_ms / 1000)
        return joined and left

    def _resume_unfinished(self, batch: AnalysisBatch) -> None:
        def done(games: int) -> None:
            if games:
                self.resumed.emit(games)
                self._go()

        begin = partial(self._begin, batch, batch.resume_unfinished)
        self._desk.operations.read("Resuming the analysis", begin, done)

    def _on_batch(
        self, title: str, command: Callable[[AnalysisBatch], object], then: Callable[[], None] | None = None
    ) -> None:
        batch = self._batch
        if batch is not None:
            self._command(title, lambda: command(batch), then)

    def _command(self, title: str, call: Callable[[], object], then: Callable[[], None] | None = None) -> None:
        def done(_answer: object) -> None:
            (then or self._tick)()

        self._desk.operations.read(title, call, done)

    def _go(self) -> None:
        """A job is alive: watch it, which also starts its workers."""
        if not self._timer.isActive():
            self._timer.start()
        self._tick()

    @Slot()
    def _tick(self) -> None:
        batch = self._batch
        if batch is None:
            return
        servers = self._servers
        if servers is not None:
            servers.tick()
        self._workers.top_up(batch)
        self.snapshot = replace(batch.snapshot(), connection=servers.connection if servers is not None else "")
        if not self.alive:
            self._timer.stop()
        self.snapshot_changed.emit(self.snapshot)

    @Slot(object)
    def _on_facts_changed(self, changes: Changes) -> None:
        self._desk.events.broadcast(changes)

    @Slot(object)
    def _on_jobs_changed(self, news: tuple[JobNews, ...]) -> None:
        for item in news:
            if item.error:
                self._desk.notices.post(item.error, NoticeKind.WARNING)
            if item.state in LIVE_STATES:
                self._timer.start()
        self._tick()
        ended = [item for item in news if item.state not in LIVE_STATES]
        if ended and not self.alive:
            self.finished.emit(self.snapshot)
            self._use_engine()

    def _open_engine(self, hash_mb: int) -> Evaluator:
        """Worker thread: a fresh engine process."""
        path, _, setup = self._in_use
        return EngineSession.open(path, hash_mb=hash_mb, setup=setup)
