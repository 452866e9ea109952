"""What a finished operation touched: durable news, sent once after commit. Views re-read; no data travels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.domain.game import GameId


@dataclass(frozen=True, slots=True)
class Changes:
    """Which facts are new in the library.

    Attributes:
        games: games whose row, evaluations or verdicts changed.
        added, removed: whether games came or went (ids and order of a list must be read again).
        jobs: whether a job or the queue changed.
        sets: whether tags, collections or what is in them changed.
        initiator: a name for who did it, so that a view can ignore its own echo.
    """

    games: frozenset[GameId] = field(default_factory=frozenset)
    added: bool = False
    removed: bool = False
    jobs: bool = False
    sets: bool = False
    initiator: str = ""

    def merge(self, other: Changes) -> Changes:
        """Both at once; used to coalesce bursts."""
        return Changes(
            self.games | other.games,
            self.added or other.added,
            self.removed or other.removed,
            self.jobs or other.jobs,
            self.sets or other.sets,
            initiator=self.initiator if self.initiator == other.initiator else "",
        )
