"""The Library menu and Ctrl+H: editing tags, players, several libraries, backups, checking. For `main_window`.

Main thread. Opening another library and restoring a backup close this one: the window asks `desktop` for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QLabel

from desktop_app import paths
from desktop_app.ui.controllers.care_controller import shown_name
from desktop_app.ui.runtime.notices import NoticeKind
from desktop_app.ui.windows.care_dialogs import BackupsDialog, CheckDialog, EditsDialog
from desktop_app.ui.windows.choose_library import ask_for_file, ask_for_new, ask_for_server
from desktop_app.ui.windows.command_group import CommandGroup
from desktop_app.ui.windows.edit_headers_dialog import EditHeadersDialog
from desktop_app.ui.windows.merge_dialog import MergeDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMenu

    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow

_WRITING = (
    "open", "open_folder", "paste", "samples", "undo", "delete", "tags", "collect", "save_filter", "me", "analyse",
    "analyse_all", "pause", "cancel", "retry_failed", "edit_headers", "players", "compact",
)  # fmt: skip
"""Actions that a library which can only be read does not offer."""


class CareCommands(CommandGroup):
    """Editing games, choosing and looking after libraries."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        self._care = bench.care
        self._recent: QMenu | None = None
        self.read_only_label = QLabel("Read only")
        self.read_only_label.setProperty("strength", "warning")
        self.read_only_label.setToolTip("This library's file or folder cannot be written: nothing can be changed.")
        bench.edits.started.connect(window.progress.watch)
        bench.care.started.connect(window.progress.watch)
        name = shown_name(self._care.location, str(paths.default_library()))
        parts = [name, "(read only)" if self._care.read_only else ""]
        window.setWindowTitle(" - ".join(filter(None, (" ".join(filter(None, parts)), "Kibitz"))))
        # The actions are made after the groups.
        QTimer.singleShot(0, self, self._on_window_made)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Editing and the Library menu."""
        return {
            "edit_headers": self._on_edit,
            "players": lambda: MergeDialog(self._bench.edits, self._window).show(),
            "edit_history": lambda: EditsDialog(self._bench.edits, self._window).show(),
            "new_library": lambda: ask_for_new(self._window, self._window.new_library_wanted.emit),
            "open_library": lambda: ask_for_file(self._window, self._window.library_wanted.emit),
            "open_server": lambda: ask_for_server(self._window, self._window.library_wanted.emit),
            "usual_library": lambda: self._window.library_wanted.emit(str(paths.default_library())),
            "backups": self._on_backups,
            "check_library": lambda: CheckDialog(self._care, self._window).show(),
            "compact": self._care.compact,
        }

    @Slot()
    def _on_window_made(self) -> None:
        actions = self._window.actions_by_name
        self._recent = actions.add_submenu("&Library", "Open &recent", before="usual_library")
        self._recent.aboutToShow.connect(self._fill_recent)
        for remark in self._care.remarks:
            self._bench.desk.notices.post(remark, NoticeKind.WARNING)
        if self._care.read_only:
            self._window.statusBar().addPermanentWidget(self.read_only_label)
            for name in _WRITING:
                actions[name].setEnabled(False)

    @Slot()
    def _fill_recent(self) -> None:
        menu = self._recent
        if menu is None:
            return
        menu.clear()
        for location in self._care.recent:
            action = menu.addAction(location)
            action.triggered.connect(lambda _on=False, wanted=location: self._window.library_wanted.emit(wanted))
        if menu.isEmpty():
            menu.addAction("None yet").setEnabled(False)

    def _on_edit(self) -> None:
        ids = self._space.library.selected_ids()
        if not ids and self._bench.viewer.game_id is not None:
            ids = [self._bench.viewer.game_id]
        if not ids:
            self._bench.desk.notices.post("Select the games to edit first.")
            return
        EditHeadersDialog(self._bench.edits, ids, self._window).open()

    def _on_backups(self) -> None:
        if not self._care.has_file:
            self._bench.desk.notices.post("This library is on a server, whose own tools back it up (pg_dump).")
            return
        dialog = BackupsDialog(self._care, self._window)
        dialog.restore_wanted.connect(self._window.restore_wanted)
        dialog.show()
