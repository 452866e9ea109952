"""Open the page "Where to analyse". Main thread; for `main_window`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.ui.windows.command_group import CommandGroup
from desktop_app.ui.windows.place_page import PlacePage

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow


class PlaceCommands(CommandGroup):
    """Where games are analysed."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        self.page = PlacePage(bench.place, window)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """The page."""
        return {"place": self.page.open_sheet}
