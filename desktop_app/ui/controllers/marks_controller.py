"""Looks for great, brilliant and only moves behind the window, with an engine of its own, when the user asks for it.

Main thread; the search runs in `runtime.operations`, set up as a batch's engines. For `windows.judging_commands`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.domain.counting import counted
from desktop_app.engine.session import EngineSession
from desktop_app.services.changes import Changes
from desktop_app.services.mark_moves import MARK_HASH_MB, Marked, mark_games
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.controllers.engine_controller import EngineController
    from desktop_app.ui.runtime.operations import Operation


class MarksController(QObject):
    """Marks of chosen games. Signals: `started(Operation)`."""

    started = Signal(object)

    def __init__(self, desk: Desk, engine: EngineController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._engine = desk, engine
        self._operation: Operation | None = None

    def start(self, ids: Sequence[GameId]) -> None:
        """Look through these games; those that are not analysed are passed over, and one search runs at a time."""
        notices, library, games = self._desk.notices, self._desk.library, tuple(ids)
        if library.read_only:
            notices.post("This library can only be read; no moves can be marked in it.", NoticeKind.WARNING)
            return
        if self._operation is not None:
            notices.post("Moves are being marked already. Wait for it, or cancel it first.")
            return
        path, setup = self._engine.path, self._engine.setup_of(self._engine.path)

        def call(cancel: CancelToken, progress: ProgressSink) -> Marked:
            session = EngineSession.open(path, hash_mb=MARK_HASH_MB, setup=setup)
            try:
                return mark_games(library, games, session, progress=progress, cancel=cancel)
            finally:
                session.close()

        def finished() -> None:
            self._operation = None
            self._desk.events.broadcast(Changes(games=frozenset(games), initiator="marks"))  # a stopped one stored some

        self._operation = self._desk.operations.run("Marking moves", call, done=self._on_done)
        self._operation.finished.connect(finished)
        self.started.emit(self._operation)

    def _on_done(self, done: Marked) -> None:
        if not done.games:
            self._desk.notices.post("None of these games is analysed. Analyse them first, then mark their moves.")
            return
        marks = ", ".join(f"{count:,} {name}" for name, count in done.marks.items())
        self._desk.notices.post(f"{counted(done.games, 'analysed game')}: {marks}", NoticeKind.DONE)
