"""Chunks and their results as plain JSON values, versioned: what travels to workers on other machines.

Pure; any thread. A payload of another version, or one with a field missing or of the wrong kind, raises ValueError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation, Mate, Over, Pass, Score, Stability
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.domain.work import Chunk, ChunkResult, JobItemId

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")

PAYLOAD_VERSION: Final = 2
"""Raised whenever a field changes its meaning; both sides must agree."""

Json = dict[str, Any]


def chunk_to_payload(chunk: Chunk) -> Json:
    """A chunk as JSON values."""
    return {"version": PAYLOAD_VERSION, "chunk": _chunk_out(chunk)}


def chunk_from_payload(payload: Json) -> Chunk:
    """The chunk that `chunk_to_payload` wrote."""
    return _read(payload, lambda: _chunk_in(payload["chunk"]))


def result_to_payload(result: ChunkResult) -> Json:
    """A result, with its chunk, as JSON values."""
    return {
        "version": PAYLOAD_VERSION,
        "chunk": _chunk_out(result.chunk),
        "engine": {
            "name": result.engine.name,
            "build": result.engine.build,
            "options": [list(option) for option in result.engine.options],
        },
        "evaluations": [[ply, _evaluation_out(evaluation)] for ply, evaluation in result.evaluations],
        "warmup_nodes": result.warmup_nodes,
        "engine_ms": result.engine_ms,
    }


def result_from_payload(payload: Json) -> ChunkResult:
    """The result that `result_to_payload` wrote; it must answer exactly the plies of its chunk."""
    return _read(payload, lambda: _result_in(payload))


def _result_in(payload: Json) -> ChunkResult:
    engine = payload["engine"]
    result = ChunkResult(
        chunk=_chunk_in(payload["chunk"]),
        engine=EngineIdentity(
            str(engine["name"]),
            str(engine["build"]),
            tuple((str(name), str(value)) for name, value in engine["options"]),
        ),
        evaluations=tuple((Ply(_whole(ply)), _evaluation_in(item)) for ply, item in payload["evaluations"]),
        warmup_nodes=_whole(payload["warmup_nodes"]),
        engine_ms=_whole(payload["engine_ms"]),
    )
    if tuple(ply for ply, _ in result.evaluations) != result.chunk.plies:
        raise ValueError("the evaluations do not answer the chunk's plies")
    return result


def _read(payload: Json, read: Callable[[], _T]) -> _T:
    """Check the version, then read; any way in which the payload is malformed becomes a ValueError."""
    try:
        version = payload["version"]
        if version != PAYLOAD_VERSION:
            raise ValueError(f"payload version {version!r}; this worker reads version {PAYLOAD_VERSION}")
        return read()
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"malformed payload: {error!r}") from error


def _chunk_out(chunk: Chunk) -> Json:
    return {
        "item_id": chunk.item_id,
        "game_id": chunk.game_id,
        "root_fen": chunk.root_fen,
        "moves": list(chunk.moves),
        "chess960": chunk.chess960,
        "plies": list(chunk.plies),
        "warmup_ply": chunk.warmup_ply,
        "spec": {
            "profile": chunk.spec.profile.value,
            "limit_nodes": chunk.spec.limit_nodes,
            "reproducible": chunk.spec.reproducible,
        },
        "limit_nodes": chunk.limit_nodes,
        "attempt": chunk.attempt,
    }


def _chunk_in(data: Json) -> Chunk:
    spec, warmup = data["spec"], data["warmup_ply"]
    return Chunk(
        item_id=JobItemId(_whole(data["item_id"])),
        game_id=GameId(_whole(data["game_id"])),
        root_fen=str(data["root_fen"]),
        moves=tuple(str(move) for move in data["moves"]),
        chess960=_flag(data["chess960"]),
        plies=tuple(Ply(_whole(ply)) for ply in data["plies"]),
        warmup_ply=None if warmup is None else Ply(_whole(warmup)),
        spec=SearchSpec(
            Profile(spec["profile"]), _whole(spec["limit_nodes"]), reproducible=_flag(spec["reproducible"])
        ),
        limit_nodes=_whole(data["limit_nodes"]),
        attempt=_whole(data["attempt"]),
    )


def _evaluation_out(evaluation: Evaluation) -> Json:
    return {
        "score": _score_out(evaluation.score),
        "depth": evaluation.depth,
        "nodes": evaluation.nodes,
        "best": evaluation.best,
        "pv": list(evaluation.pv),
        "engine_ms": evaluation.engine_ms,
        "stability": _stability_out(evaluation.stability),
        "passes": [
            {
                "score": _score_out(earlier.score),
                "depth": earlier.depth,
                "nodes": earlier.nodes,
                "best": earlier.best,
                "stability": _stability_out(earlier.stability),
            }
            for earlier in evaluation.passes
        ],
    }


def _stability_out(stability: Stability | None) -> Json | None:
    if stability is None:
        return None
    return {"best_since": stability.best_since, "spread_cp": stability.spread_cp}


def _stability_in(data: Json | None) -> Stability | None:
    return None if data is None else Stability(_whole(data["best_since"]), _whole(data["spread_cp"]))


def _pass_in(data: Json) -> Pass:
    return Pass(
        score=_score_in(data["score"]),
        depth=_whole(data["depth"]),
        nodes=_whole(data["nodes"]),
        best=_best_in(data["best"]),
        stability=_stability_in(data["stability"]),
    )


def _best_in(best: Any) -> str | None:
    return None if best is None else str(best)


def _evaluation_in(data: Json) -> Evaluation:
    return Evaluation(
        score=_score_in(data["score"]),
        depth=_whole(data["depth"]),
        nodes=_whole(data["nodes"]),
        best=_best_in(data["best"]),
        pv=tuple(str(move) for move in data["pv"]),
        engine_ms=_whole(data["engine_ms"]),
        stability=_stability_in(data["stability"]),
        passes=tuple(_pass_in(earlier) for earlier in data["passes"]),
    )


def _score_out(score: Score) -> Json:
    match score:
        case Cp(white_cp):
            return {"white_cp": white_cp}
        case Mate(white_mate):
            return {"white_mate": white_mate}
        case Over(winner):
            return {"over": {True: "white", False: "black", None: "draw"}[winner]}


def _score_in(data: Json) -> Score:
    match data:
        case {"white_cp": value}:
            return Cp(_whole(value))
        case {"white_mate": value}:
            return Mate(_whole(value))
        case {"over": str(value)}:
            return Over({"white": True, "black": False, "draw": None}[value])
    raise ValueError(f"not a score: {data!r}")


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"not a whole number: {value!r}")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"not true or false: {value!r}")
    return value
