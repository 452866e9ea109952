"""Workers without a broker, inside the server's process: they answer at once, with numbers made up from the question.

Takes the place of `worker.client.Cluster` where a test is about the server and not about workers. What it is asked for
lives in memory: a server that is killed loses it, as when broker and workers die with it. A test steers it by a folder
lives in memory: a server that is killed loses it, as when broker and workers die with it. Tests steer it by a folder
searched by another engine.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import chess

from desktop_app.analysis.payload import result_to_payload
from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import SearchSpec
from desktop_app.domain.work import Chunk, ChunkResult, JobItemId
from desktop_app.errors import NotFoundError
from desktop_app.worker.messages import Delivery, EngineWish, QueueLengths, SearchNews, WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_app.worker.messages import ChunkTask, DeadLetter, Priority

ENGINE = EngineIdentity("Fakefish 1", "00112233445566ff")
OTHER = EngineIdentity("Otherfish 2", "ffeeddccbbaa0099")
FAILS, OTHERS = 666, 777


def evaluate(task: ChunkTask, ply: int) -> Evaluation:
    """The same numbers for the same question."""
    board = chess.Board(task.root_fen, chess960=task.chess960)
    for move in task.moves[:ply]:
        board.push_uci(move)
    best = next(iter(board.legal_moves)).uci()
    return Evaluation(Cp(20 + 7 * ply % 50), 10, task.limit_nodes, best, (best,), 1)


def answer(task: ChunkTask) -> dict[str, Any]:
    """A worker's result."""
    plies = tuple(Ply(ply) for ply in task.plies)
    chunk = Chunk(
        JobItemId(0), GameId(0), task.root_fen, task.moves, task.chess960, plies, None, SearchSpec.of_nodes(1)
    )
    engine = OTHER if task.limit_nodes == OTHERS else ENGINE
    found = ChunkResult(chunk, engine, tuple((ply, evaluate(task, ply)) for ply in plies), 0, len(plies))
    payload = result_to_payload(found)
    del payload["chunk"]
    return payload


class FakeCluster:
    """What `Cluster` promises, without a broker."""

    def __init__(self, _broker: str, **_options: object) -> None:
        folder = os.environ.get("KIBITZ_TEST_CLUSTER")
        self._folder = Path(folder) if folder else None
        self._asked: list[ChunkTask] = []
        self._cancelled: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def close(self) -> None:
        """Nothing to close."""

    def ping(self) -> None:
        """It is here."""

    @property
    def held(self) -> bool:
        """Whether the test wants no answers now."""
        return self._folder is not None and (self._folder / "hold").exists()

    def submit(self, task: ChunkTask, *, priority: Priority) -> None:
        """Ask; the file `asked` in the folder keeps every task id, for the test to read."""
        with self._lock:
            if task.task_id not in {known.task_id for known in self._asked}:
                self._asked.append(task)
        if self._folder is not None:
            with (self._folder / "asked").open("a") as file:
                file.write(f"{task.task_id} {priority.value}\n")

    def cancel(self, task_ids: Sequence[str]) -> None:
        """Forget tasks."""
        self._cancelled.update(task_ids)

    def cancel_batch(self, batch: str) -> None:
        """Forget a batch."""
        self._cancelled.add(batch)

    def results(self, timeout_s: float) -> Iterator[Delivery]:
        """Answer what was asked, until nothing was for so long."""
        pause = threading.Event()
        until = time.monotonic() + timeout_s
        while True:
            with self._lock:
                task = self._asked.pop(0) if self._asked and not self.held else None
            if task is None:
                if time.monotonic() >= until:
                    return
                pause.wait(0.01)
                continue
            if task.task_id in self._cancelled or task.batch in self._cancelled:
                continue
            yield self._delivery(task)
            until = time.monotonic() + timeout_s

    def _delivery(self, task: ChunkTask) -> Delivery:
        def settle(done: bool) -> None:
            if not done:
                self.submit_again(task)

        failed = task.limit_nodes == FAILS
        return Delivery(
            task.task_id, task.batch, "fake@here", None if failed else answer(task),
            "It was to fail." if failed else None, 1, 0.0, 0.001, settle,
        )  # fmt: skip

    def submit_again(self, task: ChunkTask) -> None:
        """An answer was given back."""
        with self._lock:
            self._asked.append(task)

    def news(self, timeout_s: float) -> Iterator[SearchNews]:
        """Nothing is told."""
        threading.Event().wait(timeout_s)
        yield from ()

    def workers(self, _timeout_s: float = 1.0) -> tuple[WorkerStatus, ...]:
        """One worker with two processes."""
        wish = EngineWish(ENGINE.name, ENGINE.build)
        return (WorkerStatus("fake@here", 2, (), wish, ("chunks",), 1000, 0, 0, 0, 0, 1, draining=False),)

    def queue_lengths(self) -> QueueLengths:
        """What was asked and not answered."""
        with self._lock:
            return QueueLengths(len(self._asked), {}, 0, 0)

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """None."""
        return ()

    def replay(self, letter_id: str) -> None:
        """There is none."""
        raise NotFoundError(f"There is no dead letter {letter_id!r}.")
