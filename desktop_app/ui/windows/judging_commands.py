"""Analysis > Judging …: the page on gradings, and the progress of judging again. Main thread; for `main_window`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.ui.windows.command_group import CommandGroup
from desktop_app.ui.windows.judging_dialog import JudgingDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow


class JudgingCommands(CommandGroup):
    """What decides whether a move is judged."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        bench.gradings.started.connect(window.progress.watch)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """The page."""
        return {"judging": self._on_judging}

    def _on_judging(self) -> None:
        found = self._window.findChild(JudgingDialog)
        if found is None:
            found = JudgingDialog(self._bench.gradings, self._bench.cursor, self._window)
        found.show()
        found.raise_()
        found.activateWindow()
