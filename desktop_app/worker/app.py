"""The Celery application, made from a broker's URL: its queues, and every setting that keeps chunks from being lost.

Used on both sides: `worker.client` submits with it, `worker.service` runs workers on it. The choices are explained in
docs/decisions/0024.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from celery import Celery
from kombu import Exchange, Queue

from desktop_app.errors import UsageError
from desktop_app.worker.limits import MOST_RETRIES, visibility_s
from desktop_app.worker.messages import Priority

if TYPE_CHECKING:
    from collections.abc import Sequence

TASK: Final = "kibitz.analyse_chunk"
CANCEL: Final = "kibitz_cancel"
STATUS: Final = "kibitz_status"
DEFAULT_QUEUE: Final = "chunks"

DIRECT = Exchange("", type="direct")
"""Messages go straight to the queue they name: no binding that a restarted Redis could have forgotten."""
NEWS_EXCHANGE = Exchange("kibitz.news", type="fanout", durable=False, delivery_mode="transient")

_REDIS = {Priority.INTERACTIVE: 0, Priority.BATCH: 3, Priority.DEEPENING: 6}
"""kombu keeps a list for each step and pops from the lowest that is not empty."""
_AMQP = {Priority.INTERACTIVE: 3, Priority.BATCH: 2, Priority.DEEPENING: 1}
"""RabbitMQ delivers the highest first, from a queue declared with `x-max-priority`."""

_CONNECT_S = 5.0


def is_redis(broker: str) -> bool:
    """Which of the two kinds of broker a URL names.

    Raises:
        UsageError: neither.
    """
    scheme = urlsplit(broker).scheme
    if scheme in {"redis", "rediss"}:
        return True
    if scheme in {"amqp", "amqps"}:
        return False
    raise UsageError(
        f"{public_url(broker)!r} names no broker that Kibitz knows.",
        action="Give a URL that begins with redis://, rediss://, amqp:// or amqps://.",
    )


def public_url(broker: str) -> str:
    """The URL without its password, for messages and logs."""
    try:
        parts = urlsplit(broker)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
    except ValueError:
        return "the broker's URL"


def priority_number(broker: str, priority: Priority) -> int:
    """The number the broker orders by."""
    return (_REDIS if is_redis(broker) else _AMQP)[priority]


def priority_of(broker: str, number: Any) -> Priority:
    """The class that a message's number stands for; `BATCH` for any other."""
    numbers = _REDIS if is_redis(broker) else _AMQP
    return next((priority for priority, known in numbers.items() if known == number), Priority.BATCH)


def redis_steps() -> list[int]:
    """The priorities' numbers on Redis, most urgent first."""
    return sorted(_REDIS.values())


def chunk_queue(name: str) -> Queue:
    """A queue of chunks: durable, one for all classes, since only then both brokers strictly obey the classes."""
    full = f"kibitz.{name}"
    return Queue(full, DIRECT, routing_key=full, durable=True, queue_arguments={"x-max-priority": max(_AMQP.values())})


def results_queue() -> Queue:
    """The durable queue of answers."""
    return Queue("kibitz.results", DIRECT, routing_key="kibitz.results", durable=True)


def dead_queue() -> Queue:
    """The durable queue of chunks that were given up."""
    return Queue("kibitz.dead", DIRECT, routing_key="kibitz.dead", durable=True)


def make_app(broker: str, *, queues: Sequence[str] = (DEFAULT_QUEUE,)) -> Celery:
    """An application of its own for this broker; not made the process's current one.

    Raises:
        UsageError: no such kind of broker.
    """
    redis = is_redis(broker)
    app = Celery("kibitz", set_as_current=False, broker=broker)
    app.conf.update(
        # What travels is JSON, and nothing else is read: a message cannot run code.
        task_serializer="json",
        accept_content=["json"],
        event_serializer="json",
        result_backend=None,
        task_ignore_result=True,
        task_queues=[chunk_queue(name) for name in queues],
        task_default_queue=f"kibitz.{queues[0]}",
        task_default_exchange="",
        task_default_routing_key=f"kibitz.{queues[0]}",
        task_default_delivery_mode="persistent",
        # A chunk is acknowledged when its answer is on the broker, and fetched when a process is free for it.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        # The broker may come and go: workers wait for it, and finish what they have.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=_CONNECT_S,
        broker_transport_options=_redis_options() if redis else {"confirm_publish": True, "max_retries": 2},
        broker_heartbeat=30,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Our own logging stays as it is.
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_log_color=False,
        worker_enable_remote_control=True,
        # Celery's events feed Flower; a chunk has few.
        worker_send_task_events=True,
        task_send_sent_event=True,
    )
    app.conf.task_annotations = {TASK: {"max_retries": MOST_RETRIES}}
    return app


def _redis_options() -> dict[str, Any]:
    seconds = visibility_s()
    return {
        "visibility_timeout": seconds,
        "unacked_restore_interval": max(1, int(seconds / 6)),
        "unacked_restore_throttle": 1,
        "priority_steps": redis_steps(),
        "queue_order_strategy": "priority",
        "socket_timeout": 30.0,
        "socket_connect_timeout": _CONNECT_S,
        "socket_keepalive": True,
        "health_check_interval": 25,
        "max_retries": 2,
    }
