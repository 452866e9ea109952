"""Collections, tags and the other things the sidebar lists: reads and counts them, changes them, chooses one.

Main thread; everything that touches the library runs in `runtime.operations`. Used by the sidebar and its commands.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.domain.filter_pieces import quoted
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.sets import CollectionId, TagId
from desktop_app.ui.controllers.set_games import SetGames
from desktop_app.ui.controllers.sets_reading import read_contents
from desktop_app.ui.controllers.sets_undo import KeptCollection, KeptTag
from desktop_app.ui.models.scope import ALL_GAMES, Scope, ScopeKind, ScopeQuery, SidebarContents
from desktop_app.ui.models.sidebar_model import import_title, scope_of
from desktop_app.ui.runtime.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.domain.people import NameCount
    from desktop_app.domain.sets import Collection, Tag
    from desktop_app.services.changes import Changes
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.controllers.library_controller import LibraryController
    from desktop_app.ui.controllers.undo_stack import UndoStack

_RELOAD_INTERVAL_MS = 1000
_LIKELY = 6


class SetsController(SetGames):
    """The sidebar's side of the library; the games in the sets are `SetGames`', changing anything `SetChanges`'.

    Signals: `contents_read(SidebarContents)`; `counted(Scope, games)`; `created(Scope)` once it is listed, ready for a
    name.
    """

    contents_read = Signal(object)
    counted = Signal(object, int)
    created = Signal(object)

    def __init__(self, desk: Desk, games: LibraryController, undo: UndoStack, parent: QObject | None = None) -> None:
        super().__init__(desk, undo, parent)
        self._games = games
        self._throttle = Throttle(_RELOAD_INTERVAL_MS, self.reload, self)
        self._to_count: deque[Scope] = deque()
        self._counting = False
        self._sequence = 0
        self._made: Scope | None = None
        self._wanted: Scope | None = None
        self.contents = SidebarContents()
        self._watched = False
        desk.events.changed.connect(self._on_changed)

    # -- reading -------------------------------------------------------------------------------------------------

    @Slot()
    def reload(self) -> None:
        """Read the lists again; an answer that was overtaken is dropped. Counts of filters follow one by one."""
        self._throttle.cancel()
        self._sequence += 1
        sequence, library = self._sequence, self._desk.library
        self._desk.operations.read(
            "Reading collections", lambda: read_contents(library), lambda got: self._on_read(sequence, got)
        )

    def _on_read(self, sequence: int, contents: SidebarContents) -> None:
        if sequence != self._sequence:
            return
        self.contents = contents
        self.contents_read.emit(contents)
        self._follow_scope()
        made, self._made = self._made, None
        if made is not None:
            self.created.emit(made)
        if self._watched:
            self._count_filters()

    def set_watched(self, *, watched: bool) -> None:
        """Whether somebody looks at the counts; those of filters are only made then."""
        if watched and not self._watched:
            self._count_filters()
        self._watched = watched

    def _count_filters(self) -> None:
        """Count what only a query can count, one after another."""
        smart = [scope_of(one) for one in self.contents.collections if one.smart]
        mine = [Scope(ScopeKind.MINE)] if self.contents.me else []
        self._to_count = deque([*mine, *smart])
        if not self._counting:
            self._count_next()

    def _count_next(self) -> None:
        self._counting = bool(self._to_count)
        if not self._to_count:
            return
        scope, library = self._to_count.popleft(), self._desk.library
        query = GameQuery(filter=self.query_of(scope).filter)

        def done(count: int) -> None:
            self.counted.emit(scope, count)
            self._count_next()

        def failed(_error: Exception) -> None:
            self._count_next()

        self._desk.operations.read("Counting a collection", lambda: library.games.count(query), done, failed)

    @Slot(object)
    def _on_changed(self, changes: Changes) -> None:
        if changes.sets and not (changes.added or changes.removed):
            self.reload()
        elif changes.added or changes.removed:
            self._throttle.request()

    # -- choosing ------------------------------------------------------------------------------------------------

    def choose(self, scope: Scope) -> None:
        """List these games."""
        self._wanted = None
        self._games.set_scope(self.query_of(scope))

    def choose_when_read(self, scope: Scope) -> None:
        """List these games as soon as the lists are there: the scope of the last time."""
        if scope != ALL_GAMES:
            self._wanted = scope

    def choose_after_change(self, scope: Scope) -> None:
        """List these games once a change that is under way shows in the lists."""
        self._wanted = scope

    def query_of(self, scope: Scope) -> ScopeQuery:
        """What a scope means; all games for one that is gone."""
        match scope.kind:
            case ScopeKind.COLLECTION | ScopeKind.SMART:
                found = self._collection(scope)
                return _collection_query(scope, found) if found is not None else ScopeQuery()
            case ScopeKind.TAG:
                tag = self._tag(scope)
                return (
                    _expression_query(scope, tag.name, f"tag={quoted(tag.name)}") if tag is not None else ScopeQuery()
                )
            case ScopeKind.IMPORT:
                batch = next((one for one in self.contents.imports if one.id == scope.id), None)
                title = import_title(batch.source) if batch is not None else f"import {scope.id}"
                return _expression_query(scope, title, f"batch={scope.id}")
            case ScopeKind.MINE:
                return _expression_query(scope, "My games", "is:mine")
        return ScopeQuery()

    def _follow_scope(self) -> None:
        """The scope in force was renamed, got another filter, or is gone; or the one of the last time is there."""
        wanted, self._wanted = self._wanted, None
        current = self._games.scope.scope
        if wanted is not None:
            self._games.set_scope(self.query_of(wanted))
        elif current.kind in (ScopeKind.COLLECTION, ScopeKind.SMART, ScopeKind.TAG):
            self._games.set_scope(self.query_of(current))

    def _collection(self, scope: Scope) -> Collection | None:
        return next((one for one in self.contents.collections if scope_of(one) == scope), None)

    def _tag(self, scope: Scope) -> Tag | None:
        return next((one for one in self.contents.tags if one.id == scope.id), None)

    # -- making, renaming, removing ------------------------------------------------------------------------------

    def create_collection(self, name: str, games: Sequence[GameId] = ()) -> None:
        """A collection by hand, with these games in it."""
        library, free = self._desk.library, self._free_name(name, [one.name for one in self.contents.collections])

        def call() -> Scope:
            made = library.sets.create_collection(free)
            if games:
                library.sets.add(made, games)
            return Scope(ScopeKind.COLLECTION, made)

        self._change("Making a collection", call, self._on_made)

    def save_filter(self, name: str, expression: str, *, sort: str = "id", descending: bool = False) -> None:
        """A smart collection of what an expression finds."""
        library, free = self._desk.library, self._free_name(name, [one.name for one in self.contents.collections])

        def call() -> Scope:
            made = library.sets.create_collection(free, filter_=expression, sort=sort, descending=descending)
            return Scope(ScopeKind.SMART, made)

        self._change("Saving a filter", call, self._on_made)

    def create_tag(self, name: str, games: Sequence[GameId] = (), *, colour: str = "", edit: bool = False) -> None:
        """A tag, put on these games; with `edit` it is announced as ready for a better name."""
        library = self._desk.library
        free = self._free_name(name, [one.name for one in self.contents.tags]) if edit else name

        def call() -> Scope:
            made = library.sets.create_tag(free, colour=colour)
            if games:
                library.sets.tag(made, games)
            return Scope(ScopeKind.TAG, made)

        self._change("Making a tag", call, self._on_made if edit else None)

    def rename(self, scope: Scope, name: str) -> None:
        """Give a collection or a tag another name."""
        sets = self._desk.library.sets
        if scope.kind is ScopeKind.TAG:
            self._change("Renaming a tag", lambda: sets.change_tag(TagId(scope.id), name=name))
        else:
            self._change("Renaming a collection", lambda: sets.change_collection(CollectionId(scope.id), name=name))

    def set_colour(self, scope: Scope, colour: str) -> None:
        """Give a tag another colour."""
        sets = self._desk.library.sets
        self._change("Colouring a tag", lambda: sets.change_tag(TagId(scope.id), colour=colour))

    def set_filter(self, scope: Scope, expression: str) -> None:
        """Let a smart collection find something else."""
        sets = self._desk.library.sets
        call = lambda: sets.change_collection(CollectionId(scope.id), filter_=expression)  # noqa: E731 - one expression
        self._change("Changing a filter", call)

    def order(self, ids: Sequence[int]) -> None:
        """Show the collections of the top in this order."""
        sets, wanted = self._desk.library.sets, [CollectionId(one) for one in ids]
        self._change("Ordering collections", lambda: sets.order_collections(wanted))

    def delete(self, scope: Scope) -> None:
        """Remove a collection or a tag; its games stay. The notice takes it back."""
        library = self._desk.library
        if scope.kind is ScopeKind.TAG:
            tag = self._tag(scope)
            if tag is not None:
                self._change("Deleting a tag", lambda: KeptTag.remove(library, tag), self._on_deleted)
            return
        found = self._collection(scope)
        if found is not None:
            inside = [one for one in self.contents.collections if one.parent_id == found.id]
            self._change(
                "Deleting a collection", lambda: KeptCollection.remove(library, found, inside), self._on_deleted
            )

    def _on_deleted(self, kept: KeptCollection | KeptTag) -> None:
        library = self._desk.library
        self._offer_undo(kept.words, kept.step, lambda: self._change("Bringing it back", lambda: kept.restore(library)))

    def _on_made(self, scope: Scope) -> None:
        self._made = scope

    # -- who I am ------------------------------------------------------------------------------------------------

    def ask_who(self, done: Callable[[list[str], list[NameCount]], None]) -> None:
        """The names that are mine now, and the players with most games here, who may be me."""
        people = self._desk.library.people

        def read() -> tuple[list[str], list[NameCount]]:
            me = people.me()
            return list(me.names) if me is not None else [], people.likely_me(_LIKELY)

        self._desk.operations.read("Reading players", read, lambda answer: done(*answer))

    def set_me(self, names: Sequence[str]) -> None:
        """These names are mine, and no others; my games are listed at once."""
        people = self._desk.library.people
        self._wanted = Scope(ScopeKind.MINE) if names else ALL_GAMES
        self._change("Saving who you are", lambda: people.set_me(names))

    @staticmethod
    def _free_name(name: str, taken: Sequence[str]) -> str:
        """The name, with a number behind it where it is taken."""
        lower = {one.casefold() for one in taken}
        number, free = 1, name
        while free.casefold() in lower:
            number += 1
            free = f"{name} {number}"
        return free


def _collection_query(scope: Scope, found: Collection) -> ScopeQuery:
    if found.filter is None:
        return ScopeQuery(scope, found.name, collection=found.id, sort="place")
    parsed = parse_filter(found.filter)
    return ScopeQuery(scope, found.name, found.filter, parsed, sort=found.sort, descending=found.descending)


def _expression_query(scope: Scope, title: str, expression: str) -> ScopeQuery:
    return ScopeQuery(scope, title, expression, parse_filter(expression))
