"""Filter by an opening chosen from the tree of those the listed games have. Main thread; for `main_window`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.domain.filter_pieces import join_pieces, split_filter
from desktop_app.domain.filter_terms import Term
from desktop_app.domain.filters import all_of, parse_filter
from desktop_app.ui.windows.command_group import CommandGroup
from desktop_app.ui.windows.opening_popover import OpeningPopover

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.openings import OpeningVolume
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.runtime.operations import Operation
    from desktop_app.ui.windows.main_window import MainWindow

_OPENING_TERMS = frozenset({"eco", "opening"})


class OpeningCommands(CommandGroup):
    """The tree of openings."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        self._popover: OpeningPopover | None = None
        self._counting: Operation | None = None

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Filtering by an opening."""
        return {"openings": self._on_openings}

    def _other_terms(self) -> str:
        """The filter in force without what it says of openings: the tree offers all there are."""
        pieces = split_filter(self._bench.library.expression)
        return join_pieces(
            piece for piece in pieces if not (isinstance(piece.filter, Term) and piece.filter.name in _OPENING_TERMS)
        )

    def _on_openings(self) -> None:
        self._window.actions_by_name["show_library"].setChecked(True)
        if self._popover is None:
            self._popover = OpeningPopover(self._window)
            self._popover.chosen.connect(self._on_chosen)
            self._popover.closed.connect(self._stop)
        popover, library = self._popover, self._bench.desk.library
        controller = self._bench.library
        wanted = all_of(controller.scope.filter, parse_filter(self._other_terms()))
        query = replace(controller.query, filter=wanted, sort="id", descending=False)
        popover.show_waiting()
        popover.open_at(self._space.library.filter)
        self._stop()

        def call(cancel: CancelToken, progress: ProgressSink) -> tuple[OpeningVolume, ...]:
            return library.openings.read(query, cancel=cancel, progress=progress)

        def done(volumes: tuple[OpeningVolume, ...]) -> None:
            if self._counting is counting:
                popover.show_volumes(volumes)

        counting = self._counting = self._bench.desk.operations.run("Counting openings", call, done=done)

    def _stop(self) -> None:
        """Nobody waits for the count any more."""
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None

    def _on_chosen(self, expression: str) -> None:
        pieces = (*split_filter(self._other_terms()), *split_filter(expression))
        self._space.library.bar.ask(join_pieces(pieces))
