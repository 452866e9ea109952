"""What a searching process does with one chunk: check it, search it, send the answer; or refuse, retry, give it up.

One `ChunkRunner` lives in each searching process, on its main thread. The task is acknowledged only after its answer is
on the broker; whatever happens before, the chunk is delivered again, so every step may happen twice.
"""

from __future__ import annotations

import logging
import random
import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from celery.exceptions import Reject, Retry, SoftTimeLimitExceeded

from desktop_app.analysis.payload import result_to_payload
from desktop_app.domain.work import ChunkResult
from desktop_app.log import log_context
from desktop_app.worker.app import TASK, chunk_queue, dead_queue, priority_number, results_queue
from desktop_app.worker.board import batch_mark, task_mark
from desktop_app.worker.lifecycle import Failed, Found, Stopped, chunk_of
from desktop_app.worker.limits import (
    KEEP_S,
    MOST_RETRIES,
    REFUSAL_PAUSE_S,
    REFUSALS_FOR_S,
    RETRY_BASE_S,
    RETRY_MOST_S,
    time_limits,
)
from desktop_app.worker.messages import Json, Priority, RefusedError
from desktop_app.worker.wire import task_from_payload, task_to_payload

if TYPE_CHECKING:
    from celery import Celery, Task

    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.domain.game import Ply
    from desktop_app.worker.board import Board
    from desktop_app.worker.lifecycle import Answer, SearchDesk
    from desktop_app.worker.messages import ChunkTask, EngineWish
    from desktop_app.worker.outbox import Outbox

_log = logging.getLogger(__name__)

_KEPT_ANSWERS = 32
"""Answers a process remembers: a chunk delivered again after the broker restarted is then not searched again."""


