"""What a worker's main process adds to Celery's: it cancels, tells of itself, shows the broker signs of life.

Everything here runs on the main process's one thread, inside Celery's event loop, and returns at once. Set up by
`worker.service`; the commands are called by `worker.client` through Celery's remote control.
"""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from celery import bootsteps
from celery.worker import state
from celery.worker.control import Panel

from desktop_app.worker.app import CANCEL, STATUS
from desktop_app.worker.board import batch_mark, task_mark
from desktop_app.worker.limits import visibility_s
from desktop_app.worker.messages import EngineWish, WorkerStatus

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.worker.board import Board

_log = logging.getLogger(__name__)

_BATCH = "kibitz batch: "
"""Cancelled batches stand among Celery's revoked tasks under this prefix: workers that start later hear of those."""


class MainProcess:
    """One worker's main process."""

    def __init__(
        self, *, name: str, board: Board, identity: EngineIdentity, processes: int, queues: tuple[str, ...]
    ) -> None:
        self.board = board
        self._name = name
        self._identity = identity
        self._processes = processes
        self._queues = queues

    def install(self) -> None:
        """Let the remote control reach this worker."""
        panel: Any = Panel
        panel.register(name=CANCEL, type="control")(self._on_cancel)
        panel.register(name=STATUS, type="inspect")(self._on_status)

    def _on_cancel(self, _panel_state: Any, tasks: list[str] | None = None, batches: list[str] | None = None) -> Any:
        cancelled = set(tasks or ())
        state.revoked.update([*cancelled, *(_BATCH + batch for batch in batches or ())])
        for batch in batches or ():
            self.board.cancel(batch_mark(batch))
        for request in list(state.reserved_requests):  # those that run are among them
            if request.id in cancelled:
                self.board.cancel(task_mark(request.id))
        return {"ok": len(cancelled) + len(batches or ())}

    def remember_cancelled_batches(self) -> None:
        """After other workers told what they know: let our processes know of it too."""
        for name in list(state.revoked):
            if isinstance(name, str) and name.startswith(_BATCH):
                self.board.cancel(batch_mark(name.removeprefix(_BATCH)))

    def status(self) -> WorkerStatus:
        """What the worker says of itself; any thread."""
        counts = self.board.all_counts()
        return WorkerStatus(
            name=self._name,
            processes=self._processes,
            tasks=tuple(str(request.id) for request in list(state.active_requests)),
            engine=EngineWish(self._identity.name, self._identity.build),
            queues=self._queues,
            nodes_per_second=round(sum(each.nodes_per_second for each in counts)),
            chunks_done=sum(each.chunks_done for each in counts),
            chunks_failed=sum(each.chunks_failed for each in counts),
            positions_done=sum(each.positions_done for each in counts),
            nodes_done=sum(each.nodes_done for each in counts),
            engine_starts=sum(each.engine_starts for each in counts),
            draining=self.board.draining,
        )

    def _on_status(self, _panel_state: Any) -> dict[str, Any]:
        return asdict(self.status())


class SignOfLife(bootsteps.StartStopStep):
    """On Redis, renews what says since when each chunk here is being worked on (`limits.visibility_s`).

    Redis itself knows nothing of consumers. kombu notes with each delivered message when that was, and delivers it
    again when that is too long ago; its answer to long tasks is a long wait for those of dead machines.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)
    main: MainProcess | None = None

    def __init__(self, consumer: Any, **options: Any) -> None:
        self._timer: Any = None
        super().__init__(consumer, **options)

    def start(self, consumer: Any) -> None:
        """Begin, after each connection anew."""
        self.stop(consumer)
        if self.main is not None:
            self.main.remember_cancelled_batches()
        if consumer.connection.transport.driver_type == "redis":
            self._timer = consumer.timer.call_repeatedly(visibility_s() / 4, self._renew, (consumer,))

    def stop(self, consumer: Any) -> None:  # noqa: ARG002 - the signature of steps
        """End."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _renew(self, consumer: Any) -> None:
        try:
            channel = consumer.task_consumer.channel
            tags = list(channel.qos._delivered)  # noqa: SLF001 - kombu has no name for it; pinned, and tested
            if tags:
                # Not `channel.client`: that one's connection is waiting for the next message.
                with channel.conn_or_acquire() as client:
                    client.zadd(channel.unacked_index_key, dict.fromkeys(tags, time.time()), xx=True)
        except Exception as error:  # noqa: BLE001 - the broker is away: Celery finds out by itself and reconnects
            _log.info("no sign of life given: %s", error)


def sign_of_life_of(main: MainProcess) -> type[SignOfLife]:
    """The step for one worker: Celery makes its steps itself, from classes."""
    return type("SignOfLife", (SignOfLife,), {"main": main})
