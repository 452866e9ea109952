"""How a collection or a tag is changed: on a pool thread, said to everybody, and offered to be taken back.

Main thread. The base of `set_games` and `sets_controller`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from desktop_app.services.changes import Changes
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.ports import ProgressSink
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.controllers.undo_stack import UndoStack, UndoStep
    from desktop_app.ui.runtime.cancel import Cancel

T = TypeVar("T")
_FEW_GAMES = 5_000
"""So many are put into a set in one transaction; more are an operation of its own with progress."""


class SetChanges(QObject):
    """Runs changes. Signals: `started(Operation)` for what takes long."""

    started = Signal(object)

    def __init__(self, desk: Desk, undo: UndoStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._undo = desk, undo

    def _offer_undo(self, words: str, step: str, undo: Callable[[], None]) -> None:
        """A notice with its button, and a step for Ctrl+Z: whichever comes first."""
        pushed = self._undo.push(step, undo)
        notices = self._desk.notices
        notice = notices.post(words, NoticeKind.DONE, action_text="Undo", action=lambda: self._take_back(pushed))
        self._undo.when_gone(pushed, lambda: notices.withdraw(notice))

    def _take_back(self, step: UndoStep) -> None:
        self._undo.take_back(step)

    def _change(self, title: str, call: Callable[[], T], done: Callable[[T], None] | None = None) -> None:
        """Change something small, say so, and let everybody read again, after an error too."""
        self._desk.operations.read(title, call, *self._answers(title, done))

    def _change_games(
        self,
        title: str,
        games: Sequence[GameId],
        call: Callable[[Cancel | None, ProgressSink | None], T],
        done: Callable[[T], None] | None = None,
    ) -> None:
        """The same for games; many are an operation with progress, which can be stopped."""
        changed, failed = self._answers(title, done)
        if len(games) > _FEW_GAMES:
            self.started.emit(self._desk.operations.run(title, call, done=changed, failed=failed))
        else:
            self._desk.operations.read(title, lambda: call(None, None), changed, failed)

    def _answers(
        self, title: str, done: Callable[[T], None] | None
    ) -> tuple[Callable[[T], None], Callable[[Exception], None]]:
        def changed(answer: T) -> None:
            if done is not None:
                done(answer)
            self._desk.events.broadcast(Changes(sets=True, initiator="sets"))

        def failed(error: Exception) -> None:
            self._desk.notices.post_error(title, error)
            self._desk.events.broadcast(Changes(sets=True, initiator="sets"))

        return changed, failed
