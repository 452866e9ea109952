"""Reads the rows a table asks for, the latest wish first; pages that flew by under a dragged scroll bar are never read.

Main thread; every read runs in `runtime.operations`. Part of `library_controller`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

if TYPE_CHECKING:
    from desktop_app.domain.game import GameId
    from desktop_app.domain.rows import GameRow
    from desktop_app.domain.sets import TagId
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.models.library_model import LibraryModel

    _Page = tuple[list[GameRow], dict[GameId, tuple[TagId, ...]]]

_AT_ONCE = 2
_MOST_WAITING = 6
"""More pages than any screen shows at once; older wishes are forgotten, and come again when they are looked at."""


class RowRequests(QObject):
    """Answers `LibraryModel.rows_wanted`."""

    def __init__(self, desk: Desk, model: LibraryModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._model = desk, model
        self._waiting: list[tuple[tuple[GameId, ...], int]] = []
        self._running = 0
        model.rows_wanted.connect(self._on_rows_wanted)

    @Slot(object, int)
    def _on_rows_wanted(self, ids: tuple[GameId, ...], generation: int) -> None:
        self._waiting.append((ids, generation))
        self._drop()
        self._go_on()

    def _drop(self) -> None:
        """Forget the oldest pages; a row that is shown already and changed is read again in any case."""
        model = self._model
        self._waiting = [wish for wish in self._waiting if wish[1] == model.generation]
        pages = [wish for wish in self._waiting if model.known(wish[0][0]) is None]
        for wish in pages[: max(0, len(pages) - _MOST_WAITING)]:
            self._waiting.remove(wish)
            model.unask(wish[0])

    def _go_on(self) -> None:
        library, model = self._desk.library, self._model
        while self._waiting and self._running < _AT_ONCE:
            ids, generation = self._waiting.pop()
            self._running += 1

            def read(ids: tuple[GameId, ...] = ids) -> _Page:
                return library.games.rows(ids), library.sets.tags_of(ids)

            def done(page: _Page, generation: int = generation) -> None:
                model.put_rows(page[0], generation, page[1])

            operation = self._desk.operations.read("Reading games", read, done)
            operation.finished.connect(self._on_finished)

    @Slot()
    def _on_finished(self) -> None:
        self._running -= 1
        self._go_on()
