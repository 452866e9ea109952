"""Feeds the workers: starts batches in line, plans games, keeps a window of chunks of each batch in flight.

One thread, "kibitz-dispatcher", in the one server process that holds the lease (another takes over when it dies). Its
state is in the database: a chunk is marked as running before the workers are asked, so after a crash it is known who
was asked for what. What nobody has any more, as far as broker and workers say, is asked for again; so is what stays
unanswered for very long. Asking twice costs a search at most: each answer is stored once. Made by `server.state`.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import TYPE_CHECKING

from desktop_app.domain.served import Answer, AskedChunk, BatchKind, BatchState, Priority, ServedBatch
from desktop_app.errors import KibitzError
from desktop_app.library.server_chunks import task_id
from desktop_app.library.server_events import inflate
from desktop_app.server.game_plans import DEEPENING_STAGE, next_step
from desktop_app.worker.client import BrokerUnavailableError
from desktop_app.worker.messages import ChunkTask, EngineWish, RefusedError
from desktop_app.worker.messages import Priority as TaskPriority

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from desktop_app.library.server_store import ServerStore
    from desktop_app.server.settings import ServerSettings
    from desktop_app.server.watch import ClusterWatch
    from desktop_app.worker.client import Cluster

logger = logging.getLogger(__name__)

LEASE = "dispatcher"
_LEASE_S = 15.0
_RENEW_S = 4.0
_IDLE_S = 1.0
_PAUSE_S = 1.0
_CARE_S = 20.0
_LEAST_WINDOW = 8
_PER_PROCESS = 4
"""Chunks in flight for each worker process: enough that none waits while one is stored, few enough to stay fair."""
_GAMES_AHEAD = 32
_MOST_KEYS = 20_000


class Dispatcher:
    """The thread that asks.

    Attributes:
        leading: set while this process holds the lease.
        keys: number -> key of the chunks asked for lately, for news of their progress; written by the thread alone.
    """

    def __init__(
        self,
        store: ServerStore,
        cluster: Cluster,
        *,
        watch: ClusterWatch,
        settings: ServerSettings,
        news: Callable[[Collection[int]], None],
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._watch = watch
        self._settings = settings
        self._news = news
        self._woken = threading.Event()
        self._untidy = threading.Event()
        self._stopping = False
        self._complete: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._renewed = self._cared = float("-inf")
        self._resume = True
        self._lost: set[str] | None = None
        self._looked = 0.0
        self.leading = threading.Event()
        self.keys: dict[int, str] = {}
        self._thread = threading.Thread(target=self._run, name="kibitz-dispatcher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do; any thread."""
        self._woken.set()

    def tidy(self) -> None:
        """Something was cancelled or deleted, and is to be cleared away; any thread, in any server process."""
        self._untidy.set()
        self._woken.set()

    def complete(self, games: Collection[int]) -> None:
        """These games have all answers asked for so far; any thread."""
        for game in games:
            self._complete.put(game)
        self._woken.set()

    def stop(self) -> None:
        """End, and give the lease up so that another process can go on at once."""
        self._stopping = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            try:
                busy = self._hold() and self._round()
            except BrokerUnavailableError as error:
                self._pause("broker", error)
                busy = False
            except KibitzError as error:
                self._pause("database", error)
                busy = False
            except Exception:
                logger.exception("the dispatcher stumbled and goes on")
                self._woken.wait(_PAUSE_S)
                busy = False
            if not busy:
                self._woken.wait(_IDLE_S)
            self._woken.clear()
        self._release()

    def _pause(self, part: str, error: KibitzError) -> None:
        self._watch.fault(part)
        logger.info("the dispatcher waits for the %s: %s", part, error)
        self._woken.wait(_PAUSE_S)

    def _release(self) -> None:
        if self.leading.is_set():
            try:
                self._store.work.release(LEASE)
            except KibitzError as error:
                logger.info("the lease runs out by itself: %s", error)

    def _hold(self) -> bool:
        if time.monotonic() - self._renewed > _RENEW_S:
            if self._store.work.hold(LEASE, _LEASE_S):
                if not self.leading.is_set():
                    self._resume, self._lost = True, None
                    logger.info("this process feeds the workers now")
                self.leading.set()
            else:
                self.leading.clear()
            self._renewed = time.monotonic()
        return self.leading.is_set()

    # -- one round -------------------------------------------------------------------------------------------------

    def _round(self) -> bool:
        """Do what there is to do now; whether there may be more at once."""
        self._care()
        tidied = self._tidy()
        live = self._store.batches.live()
        running = [batch for batch in live if batch.state is BatchState.RUNNING]
        if len(running) < len(live) and len(running) < self._settings.limits.batches:
            started = self._store.care.start_waiting(self._settings.limits)
            self._news(started)
            if started:
                return True
        if self._resume:
            for batch in running:
                if batch.kind is BatchKind.GAMES:
                    self.complete(self._store.work.games_without_work(batch.id))
            self._resume = False
        planned = self._go_on_with_games()
        for batch in running:
            planned += self._plan(batch)
        if planned:
            live = self._store.batches.live()
            running = [batch for batch in live if batch.state is BatchState.RUNNING]
        asked = sum(self._fill(batch) for batch in running)
        self._ask_again(running)
        return bool(asked or planned or tidied)

    def _care(self) -> None:
        if time.monotonic() - self._cared < _CARE_S:
            return
        self._cared = time.monotonic()
        self._news(self._store.care.close_abandoned(self._settings.limits.open_idle_s))
        self._untidy.set()

    def _tidy(self) -> bool:
        """One step of clearing away what was cancelled or is forgotten; whether there was one to do."""
        if not self._untidy.is_set():
            return False
        self._untidy.clear()
        care = self._store.care
        if care.clear_cancelled() or care.forget_old(self._settings.limits.keep_days * 86_400):
            self._untidy.set()
        return self._untidy.is_set()

    def _window(self) -> int:
        processes = sum(worker.processes for worker in self._watch.seen.workers)
        return max(_LEAST_WINDOW, min(self._settings.limits.window, _PER_PROCESS * processes))

    def _fill(self, batch: ServedBatch) -> int:
        room = self._window() - batch.running
        if room <= 0 or not batch.queued:
            return 0
        chunks = self._store.work.take(batch.id, min(room, batch.queued))
        self._submit(batch, chunks)
        return len(chunks)

    def _submit(self, batch: ServedBatch, chunks: list[AskedChunk]) -> None:
        by_class: dict[TaskPriority, list[AskedChunk]] = {}
        for chunk in chunks:
            by_class.setdefault(_class_of(batch, chunk), []).append(chunk)
        for priority, some in by_class.items():
            left = list(some)
            try:
                while left:
                    left = left[self._submit_some(batch, left, priority) :]
            except BrokerUnavailableError:
                self._store.work.not_asked([chunk.id for chunk in left])
                raise

    def _submit_some(self, batch: ServedBatch, chunks: list[AskedChunk], priority: TaskPriority) -> int:
        """Ask for these; how many are settled: one that the cluster refuses fails at once."""
        tasks = [task_of(batch, chunk) for chunk in chunks]
        self.keys.update((chunk.id, chunk.key) for chunk in chunks)
        while len(self.keys) > _MOST_KEYS:
            del self.keys[next(iter(self.keys))]
        for number, task in enumerate(tasks):
            try:
                self._cluster.submit(task, priority=priority)
            except RefusedError as error:
                news, _, _ = self._store.work.store([Answer(chunks[number].id, None, error.text)], attempts=1)
                self._news(news)
            except BrokerUnavailableError:
                if number:
                    return number
                raise
        return len(tasks)

    def _ask_again(self, running: list[ServedBatch]) -> None:
        """Ask again for what nobody has, and for what stays unanswered for very long.

        Nobody has a chunk that no worker searches while nothing waits in the broker, in two looks that agree: between
        two hands it can be missed once. For what an earlier process asked the first look is enough.
        """
        seen = self._watch.seen
        if seen.at == self._looked or not seen.reached:
            return
        self._looked = seen.at
        searched = {task for worker in seen.workers for task in worker.tasks}
        nothing_waits = not seen.queues.chunks and not seen.queues.results
        lost: set[str] = set()
        before = time.time() - self._settings.resubmit_s
        for batch in running:
            if not batch.running:
                continue
            if nothing_waits:
                asked = self._store.work.in_flight(batch.id, asked_before=seen.at)
                lost |= {task_id(batch.public_id, chunk.id, chunk.serial) for chunk in asked} - searched
            sure = lost if self._lost is None else lost & self._lost
            again = self._store.work.overdue(batch.id, before, only=_numbers(sure))
            if again:
                logger.info("asking again for %d chunks of batch %s", len(again), batch.public_id)
                self._submit(batch, again)
        self._lost = lost

    # -- games that are planned here -------------------------------------------------------------------------------

    def _plan(self, batch: ServedBatch) -> int:
        """Plan the thin pass of some more games, while less of it is queued than the workers take at once."""
        if batch.kind is not BatchKind.GAMES or batch.queued >= 2 * self._window():
            return 0
        games = self._store.work.games_to_plan(batch.id, _GAMES_AHEAD)
        for game in games:
            self._advance(game.id)
        return len(games)

    def _go_on_with_games(self) -> int:
        done = 0
        while done < _GAMES_AHEAD and not self._complete.empty():
            self._advance(self._complete.get())
            done += 1
        return done

    def _advance(self, game_id: int) -> None:
        found = self._store.work.game(game_id)
        if found is None:
            return
        game, answers = found
        batch = self._store.batches.by_id(game.batch_id)
        try:
            step = next_step(batch, game, answers)
        except ValueError as error:
            logger.exception("game %d of batch %s cannot be planned", game.number, batch.public_id)
            self._store.work.settle_game(game, None, f"The game cannot be analysed: {error}.")
            self._news([batch.id])
            return
        if step.chunks:
            self._store.work.add_round(game, step.chunks, known=step.known)
        else:
            self._store.work.settle_game(game, step.event, step.reason)
            searched_s = sum(answer["result"]["engine_ms"] for answer in answers) / 1000
            self._watch.game(searched_s, failed=step.event is None)
        self._news([batch.id])


def task_of(batch: ServedBatch, chunk: AskedChunk) -> ChunkTask:
    """A stored chunk as the workers are asked for it."""
    payload = inflate(chunk.payload)
    wish = EngineWish(batch.engine_name, batch.engine_build) if batch.engine_name or batch.engine_build else None
    return ChunkTask(
        task_id=task_id(batch.public_id, chunk.id, chunk.serial),
        batch=batch.public_id,
        root_fen=payload["root_fen"],
        moves=tuple(payload["moves"]),
        chess960=payload["chess960"],
        plies=tuple(payload["plies"]),
        warmup_ply=payload["warmup_ply"],
        limit_nodes=payload["limit_nodes"],
        hash_mb=payload["hash_mb"],
        profile=batch.profile or "custom",
        reproducible=batch.profile is None,
        engine=wish,
    )


def _class_of(batch: ServedBatch, chunk: AskedChunk) -> TaskPriority:
    if batch.priority is Priority.INTERACTIVE:
        return TaskPriority.INTERACTIVE
    return TaskPriority.DEEPENING if chunk.stage == DEEPENING_STAGE else TaskPriority.BATCH


def _numbers(tasks: Collection[str]) -> set[int]:
    return {int(task.split(".")[1]) for task in tasks}
