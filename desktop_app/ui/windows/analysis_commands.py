"""Ask for a review, hold it, stop it, hear how it ended; say what to do without an engine. Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from desktop_app.domain.counting import counted
from desktop_app.ui.runtime.notices import NoticeKind
from desktop_app.ui.windows.command_group import CommandGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.batch import BatchSnapshot
    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.game import GameId
    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.runtime.notices import Notice
    from desktop_app.ui.windows.main_window import MainWindow


class AnalysisCommands(CommandGroup):
    """The Analysis menu."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        self._asked_for: tuple[GameId, ...] = ()
        self._missing: Notice | None = None
        space = self._space
        space.library.retry_requested.connect(self._on_retry)
        space.review.analyse_requested.connect(self._on_analyse_shown)
        space.review.retry_requested.connect(self._on_analyse_shown)
        bench.engine.found.connect(self._on_engine_found)
        bench.engine.missing.connect(self._on_engine_missing)
        bench.batch.resumed.connect(self._on_resumed)
        bench.batch.retry_asked.connect(self.ask_for)
        bench.batch.finished.connect(self._on_batch_finished)
        window.review_sheet.confirmed.connect(bench.batch.start)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Starting, pausing, stopping, trying again, the engine."""
        batch = self._bench.batch
        return {
            "analyse": self._on_analyse,
            "analyse_all": self._on_analyse_all,
            "pause": self._space.batch.toggle_pause,
            "cancel": batch.cancel,
            "retry_failed": batch.retry_failed,
            "analyses": self._on_analyses,
            "engine": self._window.engine_page.open_sheet,
        }

    @Slot(object)
    def ask_for(self, ids: Sequence[GameId]) -> None:
        """Open the sheet for these games; without an engine, the page that helps to find one."""
        if not ids:
            self._bench.desk.notices.post("There are no games to analyse yet.")
            return
        self._asked_for = tuple(ids)
        if self._bench.batch.ready:
            self._window.review_sheet.ask_for(ids)
        else:
            self._window.engine_page.open_sheet()

    def _on_analyse(self) -> None:
        self.ask_for(self._space.library.selected_ids() or self._bench.games.ids())

    def _on_analyse_all(self) -> None:
        self.ask_for(self._bench.games.ids())

    def _on_analyses(self) -> None:
        """A small menu of the analyses of the game shown: several engines and depths stand side by side."""
        view = self._bench.cursor.view
        if view is None or len(view.analyses) < 2:
            self._bench.desk.notices.post("This game has no other analysis to show.")
            return
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for one in reversed(view.analyses):
            action = menu.addAction(one.title)
            action.setCheckable(True)
            action.setChecked(one.shown if view.analysis_id is None else one.id == view.analysis_id)
            action.setData(None if one.shown else one.id)
        menu.triggered.connect(self._on_analysis_chosen)
        board = self._space.review
        menu.popup(board.mapToGlobal(board.rect().topLeft()))

    @Slot(QAction)
    def _on_analysis_chosen(self, action: QAction) -> None:
        self._bench.viewer.choose_analysis(action.data())

    @Slot()
    def _on_analyse_shown(self) -> None:
        if self._bench.viewer.game_id is not None:
            self.ask_for([self._bench.viewer.game_id])

    @Slot(object)
    def _on_retry(self, game: GameId) -> None:
        self.ask_for([game])

    @Slot(str, object)
    def _on_engine_found(self, _path: str, identity: EngineIdentity) -> None:
        window = self._window
        window.engine_label.setText(identity.name)
        if self._missing is not None:
            self._bench.desk.notices.withdraw(self._missing)
            self._missing = None
        if window.engine_page.isVisible() and self._asked_for:
            window.engine_page.close_sheet()
            window.review_sheet.ask_for(self._asked_for)

    @Slot(object)
    def _on_engine_missing(self, _error: object) -> None:
        self._window.engine_label.setText("No engine")
        self._missing = self._bench.desk.notices.post(
            "No chess engine was found; games can be viewed, not analysed.",
            NoticeKind.WARNING,
            action_text="What to do",
            action=self._window.engine_page.open_sheet,
        )

    @Slot(int)
    def _on_resumed(self, games: int) -> None:
        self._bench.desk.notices.post(f"Resumed analysing {counted(games, 'game')}")

    @Slot(object)
    def _on_batch_finished(self, snapshot: BatchSnapshot) -> None:
        analysed = snapshot.items_done - snapshot.items_skipped
        if snapshot.items_failed:
            self._bench.desk.notices.post(
                f"{counted(analysed, 'game')} analysed, {snapshot.items_failed:,} failed",
                NoticeKind.WARNING,
                action_text="Retry failed",
                action=self._bench.batch.retry_failed,
            )
        elif analysed:
            self._bench.desk.notices.post(f"{counted(analysed, 'game')} analysed", NoticeKind.DONE)
