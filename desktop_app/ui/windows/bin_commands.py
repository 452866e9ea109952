"""Delete with the Del key, Undo with Ctrl+Z, and the bin. Main thread; for `main_window`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot

from desktop_app.ui.windows.bin_dialog import BinDialog
from desktop_app.ui.windows.command_group import CommandGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.game import GameId
    from desktop_app.services.changes import Changes
    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow


class BinCommands(CommandGroup):
    """Removing games, taking that back, looking into the bin."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        bench.bin.started.connect(window.progress.watch)
        bench.undo.changed.connect(self._on_undo_changed)
        bench.desk.events.changed.connect(self._on_changed)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Deleting, undoing, the bin."""
        return {"delete": self._on_delete, "undo": self._on_undo, "bin": self._on_bin}

    def _on_delete(self) -> None:
        """The selected games go at once; the row after them is chosen, so that the next Del means the next game."""
        library = self._space.library
        ids = library.selected_ids()
        if not ids:
            self._bench.desk.notices.post("Select the games to delete first.")
            return
        if (following := self._following(ids)) is not None:
            library.select_game(following)
        self._bench.bin.delete(ids)

    def _following(self, ids: list[GameId]) -> GameId | None:
        """The game below the selection, else the one above it."""
        games = self._bench.games
        last, first = games.row_of(ids[-1]), games.row_of(ids[0])
        if last is not None and last + 1 < games.rowCount():
            return games.game_id(last + 1)
        return games.game_id(first - 1) if first else None

    def _on_undo(self) -> None:
        if not self._bench.undo.undo():
            self._bench.desk.notices.post("There is nothing to undo.")

    def _on_bin(self) -> None:
        BinDialog(self._bench.bin, self._window).show()

    @Slot(str)
    def _on_undo_changed(self, text: str) -> None:
        self._window.actions_by_name["undo"].setText(f"&Undo: {text}" if text else "&Undo")

    @Slot(object)
    def _on_changed(self, changes: Changes) -> None:
        """A game that went is not on the board any more."""
        viewer = self._bench.viewer
        if changes.removed and viewer.game_id in changes.games:
            viewer.clear()
