"""What comes back from the broker: answers, progress, what workers say of themselves, dead letters.

One half of `worker.client`. Everything here belongs to the thread that reads.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from math import ceil
from typing import TYPE_CHECKING, Any

from kombu import Consumer

from desktop_app.worker.app import dead_queue, is_redis, public_url
from desktop_app.worker.messages import (
    BrokerUnavailableError,
    DeadLetter,
    Delivery,
    EngineWish,
    Priority,
    RefusedError,
    SearchNews,
    WorkerStatus,
)
from desktop_app.worker.wire import task_from_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery import Celery
    from kombu import Connection, Queue
    from kombu.message import Message

_log = logging.getLogger(__name__)

_PREFETCH = 100
"""Answers held by one consumer, unacknowledged, at most."""
_MOST_LETTERS = 10_000
"""Dead letters looked at; more than anybody reads."""


def unavailable(broker: str, error: Exception) -> BrokerUnavailableError:
    """The sentence for a broker that does not do what it is asked."""
    kind = "Redis" if is_redis(broker) else "RabbitMQ"
    return BrokerUnavailableError(
        f"The broker at {public_url(broker)} does not answer as it should: {str(error) or type(error).__name__}.",
        action=f"Start {kind} there, make room on it, or name another broker.",
    )


class Tap:
    """A consumer of one queue, kept open from one call to the next; belongs to the thread that reads it."""

    def __init__(self, app: Celery, broker: str, timeout_s: float, queue: Queue, *, no_ack: bool) -> None:
        self._app = app
        self._broker = broker
        self._timeout_s = timeout_s
        self._queue = queue
        self._no_ack = no_ack
        self._inbox: deque[tuple[Any, Message]] = deque()
        self._connection: Connection | None = None
        self.alive = True

    def read(self, timeout_s: float, read_one: Callable[[Any, Message], Any]) -> Iterator[Any]:
        """What comes, until nothing came for `timeout_s`; what cannot be read is dropped with a line in the log."""
        try:
            if self._connection is None:
                self._open()
            deadline = time.monotonic() + timeout_s
            while True:
                while self._inbox:
                    answer = read_one(*self._inbox.popleft())
                    if answer is not None:
                        yield answer
                        deadline = time.monotonic() + timeout_s
                left = deadline - time.monotonic()
                if left <= 0 and timeout_s > 0:
                    return
                assert self._connection is not None  # noqa: S101 - opened above
                try:
                    self._connection.drain_events(timeout=max(left, 0.01))
                except TimeoutError:
                    if timeout_s <= 0:
                        return
        except GeneratorExit:
            raise
        except Exception as error:
            self.close()
            raise unavailable(self._broker, error) from error

    def close(self) -> None:
        """Part with the connection."""
        self.alive = False
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.release()

    def _open(self) -> None:
        self._connection = self._app.connection_for_read()
        self._connection.ensure_connection(max_retries=1, interval_start=0, timeout=ceil(self._timeout_s))
        consumer = Consumer(
            self._connection.channel(),
            [self._queue],
            no_ack=self._no_ack,
            accept=["json"],
            prefetch_count=None if self._no_ack else _PREFETCH,
            on_message=None,
            callbacks=[lambda body, message: self._inbox.append((body, message))],
            on_decode_error=lambda message, _error: message.reject(),
        )
        consumer.consume()


def read_delivery(body: Any, message: Message) -> Delivery | None:
    """An answer from its message; None where it cannot be read, which is dropped."""
    settled = False

    def settle(stored: bool) -> None:
        nonlocal settled
        if not settled:
            settled = True
            # Where the broker has gone it delivers the answer again; storing by task id makes that harmless.
            with contextlib.suppress(Exception):
                if stored:
                    message.ack()
                else:
                    message.requeue()

    try:
        result, failure = body["result"], body["failure"]
        return Delivery(
            task_id=str(body["task_id"]),
            batch=str(body["batch"]),
            worker=str(body["worker"]),
            result=None if result is None else dict(result),
            failure=None if result is not None else str(failure),
            attempts=int(body["attempts"]),
            waited_s=float(body["waited_s"]),
            searched_s=float(body["searched_s"]),
            _settle=settle,
        )
    except (KeyError, TypeError, ValueError) as error:
        _log.error("an answer that cannot be read is dropped: %s", error)
        message.ack()
        return None


def read_news(body: Any, _message: Message) -> SearchNews | None:
    """Progress from its message; None where it cannot be read."""
    try:
        return SearchNews(
            str(body["task_id"]), str(body["batch"]), str(body["worker"]), int(body["ply"]), dict(body["evaluation"])
        )
    except (KeyError, TypeError, ValueError):
        return None


def read_status(name: str, said: dict[str, Any]) -> WorkerStatus:
    """What `main_process` says of a worker."""
    return WorkerStatus(
        name=name,
        processes=said["processes"],
        tasks=tuple(said["tasks"]),
        engine=EngineWish(said["engine"]["name"], said["engine"]["build"]),
        queues=tuple(said["queues"]),
        nodes_per_second=said["nodes_per_second"],
        chunks_done=said["chunks_done"],
        chunks_failed=said["chunks_failed"],
        positions_done=said["positions_done"],
        nodes_done=said["nodes_done"],
        engine_starts=said["engine_starts"],
        draining=said["draining"],
    )


def dead_letters_on(connection: Connection) -> Iterator[tuple[DeadLetter, Message]]:
    """The dead letters with their messages; those not acknowledged meanwhile are put back in the end."""
    queue = dead_queue().bind(connection.channel())
    queue.declare()
    taken: list[Message] = []
    try:
        for number in range(_MOST_LETTERS):
            message = queue.get(no_ack=False, accept=["json"])
            if message is None:
                break
            taken.append(message)
            yield _letter(message, number), message
    finally:
        for message in taken:
            if not message.acknowledged:
                message.requeue()


def _letter(message: Message, number: int) -> DeadLetter:
    try:
        said = message.decode()
    except Exception:  # noqa: BLE001 - whatever it is, it can be shown and removed
        said = None
    said = said if isinstance(said, dict) else {}
    try:
        task_from_payload(said.get("payload"))
        replayable = True
    except RefusedError:
        replayable = False
    attempts, priority = said.get("attempts"), said.get("priority")
    return DeadLetter(
        id=str(said.get("id") or f"unreadable-{number}"),
        batch=str(said.get("batch", "")),
        reason=str(said.get("reason", "The letter itself cannot be read.")),
        attempts=attempts if type(attempts) is int else 0,
        died_at=str(said.get("died_at", "")),
        worker=str(said.get("worker", "")),
        priority=Priority(priority) if priority in set(Priority) else Priority.BATCH,
        replayable=replayable,
        payload=said.get("payload"),
    )
