"""The server's side of the cluster: submit chunks, receive answers, cancel, look. The one door to Celery from outside.

A `Cluster` may be used from any thread; `results` and `news` belong to the one thread that iterates over them. Every
call blocks for at most its timeout. Called by `server`, `bench` and tests. What travels: `worker.messages`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from desktop_app.errors import EnvironmentLackingError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from types import TracebackType

    from desktop_app.worker.messages import (
        ChunkTask,
        DeadLetter,
        Delivery,
        Priority,
        QueueLengths,
        SearchNews,
        WorkerStatus,
    )

DEFAULT_QUEUE = "chunks"


class BrokerUnavailableError(EnvironmentLackingError):
    """The broker cannot be reached, or refuses what is sent (no room left). Nothing was lost; try again later."""


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
        raise NotImplementedError

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
        raise NotImplementedError

    def ping(self) -> None:
        """See whether the broker answers (for `/readyz`).

        Raises:
            BrokerUnavailableError: it does not; the text says where it was looked for, without its password.
        """
        raise NotImplementedError

    def submit(self, task: ChunkTask, *, priority: Priority) -> None:
        """Put one chunk into the queue; it is on the broker when this returns.

        Raises:
            RefusedError: the chunk is not chess, or too large for one task.
            BrokerUnavailableError: not submitted, or perhaps submitted: submitting it again is harmless.
        """
        raise NotImplementedError

    def submit_many(self, tasks: Sequence[ChunkTask], *, priority: Priority) -> int:
        """Submit in order; how many are on the broker for sure. Fewer than all: the broker went away meanwhile.

        Raises:
            RefusedError: of the first chunk that is not chess; those before it are submitted.
            BrokerUnavailableError: none was submitted for sure.
        """
        raise NotImplementedError

    def cancel(self, task_ids: Collection[str]) -> None:
        """Stop these tasks: a running search ends within a second, a waiting one is skipped; neither is answered.

        An answer that is on its way is still delivered. Workers remember what was cancelled and tell workers that
        start later. Idempotent.

        Raises:
            BrokerUnavailableError: nobody was told.
        """
        raise NotImplementedError

    def cancel_batch(self, batch: str) -> None:
        """The same for every task of a batch, however many; tasks of that batch submitted later are skipped too."""
        raise NotImplementedError

    def results(self, timeout_s: float) -> Iterator[Delivery]:
        """Answers as they come, until none came for `timeout_s`.

        Every answer is to be acknowledged once it is stored, or given back. One that was not is delivered again: by
        RabbitMQ when this consumer's connection ends, by Redis also after `VISIBILITY_S` without a sign of life.
        Several consumers, in several processes too, share the answers.

        Raises:
            BrokerUnavailableError: the connection was lost; call again, and those not acknowledged come again.
        """
        raise NotImplementedError

    def news(self, timeout_s: float) -> Iterator[SearchNews]:
        """Progress as it comes, until none came for `timeout_s`; what nobody listens to is lost.

        Raises:
            BrokerUnavailableError: the connection was lost; call again.
        """
        raise NotImplementedError

    def workers(self, timeout_s: float = 1.0) -> tuple[WorkerStatus, ...]:
        """The workers that answered within `timeout_s`, by name. Blocks for that long.

        Raises:
            BrokerUnavailableError: nobody could be asked.
        """
        raise NotImplementedError

    def queue_lengths(self) -> QueueLengths:
        """How much waits in the broker now.

        Raises:
            BrokerUnavailableError: it does not answer.
        """
        raise NotImplementedError

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """Chunks that were given up, oldest first; they stay where they are.

        Raises:
            BrokerUnavailableError: it does not answer.
        """
        raise NotImplementedError

    def replay(self, letter_id: str) -> None:
        """Submit a dead letter again, with its attempts counted anew, and remove it.

        Raises:
            NotFoundError: there is no such letter.
            RefusedError: its payload cannot be read; it stays.
            BrokerUnavailableError: the broker went away; the letter is still there, perhaps submitted as well.
        """
        raise NotImplementedError

    def discard(self, letter_id: str) -> None:
        """Remove a dead letter for good.

        Raises:
            NotFoundError: there is no such letter.
            BrokerUnavailableError: the broker went away.
        """
        raise NotImplementedError
