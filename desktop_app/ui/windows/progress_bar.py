"""The status area's progress: what long operation runs, how far it is, and a button that cancels it.

Main thread. Shows one operation at a time, the oldest; others follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QWidget

from desktop_app.ui.windows.parts import refresh_tools, tool

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent

    from desktop_app.ui.runtime.operations import Operation

_SHOW_AFTER_MS = 300
_UNITS = 1000


class OperationProgress(QWidget):
    """Title, bar, cancel. Hidden while nothing long runs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue: list[Operation] = []
        self._text = QLabel()
        self.bar = QProgressBar(maximum=_UNITS, textVisible=False)
        self.bar.setFixedWidth(160)
        self.cancel = tool("cancel", "Cancel the operation")
        box = QHBoxLayout(self)
        box.setContentsMargins(8, 0, 8, 0)
        box.addWidget(self._text)
        box.addWidget(self.bar)
        box.addWidget(self.cancel)
        self._delay = QTimer(self, singleShot=True, interval=_SHOW_AFTER_MS)
        self._delay.timeout.connect(self.show)
        self.cancel.clicked.connect(self._on_cancel)
        self.hide()

    def watch(self, operation: Operation) -> None:
        """Show this operation, when it takes long enough to be noticed."""
        self._queue.append(operation)
        operation.progressed.connect(self._on_progressed)
        operation.finished.connect(self._on_finished)
        if len(self._queue) == 1:
            self._begin()

    def _begin(self) -> None:
        self._text.setText(self._queue[0].title)
        self.bar.setMaximum(0)
        self.cancel.setEnabled(True)
        self._delay.start()

    @Slot(int, int, str)
    def _on_progressed(self, done: int, total: int, text: str) -> None:
        if not self._queue or self.sender() is not self._queue[0]:
            return
        if total > 0:
            self.bar.setMaximum(_UNITS)
            self.bar.setValue(round(_UNITS * min(1.0, done / total)))
        if text:
            self._text.setText(_sentence(self._queue[0].title, text))

    @Slot()
    def _on_finished(self) -> None:
        sender = self.sender()
        self._queue = [operation for operation in self._queue if operation is not sender]
        if self._queue:
            self._begin()
        else:
            self._delay.stop()
            self.hide()

    @Slot()
    def _on_cancel(self) -> None:
        if self._queue:
            self.cancel.setEnabled(False)
            self._text.setText(f"{self._queue[0].title}: stopping …")
            self._queue[0].cancel()

    def changeEvent(self, event: QEvent) -> None:
        """A new palette needs an icon of its own colour."""
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange and hasattr(self, "cancel"):
            refresh_tools(self)


def _sentence(title: str, text: str) -> str:
    """Title and detail without saying a file's name twice, nor its folders at all."""
    name, _, detail = text.replace("\\", "/").rpartition("/")[2].rpartition(": ")
    return f"{title}: {detail}" if not name or title.endswith(name) else f"{title}: {name}: {detail}"
