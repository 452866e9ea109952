"""Takes the workers' answers, stores each once, and only then lets the broker forget it. Also passes progress on.

Two threads: "kibitz-collector" for answers, "kibitz-news" for progress that is not stored. Every server process may
run them: which of them an answer reaches does not matter. Made by `server.state`.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from desktop_app.domain.served import Answer, BatchKind
from desktop_app.errors import KibitzError, NotFoundError
from desktop_app.library.server_batches import chunk_of
from desktop_app.library.server_events import deflate, inflate
from desktop_app.server.game_plans import checked_answer
from desktop_app.worker.client import BrokerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from desktop_app.domain.served import AskedChunk, Json, ServedBatch
    from desktop_app.library.server_store import ServerStore
    from desktop_app.server.dispatcher import Dispatcher
    from desktop_app.server.events import Hub
    from desktop_app.server.settings import ServerSettings
    from desktop_app.server.watch import ClusterWatch
    from desktop_app.worker.client import Cluster
    from desktop_app.worker.messages import Delivery

logger = logging.getLogger(__name__)

_WAIT_S = 0.5
_PAUSE_S = 1.0


class Collector:
    """The threads that listen to the workers."""

    def __init__(
        self,
        store: ServerStore,
        cluster: Cluster,
        *,
        dispatcher: Dispatcher,
        watch: ClusterWatch,
        settings: ServerSettings,
        hub: Hub,
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._dispatcher = dispatcher
        self._watch = watch
        self._attempts = settings.limits.attempts
        self._hub = hub
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(self._answers,), name="kibitz-collector", daemon=True),
            threading.Thread(target=self._run, args=(self._progress,), name="kibitz-news", daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; an answer that is being stored is stored and acknowledged."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, listen: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                listen()
            except BrokerUnavailableError as error:
                self._watch.fault("broker")
                logger.info("waiting for the broker: %s", error)
                self._stopping.wait(_PAUSE_S)
            except KibitzError as error:
                self._watch.fault("database")
                logger.info("answers wait for the database: %s", error)
                self._stopping.wait(_PAUSE_S)
            except Exception:
                logger.exception("the collector stumbled and goes on")
                self._stopping.wait(_PAUSE_S)

    def _answers(self) -> None:
        for delivery in self._cluster.results(_WAIT_S):
            try:
                self._store_answer(delivery)
            except BaseException:
                delivery.give_back()
                raise
            delivery.ack()
            if self._stopping.is_set():
                return

    def _progress(self) -> None:
        for news in self._cluster.news(_WAIT_S):
            number = chunk_of(news.task_id)
            key = None if number is None else self._dispatcher.keys.get(number)
            if key is not None:
                said = {"key": key, "ply": news.ply, "evaluation": news.evaluation, "worker": news.worker}
                self._hub.position(news.batch, said)
            if self._stopping.is_set():
                return

    def _store_answer(self, delivery: Delivery) -> None:
        number = chunk_of(delivery.task_id)
        found = self._store.work.find([number]).get(number) if number is not None else None
        if found is None or not found[1]:
            self._watch.answered(delivery, stored=False)
            return
        chunk = found[0]
        try:
            batch = self._store.batches.by_id(chunk.batch_id)
        except NotFoundError:
            return
        answer = answer_of(batch, chunk, delivery)
        # The workers have tried a failed chunk several times by themselves: it is not asked for again.
        attempts = 1 if delivery.failure is not None else self._attempts
        touched, complete, stored = self._store.work.store([answer], attempts=attempts)
        if batch.kind is BatchKind.GAMES and batch.engine_build is None and answer.body and delivery.result:
            engine = delivery.result["engine"]
            self._store.work.pin_engine(batch.id, engine["name"], engine["build"])
        self._watch.answered(delivery, stored=bool(stored))
        fields = {"batch": batch.public_id, "chunk": chunk.key, "worker": delivery.worker}
        logger.info("chunk %s answered by %s", chunk.key, delivery.worker, extra=fields)
        self._tell(touched, complete)

    def _tell(self, touched: Collection[int], complete: Collection[int]) -> None:
        self._hub.wake(touched)
        self._dispatcher.complete(complete)


def answer_of(batch: ServedBatch, chunk: AskedChunk, delivery: Delivery) -> Answer:
    """What is stored of a delivery: one that does not answer the question, or is another engine's, is a failure."""
    result = delivery.result
    if result is None:
        return Answer(chunk.id, None, (delivery.failure or "The worker gave no reason.")[:500])
    payload = inflate(chunk.payload)
    try:
        checked = checked_answer(payload, result)
    except ValueError as error:
        return Answer(chunk.id, None, f"The worker's answer is no answer to this chunk: {error}"[:500])
    engine = checked.engine
    if (batch.engine_build or engine.build) != engine.build or (batch.engine_name or engine.name) != engine.name:
        return Answer(chunk.id, None, f"A worker searched with {engine.name}, build {engine.build}, instead.")
    body: Json = {
        "key": chunk.key,
        "engine": result["engine"],
        "evaluations": result["evaluations"],
        "warmup_nodes": result["warmup_nodes"],
        "engine_ms": result["engine_ms"],
        "worker": delivery.worker,
    }
    if batch.kind is BatchKind.GAMES:
        body = {"payload": payload, "result": result}
    return Answer(chunk.id, deflate(body), plies=len(checked.evaluations) if chunk.stage == 0 else 0)
