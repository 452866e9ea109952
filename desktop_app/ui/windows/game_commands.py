"""Choose a game in the list and move in it: preview, open, step, jump to errors, flip. Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot

from desktop_app.domain.counting import counted
from desktop_app.domain.judgement import Judgement
from desktop_app.ui.windows.command_group import CommandGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.game import GameId
    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow


class GameCommands(CommandGroup):
    """The Game menu, and the list's clicks."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        space = self._space
        space.library.game_previewed.connect(bench.viewer.preview)
        space.library.game_opened.connect(self._on_game_opened)
        space.library.selection_changed.connect(self._on_selection_changed)
        space.batch.game_opened.connect(self._on_queue_game_opened)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Stepping, jumping, flipping, choosing."""
        cursor = self._bench.cursor
        jumps = {
            f"{'previous' if back else 'next'}_{kind}": self._jump(Judgement(kind), back=back)
            for kind in ("blunder", "mistake", "inaccuracy")
            for back in (False, True)
        }
        return jumps | {
            "next": lambda: cursor.step(1),
            "previous": lambda: cursor.step(-1),
            "flip": self._space.board.flip,
            "select_all": self._space.library.table.selectAll,
        }

    def move_for_key(self, key: int) -> Callable[[], object] | None:
        """What a key that nobody else wanted does in the game."""
        cursor, library = self._bench.cursor, self._space.library
        moves: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Home: lambda: cursor.go_to(0),
            Qt.Key.Key_Up: lambda: cursor.go_to(0),
            Qt.Key.Key_End: lambda: cursor.go_to(cursor.last_ply),
            Qt.Key.Key_Down: lambda: cursor.go_to(cursor.last_ply),
            Qt.Key.Key_PageDown: lambda: library.step_game(1),
            Qt.Key.Key_PageUp: lambda: library.step_game(-1),
        }
        return moves.get(key)

    def _jump(self, judgement: Judgement, *, back: bool) -> Callable[[], object]:
        return lambda: self._bench.cursor.go_to_judged(judgement, backwards=back)

    @Slot(object)
    def _on_game_opened(self, game: GameId) -> None:
        self._bench.viewer.open(game)
        self._space.board.setFocus()

    @Slot(object)
    def _on_queue_game_opened(self, game: GameId) -> None:
        self._space.library.select_game(game)
        self._on_game_opened(game)

    @Slot(int)
    def _on_selection_changed(self, count: int) -> None:
        text = f"{counted(count, 'game')} selected. Ctrl+R analyses them." if count > 1 else ""
        self._window.status_label.setText(text)
