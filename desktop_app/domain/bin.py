"""What was removed and can come back, and what duplicates brought: values of `library.bin` and `library.duplicates`.

Any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from desktop_app.domain.game import GameId
    from desktop_app.domain.rows import BatchId

EntryId = NewType("EntryId", int)
"""Primary key of one deletion in the bin; never given twice."""

EnrichmentId = NewType("EnrichmentId", int)
"""Primary key of one enrichment; never given twice."""


class BinReason(StrEnum):
    """Why games are in the bin."""

    DELETED = "deleted"
    IMPORT_UNDONE = "import undone"


class Gain(StrEnum):
    """What a duplicate carries that the stored game lacks, in the order they are told."""

    MOVES = "moves"
    COMMENTS = "comments"
    VARIATIONS = "variations"
    GLYPHS = "glyphs"
    CLOCKS = "clocks"
    EVALUATIONS = "evaluations"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class BinEntry:
    """One deletion.

    Attributes:
        made_at: UTC seconds since 1970.
        batch_id, source: the import that was undone and what it imported; None and "" for other deletions.
        games: how many are in it now.
        finished: whether moving them was done to the end; what a crash cut short can be restored all the same.
        title: the players of its first game, "" where there is none.
    """

    id: EntryId
    made_at: float
    reason: BinReason
    batch_id: BatchId | None
    source: str
    games: int
    finished: bool
    title: str


@dataclass(frozen=True, slots=True)
class BinnedGame:
    """One game in the bin. `again` is the stored game that equals it, imported since; it then cannot come back."""

    id: GameId
    white: str
    black: str
    result: str
    date: str
    event: str
    ply_count: int
    again: GameId | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What one step of moving did: ids of the games that went or came, and how many had to stay where they were.

    `in_bin`: how many more games were changed that lie in the bin.
    """

    games: tuple[GameId, ...]
    stayed: int = 0
    last_id: int = 0
    in_bin: int = 0


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A game of an import that was there already.

    Attributes:
        source, game_index, line: where it stands; `line` is None where the reader had not counted.
        game_id: the stored game it equals.
        gains: what it carries beyond that.
        enriched: whether that was taken over.
        title: the players of the stored game, "" where it is gone.
    """

    id: int
    source: str
    game_index: int
    line: int | None
    game_id: GameId
    gains: frozenset[Gain]
    enriched: bool
    title: str
