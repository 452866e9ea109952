"""The shapes of requests, checked strictly: no unknown field, no number as text, nothing without a bound. Any thread.

What pydantic cannot see (is it chess, is it within this server's limits) is `server.reading`'s. Also the source of the
OpenAPI page.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from desktop_app.domain.profile import CHUNK_POSITIONS
from desktop_app.domain.served import Priority

MOST_PLIES = 6_000
_MOST_ITEMS = 100_000

_Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
_Fen = Annotated[str, StringConstraints(min_length=1, max_length=128)]
_Uci = Annotated[str, StringConstraints(min_length=4, max_length=5)]
_Ply = Annotated[int, Field(ge=0, le=MOST_PLIES)]
_Nodes = Annotated[int, Field(ge=1, le=2**40)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EngineIn(_Strict):
    """The engine that must search; null leaves that part open."""

    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    build: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,64}$")] | None = None


class ChunkIn(_Strict):
    """At most 8 positions of one game, searched in this order by one worker."""

    key: _Key
    root_fen: _Fen
    moves: Annotated[list[_Uci], Field(max_length=MOST_PLIES)]
    chess960: bool = False
    plies: Annotated[list[_Ply], Field(min_length=1, max_length=CHUNK_POSITIONS)]
    warmup_ply: _Ply | None = None
    limit_nodes: _Nodes
    hash_mb: Annotated[int, Field(ge=1, le=65_536)] = 16


class GameIn(_Strict):
    """A game for the server to plan."""

    ref: _Name
    root_fen: _Fen | None = None
    moves: Annotated[list[_Uci], Field(max_length=MOST_PLIES)]
    chess960: bool = False


class BatchIn(_Strict):
    """A new batch: exactly one of `chunks`, `games` and `pgn`."""

    name: _Name
    priority: Annotated[Priority, Field(strict=False)] = Priority.BATCH
    wait: bool = False
    engine: EngineIn | None = None
    chunks: Annotated[list[ChunkIn], Field(max_length=_MOST_ITEMS)] | None = None
    games: Annotated[list[GameIn], Field(max_length=_MOST_ITEMS)] | None = None
    pgn: str | None = None
    profile: Annotated[str, StringConstraints(pattern="^(quick|standard|deep)$")] | None = None
    nodes: _Nodes | None = None
    grading: Annotated[str, StringConstraints(max_length=32)] | None = None
    idempotency_key: _Key | None = None


class ChunksIn(_Strict):
    """More chunks for an open batch."""

    chunks: Annotated[list[ChunkIn], Field(min_length=1, max_length=_MOST_ITEMS)]


class KeysIn(_Strict):
    """Chunks that are not wanted any more."""

    keys: Annotated[list[_Key], Field(min_length=1, max_length=_MOST_ITEMS)]


class RetryIn(_Strict):
    """Whether to stand in line where there is no room."""

    wait: bool = False
