"""Fills the table of games: runs the query, fetches the rows it asks for, follows what changes.

Main thread; every query runs in `runtime.operations`. Used by `windows.library_panel`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.domain.filter_pieces import join_pieces
from desktop_app.domain.filters import GameQuery, all_of, parse_filter
from desktop_app.errors import FilterSyntaxError
from desktop_app.ui.controllers.row_requests import RowRequests
from desktop_app.ui.models.library_model import TITLES, Column
from desktop_app.ui.models.scope import ScopeKind, ScopeQuery
from desktop_app.ui.runtime.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.domain.rows import GameRow
    from desktop_app.domain.sets import TagId
    from desktop_app.ports import CancelToken
    from desktop_app.services.changes import Changes
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.models.library_model import LibraryModel

_RELOAD_INTERVAL_MS = 1000
_FIRST_ROWS = 100
"""Rows that are shown while the list of a large library is being read for the first time."""
_RELOAD_SHARE = 10
"""While games pour in, reading the list again may take a tenth of the time at most."""


class LibraryController(QObject):
    """The table's query and its answers.

    Signals: `counted(shown, total)` after each answer; `filter_failed(text, column)` with column -1 when it is fine
    again; `about_to_reload()` and `reloaded()` around a change of the list, so that a view can keep its selection;
    `filter_changed(expression)` and `scope_changed(ScopeQuery)` when another query is in force.
    """

    counted = Signal(int, int)
    filter_failed = Signal(str, int)
    about_to_reload = Signal()
    reloaded = Signal()
    filter_changed = Signal(str)
    scope_changed = Signal(object)
    _first_read = Signal(int, object, object, int)

    def __init__(self, desk: Desk, model: LibraryModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._model = desk, model
        self._expression = ""
        self._sort, self._descending = "", False
        self.scope = ScopeQuery()
        self._sequence = 0
        self._throttle = Throttle(_RELOAD_INTERVAL_MS, self.reload, self)
        self.total = 0
        self._rows = RowRequests(desk, model, self)
        self._first_read.connect(self._on_first_read)
        desk.events.changed.connect(self._on_changed)

    def set_filter(self, expression: str) -> None:
        """Show what matches; an expression that cannot be read leaves the list as it is and says where."""
        try:
            parse_filter(expression)
        except FilterSyntaxError as error:
            self.filter_failed.emit(f"{error.text} {error.action}".strip(), error.column)
            return
        self.filter_failed.emit("", -1)
        if expression.strip() != self._expression:
            self._expression = expression.strip()
            self.filter_changed.emit(self._expression)
            self.reload()

    def set_scope(self, scope: ScopeQuery) -> None:
        """List games of this scope; the filter narrows it further."""
        if scope != self.scope:
            self.scope = scope
            self.scope_changed.emit(scope)
            self.reload()

    def restore(self, expression: str, column: Column | None, *, descending: bool) -> None:
        """The filter and order of the last time, before anything is read; one that cannot be read is forgotten."""
        try:
            parse_filter(expression)
        except FilterSyntaxError:
            expression = ""
        self._expression = expression.strip()
        self._sort, self._descending = "" if column is None else TITLES[column][2], descending

    @property
    def expression(self) -> str:
        """The filter in force."""
        return self._expression

    @property
    def whole_expression(self) -> str:
        """Scope and filter as one expression; a collection chosen by hand is left out, which no expression replaces."""
        return join_pieces(part for part in (self.scope.expression, self._expression) if part)

    @property
    def query(self) -> GameQuery:
        """What the list shows. Main thread: nothing is read."""
        scope = self.scope
        own = not self._sort
        return GameQuery(
            filter=all_of(scope.filter, parse_filter(self._expression)),
            sort=scope.sort if own else self._sort,
            descending=scope.descending if own else self._descending,
            collection=scope.collection,
        )

    def sort(self, column: Column | None, *, descending: bool) -> None:
        """Order by a column; None is the scope's own order, which is that of import for all games."""
        self._sort = "" if column is None else TITLES[column][2]
        self._descending = descending
        self.reload()

    @Slot()
    def reload(self) -> None:
        """Run the query again; an answer that was overtaken is dropped."""
        self._throttle.cancel()
        self._sequence += 1
        sequence, library = self._sequence, self._desk.library
        query, filtered = self.query, self.filtered
        first, told = self._model.rowCount() == 0, self._first_read.emit
        started = time.monotonic()

        def read(cancel: CancelToken, _progress: object) -> tuple[Sequence[int], int]:
            if first:
                total = library.games.count(GameQuery())
                if total > _FIRST_ROWS:
                    rows = library.games.page(query, 0, _FIRST_ROWS)
                    told(sequence, rows, library.sets.tags_of([row.id for row in rows]), total)
            ids = library.games.ids(query, cancel)
            return ids, library.games.count(GameQuery()) if filtered else len(ids)

        def done(answer: tuple[Sequence[int], int]) -> None:
            took_ms = round((time.monotonic() - started) * 1000)
            self._throttle.set_interval(max(_RELOAD_INTERVAL_MS, _RELOAD_SHARE * took_ms))
            self._on_ids(sequence, *answer)

        self._desk.operations.run("Reading the library", read, done=done, reads=True)

    def ids_of_import(self, batch_id: int, done: Callable[[Sequence[int]], None]) -> None:
        """Games an import brought, in the order of the file."""
        library, query = self._desk.library, GameQuery(filter=parse_filter(f"batch={batch_id}"))
        self._desk.operations.read("Reading the import", lambda: library.games.ids(query), done)

    @Slot(int, object, object, int)
    def _on_first_read(
        self, sequence: int, rows: Sequence[GameRow], tags: Mapping[GameId, tuple[TagId, ...]], total: int
    ) -> None:
        """The list is long: its first page stands while the others are still being read."""
        if sequence == self._sequence and rows:
            self.total = total
            self.about_to_reload.emit()
            self._model.show_first(rows, tags)
            self.reloaded.emit()
            self.counted.emit(len(rows) if self.filtered else total, total)

    @property
    def filtered(self) -> bool:
        """Whether the list is meant to show a part of the library."""
        return bool(self._expression) or self.scope.scope.kind is not ScopeKind.ALL

    def _on_ids(self, sequence: int, ids: Sequence[int], total: int) -> None:
        if sequence != self._sequence:
            return
        self.total = total
        self.about_to_reload.emit()
        self._model.set_ids(ids)
        self.reloaded.emit()
        self.counted.emit(len(ids), total)

    @Slot(object)
    def _on_changed(self, changes: Changes) -> None:
        if changes.games:
            self._model.stale(changes.games)
        if changes.sets:
            self._model.forget()
        if changes.added or changes.removed or (changes.sets and self._asks_for_sets):
            self._throttle.request()

    @property
    def _asks_for_sets(self) -> bool:
        """Whether the list depends on who is in which set."""
        words = ("tag", "collection", "in:", "in=", "in!=", "mine", "my_", "opponent")
        inside = self.whole_expression.lower()
        return self.scope.collection is not None or any(word in inside for word in words)