class ChunkRunner:
    """Runs chunks, one after the other."""

    def __init__(
        self, *, worker: str, identity: EngineIdentity, desk: SearchDesk, board: Board, outbox: Outbox
    ) -> None:
        self._worker = worker
        self._identity = identity
        self._desk = desk
        self._board = board
        self._outbox = outbox
        self._kept: OrderedDict[str, Json] = OrderedDict()

    def run(self, celery_task: Task[Any, Any], payload: Any, envelope: Json) -> None:
        """Answer one message.

        Raises:
            Reject: the chunk goes back to the queue.
            Retry: Celery delivers it again later.
        """
        request = celery_task.request
        call = Call(celery_task, str(request.id), payload, envelope, retries=int(request.retries or 0))
        try:
            self._run(call)
        except (Reject, Retry):
            raise
        except SoftTimeLimitExceeded:
            self._retry_or_give_up(call, "The search took longer than its time limit allows.")
        except Exception as error:  # noqa: BLE001 - the boundary of a worker: whatever it was, the chunk gets its answer
            _log.exception("task %s: internal error", call.task_id)
            self._retry_or_give_up(call, f"Internal error of the worker: {type(error).__name__}: {error}")

    def close(self) -> None:
        """End the engine and the connection."""
        self._desk.close()
        self._outbox.close()

    def _run(self, call: Call) -> None:
        try:
            task = task_from_payload(call.payload)
        except RefusedError as error:
            self._give_up(call, str(error))
            return
        with log_context(batch=task.batch, chunk=task.task_id, worker=self._worker):
            self._run_task(call, task)

    def _run_task(self, call: Call, task: ChunkTask) -> None:
        if self._board.cancelled(task_mark(task.task_id), batch_mark(task.batch)):
            return
        if kept := self._kept.get(task.task_id):
            self._send(results_queue(), kept)
            return
        if not fits(task.engine, self._identity):
            self._pass_on(call, task)
            return
        started = time.time()
        answer = self._search(task)
        match answer:
            case Found(result) if fits(task.engine, result.engine):
                body = call.header(self._worker) | {
                    "result": _answer_of(result_to_payload(result)),
                    "waited_s": max(0.0, started - call.sent),
                    "searched_s": max(0.0, time.time() - started),
                }
                self._keep(task.task_id, body)
                self._send(results_queue(), body)
            case Found():
                self._pass_on(call, task)
            case Failed(reason):
                self._retry_or_give_up(call, reason)
            case Stopped() if not self._cancelled(task):
                raise Reject("the worker ends", requeue=True)

    def _search(self, task: ChunkTask) -> Answer:
        def tell(ply: Ply, evaluation: Evaluation) -> None:
            self._outbox.tell(
                {
                    "task_id": task.task_id,
                    "batch": task.batch,
                    "worker": self._worker,
                    "ply": ply,
                    "evaluation": self._evaluation_out(task, ply, evaluation),
                }
            )

        return self._desk.search(
            task, unwanted=lambda: self._cancelled(task) or self._board.must_give_back(), on_news=tell
        )

    def _evaluation_out(self, task: ChunkTask, ply: Ply, evaluation: Evaluation) -> Any:
        alone = ChunkResult(chunk_of(task, 0), self._identity, ((ply, evaluation),), 0, 0)
        return result_to_payload(alone)["evaluations"][0][1]

    def _cancelled(self, task: ChunkTask) -> bool:
        return self._board.cancelled(task_mark(task.task_id), batch_mark(task.batch))

    def _keep(self, task_id: str, body: Json) -> None:
        self._kept[task_id] = body
        while len(self._kept) > _KEPT_ANSWERS:
            self._kept.popitem(last=False)

    def _send(self, queue: Any, body: Json) -> None:
        if not self._outbox.send_patiently(queue, body, seconds=KEEP_S, unwanted=self._board.must_give_back):
            raise Reject("nobody takes the answer", requeue=True)

    def _retry_or_give_up(self, call: Call, reason: str) -> None:
        if call.attempts > MOST_RETRIES:
            self._give_up(call, reason)
            return
        _log.warning("task %s, attempt %d: %s", call.task_id, call.attempts, reason)
        raise call.celery_task.retry(
            exc=RuntimeError(reason), countdown=retry_pause(call.attempts - 1), max_retries=MOST_RETRIES + 1
        )

    def _pass_on(self, call: Call, task: ChunkTask) -> None:
        """This worker's engine is not the one wanted: put the chunk back at the queue's end, for a while."""
        now = time.time()
        since = call.envelope.get("refused_since") or now
        if now - since > REFUSALS_FOR_S:
            self._give_up(call, f"No worker has the engine that is wanted: {task.engine}.")
            return
        pause = REFUSAL_PAUSE_S * random.uniform(0.5, 1.5)  # noqa: S311 - it shall spread, not hide
        try:
            call.resubmit(countdown=pause, refused_since=since)
        except Exception as error:
            raise Reject(f"the broker does not take the chunk back: {error}", requeue=True) from error

    def _give_up(self, call: Call, reason: str) -> None:
        """Dead letter first, then the news of it: told twice is harmless, never told is not."""
        _log.error("task %s is given up: %s", call.task_id, reason)
        for queue, body in last_words(call, self._worker, reason):
            self._send(queue, body)


