"""Sets of games that people make: tags, collections in an order of their own, collections that are a saved filter.

Frozen values read from the library. Any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

TagId = NewType("TagId", int)
"""Primary key of a tag."""

CollectionId = NewType("CollectionId", int)
"""Primary key of a collection."""

TAG_COLOURS = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "grey")
"""Names of the colours a tag can have; each theme shows them in its own shade."""

MAX_NAME = 100
"""Letters a tag's or a collection's name may have."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A word put on games; a game may have many.

    Attributes:
        colour: one of `TAG_COLOURS`, "" for none.
        games: how many games have it; those in the bin do not count.
    """

    id: TagId
    name: str
    colour: str
    games: int


@dataclass(frozen=True, slots=True)
class Collection:
    """A list of games: chosen one by one, or all that a filter finds at the moment (a smart collection).

    Attributes:
        parent_id: the collection it stands in, None at the top. One level: what has a parent has no children.
        filter: the expression of a smart collection (docs/filters.md), None for one chosen by hand.
        sort, descending: the order of a smart collection, as `GameQuery` has them.
        games: how many games a collection chosen by hand has, those in the bin left out; None for a smart one,
            which is counted only when somebody looks (`library.games.count(library.sets.query(id))`).
    """

    id: CollectionId
    parent_id: CollectionId | None
    name: str
    filter: str | None
    sort: str
    descending: bool
    games: int | None

    @property
    def smart(self) -> bool:
        """Whether it is a saved filter."""
        return self.filter is not None
