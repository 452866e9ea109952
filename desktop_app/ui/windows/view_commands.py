"""What is shown: panels, focus mode, full screen, the keys, the filter's field. Main thread; for `main_window`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot

from desktop_app.ui.windows.command_group import CommandGroup
from desktop_app.ui.windows.dialogs import tell_about
from desktop_app.ui.windows.keys_sheet import KeysSheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow


class ViewCommands(CommandGroup):
    """The View and Help menus."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        self._keys = KeysSheet(window)
        self._space.batch.expanded_changed.connect(self._on_batch_folded)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Panels and help."""
        space = self._space
        return {
            "filter": self._on_filter,
            "show_library": space.library.setVisible,
            "show_review": space.review.setVisible,
            "show_graph": space.review.graph.setVisible,
            "show_batch": lambda shown: space.batch.set_expanded(expanded=shown),
            "library_below": lambda below: space.set_library_below(below=below),
            "focus": self._on_focus_mode,
            "full_screen": self._on_full_screen,
            "keys": self._keys.open_sheet,
            "about": lambda: tell_about(self._window),
            "quit": self._window.close,
        }

    def show_state(self) -> None:
        """Tick the switches as the restored panels are."""
        actions, space = self._window.actions_by_name, self._space
        for name in ("show_library", "show_review", "show_graph"):
            actions.set_checked(name, checked=True)
        actions.set_checked("show_batch", checked=space.batch.expanded)
        actions.set_checked("library_below", checked=space.library_below)

    def leave(self) -> None:
        """Escape: the variation first, then full screen, then the focus mode."""
        if self._bench.cursor.leave_line():
            return
        for name in ("full_screen", "focus"):
            action = self._window.actions_by_name[name]
            if action.isChecked():
                action.setChecked(False)
                return

    def _on_filter(self) -> None:
        self._window.actions_by_name["show_library"].setChecked(True)
        self._space.library.focus_filter()

    @Slot(bool)
    def _on_batch_folded(self, expanded: bool) -> None:
        self._window.actions_by_name.set_checked("show_batch", checked=expanded)

    def _on_focus_mode(self, focused: bool) -> None:
        self._space.set_focus_mode(focused=focused)
        self._window.statusBar().setVisible(not focused)
        self._window.actions_by_name.set_checked("show_library", checked=not focused)

    def _on_full_screen(self, full: bool) -> None:
        state, filled = self._window.windowState(), Qt.WindowState.WindowFullScreen
        self._window.setWindowState(state | filled if full else state & ~filled)
