"""Puts messages on the broker from one process, over one connection of its own; opened when needed, anew after a fault.

Belongs to one thread. Called by `worker.tasks` in searching processes, by `worker.service` for chunks whose process
died, and by `worker.client`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from kombu import Producer

from desktop_app.worker.app import NEWS_EXCHANGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery
    from kombu import Connection, Queue

_log = logging.getLogger(__name__)

_SEND_S = 10.0
"""RabbitMQ without room accepts nothing and says nothing: after this it counts as full."""
_NEWS_S = 1.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0


class Outbox:
    """One connection that only sends."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Connection | None = None
        self._producer: Producer | None = None

    def send(self, queue: Queue, body: Any) -> None:
        """Put `body` into a durable queue; the broker has it when this returns.

        Raises:
            Exception: whatever the broker's client raises; perhaps it was sent all the same.
        """
        self._publish(
            body,
            routing_key=queue.name,
            exchange="",
            declare=[queue],
            delivery_mode=2,
            timeout=_SEND_S,
            confirm_timeout=_SEND_S,
        )

    def tell(self, body: Any) -> None:
        """Tell whoever listens; lost where nobody does or the broker is away. Never raises."""
        with contextlib.suppress(Exception):
            self._publish(body, exchange=NEWS_EXCHANGE, routing_key="", declare=[NEWS_EXCHANGE], timeout=_NEWS_S)

    def send_patiently(self, queue: Queue, body: Any, *, seconds: float, unwanted: Callable[[], bool]) -> bool:
        """`send`, tried again with growing pauses; False when `seconds` are over or `unwanted` says so."""
        deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE_S
        while True:
            try:
                self.send(queue, body)
            except Exception as error:  # noqa: BLE001 - brokers away, full or restarting raise a dozen kinds
                _log.warning("the broker does not take a message for %s: %s", queue.name, error)
            else:
                return True
            waiting = threading.Event()
            until = min(deadline, time.monotonic() + pause)
            while (left := until - time.monotonic()) > 0:
                if unwanted():
                    return False
                waiting.wait(min(left, 0.1))
            if time.monotonic() >= deadline or unwanted():
                return False
            pause = min(_LONGEST_PAUSE_S, pause * 2)

    def close(self) -> None:
        """Part with the connection. Never raises."""
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.release()

    def _publish(self, body: Any, **arguments: Any) -> None:
        try:
            if self._producer is None:
                self._connection = self._app.connection_for_write()
                self._connection.ensure_connection(max_retries=1, timeout=int(_SEND_S))
                self._producer = Producer(self._connection.channel())
            self._producer.publish(body, serializer="json", retry=False, **arguments)
        except BaseException:
            self.close()
            raise
