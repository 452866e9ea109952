"""The one worker loop: pull a chunk, search it, hand it over. Free of Qt and SQL.

`work` runs for as long as a worker lives, on that worker's own thread: a QRunnable of the window, a plain thread of the
headless commands, a Celery task later. It owns its engine: opened when the first chunk comes, kept warm between chunks,
dropped on any fault. What is proved for this loop holds for all of them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from desktop_app.analysis.run import run_chunk
from desktop_app.errors import CancelledError, EngineFaultError, KibitzError

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.work import Chunk
    from desktop_app.ports import ChunkSource, Evaluator

_log = logging.getLogger(__name__)


def work(worker: int, source: ChunkSource, open_evaluator: Callable[[int], Evaluator]) -> None:
    """Work until `source.pull` returns None.

    Every chunk pulled is answered exactly once: `hand_over`, `give_back` or `failed`. An engine fault, an engine that
    cannot be opened and a bug in our own code all end as `failed` with a reason; the engine is then gone, and the next
    chunk gets a fresh one. Retries and back-off are the source's business.

    Args:
        worker: this worker's number, passed through to the source.
        source: where chunks come from and results go to.
        open_evaluator: starts an engine with the given hash size in MB; called on this thread.

    Raises:
        Exception: only what the source itself raised (from `pull`, or while being told of a failure); the engine is
            closed before.
    """
    bench = _Bench(worker, source, open_evaluator)
    try:
        while (chunk := source.pull(worker)) is not None:
            _answer(chunk, bench, source, worker)
    finally:
        bench.clear()


def _answer(chunk: Chunk, bench: _Bench, source: ChunkSource, worker: int) -> None:
    try:
        evaluator = bench.evaluator_for(chunk)
        result = run_chunk(chunk, evaluator, source, worker, continues=bench.continues(chunk))
        source.hand_over(worker, result)
    except CancelledError:
        # A stop that came too late would hit the next search, so the engine goes too; a fresh one takes 0.2 s.
        bench.clear()
        source.give_back(worker, chunk)
    except KibitzError as error:
        bench.clear()
        level = logging.WARNING if isinstance(error, EngineFaultError) else logging.ERROR
        _log.log(level, "worker %d, game %d, plies %s: %s", worker, chunk.game_id, _span(chunk), error)
        source.failed(worker, chunk, str(error))
    except Exception as error:  # noqa: BLE001 - the boundary of a worker: whatever it was, the chunk gets its answer
        bench.clear()
        _log.exception("worker %d, game %d, plies %s: internal error", worker, chunk.game_id, _span(chunk))
        source.failed(worker, chunk, f"internal error: {type(error).__name__}: {error}")
    else:
        bench.finished(chunk)


def _span(chunk: Chunk) -> str:
    return f"{chunk.plies[-1]}-{chunk.plies[0]}" if chunk.plies else "none"


class _Bench:
    """The worker's place: its one evaluator, and what that evaluator's hash last saw."""

    def __init__(self, worker: int, source: ChunkSource, open_evaluator: Callable[[int], Evaluator]) -> None:
        self._worker = worker
        self._source = source
        self._open_evaluator = open_evaluator
        self._evaluator: Evaluator | None = None
        self._hash_mb = 0
        self._last: Chunk | None = None

    def evaluator_for(self, chunk: Chunk) -> Evaluator:
        """The warm evaluator, or a new one where there is none or its hash has the wrong size."""
        if self._evaluator is not None and self._hash_mb != chunk.spec.hash_mb:
            self.clear()
        if self._evaluator is None:
            self._evaluator = self._open_evaluator(chunk.spec.hash_mb)
            self._hash_mb = chunk.spec.hash_mb
            self._source.attach(self._worker, self._evaluator)
        return self._evaluator

    def continues(self, chunk: Chunk) -> bool:
        """Whether the evaluator has just searched other positions of this game. Never in the reproducible mode.

        In the first round those are the chunk's later neighbours, in later rounds the round before: either way the
        hash knows what it needs, and what it holds of the game may stay.
        """
        last = self._last
        return (
            last is not None
            and not chunk.spec.reproducible
            and last.spec == chunk.spec
            and last.game_id == chunk.game_id
        )

    def finished(self, chunk: Chunk) -> None:
        """Remember what the hash now holds."""
        self._last = chunk

    def clear(self) -> None:
        """Part with the evaluator, if there is one; never raises."""
        evaluator, self._evaluator, self._last = self._evaluator, None, None
        if evaluator is None:
            return
        try:
            self._source.attach(self._worker, None)
        finally:
            try:
                evaluator.close()
            except Exception:  # noqa: BLE001 - closing must not hide what it was closed for
                _log.exception("worker %d: the engine did not close", self._worker)
