"""What the analysis server and its library speak of: states, limits, tokens, chunks asked for and answered. Any thread.

Plain data. A batch is waiting -> running -> done | failed | cancelled; a chunk queued -> running -> done | failed |
cancelled; docs/server-api.md says what each means to a client.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class BatchState(StrEnum):
    """Where a batch stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class WorkState(StrEnum):
    """Where a chunk, or a game, of a batch stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BatchKind(StrEnum):
    """Who plans: the client sends `chunks`, or the server plans `games`."""

    CHUNKS = "chunks"
    GAMES = "games"


class Priority(StrEnum):
    """Whose chunks come first."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


class EventKind(StrEnum):
    """What clients are told; all of these are stored before they are sent."""

    CHUNK = "chunk"
    CHUNK_FAILED = "chunk_failed"
    GAME = "game"
    GAME_FAILED = "game_failed"
    BATCH = "batch"


class Scope(StrEnum):
    """What a token allows."""

    READ = "read"
    ANALYSE = "analyse"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the server takes; every one can be set (docs/server.md).

    Attributes:
        batches: batches that run at once, of all users; `batches_per_user` of one.
        waiting_per_user: batches of one user that stand in line.
        request_bytes: of one request's body.
        chunks_per_request, games_per_batch, plies_per_game: of one request.
        limit_nodes: most of one position; hash_mb: largest size of the hash table that workers know.
        streams_per_user: event streams of one user at once.
        requests_per_s: of one token, on average; four times as many at once.
        open_idle_s: an open batch without work or word of its user is closed after so many seconds.
        keep_days: finished batches and their results are forgotten after so many days.
        window: most chunks of one batch in flight; fewer where there are few workers.
        attempts: times a chunk is asked for before it fails.
    """

    batches: int = 3
    batches_per_user: int = 1
    waiting_per_user: int = 10
    request_bytes: int = 32 * 1024 * 1024
    chunks_per_request: int = 2_000
    games_per_batch: int = 20_000
    plies_per_game: int = 2_000
    limit_nodes: int = 25_000_000
    hash_mb: int = 64
    streams_per_user: int = 8
    requests_per_s: int = 50
    open_idle_s: int = 900
    keep_days: int = 30
    window: int = 1_024
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token as stored: whose it is and what it allows; never the token itself."""

    id: int
    user_id: int
    user: str
    name: str
    scopes: frozenset[Scope]
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    last_used_at: float | None
    digest: bytes

    def valid(self, now: float) -> bool:
        """Whether it opens anything at this time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk to be queued. `payload` is deflated JSON; `stage` 0 comes before 1."""

    key: str
    payload: bytes
    stage: int = 0


@dataclass(frozen=True, slots=True)
class NewGame:
    """A game to be analysed: UCI moves from `root_fen`."""

    ref: str
    root_fen: str
    moves: tuple[str, ...]
    chess960: bool


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What a user asks for, checked; `digest` is the request's, to tell a repeated one from another."""

    name: str
    kind: BatchKind
    priority: Priority
    wait: bool
    engine_name: str | None
    engine_build: str | None
    profile: str | None
    nodes: int | None
    grading: str | None
    idempotency_key: str | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class ServedBatch:
    """A batch as stored."""

    id: int
    public_id: str
    user_id: int
    user: str
    name: str
    kind: BatchKind
    priority: Priority
    state: BatchState
    closed: bool
    error: str | None
    engine_name: str | None
    engine_build: str | None
    profile: str | None
    nodes: int | None
    grading: str | None
    idempotency_key: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None
    touched_at: float
    last_seq: int
    queued: int
    running: int
    done: int
    failed: int
    cancelled: int
    games_total: int
    games_done: int
    games_failed: int

    @property
    def active(self) -> bool:
        """Whether it runs or waits to."""
        return self.state in {BatchState.WAITING, BatchState.RUNNING}


@dataclass(frozen=True, slots=True)
class AskedChunk:
    """A chunk that the workers are, or shall be, asked for."""

    id: int
    batch_id: int
    game_id: int | None
    key: str
    stage: int
    attempts: int
    serial: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a chunk: `body` is the deflated event or result, None with the `reason` of a failure."""

    chunk_id: int
    body: bytes | None
    reason: str = ""
    plies: int = 0


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One thing clients are told; `body` is deflated JSON."""

    seq: int
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ServedGame:
    """A game of a batch as stored."""

    id: int
    batch_id: int
    number: int
    ref: str
    root_fen: str
    moves: tuple[str, ...]
    chess960: bool
    state: WorkState
    open_chunks: int
    plies_total: int
    plies_done: int
    error: str | None
    seq: int | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, when, from where; `outcome` is "ok" or the code of the refusal."""

    at: float
    user: str
    token: str
    action: str
    target: str
    address: str
    outcome: str
    request_id: str
    id: int = 0
