"""One warm engine in each searching process: started when the first chunk comes, kept, replaced on a fault.

The one worker loop (`analysis.loop`) runs on a thread of its own and owns the engine; `SearchDesk` is its source of
chunks. The process's main thread, where Celery runs the task, hands a chunk in, waits for the answer and meanwhile
looks whether the chunk is still wanted. Called by `worker.tasks`.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop_app.analysis.loop import work
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.domain.work import Chunk, ChunkResult, JobItemId
from desktop_app.errors import CancelledError
from desktop_app.worker.limits import CANCEL_POLL_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.ports import Evaluator
    from desktop_app.worker.board import Board
    from desktop_app.worker.messages import ChunkTask

_NPS_WEIGHT = 0.3
_SIZING_NODES = (1_000_000, 1_000_001)
"""Limits on both sides of the border in `SearchSpec.hash_mb`."""

_STOPPED_S = 30.0
"""The engine obeys `stop` or is killed within a second; this is for a machine that stands still."""


@dataclass(frozen=True, slots=True)
class Found:
    """The chunk was searched."""

    result: ChunkResult


@dataclass(frozen=True, slots=True)
class Failed:
    """An engine fault, or an engine that cannot be started."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The search was cut short because `unwanted` said so."""


Answer = Found | Failed | Stopped


class SearchDesk:
    """Gives the loop one chunk at a time; implements `ports.ChunkSource`.

    `search` belongs to the task's thread, `close` to whoever ends the process, everything else to the loop's.
    """

    def __init__(self, open_evaluator: Callable[[int], Evaluator], board: Board, slot: int) -> None:
        self._open_evaluator = open_evaluator
        self._board = board
        self._slot = slot
        self._counts = board.read(slot)
        self._inbox: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # guards the next four
        self._evaluator: Evaluator | None = None
        self._stop = False
        self._answer: Answer | None = None
        self._news: list[tuple[Ply, Evaluation]] = []
        self._answered = threading.Event()
        self._thread: threading.Thread | None = None
        self._last: ChunkTask | None = None
        self._game = 0

    def search(
        self,
        task: ChunkTask,
        *,
        unwanted: Callable[[], bool],
        on_news: Callable[[Ply, Evaluation], Any],
    ) -> Answer:
        """Search the task's positions and return the answer.

        Args:
            task: what to search; it was checked.
            unwanted: asked every `CANCEL_POLL_S` on this thread; True stops the search.
            on_news: told of the newest position, on this thread, as often.

        Raises:
            BaseException: what interrupts this thread (a soft time limit); the search was stopped before.
        """
        self._begin()
        self._inbox.put(self._chunk(task))
        try:
            while not self._answered.wait(CANCEL_POLL_S):
                for ply, evaluation in self._take_news()[-1:]:
                    on_news(ply, evaluation)
                if unwanted():
                    self.stop()
        except BaseException:
            self.stop()
            self._answered.wait(_STOPPED_S)
            raise
        for ply, evaluation in self._take_news()[-1:]:
            on_news(ply, evaluation)
        assert self._answer is not None  # noqa: S101 - the event says so
        return self._answer

    def stop(self) -> None:
        """Cut the running search short; idempotent."""
        with self._lock:
            already, self._stop = self._stop, True
            evaluator = self._evaluator
        if evaluator is not None and not already:
            evaluator.stop()

    def close(self) -> None:
        """End the loop and its engine."""
        if self._thread is not None:
            self.stop()
            self._inbox.put(None)
            self._thread.join(_STOPPED_S)
            self._thread = None

    def _begin(self) -> None:
        with self._lock:
            self._stop, self._answer, self._news = False, None, []
            self._answered.clear()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=work, args=(self._slot, self, self._open_evaluator), name="kibitz-search", daemon=True
            )
            self._thread.start()

    def _chunk(self, task: ChunkTask) -> Chunk:
        last = self._last
        if (
            last is None
            or (last.root_fen, last.chess960) != (task.root_fen, task.chess960)
            or last.moves[: len(task.moves)] != task.moves
        ):
            self._game += 1
        self._last = task
        return chunk_of(task, self._game)

    def _take_news(self) -> list[tuple[Ply, Evaluation]]:
        with self._lock:
            news, self._news = self._news, []
        return news

    # ports.ChunkSource, on the loop's thread.

    def pull(self, worker: int) -> Chunk | None:  # noqa: ARG002 - the protocol's signature
        """Wait for the next chunk."""
        return self._inbox.get()

    def attach(self, worker: int, evaluator: Evaluator | None) -> None:  # noqa: ARG002
        """Learn which engine to stop."""
        with self._lock:
            self._evaluator = evaluator
        if evaluator is not None:
            self._counts.engine_starts += 1
            self._board.write(self._slot, self._counts)

    def evaluated(self, worker: int, chunk: Chunk, ply: Ply, evaluation: Evaluation) -> None:  # noqa: ARG002
        """Count, and keep it as news."""
        counts = self._counts
        counts.positions_done += 1
        counts.nodes_done += evaluation.nodes
        if evaluation.engine_ms > 0:
            weight = _NPS_WEIGHT if counts.nodes_per_second else 1.0
            speed = evaluation.nodes * 1000 / evaluation.engine_ms
            counts.nodes_per_second += weight * (speed - counts.nodes_per_second)
        self._board.write(self._slot, counts)
        with self._lock:
            self._news.append((ply, evaluation))

    def checkpoint(self, worker: int) -> None:  # noqa: ARG002
        """Go on unless stopped."""
        with self._lock:
            if self._stop:
                raise CancelledError("The chunk is no longer wanted.")

    def hand_over(self, worker: int, result: ChunkResult) -> None:  # noqa: ARG002
        """The chunk was searched."""
        self._counts.chunks_done += 1
        self._settle(Found(result))

    def give_back(self, worker: int, chunk: Chunk) -> None:  # noqa: ARG002
        """It was stopped."""
        self._settle(Stopped())

    def failed(self, worker: int, chunk: Chunk, reason: str) -> None:  # noqa: ARG002
        """It failed."""
        self._counts.chunks_failed += 1
        self._settle(Failed(reason))

    def _settle(self, answer: Answer) -> None:
        self._board.write(self._slot, self._counts)
        with self._lock:
            self._answer = answer
        self._answered.set()


def chunk_of(task: ChunkTask, game: int) -> Chunk:
    """The task as the loop takes it. `game` is one number for chunks between which the hash may stay warm."""
    natural = SearchSpec(Profile(task.profile), task.limit_nodes, reproducible=task.reproducible)
    # The loop takes the hash's size from the profile's limit, which a pass of an anytime analysis may stay below.
    sized = (natural, *(SearchSpec(natural.profile, nodes, reproducible=task.reproducible) for nodes in _SIZING_NODES))
    return Chunk(
        item_id=JobItemId(0),
        game_id=GameId(game),
        root_fen=task.root_fen,
        moves=task.moves,
        chess960=task.chess960,
        plies=tuple(Ply(ply) for ply in task.plies),
        warmup_ply=None if task.warmup_ply is None else Ply(task.warmup_ply),
        spec=next((spec for spec in sized if spec.hash_mb == task.hash_mb), natural),
        limit_nodes=task.limit_nodes,
    )
