"""Everything one server process holds while it runs, started and stopped in order. Made by `server.serve`.

Stopping: refuse new requests and end the streams, stop asking the workers, store what they answered, write the audit
log out, close broker and database.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from desktop_app.errors import KibitzError
from desktop_app.server.collector import Collector
from desktop_app.server.dispatcher import Dispatcher
from desktop_app.server.events import Hub
from desktop_app.server.metrics import BatchFigures, ServerMetrics, Sources
from desktop_app.server.queue_age import QueueAge
from desktop_app.server.settings import LOCAL_USER
from desktop_app.server.watch import ClusterWatch
from desktop_app.worker.client import BrokerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from desktop_app.domain.served import AuditEntry
    from desktop_app.library.server_store import ServerStore
    from desktop_app.server.settings import ServerSettings
    from desktop_app.worker.client import Cluster

logger = logging.getLogger(__name__)

_AUDIT_EVERY_S = 0.5
_MOST_AUDIT = 10_000
_CHUNKS_OF_A_GAME = 10
"""Of 80 positions, eight in a chunk: for the pace of batches whose games only the client knows."""


class ServerState:
    """What requests are served with."""

    def __init__(self, settings: ServerSettings, store: ServerStore, cluster: Cluster) -> None:
        self.settings = settings
        self.store = store
        self.cluster = cluster
        self.hub = Hub(store)
        self._queue_age = QueueAge(time.monotonic)
        self.metrics = ServerMetrics(
            Sources(
                queues=lambda: self.watch.seen.queues, workers=lambda: self.watch.seen.workers, batches=self._figures
            )
        )
        self.watch = ClusterWatch(cluster, self.metrics)
        self.dispatcher = Dispatcher(store, cluster, watch=self.watch, settings=settings, news=self.hub.wake)
        self.collector = Collector(
            store, cluster, dispatcher=self.dispatcher, watch=self.watch, settings=settings, hub=self.hub
        )
        self.stopping = False
        self.local_user = store.users.user(LOCAL_USER) if settings.without_tokens else 0
        self._audit: queue.SimpleQueue[AuditEntry | None] = queue.SimpleQueue()
        self._auditor = threading.Thread(target=self._write_audit, name="kibitz-audit", daemon=True)

    def start(self) -> None:
        """Start the threads; on the event loop, for the notifier."""
        self.hub.start()
        self._auditor.start()
        self.watch.start()
        self.dispatcher.start()
        self.collector.start()

    def begin_stop(self) -> None:
        """Refuse what comes from now on and end the streams; from a signal handler too."""
        self.stopping = True
        self.hub.stop()

    def stop(self) -> None:
        """End the threads; blocking, off the event loop."""
        self.dispatcher.stop()
        self.collector.stop()
        self.watch.stop()
        self._audit.put(None)
        self._auditor.join()

    def changed(self, batches: Collection[int] = ()) -> None:
        """A request stored something: tell the streams, and look for work."""
        self.hub.wake(batches)
        self.dispatcher.wake()

    def tell_workers(self, tell: Callable[[Cluster], None]) -> None:
        """Tell the workers what is not wanted any more; where they cannot be told, their answers are dropped."""
        try:
            tell(self.cluster)
        except BrokerUnavailableError as error:
            self.watch.fault("broker")
            logger.info("the workers could not be told to stop: %s", error)

    def observe(self, _scope: Any, status: int, seconds: float) -> None:
        """A request was answered."""
        self.metrics.request(status or 500, seconds)

    # -- audit -----------------------------------------------------------------------------------------------------

    def audit(self, entry: AuditEntry) -> None:
        """Put into the audit log, soon; any thread."""
        if self._audit.qsize() < _MOST_AUDIT:
            self._audit.put(entry)

    def _write_audit(self) -> None:
        """The audit thread: entries go in together, and again where the database was away."""
        kept: list[AuditEntry] = []
        while True:
            ending = self._gather(kept)
            try:
                self.store.users.add_audit(kept)
                kept.clear()
            except KibitzError as error:
                logger.info("the audit log waits for the database: %s", error)
            if ending:
                return

    def _gather(self, kept: list[AuditEntry]) -> bool:
        """Add what has come; True at the end."""
        try:
            entry = self._audit.get(timeout=_AUDIT_EVERY_S)
            while entry is not None and len(kept) < _MOST_AUDIT:
                kept.append(entry)
                entry = self._audit.get_nowait()
        except queue.Empty:
            return False
        return entry is None

    def _figures(self) -> BatchFigures:
        by_state = {"waiting": 0, "running": 0}
        paces: list[float] = []
        for batch in self.store.batches.live():
            by_state[batch.state.value] += 1
            if batch.started_at is not None and batch.done:
                games = batch.games_done or batch.done / _CHUNKS_OF_A_GAME
                paces.append((time.time() - batch.started_at) / games * 100)
        oldest_queued_s = self._queue_age.look(*self.store.work.queued_numbers())
        return BatchFigures(by_state, max(paces, default=None), oldest_queued_s)
