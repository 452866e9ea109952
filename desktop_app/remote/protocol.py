"""What travels between desktop and analysis server, as typed values (docs/server-api.md). Pure; any thread.

Everything that comes from a server is checked here for its kind and size before anybody uses it; whether an answer is
good chess is checked by `remote.checks`. What does not fit raises ServerLiedError.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.evaluation import PV_PLIES, Cp, EngineIdentity, Evaluation, Mate, Over, Pass, Score, Stability
from desktop_app.domain.game import Ply
from desktop_app.errors import ServerIncompatibleError, ServerLiedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.domain.work import Chunk

API_VERSIONS: Final = frozenset({1, 2})
"""Versions of chunks and answers that this program understands (`payload_version` of /v1/server)."""

_MOST_TEXT = 500
_MOST_WORKERS = 10_000
_MOST_PASSES = 16
_MOST_OPTIONS = 64
_MOST_CP = 100_000
_MOST_MATE = 500
_MOST_NUMBER = 2**53
_UCI = re.compile(r"[a-h][1-8][a-h][1-8][qrbn]?")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RemoteWorker:
    """A worker of the server, as it says; `processes` is how many chunks it searches at once."""

    name: str
    state: str
    nodes_per_second: int
    processes: int = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server allows; None where it does not say."""

    limit_nodes: int | None
    hash_mb: int | None
    chunks_per_request: int
    plies_per_chunk: int
    batches_per_user: int | None


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What /v1/server says. `engine` is None while no worker has told its engine."""

    version: str
    payload_version: int
    engine: EngineIdentity | None
    workers: tuple[RemoteWorker, ...]
    queue_length: int
    limits: Limits

    @property
    def chunks_at_once(self) -> int:
        """How many chunks all its workers search at once."""
        return sum(worker.processes for worker in self.workers)

    def refuse_other_version(self) -> None:
        """Raises ServerIncompatibleError for a server of another version of the protocol."""
        if self.payload_version not in API_VERSIONS:
            older = self.payload_version > max(API_VERSIONS)
            raise ServerIncompatibleError(
                f"The server (version {self.version}) speaks version {self.payload_version} of the protocol, "
                f"this program version {max(API_VERSIONS)}.",
                action="Update this program." if older else "Ask whoever runs the server to update it.",
            )


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """A batch: `state` is waiting, running, done, failed or cancelled. `place` in line, 1 is next; None when active."""

    id: str
    state: str
    closed: bool
    place: int | None
    last_seq: int

    @property
    def open(self) -> bool:
        """Whether chunks can be added."""
        return self.state in {"waiting", "running"} and not self.closed


@dataclass(frozen=True, slots=True)
class ChunkAnswer:
    """The answer to one chunk: its evaluations in the order searched."""

    key: str
    engine: EngineIdentity
    evaluations: tuple[tuple[Ply, Evaluation], ...]
    warmup_nodes: int
    engine_ms: int
    worker: str


@dataclass(frozen=True, slots=True)
class ChunkFailure:
    """A chunk that the server gave up."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class PositionProgress:
    """One position of a chunk under way. May be missing."""

    key: str
    ply: Ply
    evaluation: Evaluation
    worker: str


# -- out ---------------------------------------------------------------------------------------------------------------


def limit_of(chunk: Chunk) -> int:
    """Nodes a position of this chunk: its own limit, else its search's."""
    own = getattr(chunk, "limit_nodes", None)
    return own if isinstance(own, int) and own > 0 else chunk.spec.limit_nodes


def chunk_key(chunk: Chunk, engine: EngineIdentity) -> str:
    """The chunk's name on the server: a function of what is searched and by whom, so that asking twice is harmless."""
    what = [
        engine.name,
        engine.build,
        chunk.root_fen,
        list(chunk.moves),
        chunk.chess960,
        list(chunk.plies),
        chunk.warmup_ply,
        limit_of(chunk),
        chunk.spec.hash_mb,
        chunk.attempt,
    ]
    return hashlib.sha256(json.dumps(what, separators=(",", ":")).encode()).hexdigest()[:40]


