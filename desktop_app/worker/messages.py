"""What server and workers say to each other: plain values and their JSON. No Celery, no Qt, no SQL; any thread.

A `ChunkTask` goes out, a `Delivery` comes back. Both sides check what they read: a payload that is not chess raises
`RefusedError`, never anything else. Used by `worker.client` (the server's side) and `worker.tasks` (the workers').
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from desktop_app.errors import EnvironmentLackingError, KibitzError

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]

TASK_VERSION = 1
"""Version of the envelope; the evaluations inside carry `analysis.payload.PAYLOAD_VERSION`."""


class RefusedError(KibitzError):
    """A payload that is not chess, of another version, or too large for one chunk; the text says which and why."""


class BrokerUnavailableError(EnvironmentLackingError):
    """The broker cannot be reached, or refuses what is sent (no room left). Nothing was lost; try again later."""


class Priority(StrEnum):
    """Classes of work, most urgent first. A class waits while there is anything to do in a class before it."""

    INTERACTIVE = "interactive"
    BATCH = "batch"
    DEEPENING = "deepening"


@dataclass(frozen=True, slots=True)
class EngineWish:
    """The engine a chunk must be searched by; None leaves that part open.

    Attributes:
        name: as the engine says in `id name`, for example "Stockfish 15.1".
        build: `EngineIdentity.build`.
    """

    name: str | None = None
    build: str | None = None

    def __str__(self) -> str:
        return " ".join(word for word in (self.name, self.build and f"build {self.build}") if word) or "any engine"


@dataclass(frozen=True, slots=True)
class ChunkTask:
    """One chunk to be searched by some worker.

    Attributes:
        task_id: chosen by the caller, unique in the cluster; submitting it twice is harmless. At most 200 characters.
        batch: the caller's name of what it belongs to, handed back with the result; `Cluster.cancel_batch` names it.
        root_fen: FEN of the game's start position.
        moves: the main line in UCI notation up to the highest ply needed.
        chess960: whether the engine must be told so.
        plies: plies wanted, in search order (last first).
        warmup_ply: ply searched first only to warm the hash; None for none.
        limit_nodes: nodes a position.
        hash_mb: size of the engine's hash table in MB, 16 or 64.
        profile: name of the profile, for logs and metrics.
        reproducible: search on an empty hash whatever the engine has just searched.
        engine: which engine it must be; None for whatever the worker has.
    """

    task_id: str
    batch: str
    root_fen: str
    moves: tuple[str, ...]
    chess960: bool
    plies: tuple[int, ...]
    warmup_ply: int | None
    limit_nodes: int
    hash_mb: int = 16
    profile: str = "custom"
    reproducible: bool = False
    engine: EngineWish | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A worker's answer to one task. Delivery is at least once: store by `task_id`, then `ack`.

    Exactly one of `result` and `failure` is set.

    Attributes:
        task_id, batch: the task's.
        worker: name of the worker process that answered.
        result: {"version", "engine": {"name", "build", "options"}, "evaluations": [[ply, evaluation]...],
            "warmup_nodes", "engine_ms"}; the evaluations as `analysis.payload` writes them.
        failure: a sentence that says why there will be no result; the task then is among the dead letters.
        attempts: how many times the chunk was tried (1 for a success at once).
        waited_s: from `submit` to the start of the search, by the clocks of both machines; never negative.
        searched_s: how long the worker was at it.
    """

    task_id: str
    batch: str
    worker: str
    result: Json | None
    failure: str | None
    attempts: int
    waited_s: float
    searched_s: float
    _settle: Callable[[bool], None] = field(repr=False, compare=False)

    def ack(self) -> None:
        """Tell the broker that the answer is stored; it is forgotten there. Call it only then. Idempotent.

        Raises:
            BrokerUnavailableError: never; where the broker has gone meanwhile it delivers the answer again.
        """
        self._settle(True)

    def give_back(self) -> None:
        """The answer could not be stored: let the broker deliver it again, to this consumer or to another."""
        self._settle(False)


@dataclass(frozen=True, slots=True)
class SearchNews:
    """A worker finished one position of a chunk. Ephemeral: may be lost, is never stored.

    Attributes:
        evaluation: as `analysis.payload` writes it.
    """

    task_id: str
    batch: str
    worker: str
    ply: int
    evaluation: Json


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker process group (`kibitz worker`) as it describes itself.

    Attributes:
        name: unique in the cluster, "name@host".
        processes: how many chunks it searches at once.
        tasks: ids of the tasks it searches now, one a busy process.
        engine: name and build it searches with.
        queues: the queues it takes chunks from.
        nodes_per_second: sum over its processes while they search, a running mean.
        chunks_done, chunks_failed, positions_done, nodes_done, engine_starts: since its start.
        draining: it was told to end and takes no more chunks.
    """

    name: str
    processes: int
    tasks: tuple[str, ...]
    engine: EngineWish
    queues: tuple[str, ...]
    nodes_per_second: int
    chunks_done: int
    chunks_failed: int
    positions_done: int
    nodes_done: int
    engine_starts: int
    draining: bool


@dataclass(frozen=True, slots=True)
class QueueLengths:
    """How many messages wait in the broker, delivered but unanswered ones not counted.

    Attributes:
        chunks: all that wait to be searched.
        by_priority: the same by class; empty where the broker cannot tell (RabbitMQ: one queue holds all classes).
        results: answers that nobody has stored yet.
        dead_letters: chunks given up.
    """

    chunks: int
    by_priority: dict[Priority, int]
    results: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A chunk that was given up: three retries failed, or its payload was refused.

    Attributes:
        id: the task's id; a payload without a readable one gets an id of its own.
        reason: the sentence that the submitter was told too.
        attempts: how many times it was tried.
        died_at: ISO 8601, UTC.
        replayable: whether the payload can be read, so that `Cluster.replay` can submit it again.
    """

    id: str
    batch: str
    reason: str
    attempts: int
    died_at: str
    worker: str
    priority: Priority
    replayable: bool
    payload: Any
