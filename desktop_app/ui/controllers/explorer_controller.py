"""The explorer's questions and answers: what was played in the board's position, and in which games.

Main thread; every question runs in `runtime.operations`. The board may move faster than answers come: a question that
was overtaken is stopped, and its answer dropped. Used by `windows.explorer_panel`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_app.domain.position_hash import INDEXED_VARIANTS
from desktop_app.domain.positions import Coverage, GameSet
from desktop_app.services.explore_position import Place, explore, games_with
from desktop_app.ui.runtime.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.explore_position import Exploration
    from desktop_app.services.find_position import PositionGame
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.controllers.library_controller import LibraryController
    from desktop_app.ui.models.game_cursor import GameCursor
    from desktop_app.ui.models.library_model import LibraryModel
    from desktop_app.ui.runtime.operations import Operation

PAGE_GAMES = 100
_PAUSE_MS = 40
"""Less than a step by a held key takes: only where the reader stops is asked for."""
_REFRESH_MS = 3_000


class _Sets:
    """The set of the games shown, made once for a list of them. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: Sequence[int] | None = None
        self._set: GameSet | None = None

    def of(self, ids: Sequence[int] | None) -> GameSet | None:
        """The set of these ids; None for None. A list is known again by being the same object."""
        if ids is None:
            return None
        with self._lock:
            if self._set is None or self._ids is not ids:
                self._ids, self._set = ids, GameSet(ids)
            return self._set


class ExplorerController(QObject):
    """Asks while somebody looks (`set_active`).

    Signals: `asked(fen)` when another position is in question; `answered(Exploration)` with parts and, last, the whole;
    `games_found(games, first, more)`: the first or further games, and whether there are more; `failed(text)`.
    """

    asked = Signal(str)
    answered = Signal(object)
    games_found = Signal(object, bool, bool)
    failed = Signal(str)
    _part = Signal(int, object)

    def __init__(
        self,
        desk: Desk,
        library: LibraryController,
        cursor: GameCursor,
        *,
        games: LibraryModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk, self._library, self._games, self._cursor = desk, library, games, cursor
        self._sets = _Sets()
        self._active = False
        self._everything = False
        self._sequence = 0
        self._place: Place | None = None
        self._among: Sequence[int] | None = None
        self._last: int | None = None
        self._running: list[Operation] = []
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.setObjectName("explorer pause")
        self._pause.timeout.connect(self._ask)
        self._refresh = Throttle(_REFRESH_MS, self._ask_again, self)
        cursor.moved.connect(self._on_moved)
        cursor.view_changed.connect(self._on_moved)
        library.reloaded.connect(self._on_reloaded)
        self._part.connect(self._on_part)

    @property
    def filtered(self) -> bool:
        """Whether the list of games shows a part of the library."""
        return self._library.filtered

    @property
    def everything(self) -> bool:
        """Whether all games are asked, whatever the list shows."""
        return self._everything

    @property
    def fen(self) -> str:
        """The position in question."""
        return self._place.fen if self._place else ""

    def set_active(self, *, active: bool) -> None:
        """Somebody looks, or nobody does any more."""
        self._active = active
        if active:
            self._ask()
        else:
            self._pause.stop()
            self._refresh.cancel()
            self._stop()
            self._place = None

    def set_everything(self, *, everything: bool) -> None:
        """All games of the library, or those the list shows."""
        if everything != self._everything:
            self._everything = everything
            self._ask_again()

    @Slot()
    def refresh(self) -> None:
        """More may be known now: ask again, not too often."""
        if self._active:
            self._refresh.request()

    def more(self) -> None:
        """The next games of the list."""
        if self._place is not None and self._last is not None:
            self._ask_for_games(self._place, before=self._last)

    @Slot(object)
    def _on_moved(self, _news: object) -> None:
        if self._active:
            self._pause.start()

    @Slot()
    def _on_reloaded(self) -> None:
        """The list shows other games: what is played in those is another answer."""
        if self._active and self._wanted_ids() is not self._among:
            self.refresh()

    def _wanted_ids(self) -> Sequence[int] | None:
        return self._games.all_ids() if self.filtered and not self._everything else None

    def _ask_again(self) -> None:
        if self._active:
            self._place = None
            self._ask()

    @Slot()
    def _ask(self) -> None:
        view = self._cursor.view
        if view is not None and view.variant not in INDEXED_VARIANTS:
            self._stop()
            self._place = None
            self.failed.emit("Only positions of chess and Chess960 are indexed; this game follows other rules.")
            return
        place, among = self._current_place(), self._wanted_ids()
        if self._place is not None and place.fen == self._place.fen and among is self._among:
            return
        self._stop()
        self._place, self._among, self._last = place, among, None
        self._sequence += 1
        sequence, library, sets, told = self._sequence, self._desk.library, self._sets, self._part.emit
        self.asked.emit(place.fen)

        def call(cancel: CancelToken, _progress: ProgressSink) -> Exploration:
            return explore(library, place, among=sets.of(among), told=lambda part: told(sequence, part), cancel=cancel)

        self._run("Exploring", call, lambda answer: self._on_part(sequence, answer), behind=True)
        self._ask_for_games(place, before=None)

    def _ask_for_games(self, place: Place, *, before: int | None) -> None:
        sequence, library, among, sets = self._sequence, self._desk.library, self._among, self._sets

        def call(cancel: CancelToken, _progress: ProgressSink) -> tuple[PositionGame, ...]:
            return games_with(library, place, limit=PAGE_GAMES, before=before, among=sets.of(among), cancel=cancel)

        def done(found: tuple[PositionGame, ...]) -> None:
            if sequence == self._sequence:
                self._last = int(found[-1].row.id) if found else None
                self.games_found.emit(found, before is None, len(found) == PAGE_GAMES)

        self._run("Finding games", call, done, behind=False)

    def _run(
        self,
        title: str,
        call: Callable[[CancelToken, ProgressSink], object],
        done: Callable[..., None],
        *,
        behind: bool,
    ) -> None:
        sequence = self._sequence

        def failed(error: Exception) -> None:
            if sequence == self._sequence and not operation.cancel_token.cancelled():
                self.failed.emit(str(error))

        operation = self._desk.operations.run(title, call, done=done, failed=failed, behind=behind, reads=not behind)
        self._running.append(operation)
        operation.finished.connect(self._on_finished)

    def _current_place(self) -> Place:
        cursor, board = self._cursor, self._cursor.board()
        start = cursor.view.start_fen if cursor.view else ""
        return Place(board.fen(), start, cursor.path(), board.chess960)

    def _stop(self) -> None:
        self._sequence += 1
        for operation in self._running:
            operation.cancel()

    @Slot()
    def _on_finished(self) -> None:
        sender = self.sender()
        self._running = [operation for operation in self._running if operation is not sender]

    @Slot(int, object)
    def _on_part(self, sequence: int, part: Exploration) -> None:
        if sequence == self._sequence:
            self.answered.emit(part)


def coverage_words(coverage: Coverage) -> str:
    """How much is indexed, in words; "" where all is."""
    if coverage.complete:
        return ""
    return f"Positions indexed: {100 * coverage.indexed // max(1, coverage.games)} %"
