"""Units of analysis work that travel between planner, workers and library. Plain data, picklable, any thread.

Read this first: it holds every noun of the batch. A Job is what the user asked for; a JobItem is one game of it; a
Chunk is at most `CHUNK_POSITIONS` positions of one game, handed to one worker at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.domain.game import GameId, Ply
    from desktop_app.domain.profile import SearchSpec

JobId = NewType("JobId", int)
JobItemId = NewType("JobItemId", int)


class JobState(StrEnum):
    """queued -> running <-> paused -> done | cancelled | failed."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class ItemState(StrEnum):
    """queued -> running -> done | failed | cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


MAX_ITEM_ATTEMPTS = 3
"""Attempts an item gets at most before only the user's own "retry" helps (product.md section 4)."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Positions of one game to be searched in this order by one worker.

    Attributes:
        item_id, game_id: whose positions these are.
        root_fen: FEN of the game's start position (never of a position in it: repetition matters).
        moves: the main line in UCI notation up to the highest ply needed, Chess960 castling as king takes rook.
        chess960: whether the engine must be told so.
        plies: plies to store, in search order (last first).
        warmup_ply: ply searched first only to warm the hash (the chunk's later neighbour), not stored; None for none.
        spec: limits.
        limit_nodes: nodes a position; 0 stands for the limit of `spec`, which an anytime profile leaves open.
        attempt: 1 for the first try of this chunk, 2 for its retry on a fresh process.
    """

    item_id: JobItemId
    game_id: GameId
    root_fen: str
    moves: tuple[str, ...]
    chess960: bool
    plies: tuple[Ply, ...]
    warmup_ply: Ply | None
    spec: SearchSpec
    limit_nodes: int = 0
    attempt: int = 1

    def __post_init__(self) -> None:
        if self.limit_nodes <= 0:
            object.__setattr__(self, "limit_nodes", self.spec.limit_nodes)


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """A finished chunk: one evaluation for every ply asked for, in the chunk's order.

    Attributes:
        warmup_nodes: nodes of the warm-up search, counted apart and not stored.
        engine_ms: sum of the times between `go` and `bestmove`, warm-up included.
    """

    chunk: Chunk
    engine: EngineIdentity
    evaluations: tuple[tuple[Ply, Evaluation], ...]
    warmup_nodes: int
    engine_ms: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that runs a job: host name, process id, and the process's start time (seconds, OS clock)."""

    host: str
    pid: int
    started: float
