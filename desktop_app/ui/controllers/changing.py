"""What controllers that change games have in common: run, tell what changed, offer Undo. Main thread.

The services run in `runtime.operations`; what they changed comes back as `Changes`, by a signal, on the main thread.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.services.watch import Watch
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.changes import Changes
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.controllers.undo_stack import UndoStack

T = TypeVar("T")


class ChangingController(QObject):
    """Base of controllers that change games.

    Signals: `started(Operation)`; `changed()` after each operation, when what the controller looks after may differ.
    """

    started = Signal(object)
    changed = Signal()
    _facts_changed = Signal(object)

    def __init__(self, desk: Desk, undo: UndoStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._undo = desk, undo
        self._facts_changed.connect(self._on_facts_changed)

    def _run(self, title: str, call: Callable[[CancelToken, ProgressSink], T], done: Callable[[T], None]) -> None:
        """Run a service behind a progress line; `done` gets its answer on the main thread."""
        operation = self._desk.operations.run(title, call, done=done)
        operation.finished.connect(self.changed)
        self.started.emit(operation)

    def _watch(self, cancel: CancelToken, progress: ProgressSink) -> Watch:
        """What a service reports to; may be made and used on an operation's thread."""
        return Watch(progress, cancel, self._facts_changed.emit)

    def _offer(self, undo: Callable[[], None], name: str, text: str, kind: NoticeKind = NoticeKind.DONE) -> None:
        """Say what was done, with Undo in the notice and in the Edit menu; the notice goes when the step does."""
        step = self._undo.push(name, undo)

        def take_back() -> None:
            self._undo.take_back(step)

        notices = self._desk.notices
        notice = notices.post(text, kind, action_text="Undo", action=take_back)
        self._undo.when_gone(step, partial(notices.withdraw, notice))

    @Slot(object)
    def _on_facts_changed(self, changes: Changes) -> None:
        self._desk.events.broadcast(changes)
