"""Analysis > Judging … and marking of good moves: the page on gradings, the progress of both.

Main thread; for `main_window`.
"""

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
        bench.marks.started.connect(window.progress.watch)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """The page, and the marks."""
        return {"judging": self._on_judging, "marks": self._on_marks}

    def _on_marks(self) -> None:
        """The games chosen, else the one on the board; without an engine, the page that helps to find one."""
        shown = self._bench.viewer.game_id
        ids = self._space.library.selected_ids() or ([] if shown is None else [shown])
        if not ids:
            self._bench.desk.notices.post("Choose the games first whose moves shall be marked.")
        elif self._bench.engine.path:
            self._bench.marks.start(ids)
        else:
            self._window.engine_page.open_sheet()

    def _on_judging(self) -> None:
        found = self._window.findChild(JudgingDialog)
        if found is None:
            found = JudgingDialog(self._bench.gradings, self._bench.cursor, self._window)
        found.show()
        found.raise_()
        found.activateWindow()