def chunk_out(chunk: Chunk, key: str) -> Json:
    """A chunk as the server reads it; nothing in it tells whose game it is."""
    return {
        "key": key,
        "root_fen": chunk.root_fen,
        "moves": list(chunk.moves),
        "chess960": chunk.chess960,
        "plies": [int(ply) for ply in chunk.plies],
        "warmup_ply": None if chunk.warmup_ply is None else int(chunk.warmup_ply),
        "limit_nodes": limit_of(chunk),
        "hash_mb": chunk.spec.hash_mb,
    }


# -- in ----------------------------------------------------------------------------------------------------------------


def read_server(data: Json) -> ServerInfo:
    """/v1/server. Raises ServerIncompatibleError for an answer that is none of ours."""
    if not isinstance(data.get("version"), str) or not isinstance(data.get("payload_version"), int):
        raise ServerIncompatibleError(
            "What answers there is not a Kibitz analysis server.", action="Check the address with whoever gave it."
        )
    engine = data.get("engine")
    limits = _object(data.get("limits") or {})
    workers = _list(data.get("workers", []), _MOST_WORKERS)
    return ServerInfo(
        version=_text(data["version"]),
        payload_version=_whole(data["payload_version"]),
        engine=None if engine is None else EngineIdentity(_text(_object(engine)["name"]), _text(engine["build"])),
        workers=tuple(_worker(_object(worker)) for worker in workers),
        queue_length=_whole(data.get("queue_length") or 0),
        limits=Limits(
            limit_nodes=_maybe(limits, "limit_nodes"),
            hash_mb=_maybe(limits, "hash_mb"),
            chunks_per_request=max(1, _maybe(limits, "chunks_per_request") or 1),
            plies_per_chunk=max(1, _maybe(limits, "plies_per_chunk") or 8),
            batches_per_user=_maybe(limits, "batches_per_user"),
        ),
    )


def read_batch(data: Json) -> BatchInfo:
    """A batch, as `POST /v1/batches` and `GET /v1/batches/{id}` give it."""
    state = _text(data["state"])
    if state not in {"waiting", "running", "done", "failed", "cancelled"}:
        raise ServerLiedError("The server tells of a batch in a state that is none.")
    ident = _text(data["id"])
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", ident):
        raise ServerLiedError("The server tells of a batch whose id is none.")
    return BatchInfo(
        id=ident,
        state=state,
        closed=bool(data.get("closed", False)),
        place=_maybe(data, "position_in_line"),
        last_seq=_maybe(data, "last_seq") or 0,
    )


def read_event(name: str, data: Json) -> ChunkAnswer | ChunkFailure | PositionProgress | None:
    """An event that speaks of a chunk; None for any other. Raises ServerLiedError."""
    try:
        return _read_event(name, data)
    except KeyError as error:
        raise incomplete("a chunk") from error


def _read_event(name: str, data: Json) -> ChunkAnswer | ChunkFailure | PositionProgress | None:
    match name:
        case "chunk":
            return ChunkAnswer(
                key=_text(data["key"]),
                engine=_engine(_object(data["engine"])),
                evaluations=tuple(_pair(item) for item in _list(data["evaluations"], 64)),
                warmup_nodes=_whole(data["warmup_nodes"]),
                engine_ms=_whole(data["engine_ms"]),
                worker=_text(data.get("worker") or ""),
            )
        case "chunk_failed":
            return ChunkFailure(_text(data["key"]), _text(data["reason"])[:_MOST_TEXT])
        case "position":
            evaluation = _evaluation(_object(data["evaluation"]))
            return PositionProgress(
                _text(data["key"]), Ply(_whole(data["ply"])), evaluation, _text(data.get("worker") or "")
            )
    return None


