"""Games in collections and under tags: put in, taken out, and back again by Undo.

Main thread; everything that touches the library runs in `runtime.operations`. A part of `sets_controller`.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, cast

from desktop_app.domain.sets import CollectionId, TagId
from desktop_app.ui.controllers.set_changes import SetChanges
from desktop_app.ui.controllers.sets_reading import tag_counts
from desktop_app.ui.models.scope import Scope, ScopeKind, ScopeQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.ports import ProgressSink
    from desktop_app.ui.runtime.cancel import Cancel


class SetGames(SetChanges):
    """What is in the sets."""

    def query_of(self, scope: Scope) -> ScopeQuery:
        """What a scope means."""
        raise NotImplementedError

    def create_collection(self, name: str, games: Sequence[GameId] = ()) -> None:
        """A collection by hand, with these games in it."""
        raise NotImplementedError

    def add_games(self, scope: Scope, games: Sequence[GameId]) -> None:
        """Put games into a collection, or a tag on them; the notice takes it back."""
        sets, tag, name = self._desk.library.sets, scope.kind is ScopeKind.TAG, self.query_of(scope).title
        if scope.kind is ScopeKind.COLLECTION and not scope.id:
            self.create_collection("New collection", games)
            return

        fresh = array("q")

        def call(cancel: Cancel | None, progress: ProgressSink | None) -> int:
            if tag:
                return sets.tag(TagId(scope.id), games, cancel=cancel, progress=progress, added=fresh.extend)
            return sets.add(CollectionId(scope.id), games, cancel=cancel, progress=progress, added=fresh.extend)

        def done(added: int) -> None:
            if not added:
                self._desk.notices.post(f"{_these(len(games))} already in {name}.")
                return
            words = f"{_games(added)} tagged {name}" if tag else f"{_games(added)} added to {name}"
            self._offer_undo(words, f"adding to {name}", lambda: self._take_out(scope, cast("Sequence[GameId]", fresh)))

        self._change_games("Adding games", games, call, done)

    def remove_games(self, scope: Scope, games: Sequence[GameId]) -> None:
        """Take games out of a collection chosen by hand; they stay in the library, and the notice says so."""
        name = self.query_of(scope).title

        def done(removed: int) -> None:
            stay = "It stays" if removed == 1 else "They stay"
            self._offer_undo(
                f"{_games(removed)} removed from {name}. {stay} in the library.",
                f"removing from {name}",
                lambda: self._put_back(scope, games),
            )

        sets = self._desk.library.sets
        self._change_games(
            "Removing games from a collection",
            games,
            lambda cancel, progress: sets.remove(CollectionId(scope.id), games, cancel=cancel, progress=progress),
            done,
        )

    def set_tag(self, tag_id: TagId, games: Sequence[GameId], *, on: bool) -> None:
        """Put a tag on games or take it off."""
        sets = self._desk.library.sets
        put = sets.tag if on else sets.untag
        self._change_games(
            "Tagging games",
            games,
            lambda cancel, progress: put(tag_id, games, cancel=cancel, progress=progress),
        )

    def tags_of(self, games: Sequence[GameId], done: Callable[[dict[TagId, int]], None]) -> None:
        """How many of these games have each tag."""
        library = self._desk.library
        self._desk.operations.read("Reading tags", lambda: tag_counts(library, games), done)

    def _take_out(self, scope: Scope, games: Sequence[GameId]) -> None:
        sets = self._desk.library.sets
        if scope.kind is ScopeKind.TAG:
            self._change("Taking a tag off", lambda: sets.untag(TagId(scope.id), games))
        else:
            self._change("Removing games", lambda: sets.remove(CollectionId(scope.id), games))

    def _put_back(self, scope: Scope, games: Sequence[GameId]) -> None:
        sets = self._desk.library.sets
        self._change("Putting games back", lambda: sets.add(CollectionId(scope.id), games))


def _games(number: int) -> str:
    return f"{number:,} game" if number == 1 else f"{number:,} games"


def _these(number: int) -> str:
    return "That game is" if number == 1 else f"Those {number:,} games are"
