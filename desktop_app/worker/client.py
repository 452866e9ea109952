"""The server's side of the cluster: submit chunks, receive answers, cancel, look. The one door to Celery from outside.

A `Cluster` may be used from any thread; `results` and `news` belong to the one thread that iterates over them. Every
call blocks for at most its timeout. Called by `server`, `bench` and tests. What travels: `worker.messages`.
"""

from __future__ import annotations

import contextlib
from math import ceil
from typing import TYPE_CHECKING, Any, Self, cast

from kombu import Queue
from kombu.utils.uuid import uuid

from desktop_app.errors import EnvironmentLackingError, NotFoundError
from desktop_app.worker.app import (
    CANCEL,
    DEFAULT_QUEUE,
    NEWS_EXCHANGE,
    STATUS,
    chunk_queue,
    dead_queue,
    is_redis,
    make_app,
    priority_number,
    results_queue,
)
from desktop_app.worker.messages import (
    BrokerUnavailableError,
    DeadLetter,
    Delivery,
    Priority,
    QueueLengths,
    RefusedError,
    SearchNews,
    WorkerStatus,
)
from desktop_app.worker.receiving import Tap, dead_letters_on, read_delivery, read_news, read_status, unavailable
from desktop_app.worker.tasks import first_envelope, submit
from desktop_app.worker.wire import check_task, task_from_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from types import TracebackType

    from kombu import Connection

    from desktop_app.worker.messages import ChunkTask

__all__ = ["DEFAULT_QUEUE", "BrokerUnavailableError", "Cluster"]


