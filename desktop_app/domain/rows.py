"""Games as lists and repositories hand them out: frozen values read from the library. Any thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NewType

from desktop_app.domain.game import GameState
from desktop_app.domain.judgement import SHORTEST_WITH_ACCURACY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.domain.game import GameId, GameRecord

_FINAL = frozenset({GameState.ANALYSED, GameState.FAILED})
BatchId = NewType("BatchId", int)
"""Primary key of an import batch."""


@dataclass(frozen=True, slots=True)
class GameRow:
    """One line of the list of games.

    Attributes:
        white, black, event, site, round, time_control, termination: as written in the tags, "" where unknown.
        white_elo, black_elo: None where missing or not a number.
        result: "1-0", "0-1", "1/2-1/2" or "*".
        date: as written, "2021.10.??"; "" where wholly unknown.
        eco, opening: deepest named position, else what the tags say.
        ply_count: half-moves of the main line.
        variant: python-chess's UCI name, or "unknown:<tag>".
        state, error: where the game stands; `error` is why it failed.
        not_judged: why this game is never analysed, None for one that can be.
        partial: why and where reading stopped, None for a sound game.
        batch_id: the import that brought it.
        evaluated: positions of the shown analysis that are evaluated so far.
        white_accuracy … black_blunders: of the shown analysis, None before there is one. Accuracy 0…100, ACPL in
            centipawns, unrounded.
        speed: class of the time control (`domain.speed`), "" where it is not known.
    """

    id: GameId
    white: str
    black: str
    white_elo: int | None
    black_elo: int | None
    result: str
    date: str
    event: str
    site: str
    round: str
    time_control: str
    termination: str
    eco: str
    opening: str
    ply_count: int
    variant: str
    state: GameState
    error: str | None
    not_judged: str | None
    partial: str | None
    batch_id: BatchId | None
    evaluated: int
    white_accuracy: float | None
    black_accuracy: float | None
    white_acpl: float | None
    black_acpl: float | None
    white_inaccuracies: int | None
    white_mistakes: int | None
    white_blunders: int | None
    black_inaccuracies: int | None
    black_mistakes: int | None
    black_blunders: int | None
    speed: str = ""

    @property
    def positions_total(self) -> int:
        """Positions of the main line, the start position included."""
        return self.ply_count + 1

    @property
    def too_short(self) -> bool:
        """Whether it has too few moves for an accuracy to say anything; none is shown then."""
        return self.ply_count < SHORTEST_WITH_ACCURACY

    @property
    def provisional(self) -> bool:
        """Whether its figures are there but may still change: the analysis goes on, or was stopped before its end."""
        return self.white_inaccuracies is not None and self.state not in _FINAL

    @property
    def looked(self) -> bool:
        """Whether every position has been looked at once, so that its figures are of the whole game."""
        return self.evaluated >= self.positions_total


@dataclass(frozen=True, slots=True)
class StoredGame:
    """A game read back whole: `record` equals what was imported."""

    id: GameId
    record: GameRecord
    row: GameRow


@dataclass(frozen=True, slots=True)
class AddOutcome:
    """What storing a run of games did.

    Attributes:
        imported: ids of the new games, in the order given.
        duplicates: places (from 0) of the games that were known already or came twice in the run, ascending, and for
            each the stored game that it equals.
        seconds: how long the library's writer was busy with it, its commit apart.
    """

    imported: tuple[GameId, ...]
    duplicates: Mapping[int, GameId]
    seconds: float = field(default=0.0, compare=False)


class BatchState(StrEnum):
    """Where an import stands.

    `interrupted`: its process died; what it had committed is there. `undone`: its games are in the bin.
    """

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """One import as the library remembers it. `read` is always `imported + duplicates + rejected`.

    Attributes:
        source: what was imported: a path, several, or "pasted text".
        started_at, finished_at: UTC seconds since 1970; `finished_at` is None while it runs.
    """

    id: BatchId
    source: str
    started_at: float
    finished_at: float | None
    state: BatchState
    read: int
    imported: int
    duplicates: int
    rejected: int
    repaired: int
    bytes_unaccounted: int
