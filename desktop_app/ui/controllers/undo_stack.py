"""What can be taken back, newest first: one stack for everything, behind Edit > Undo and the toasts' buttons.

Main thread. Whoever finished something that can be undone pushes a step (deleting, undoing an import, editing headers);
the step's callable starts the undoing and returns at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 100


@dataclass(frozen=True, slots=True, eq=False)
class UndoStep:
    """One thing that can be taken back. `text` says what it was ("delete 3 games"), as it follows the word Undo."""

    text: str
    undo: Callable[[], object]


class UndoStack(QObject):
    """The last hundred steps. Signals: `changed(str)`, the text of what Undo would take back, "" for nothing."""

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: deque[UndoStep] = deque()
        self._when_gone: dict[UndoStep, Callable[[], object]] = {}

    @property
    def text(self) -> str:
        """What Undo would take back, "" for nothing."""
        return self._steps[-1].text if self._steps else ""

    def push(self, text: str, undo: Callable[[], object]) -> UndoStep:
        """Something was done that `undo()` takes back. Returns the step, for a button that undoes just this one."""
        step = UndoStep(text, undo)
        self._steps.append(step)
        if len(self._steps) > _MOST:
            self._forget(self._steps[0])
        self.changed.emit(self.text)
        return step

    def when_gone(self, step: UndoStep, call: Callable[[], object]) -> None:
        """Call this once the step is taken back, by whatever means, or forgotten: its toast offers nothing any more."""
        self._when_gone[step] = call

    def undo(self) -> bool:
        """Take back the newest step. Returns False where there is none."""
        return bool(self._steps) and self.take_back(self._steps[-1])

    def take_back(self, step: UndoStep) -> bool:
        """Take back this step, wherever it stands. Returns False where that was done before."""
        if not self.drop(step):
            return False
        step.undo()
        return True

    def drop(self, step: UndoStep) -> bool:
        """Forget a step that cannot be undone any more. Returns False where it was forgotten before."""
        if step not in self._steps:
            return False
        self._forget(step)
        self.changed.emit(self.text)
        return True

    def _forget(self, step: UndoStep) -> None:
        self._steps.remove(step)
        gone = self._when_gone.pop(step, None)
        if gone is not None:
            gone()
