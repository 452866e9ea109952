"""Drive one evaluator over one chunk. Runs on the worker's own thread, called by `analysis.loop`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.work import Chunk, ChunkResult

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import Ply
    from desktop_app.ports import ChunkSource, Evaluator


def run_chunk(
    chunk: Chunk, evaluator: Evaluator, source: ChunkSource, worker: int, *, continues: bool = False
) -> ChunkResult:
    """Search every ply of the chunk in its order and return them together.

    Args:
        chunk: what to search.
        evaluator: the worker's engine.
        source: asked between positions whether to go on, told of each position as it arrives.
        worker: the worker's number, passed through to the source.
        continues: the engine's hash still holds later or shallower searches of this game, so neither `new_game` nor
            the warm-up search is needed. Never in the reproducible mode.

    Raises:
        EngineFaultError: the engine hung, crashed or lied; its process is gone.
        CancelledError: the chunk is no longer wanted.
    """
    warmup_nodes = engine_ms = 0
    evaluations: list[tuple[Ply, Evaluation]] = []
    if not continues:
        source.checkpoint(worker)
        evaluator.new_game()
        if chunk.warmup_ply is not None:
            warmup = _search(chunk, chunk.warmup_ply, evaluator)
            warmup_nodes, engine_ms = warmup.nodes, warmup.engine_ms
    for ply in chunk.plies:
        source.checkpoint(worker)
        evaluation = _search(chunk, ply, evaluator)
        engine_ms += evaluation.engine_ms
        evaluations.append((ply, evaluation))
        source.evaluated(worker, chunk, ply, evaluation)
    return ChunkResult(chunk, evaluator.identity, tuple(evaluations), warmup_nodes, engine_ms)


def _search(chunk: Chunk, ply: Ply, evaluator: Evaluator) -> Evaluation:
    return evaluator.evaluate(
        root_fen=chunk.root_fen,
        moves=chunk.moves[:ply],
        chess960=chunk.chess960,
        limit_nodes=chunk.limit_nodes,
    )
