"""Builds the position index behind the user's back: at start, after every import, after games changed or went.

Main thread; the service runs in `runtime.operations`, hashing in processes of the lowest priority. An import comes
first: indexing is stopped while one runs and goes on afterwards, since both would write and both would parse. A batch
is not in its way: engines leave it a core, and it takes one process then. Used by `windows.explorer_commands`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_app.domain.positions import Coverage
from desktop_app.errors import CancelledError, KibitzError
from desktop_app.services.index_comments import index_comments
from desktop_app.services.index_positions import index_positions
from desktop_app.settings import cores
from desktop_app.ui.runtime.notices import NoticeKind
from desktop_app.ui.runtime.throttle import Throttle

if TYPE_CHECKING:
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.changes import Changes
    from desktop_app.ui.controllers.batch_controller import BatchController
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.controllers.import_controller import ImportController
    from desktop_app.ui.runtime.operations import Operation

_log = logging.getLogger(__name__)
_START_MS = 2_500
"""The window comes first: indexing begins when it stands."""
_INTERVAL_MS = 2_000


class IndexController(QObject):
    """Keeps the index complete. Signals: `coverage_changed(Coverage)`, also while it is being built."""

    coverage_changed = Signal(object)

    def __init__(
        self, desk: Desk, imports: ImportController, batch: BatchController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._imports, self._batch = desk, imports, batch
        self._operation: Operation | None = None
        self._again = False
        self._paused = False
        self.coverage = Coverage(0, 0)
        self._throttle = Throttle(_INTERVAL_MS, self._begin, self)
        self._delay = QTimer(self, singleShot=True, interval=_START_MS)
        self._delay.setObjectName("index start")
        self._delay.timeout.connect(self.request)
        imports.started.connect(self._on_import_started)
        desk.events.changed.connect(self._on_changed)

    @property
    def running(self) -> bool:
        """Whether games are being indexed now."""
        return self._operation is not None

    @property
    def paused(self) -> bool:
        """Whether the user stopped it."""
        return self._paused

    def start(self) -> None:
        """Look for what an earlier run left, soon."""
        self._delay.start()

    def set_paused(self, *, paused: bool) -> None:
        """Stop until told otherwise, or go on."""
        self._paused = paused
        if paused:
            self._stop()
        else:
            self.request()
        self.coverage_changed.emit(self.coverage)

    @Slot()
    def request(self) -> None:
        """Index what is missing, now or when what runs is done."""
        if self._operation is not None:
            self._again = True
        elif not self._paused and self._imports.operation is None and not self._desk.library.read_only:
            self._throttle.request()

    def _begin(self) -> None:
        if self._operation is not None or self._imports.operation is not None or self._paused:
            return
        self._delay.stop()
        self._again = False
        library = self._desk.library
        workers = 1 if self._batch.alive else max(1, cores() - 1)

        def call(cancel: CancelToken, progress: ProgressSink) -> Coverage:
            coverage = index_positions(library, progress=progress, cancel=cancel, workers=workers)
            index_comments(library, cancel=cancel)
            return coverage

        self._operation = self._desk.operations.run(
            "Indexing positions", call, done=self._on_indexed, failed=self._on_failed, behind=True
        )
        self._operation.progressed.connect(self._on_progressed)
        self._operation.finished.connect(self._on_finished)

    def _stop(self) -> None:
        self._throttle.cancel()
        if self._operation is not None:
            self._operation.cancel()

    @Slot(int, int, str)
    def _on_progressed(self, done: int, total: int, _text: str) -> None:
        self._tell(Coverage(total, done))

    def _on_indexed(self, coverage: Coverage) -> None:
        self._tell(coverage)

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, CancelledError):
            return
        self._again = False
        if isinstance(error, KibitzError):
            text = f"Positions could not be indexed: {error.text} {error.action}".strip()
        else:
            _log.error("indexing positions failed", exc_info=error)
            text = "Positions could not be indexed; Kibitz tries again after the next import."
        self._desk.notices.post(text, NoticeKind.WARNING)

    @Slot()
    def _on_finished(self) -> None:
        self._operation = None
        if self._again:
            self.request()

    def _tell(self, coverage: Coverage) -> None:
        self.coverage = coverage
        self.coverage_changed.emit(coverage)

    @Slot(object)
    def _on_import_started(self, operation: Operation) -> None:
        operation.finished.connect(self._on_import_over)
        self._stop()

    @Slot()
    def _on_import_over(self) -> None:
        self._again = self._operation is not None
        self.request()

    @Slot(object)
    def _on_changed(self, changes: Changes) -> None:
        if changes.added or changes.removed:
            self.request()
