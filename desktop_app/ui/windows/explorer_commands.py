"""The explorer in the window: its tab, its moves on the board, its games, and what the index has covered so far.

Main thread; for `main_window`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QMenu, QPushButton

from desktop_app.ui.controllers.explorer_controller import coverage_words
from desktop_app.ui.windows.command_group import CommandGroup
from desktop_app.ui.windows.explorer_panel import ExplorerPanel

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.positions import Coverage
    from desktop_app.services.find_position import PositionGame
    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow


_BOARD_MENU = ("position_games", "explorer", "copy_fen", "copy_pgn", "flip")


class ExplorerCommands(CommandGroup):
    """Exploring: `explorer` shows the tab, `position_games` lists the games with the position in the library."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        self.panel = ExplorerPanel(bench.explorer)
        self._space.review.tabs.addTab(self.panel, "Explorer")
        self._indexed = QPushButton()
        self._indexed.setProperty("role", "quiet")
        self._indexed.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._indexed.hide()
        window.statusBar().addPermanentWidget(self._indexed)
        self._indexed.clicked.connect(self._on_pause)
        bench.index.coverage_changed.connect(self._on_coverage)
        bench.index.coverage_changed.connect(bench.explorer.refresh)
        self.panel.move_chosen.connect(self._on_move_chosen)
        self.panel.move_pointed.connect(self._space.board.show_hint)
        self.panel.game_opened.connect(self._on_game_opened)
        self.panel.all_games_wanted.connect(self._on_all_games_wanted)
        board = self._space.board
        # On the squares the right button draws circles and arrows; the menu is around them, and on the menu key.
        board.board.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        board.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        board.customContextMenuRequested.connect(self._on_board_menu)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """The Game menu's part."""
        return {"explorer": self._on_explorer, "position_games": self._on_position_games}

    def _on_explorer(self) -> None:
        """Show the explorer; asked again, the moves."""
        review = self._space.review
        shown = review.tabs.currentWidget() is self.panel and review.isVisible()
        if shown:
            review.tabs.setCurrentWidget(review.moves)
            return
        self._window.actions_by_name["show_review"].setChecked(True)
        review.tabs.setCurrentWidget(self.panel)

    def _on_position_games(self) -> None:
        try:
            fen = self._bench.cursor.board().fen()
        except ValueError:
            self._bench.desk.notices.post("Only positions of chess and Chess960 are indexed.")
            return
        self._on_all_games_wanted(fen)

    @Slot(str)
    def _on_all_games_wanted(self, fen: str) -> None:
        """Let the list show the games with this position, whatever it showed before."""
        board_and_rights = " ".join(fen.split()[:4])
        self._window.actions_by_name["show_library"].setChecked(True)
        self._space.library.list_games(f'position:"{board_and_rights}"')

    @Slot(QPoint)
    def _on_board_menu(self, where: QPoint) -> None:
        menu = QMenu(self._space.board)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([self._window.actions_by_name[name] for name in _BOARD_MENU])
        menu.popup(self._space.board.mapToGlobal(where))

    @Slot(str)
    def _on_move_chosen(self, uci: str) -> None:
        self._bench.cursor.explore(uci)

    @Slot(object)
    def _on_game_opened(self, found: PositionGame) -> None:
        self._space.library.select_game(found.row.id)
        self._bench.viewer.open(found.row.id, ply=found.ply)
        self._space.board.setFocus()

    @Slot(object)
    def _on_coverage(self, coverage: Coverage) -> None:
        words, paused = coverage_words(coverage), self._bench.index.paused
        self._indexed.setText(f"{words} (stopped)" if words and paused else words)
        self._indexed.setToolTip(
            "Searching for positions finds only games that are indexed. Click to go on."
            if paused
            else "Games are being indexed, so that positions can be found in them. Click to stop for now."
        )
        self._indexed.setVisible(bool(words))

    @Slot()
    def _on_pause(self) -> None:
        index = self._bench.index
        index.set_paused(paused=not index.paused)
