"""Where the listed games come from: the whole library, one's own games, a collection, a tag, an import. Plain values.

Chosen in the sidebar; the filter bar narrows it further.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from desktop_app.domain.filters import EVERYTHING, Filter

if TYPE_CHECKING:
    from desktop_app.domain.rows import ImportBatch
    from desktop_app.domain.sets import Collection, CollectionId, Tag


class ScopeKind(StrEnum):
    """What can be chosen."""

    ALL = "all"
    MINE = "mine"
    COLLECTION = "collection"
    SMART = "smart"
    TAG = "tag"
    IMPORT = "import"
    BIN = "bin"


@dataclass(frozen=True, slots=True)
class Scope:
    """One choice; `id` is that of the collection, tag or import, else 0."""

    kind: ScopeKind
    id: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> Scope:
        """What `str` wrote; all games for anything else."""
        kind, _, number = text.partition(":")
        if kind in set(ScopeKind) and number.isdigit() and kind != ScopeKind.BIN:
            return cls(ScopeKind(kind), int(number))
        return ALL_GAMES


ALL_GAMES = Scope(ScopeKind.ALL)
MY_GAMES = Scope(ScopeKind.MINE)
THE_BIN = Scope(ScopeKind.BIN)


@dataclass(frozen=True, slots=True)
class ScopeQuery:
    """What a scope means for the list.

    Attributes:
        title: what it is called.
        expression: as text, for a filter made of scope and bar together; "" where only `collection` says it.
        collection: only games of this collection, chosen by hand.
        sort, descending: the order where the user chose none.
    """

    scope: Scope = ALL_GAMES
    title: str = "All games"
    expression: str = ""
    filter: Filter = EVERYTHING
    collection: CollectionId | None = None
    sort: str = "id"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class SidebarContents:
    """What the sidebar lists.

    Attributes:
        me: the name games of one's own are found by, "" where nobody said who they are.
        total: games in the library.
        binned: games in the bin.
    """

    total: int = 0
    me: str = ""
    collections: tuple[Collection, ...] = ()
    tags: tuple[Tag, ...] = ()
    imports: tuple[ImportBatch, ...] = ()
    binned: int = 0