class Cluster:
    """All workers behind one broker."""

    def __init__(self, broker: str, *, queue: str = DEFAULT_QUEUE, timeout_s: float = 5.0) -> None:
        """Prepare; nothing is connected before the first call.

        Args:
            broker: redis://, rediss://, amqp:// or amqps:// URL.
            queue: name of the queue that chunks are put into; workers of another engine can serve another one.
            timeout_s: how long a call waits for a broker that does not answer.

        Raises:
            UsageError: no such kind of broker.
        """
        self._broker = broker
        self._queue = queue
        self._timeout_s = timeout_s
        self._app = make_app(broker, queues=(queue,))
        self._results: Tap | None = None
        self._news: Tap | None = None

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """`close`."""
        self.close()

    def close(self) -> None:
        """Part with all connections. Answers delivered and not acknowledged go to the next consumer."""
        for tap in (self._results, self._news):
            if tap is not None:
                tap.close()
        self._results = self._news = None
        with contextlib.suppress(Exception):
            self._app.close()

    def ping(self) -> None:
        """See whether the broker answers (for `/readyz`).

        Raises:
            BrokerUnavailableError: it does not; the text says where it was looked for, without its password.
        """
        with self._guarded(), self._connection():
            pass

    def submit(self, task: ChunkTask, *, priority: Priority) -> None:
        """Put one chunk into the queue; it is on the broker when this returns.

        Raises:
            RefusedError: the chunk is not chess, or too large for one task.
            BrokerUnavailableError: not submitted, or perhaps submitted: submitting it again is harmless.
        """
        check_task(task)
        with self._guarded():
            submit(self._app, task, first_envelope(priority, self._queue), task_id=task.task_id)

    def submit_many(self, tasks: Sequence[ChunkTask], *, priority: Priority) -> int:
        """Submit in order; how many are on the broker for sure. Fewer than all: the broker went away meanwhile.

        Raises:
            RefusedError: of the first chunk that is not chess; those before it are submitted.
            BrokerUnavailableError: none was submitted for sure.
        """
        for done, task in enumerate(tasks):
            try:
                self.submit(task, priority=priority)
            except BrokerUnavailableError:
                if done:
                    return done
                raise
        return len(tasks)

    def cancel(self, task_ids: Collection[str]) -> None:
        """Stop these tasks: a running search ends within a second, a waiting one is skipped; neither is answered.

        An answer that is on its way is still delivered. Workers remember what was cancelled and tell workers that
        start later. Idempotent.

        Raises:
            BrokerUnavailableError: nobody was told.
        """
        if task_ids:
            self._tell_workers(CANCEL, {"tasks": list(task_ids)})

    def cancel_batch(self, batch: str) -> None:
        """The same for every task of a batch, however many; tasks of that batch submitted later are skipped too."""
        self._tell_workers(CANCEL, {"batches": [batch]})

    def results(self, timeout_s: float) -> Iterator[Delivery]:
        """Answers as they come, until none came for `timeout_s`.

        Every answer is to be acknowledged once it is stored, or given back. One that was not is delivered again: by
        RabbitMQ when this consumer's connection ends, by Redis also after `VISIBILITY_S` without a sign of life.
        Several consumers, in several processes too, share the answers.

        Raises:
            BrokerUnavailableError: the connection was lost; call again, and those not acknowledged come again.
        """
        if self._results is None or not self._results.alive:
            self._results = Tap(self._app, self._broker, self._timeout_s, results_queue(), no_ack=False)
        yield from self._results.read(timeout_s, read_delivery)

    def news(self, timeout_s: float) -> Iterator[SearchNews]:
        """Progress as it comes, until none came for `timeout_s`; what nobody listens to is lost.

        Raises:
            BrokerUnavailableError: the connection was lost; call again.
        """
        if self._news is None or not self._news.alive:
            queue = Queue(f"kibitz.news.{uuid()}", NEWS_EXCHANGE, durable=False, auto_delete=True, exclusive=True)
            self._news = Tap(self._app, self._broker, self._timeout_s, queue, no_ack=True)
        yield from self._news.read(timeout_s, read_news)

    def workers(self, timeout_s: float = 1.0) -> tuple[WorkerStatus, ...]:
        """The workers that answered within `timeout_s`, by name. Blocks for that long.

        Raises:
            BrokerUnavailableError: nobody could be asked.
        """
        with self._guarded():
            replies = self._app.control.broadcast(STATUS, reply=True, timeout=timeout_s) or []
        return tuple(
            sorted(
                (read_status(name, said) for reply in replies for name, said in reply.items() if "processes" in said),
                key=lambda worker: worker.name,
            )
        )

    def queue_lengths(self) -> QueueLengths:
        """How much waits in the broker now.

        Raises:
            BrokerUnavailableError: it does not answer.
        """
        with self._guarded(), self._connection() as connection:
            channel: Any = connection.channel()
            chunks, results, dead = (
                int(cast("Any", queue.bind(channel).queue_declare()).message_count)
                for queue in (chunk_queue(self._queue), results_queue(), dead_queue())
            )
            classes: dict[Priority, int] = {}
            if is_redis(self._broker):
                for priority in Priority:
                    key = channel._q_for_pri(f"kibitz.{self._queue}", priority_number(self._broker, priority))  # noqa: SLF001 - kombu has no name for it
                    classes[priority] = int(channel.client.llen(key))
            return QueueLengths(chunks, classes, results, dead)

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Chunks that were given up, oldest first; they stay where they are.

        Raises:
            BrokerUnavailableError: it does not answer.
        """
        with self._guarded(), self._connection() as connection:
            return tuple(
                sorted((letter for letter, _ in dead_letters_on(connection)), key=lambda letter: letter.died_at)
            )

    def replay(self, letter_id: str) -> None:
        """Submit a dead letter again, with its attempts counted anew, and remove it.

        Raises:
            NotFoundError: there is no such letter.
            RefusedError: its payload cannot be read; it stays.
            BrokerUnavailableError: the broker went away; the letter is still there, perhaps submitted as well.
        """
        self._settle_letter(letter_id, self._submit_again)

    def discard(self, letter_id: str) -> None:
        """Remove a dead letter for good.

        Raises:
            NotFoundError: there is no such letter.
            BrokerUnavailableError: the broker went away.
        """
        self._settle_letter(letter_id, lambda _: None)

    def _submit_again(self, letter: DeadLetter) -> None:
        task = task_from_payload(letter.payload)
        submit(self._app, task, first_envelope(letter.priority, self._queue), task_id=task.task_id)

    def _settle_letter(self, letter_id: str, settle: Callable[[DeadLetter], None]) -> None:
        found = False
        with self._guarded(), self._connection() as connection:
            for letter, message in dead_letters_on(connection):
                if letter.id == letter_id:
                    settle(letter)
                    message.ack()
                    found = True
        if not found:
            raise NotFoundError(f"There is no dead letter {letter_id!r}.", action="It may have been replayed already.")

    def _tell_workers(self, command: str, arguments: dict[str, Any]) -> None:
        with self._guarded():
            self._app.control.broadcast(command, arguments=arguments)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=ceil(self._timeout_s))
            connection.default_channel  # noqa: B018 - Redis is asked here whether it is there
            yield connection

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Whatever the broker's clients raise becomes one error with one sentence."""
        try:
            yield
        except (RefusedError, NotFoundError, EnvironmentLackingError):
            raise
        except Exception as error:
            raise unavailable(self._broker, error) from error