class Call:
    """One delivery of a task: its message, and what is known of it whatever the payload is worth."""

    def __init__(
        self, celery_task: Task[Any, Any], task_id: str, payload: Any, envelope: Json, *, retries: int
    ) -> None:
        self.celery_task = celery_task
        self.task_id = task_id
        self.payload = payload
        self.envelope = envelope
        lost, sent, priority = (envelope.get(name) for name in ("lost", "sent", "priority"))
        self.lost = lost if type(lost) is int else 0
        self.attempts = retries + self.lost + 1
        self.sent = float(sent) if isinstance(sent, int | float) else time.time()
        self.priority = Priority(priority) if priority in set(Priority) else Priority.BATCH
        batch = payload.get("batch") if isinstance(payload, dict) else ""
        self.batch = batch if isinstance(batch, str) else ""

    def resubmit(self, *, countdown: float, **changed: Any) -> None:
        """Put the same task into its queue again, with this changed in its envelope.

        Raises:
            RefusedError: the payload is not chess.
            Exception: the broker does not take it.
        """
        submit(
            self.celery_task.app,
            task_from_payload(self.payload),
            self.envelope | changed,
            task_id=self.task_id,
            countdown=countdown,
        )

    def header(self, worker: str) -> Json:
        """What every answer begins with."""
        return {
            "task_id": self.task_id,
            "batch": self.batch,
            "worker": worker,
            "attempts": self.attempts,
            "result": None,
            "failure": None,
            "waited_s": 0.0,
            "searched_s": 0.0,
        }


def fits(wish: EngineWish | None, identity: EngineIdentity) -> bool:
    """Whether an engine is the one wanted."""
    if wish is None:
        return True
    return wish.name in {None, identity.name} and wish.build in {None, identity.build}


def retry_pause(retries: int) -> float:
    """Seconds before the next try: exponential, with full jitter (AWS Architecture Blog, 2015)."""
    return random.uniform(0, min(RETRY_MOST_S, RETRY_BASE_S * 2**retries))  # noqa: S311 - it shall spread, not hide


def last_words(call: Call, worker: str, reason: str) -> list[tuple[Any, Json]]:
    """The messages that tell of a chunk given up, in the order they are to be sent."""
    letter = {
        "id": call.task_id,
        "batch": call.batch,
        "reason": reason,
        "attempts": call.attempts,
        "died_at": datetime.now(tz=UTC).isoformat(timespec="milliseconds"),
        "worker": worker,
        "priority": call.priority.value,
        "payload": call.payload,
    }
    return [(dead_queue(), letter), (results_queue(), call.header(worker) | {"failure": reason})]


def first_envelope(priority: Priority, queue: str) -> Json:
    """What travels beside the payload: when it was sent, how urgent it is, where it belongs."""
    return {"sent": time.time(), "priority": priority.value, "queue": queue}


def submit(app: Celery, task: ChunkTask, envelope: Json, *, task_id: str, countdown: float | None = None) -> None:
    """Put a task into the queue that its envelope names.

    Raises:
        Exception: the broker does not take it, after two more tries.
    """
    soft, hard = time_limits(task)
    send: Any = app.send_task  # the stubs know neither queues as objects nor argsrepr
    send(
        TASK,
        args=[task_to_payload(task)],
        kwargs=envelope,
        task_id=task_id,
        countdown=countdown,
        priority=priority_number(str(app.conf.broker_url), Priority(envelope["priority"])),
        queue=chunk_queue(str(envelope["queue"])),
        soft_time_limit=soft,
        time_limit=hard,
        ignore_result=True,
        argsrepr=f"({task.batch} {task.task_id})",
        retry=True,
        retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_step": 0.4, "interval_max": 0.5},
    )


def _answer_of(payload: Json) -> Json:
    return {key: value for key, value in payload.items() if key != "chunk"}


def register(app: Celery, name: str, run: Any) -> Task[Any, Any]:
    """Make the task known to an application; `run(task, payload, envelope)` does it."""

    def analyse_chunk(self: Task[Any, Any], *arguments: Any, **envelope: Any) -> None:
        run(self, arguments[0] if arguments else None, envelope)

    make: Any = app.task  # the stubs do not know all of these
    decorate = make(
        bind=True,
        name=name,
        ignore_result=True,
        acks_late=True,
        reject_on_worker_lost=True,
        acks_on_failure_or_timeout=True,
        retry_on_worker_lost=True,
        max_retries=MOST_RETRIES,
        default_retry_delay=RETRY_BASE_S,
        typing=False,
    )
    task: Task[Any, Any] = decorate(analyse_chunk)
    return task
