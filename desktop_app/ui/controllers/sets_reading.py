"""What the sidebar reads of the library. Pool threads; used by `sets_controller`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.filters import GameQuery
from desktop_app.ui.models.scope import SidebarContents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.domain.sets import TagId
    from desktop_app.library.library import Library

_CHUNK = 5_000


def read_contents(library: Library) -> SidebarContents:
    """Everything the sidebar lists, with the counts that cost nothing."""
    return SidebarContents(
        total=library.games.count(GameQuery()),
        me=_me(library),
        collections=tuple(library.sets.collections()),
        tags=tuple(library.sets.tags()),
        imports=tuple(library.imports.list()),
        binned=library.bin.count(),
    )


def _me(library: Library) -> str:
    me = library.people.me()
    return me.name if me is not None else ""


def tag_counts(library: Library, games: Sequence[GameId]) -> dict[TagId, int]:
    """How many of these games have each tag."""
    counts: dict[TagId, int] = {}
    for start in range(0, len(games), _CHUNK):
        for tags in library.sets.tags_of(games[start : start + _CHUNK]).values():
            for tag in tags:
                counts[tag] = counts.get(tag, 0) + 1
    return counts
