"""Takes the workers' answers, stores each once, and only then lets the broker forget it. Also passes progress on.

Two threads: "kibitz-collector" for answers, "kibitz-news" for progress that is not stored. Every server process may
run them: which of them an answer reaches does not matter. Made by `server.state`.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from desktop_app.domain.served import Answer, BatchKind
from desktop_app.errors import KibitzError, NotFoundError
from desktop_app.library.server_chunks import chunk_of
from desktop_app.library.server_events import deflate, inflate
from desktop_app.server.game_plans import checked_answer
from desktop_app.worker.client import BrokerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

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
_MOST_AT_ONCE = 64
"""Answers in one transaction, as far as they have come."""
_FAILURES_IN_A_ROW = 2


@dataclass(frozen=True, slots=True)
class _Found:
    """What is stored of a delivery, and what it is about."""

    answer: Answer
    delivery: Delivery
    chunk: AskedChunk
    batch: ServedBatch


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
        for first in self._cluster.results(_WAIT_S):
            taken = [first]
            try:
                taken += islice(self._cluster.results(0), _MOST_AT_ONCE - 1)
            finally:
                self._store_all(taken)
            if self._stopping.is_set():
                return

    def _store_all(self, deliveries: Sequence[Delivery]) -> None:
        """Store these together, then acknowledge each; where that fails, one after another, so that one harms none."""
        try:
            self._store_answers(deliveries)
        except Exception as error:
            if len(deliveries) == 1:
                deliveries[0].give_back()
                raise
            logger.info("%d answers cannot be stored together, so one after another: %s", len(deliveries), error)
            self._store_each(deliveries)
        else:
            for delivery in deliveries:
                delivery.ack()

    def _store_each(self, deliveries: Sequence[Delivery]) -> None:
        """Where two in a row fail it is not for the answers: the others are given back and come again."""
        failed: Exception | None = None
        in_a_row = 0
        for number, delivery in enumerate(deliveries):
            try:
                self._store_all([delivery])
                in_a_row = 0
            except Exception as error:  # noqa: BLE001 -- raised below, when the others are stored
                failed = error
                in_a_row += 1
            if in_a_row == _FAILURES_IN_A_ROW:
                for other in deliveries[number + 1 :]:
                    other.give_back()
                break
        if failed is not None:
            raise failed

    def _progress(self) -> None:
        for news in self._cluster.news(_WAIT_S):
            number = chunk_of(news.task_id)
            key = None if number is None else self._dispatcher.keys.get(number)
            if key is not None:
                said = {"key": key, "ply": news.ply, "evaluation": news.evaluation, "worker": news.worker}
                self._hub.position(news.batch, said)
            if self._stopping.is_set():
                return

    def _store_answers(self, deliveries: Sequence[Delivery]) -> None:
        """Each once, in one transaction; in a second one where workers gave chunks up."""
        numbers = [number for delivery in deliveries if (number := chunk_of(delivery.task_id)) is not None]
        known = self._store.work.find(set(numbers))
        batches: dict[int, ServedBatch | None] = {}
        answers: dict[int, _Found] = {}
        for delivery in deliveries:
            chunk, wanted = known.get(chunk_of(delivery.task_id) or 0, (None, False))
            if chunk is None or not wanted or chunk.id in answers:
                self._watch.answered(delivery, stored=False)
                continue
            if chunk.batch_id not in batches:
                batches[chunk.batch_id] = self._batch(chunk.batch_id)
            batch = batches[chunk.batch_id]
            if batch is not None:
                answer = answer_of(batch, chunk, delivery)
                answers[chunk.id] = _Found(answer, delivery, chunk, batch)
                if _pins(batch, answer, delivery):
                    batches[chunk.batch_id] = self._pinned(batch, delivery)
        self._store_found([found for found in answers.values() if found.delivery.failure is None], self._attempts)
        # The workers have tried a failed chunk several times by themselves: it is not asked for again.
        self._store_found([found for found in answers.values() if found.delivery.failure is not None], 1)

    def _batch(self, number: int) -> ServedBatch | None:
        try:
            return self._store.batches.by_id(number)
        except NotFoundError:
            return None

    def _pinned(self, batch: ServedBatch, delivery: Delivery) -> ServedBatch:
        """The batch, from now on of the engine that answered first: before its answer is stored, so none differs."""
        engine = (delivery.result or {})["engine"]
        self._store.work.pin_engine(batch.id, engine["name"], engine["build"])
        return self._store.batches.by_id(batch.id)

    def _store_found(self, found: Sequence[_Found], attempts: int) -> None:
        if not found:
            return
        touched, complete, stored = self._store.work.store([one.answer for one in found], attempts=attempts)
        for number, one in enumerate(found):
            self._watch.answered(one.delivery, stored=number < stored)
            fields = {"batch": one.batch.public_id, "chunk": one.chunk.key, "worker": one.delivery.worker}
            logger.info("chunk %s answered by %s", one.chunk.key, one.delivery.worker, extra=fields)
        self._tell(touched, complete)

    def _tell(self, touched: Collection[int], complete: Collection[int]) -> None:
        self._hub.wake(touched)
        self._dispatcher.complete(complete)


def _pins(batch: ServedBatch, answer: Answer, delivery: Delivery) -> bool:
    """Whether this is the first engine that answers a batch of games for which none was asked for."""
    return (
        batch.kind is BatchKind.GAMES
        and batch.engine_build is None
        and answer.body is not None
        and delivery.result is not None
    )


def answer_of(batch: ServedBatch, chunk: AskedChunk, delivery: Delivery) -> Answer:
    """What is stored of a delivery: one that does not answer the question, or is another engine's, is a failure."""
    result = delivery.result
    if result is None:
        return Answer(chunk.id, None, (delivery.failure or "The worker gave no reason.").replace("\0", " ")[:500])
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
