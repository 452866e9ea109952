"""What the broker and the workers say of themselves, asked now and then for everybody who wants to know.

One thread, "kibitz-watch", since asking workers takes a second; readers take the last answer. Also the one place where
faults and answers are counted for monitoring (`server.metrics`). Made by `server.state`.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.errors import KibitzError
from desktop_app.worker.messages import QueueLengths

if TYPE_CHECKING:
    from desktop_app.server.metrics import ServerMetrics
    from desktop_app.worker.client import Cluster
    from desktop_app.worker.messages import Delivery, WorkerStatus

logger = logging.getLogger(__name__)

_EVERY_S = 3.0
_ASK_S = 1.0
_NOTHING = QueueLengths(0, {}, 0, 0)


@dataclass(frozen=True, slots=True)
class Seen:
    """The cluster at one moment (`at`, UTC seconds, when asking began); `reached` False: the broker did not answer."""

    workers: tuple[WorkerStatus, ...] = ()
    queues: QueueLengths = _NOTHING
    at: float = 0.0
    reached: bool = False


class ClusterWatch:
    """The last look at the cluster."""

    def __init__(self, cluster: Cluster, metrics: ServerMetrics | None = None) -> None:
        self._cluster = cluster
        self._metrics = metrics
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kibitz-watch", daemon=True)
        self.seen = Seen()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def fault(self, part: str) -> None:
        """The `broker` or the `database` failed, and is tried again."""
        if self._metrics is not None:
            self._metrics.fault(part)

    def answered(self, delivery: Delivery, *, stored: bool) -> None:
        """An answer came."""
        if self._metrics is not None:
            self._metrics.answered(delivery, stored=stored)

    def game(self, worker_s: float | None, *, failed: bool) -> None:
        """A game that was planned here has ended, after so many seconds of workers' time."""
        if self._metrics is not None:
            self._metrics.game(worker_s, failed=failed)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.seen = self._look()
            self._stopping.wait(_EVERY_S)

    def _look(self) -> Seen:
        at = time.time()
        try:
            workers = self._cluster.workers(_ASK_S)
            return Seen(workers, self._cluster.queue_lengths(), at, reached=True)
        except KibitzError as error:
            logger.info("the broker cannot be asked: %s", error)
        except Exception:
            logger.exception("the cluster cannot be read")
        return Seen(at=at)