def as_object(text: str | bytes) -> Json:
    """JSON text -> an object. Raises ServerLiedError."""
    try:
        return _object(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ServerLiedError("The server sent something that is no JSON object.") from error


def incomplete(what: str) -> ServerLiedError:
    """The error for an answer with a field missing or of the wrong kind."""
    return ServerLiedError(f"The server's answer about {what} lacks something, or has it in another form.")


def _worker(data: Json) -> RemoteWorker:
    return RemoteWorker(
        name=_text(data["name"]),
        state=_text(data.get("state") or ""),
        nodes_per_second=round(_number(data.get("nodes_per_second"))),
        processes=min(_MOST_WORKERS, max(1, _maybe(data, "processes") or 1)),
    )


def _engine(data: Json) -> EngineIdentity:
    options = []
    for pair in _list(data.get("options", []), _MOST_OPTIONS):
        name, value = _two(pair)
        options.append((_text(name), _text(value)))
    return EngineIdentity(_text(data["name"]), _text(data["build"]), tuple(options))


def _pair(item: object) -> tuple[Ply, Evaluation]:
    ply, evaluation = _two(item)
    return Ply(_whole(ply)), _evaluation(_object(evaluation))


def _evaluation(data: Json) -> Evaluation:
    best = data["best"]
    return Evaluation(
        score=_score(_object(data["score"])),
        depth=_whole(data["depth"], most=1_000),
        nodes=_whole(data["nodes"]),
        best=None if best is None else _move(best),
        pv=tuple(_move(move) for move in _list(data["pv"], PV_PLIES)),
        engine_ms=_whole(data["engine_ms"]),
        stability=_stability(data.get("stability")),
        passes=tuple(_pass(_object(one)) for one in _list(data.get("passes") or [], _MOST_PASSES)),
    )


def _pass(data: Json) -> Pass:
    best = data.get("best")
    return Pass(
        score=_score(_object(data["score"])),
        depth=_whole(data["depth"], most=1_000),
        nodes=_whole(data["nodes"]),
        best=None if best is None else _move(best),
        stability=_stability(data.get("stability")),
    )


def _stability(data: object) -> Stability | None:
    if data is None:
        return None
    values = _object(data)
    return Stability(_whole(values["best_since"], most=1_000), _whole(values["spread_cp"], most=_MOST_CP))


def _score(data: Mapping[str, Any]) -> Score:
    match dict(data):
        case {"white_cp": int(value)} if type(value) is int and abs(value) <= _MOST_CP and len(data) == 1:
            return Cp(value)
        case {"white_mate": int(value)} if type(value) is int and 0 < abs(value) <= _MOST_MATE and len(data) == 1:
            return Mate(value)
        case {"over": str(value)} if value in {"white", "black", "draw"} and len(data) == 1:
            return Over({"white": True, "black": False, "draw": None}[value])
    raise ServerLiedError("The server sent a score that is none.")


def _move(value: object) -> str:
    if not isinstance(value, str) or not _UCI.fullmatch(value):
        raise ServerLiedError("The server sent a move that is none.")
    return value


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise ServerLiedError("The server sent something else than the object expected.")
    return value


def _list(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ServerLiedError("The server sent something else than the list expected, or too long a one.")
    return value


def _two(value: object) -> tuple[Any, Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise ServerLiedError("The server sent something else than the pair expected.")
    return value[0], value[1]


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MOST_TEXT:
        raise ServerLiedError("The server sent something else than the text expected, or too long a one.")
    return "".join(character if character.isprintable() else "?" for character in value)


def _whole(value: object, *, most: int = _MOST_NUMBER) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ServerLiedError("The server sent something else than the number expected.")
    return value


def _number(value: object) -> float:
    if value is None:
        return 0.0
    if type(value) not in {int, float} or not 0 <= float(str(value)) <= _MOST_NUMBER:
        raise ServerLiedError("The server sent something else than the number expected.")
    return float(str(value))


def _maybe(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    return None if value is None else _whole(int(value) if isinstance(value, float) and value.is_integer() else value)
