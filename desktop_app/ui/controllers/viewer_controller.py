"""Opens games and keeps the one shown true while its analysis goes on.

Main thread; reading and judging runs in `runtime.operations`. Answers that were overtaken are dropped by sequence.
Used by `windows.game_panel`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.services.show_game import show_game
from desktop_app.ui.runtime.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.batch import PositionNews
    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import GameId, Ply
    from desktop_app.domain.game_view import GameView
    from desktop_app.domain.judgement import Grading
    from desktop_app.services.changes import Changes
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.models.game_cursor import GameCursor

_REFRESH_INTERVAL_MS = 300
_Answer: TypeAlias = "tuple[GameView, GameView, frozenset[Ply]]"


class ViewerController(QObject):
    """The game on the board.

    Signals: `opened(GameId)` when the user asks for a game by name (not a mere preview); `failed(text)`.
    """

    opened = Signal(object)
    failed = Signal(str)

    def __init__(self, desk: Desk, cursor: GameCursor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._cursor = desk, cursor
        self.game_id: GameId | None = None
        self._sequence = 0
        self._stored: GameView | None = None
        self._news: dict[Ply, Evaluation] = {}
        self._last_news = -1
        self._target_ply: int | None = None
        self._throttle = Throttle(_REFRESH_INTERVAL_MS, self._refresh, self)
        self._news_only = True
        self._preview: Grading | None = None
        self._analysis_id: int | None = None
        desk.events.changed.connect(self._on_changed)

    def preview(self, game_id: GameId, *, ply: int | None = None) -> None:
        """Show a game; `ply` is where to go once it is there."""
        self._target_ply = ply
        if game_id == self.game_id and self._stored is not None:
            if ply is not None:
                self._cursor.go_to(ply)
            return
        self.game_id, self._analysis_id = game_id, None
        self._news.clear()
        self._stored = None
        self._throttle.cancel()
        self._read()

    def open(self, game_id: GameId, *, ply: int | None = None) -> None:
        """Show a game (at a ply) and tell that the user means it: a queued one is analysed next."""
        self.preview(game_id, ply=ply)
        self.opened.emit(game_id)

    def clear(self) -> None:
        """Show nothing."""
        self._sequence += 1
        self.game_id, self._stored = None, None
        self._cursor.show(None)

    @Slot(object)
    def set_preview(self, grading: Grading | None) -> None:
        """Show the game by another grading for now; None shows it by the one in force."""
        if grading != self._preview:
            self._preview = grading
            self.judge_again()

    def choose_analysis(self, analysis_id: int | None) -> None:
        """Show this analysis of the game, by whatever engine; None for the game's own. Until another game is shown."""
        if analysis_id != self._analysis_id:
            self._analysis_id = analysis_id
            self.judge_again()

    @Slot()
    def judge_again(self) -> None:
        """Another grading is in force, or shown for now."""
        self._news_only = False
        self._refresh()

    @Slot(object)
    def on_positions(self, news: tuple[PositionNews, ...]) -> None:
        """Search results of the batch, stored or not: those of the game shown fill its holes at once."""
        mine = [item for item in news if item.game_id == self.game_id and item.sequence > self._last_news]
        if mine:
            self._last_news = max(item.sequence for item in mine)
            self._news.update({item.ply: item.evaluation for item in mine})
            self._throttle.request()

    @Slot(object)
    def _on_changed(self, changes: Changes) -> None:
        if self.game_id is not None and self.game_id in changes.games:
            self._news_only = False
            self._throttle.request()

    def _refresh(self) -> None:
        """Read again after a commit; news alone is laid over what was read last."""
        self._read(self._stored if self._news_only else None)

    def _read(self, stored: GameView | None = None) -> None:
        game_id, library, news, grading = self.game_id, self._desk.library, dict(self._news), self._preview
        if game_id is None:
            return
        self._news_only, chosen = True, self._analysis_id
        if chosen is not None:
            news = {}  # what is being searched now belongs to another analysis

        def read() -> _Answer:
            known = stored or show_game(library, game_id, grading=grading, analysis_id=chosen)
            fresh = {ply: evaluation for ply, evaluation in news.items() if _is_hole(known, ply)}
            shown = show_game(library, game_id, news=fresh, grading=grading) if fresh else known
            return known, shown, frozenset(fresh)

        self._ask(read)

    def _ask(self, call: Callable[[], _Answer]) -> None:
        self._sequence += 1
        sequence = self._sequence

        def done(answer: _Answer) -> None:
            if sequence == self._sequence:
                self._on_view(*answer)

        def failed(error: Exception) -> None:
            if sequence == self._sequence:
                self.failed.emit(str(error))

        self._desk.operations.read("Opening a game", call, done, failed)

    def _on_view(self, stored: GameView, shown: GameView, provisional: frozenset[Ply]) -> None:
        self._stored = stored
        self._cursor.show(shown, provisional)
        if self._target_ply is not None:
            ply, self._target_ply = self._target_ply, None
            self._cursor.go_to(ply)


def _is_hole(view: GameView, ply: Ply) -> bool:
    """Whether nothing is stored for this position yet."""
    if ply == 0:
        return view.analysis is None or view.analysis.root is None
    return ply <= len(view.plies) and view.plies[ply - 1].score is None
