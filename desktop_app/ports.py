"""What the analysis core asks of the outside: an evaluator, a token to be cancelled by, a place to report to.

Pure protocols; standard library and domain only. Implemented by `engine`, `services`, `ui.runtime` and test fakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.domain.game import Ply
    from desktop_app.domain.work import Chunk, ChunkResult


class CancelToken(Protocol):
    """Tells a piece of work to stop. Safe from any thread."""

    def cancelled(self) -> bool:
        """Return True once stopping was asked for; never goes back to False."""


class Evaluator(Protocol):
    """One engine, owned and used by exactly one thread (`stop` and `kill` apart: any thread)."""

    @property
    def identity(self) -> EngineIdentity:
        """Name, version, build and options of the engine, known after it was opened."""

    def new_game(self) -> None:
        """Forget everything learnt from earlier positions (UCI `ucinewgame`), and wait until ready."""

    def evaluate(self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int) -> Evaluation:
        """Search the position reached from `root_fen` by `moves` (UCI notation) and return its evaluation.

        Raises EngineFaultError (the process is gone afterwards) or CancelledError (after `stop`).
        """

    def stop(self) -> None:
        """End the running search soon; `evaluate` then raises CancelledError."""

    def close(self) -> None:
        """End the process, politely first, by force at a deadline. Idempotent."""


class ChunkSource(Protocol):
    """Where worker loops pull work from and hand results to. Safe from any thread; blocking calls have deadlines."""

    def pull(self, worker: int) -> Chunk | None:
        """Wait for the next chunk. None means: this worker shall end (queue closed, or fewer workers wanted)."""

    def attach(self, worker: int, evaluator: Evaluator | None) -> None:
        """Learn which evaluator the worker now owns; None: it owns none any more.

        The source may call `stop` on it from any thread to cut a running search short: first make `checkpoint` raise
        CancelledError for that worker, then call `stop`, so that no search can slip through between the two. The loop
        then gives the chunk back and opens a fresh evaluator for the next one.
        """

    def evaluated(self, worker: int, chunk: Chunk, ply: Ply, evaluation: Evaluation) -> None:
        """Report one position as it arrives. Ephemeral news: may be dropped, is never stored."""

    def checkpoint(self, worker: int) -> None:
        """Called between positions: blocks while paused; raises CancelledError when the chunk is no longer wanted."""

    def hand_over(self, worker: int, result: ChunkResult) -> None:
        """Store a finished chunk. Returns once it is committed."""

    def give_back(self, worker: int, chunk: Chunk) -> None:
        """Return a chunk unfinished (cancelled or shutting down); costs the game nothing."""

    def failed(self, worker: int, chunk: Chunk, reason: str) -> None:
        """Report an engine fault on this chunk. The source decides: once more on a fresh process, or fail the item."""


class ProgressSink(Protocol):
    """Receives progress of a long operation. Called on the operation's thread; must return at once."""

    def progress(self, done: int, total: int, text: str) -> None:
        """`done` of `total` units (bytes, games); `total` 0 means unknown. `text` says what is being done."""
