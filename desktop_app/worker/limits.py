"""Every time and count that workers and their clients agree on, with its reason. Pure; any thread."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from desktop_app.worker.wire import positions_searched

if TYPE_CHECKING:
    from desktop_app.worker.messages import ChunkTask

SLOWEST_NPS = 20_000
"""Nodes a second below which a chunk is given up; an old server core makes 300 000."""

START_S = 60.0
"""For starting the engine and everything else around the searches of a chunk, on a busy machine."""

KEEP_S = 120.0
"""How long a worker keeps a result that nobody takes (broker away, no room left) before it gives the chunk back."""

HARD_AFTER_S = 30.0
"""From the soft limit to the hard one, which kills the process."""

MOST_RETRIES = 3
"""After so many retries a chunk is given up."""

RETRY_BASE_S = 1.0
RETRY_MOST_S = 60.0
"""The n-th retry waits `RETRY_BASE_S` * 2**n, at most this, times a random number between 0 and 1 (full jitter)."""

REFUSALS_FOR_S = 600.0
"""How long a chunk goes round among workers of another engine than it wants before it is given up."""

REFUSAL_PAUSE_S = 1.0
"""How long a worker of the wrong engine keeps a chunk before the next one may see it."""

CANCEL_POLL_S = 0.1
"""How often a searching process looks whether it shall stop: a tenth of the second that cancelling may take."""


def visibility_s() -> float:
    """Redis: seconds without a sign of life after which a message is delivered to somebody else.

    Workers give one every quarter of it for every chunk they have, so it need not outlast the longest chunk; it is how
    long the chunk of a machine that died is missing. All sides must agree: `KIBITZ_VISIBILITY_S`, 60 where it is unset.
    """
    try:
        return max(2.0, float(os.environ.get("KIBITZ_VISIBILITY_S", "60")))
    except ValueError:
        return 60.0


def time_limits(task: ChunkTask) -> tuple[float, float]:
    """Soft and hard limit of a task in seconds.

    At most 25 minutes with `wire.MOST_NODES`: RabbitMQ closes a channel that has not acknowledged for 30.
    """
    soft = START_S + positions_searched(task) * task.limit_nodes / SLOWEST_NPS
    return soft, soft + KEEP_S + HARD_AFTER_S
