"""Collections and tags that were just deleted, with what was in them, so that the notice can bring them back.

Values; `remove` and `restore` run on a pool thread. Used by `sets_controller`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from desktop_app.domain.filter_pieces import quoted
from desktop_app.domain.filters import GameQuery, parse_filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.domain.sets import Collection, CollectionId, Tag
    from desktop_app.library.library import Library


@dataclass(frozen=True, slots=True)
class KeptCollection:
    """A deleted collection, those inside it, and their games."""

    tree: tuple[tuple[Collection, Sequence[GameId]], ...]
    order: tuple[CollectionId, ...]

    @classmethod
    def remove(cls, library: Library, collection: Collection, inside: Sequence[Collection]) -> Self:
        """Delete it, and remember what it was."""
        tree = tuple((one, () if one.smart else library.sets.games(one.id)) for one in (collection, *inside))
        order = tuple(one.id for one in library.sets.collections() if one.parent_id == collection.parent_id)
        library.sets.delete_collection(collection.id)
        return cls(tree, order)

    @property
    def words(self) -> str:
        """What happened."""
        return f"Collection {self.tree[0][0].name} deleted. Its games stay in the library."

    @property
    def step(self) -> str:
        """As it follows the word Undo."""
        return f"delete the collection {self.tree[0][0].name}"

    def restore(self, library: Library) -> None:
        """Make it again, with what was in it, where it stood."""
        top = self.tree[0][0]
        made: dict[CollectionId, CollectionId] = {}
        for one, games in self.tree:
            parent = top.parent_id if one is top else made[top.id]
            made[one.id] = library.sets.create_collection(
                one.name, parent_id=parent, filter_=one.filter, sort=one.sort, descending=one.descending
            )
            if games:
                library.sets.add(made[one.id], games)
        there = {one.id for one in library.sets.collections() if one.parent_id == top.parent_id}
        order = [made.get(one, one) for one in self.order]
        library.sets.order_collections([one for one in order if one in there])


@dataclass(frozen=True, slots=True)
class KeptTag:
    """A deleted tag and the games that had it."""

    tag: Tag
    games: Sequence[GameId]

    @classmethod
    def remove(cls, library: Library, tag: Tag) -> Self:
        """Delete it, and remember who had it."""
        games = library.games.ids(GameQuery(filter=parse_filter(f"tag={quoted(tag.name)}")))
        library.sets.delete_tag(tag.id)
        return cls(tag, games)

    @property
    def words(self) -> str:
        """What happened."""
        return f"Tag {self.tag.name} deleted. Its games stay in the library."

    @property
    def step(self) -> str:
        """As it follows the word Undo."""
        return f"delete the tag {self.tag.name}"

    def restore(self, library: Library) -> None:
        """Make it again and put it on those games."""
        made = library.sets.create_tag(self.tag.name, colour=self.tag.colour)
        if self.games:
            library.sets.tag(made, self.games)
