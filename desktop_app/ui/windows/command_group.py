"""What one topic of the window can do: a group of commands that knows its controllers and hears their news.

Main thread. `main_window` makes every group once and hands its `handlers` to the menus; the groups are `*_commands`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow


class CommandGroup(QObject):
    """Base of all groups.

    A group may connect to controllers and panels in its `__init__`: workspace, sheets and `bench` are complete by then.
    The window's actions are not; they are there when a command runs.
    """

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        """`window` owns the group."""
        super().__init__(window)
        self._window, self._bench = window, bench
        self._space = window.workspace

    def handlers(self) -> dict[str, Callable[..., object]]:
        """What each action does, by the action's name in `actions.MENUS`; switches get the new state."""
        raise NotImplementedError
