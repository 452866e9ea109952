"""What an import did: its problems and its receipt. Plain data, picklable, any thread.

Made by `pgn.reader` and `services.import_games`; stored by `library.imports`; shown by the window and the command line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

RECEIPT_PROBLEMS = 10_000
"""Most problems a receipt holds in memory; the library keeps them all, so that a bad gigabyte does not fill it."""


class ProblemKind(StrEnum):
    """What became of the text: not a game we can keep, or a game kept after mending."""

    REJECTED = "rejected"
    REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing an import has to tell.

    Attributes:
        source: name of the file (and archive member) it is in.
        game_index: number of the game in its source, from 0; None where the text belongs to no game at all, and then
            it does not count in `Receipt.read`.
        line: line on which the game (or stray text) begins, from 1. The reason names the exact line where that differs.
        byte_offset: where the game begins, in bytes of the decompressed source (UTF-16 sources: of its UTF-8 form).
        kind: rejected or repaired.
        reason: one sentence for the user.
        headers: tags that could be read.
        text: the offending text, so that it can be opened, mended and imported again; may be cut (the reason says so).
        id: the library's number of it, None before it is stored.
        mended: its text was mended by hand and imported since.
    """

    source: str
    game_index: int | None
    line: int
    byte_offset: int
    kind: ProblemKind
    reason: str
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    id: int | None = field(default=None, compare=False)
    mended: bool = field(default=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The shape of product.md section 3."""
        return {
            "source": self.source,
            "game_index": self.game_index,
            "line": self.line,
            "byte_offset": self.byte_offset,
            "kind": str(self.kind),
            "reason": self.reason,
            "headers": self.headers,
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of everything an import read. `read` is always `imported + duplicates + rejected`.

    Attributes:
        repaired: games that were imported (or found to be duplicates) after mending.
        seconds: wall time.
        bytes_unaccounted: non-blank bytes of the sources that belong to no game and no problem; always 0.
        problems: the first `RECEIPT_PROBLEMS` of them in file order, without their text.
        problems_omitted: how many more the library holds.
        cancelled: whether the user stopped it; the figures then speak of what was committed before.
        batch_id: the library's id of this import, None where nothing was stored.
        completed: games of which the library had a mere beginning, and that are whole now; they count as duplicates.
        enrichable: stored games for which duplicates carry more (comments, clocks, tags …), to be taken over on demand.
    """

    imported: int
    duplicates: int
    rejected: int
    repaired: int
    seconds: float
    bytes_unaccounted: int
    problems: tuple[Problem, ...] = ()
    problems_omitted: int = 0
    cancelled: bool = False
    batch_id: int | None = None
    completed: int = 0
    enrichable: int = 0

    @property
    def read(self) -> int:
        """Games found in the sources: every one was imported, a duplicate, or rejected."""
        return self.imported + self.duplicates + self.rejected

    def to_json(self) -> dict[str, Any]:
        """The shape of product.md section 3."""
        return {
            "read": self.read,
            "imported": self.imported,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
            "repaired": self.repaired,
            "seconds": round(self.seconds, 3),
            "bytes_unaccounted": self.bytes_unaccounted,
            "problems": [problem.to_json() for problem in self.problems],
            "problems_omitted": self.problems_omitted,
            "cancelled": self.cancelled,
            "batch_id": self.batch_id,
            "completed": self.completed,
            "enrichable": self.enrichable,
        }
