"""How long the table of games takes to draw itself while it is scrolled, measured inside the real application.

Main thread. Started by `application` when `KIBITZ_SCROLL` names a file; `kibitz bench ui` sets it and reads the file.
Pages down by key, turns the wheel, drags the scroll bar from end to end: each step is drawn at once (events, model,
painting, hand-over to the display), then the event loop runs for a frame, as it would for a hand. `KIBITZ_SCROLL_STEPS`
0 measures the start alone.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from desktop_app.ui.runtime.lateness import INTERVAL_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QTableView

ENV_FILE = "KIBITZ_SCROLL"
ENV_STEPS = "KIBITZ_SCROLL_STEPS"
_FRAME_MS = 16
_LOOK_MS = 5
_SETTLE_MS = 3_000
_MOST_WAIT_S = 20.0


class ScrollProbe(QObject):
    """Waits for the first rows, scrolls, writes what it saw as JSON, then says `finished`.

    The file holds `started_at` (seconds since 1970, when the first rows were drawn), `start_cpu_s` (what it
    had computed until then), `rows`, and by way of scrolling `frame_ms` and `frame_cpu_ms` (this thread's part of it),
    `late_ms` (as `lateness`) and `filled_ms`, the time from the last step until every row seen was there.
    """

    finished = Signal()

    def __init__(self, out: Path, steps: int, table: QTableView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._out, self._steps, self._table = out, steps, table
        self._figures: dict[str, object] = {}
        self._ways = [("page down", self._page_down), ("wheel", self._wheel), ("drag", self._drag)]
        self._frame_ms: list[float] = []
        self._frame_cpu_ms: list[float] = []
        self._late_ms: list[float] = []
        self._since = self._previous = 0.0
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look_for_start)
        self._ticks = QTimer(self, timerType=Qt.TimerType.PreciseTimer, interval=INTERVAL_MS)
        self._ticks.timeout.connect(self._on_tick)

    @classmethod
    def from_environment(cls, table: QTableView, parent: QObject | None = None) -> ScrollProbe | None:
        """The probe the environment asks for, or None in every ordinary run."""
        out = os.environ.get(ENV_FILE)
        if not out:
            return None
        return cls(Path(out), int(os.environ.get(ENV_STEPS, "200")), table, parent)

    def start(self) -> None:
        """Begin to look for the first rows."""
        self._timer.start()

    # -- start -------------------------------------------------------------------------------------------------------

    def _look_for_start(self) -> None:
        if not self._filled():
            return
        self._table.viewport().repaint()
        self._figures |= {"started_at": time.time(), "start_cpu_s": time.process_time()}
        self._timer.stop()
        if self._steps:
            QTimer.singleShot(_SETTLE_MS, self, self._next_way)
        else:
            self._finish()

    def _filled(self) -> bool:
        """Whether every row that is seen has its content."""
        model, table = self._table.model(), self._table
        if not model.rowCount():
            return False
        first, last = table.rowAt(0), table.rowAt(table.viewport().height() - 1)
        last = last if last >= 0 else model.rowCount() - 1
        return all(model.index(row, 0).data() != "…" for row in range(max(0, first), last + 1))

    # -- scrolling ---------------------------------------------------------------------------------------------------

    def _next_way(self) -> None:
        if not self._ways:
            self._finish()
            return
        self._table.scrollToTop()
        self._frame_ms, self._frame_cpu_ms, self._late_ms = [], [], []
        self._previous = time.perf_counter()
        self._ticks.start()
        QTimer.singleShot(_FRAME_MS, self, self._step)

    def _step(self) -> None:
        number = len(self._frame_ms)
        if number >= self._steps:
            self._since = time.perf_counter()
            self._wait()
            return
        act: Callable[[int], None] = self._ways[0][1]
        before, computed = time.perf_counter(), time.thread_time()
        act(number)
        self._table.viewport().repaint()
        self._frame_ms.append((time.perf_counter() - before) * 1000)
        self._frame_cpu_ms.append((time.thread_time() - computed) * 1000)
        QTimer.singleShot(_FRAME_MS, self, self._step)

    def _wait(self) -> None:
        """The hand rests: how long until all that is seen has content?"""
        waited = time.perf_counter() - self._since
        if not self._filled() and waited < _MOST_WAIT_S:
            QTimer.singleShot(_LOOK_MS, self, self._wait)
            return
        self._ticks.stop()
        name, _ = self._ways.pop(0)
        self._figures[name] = {
            "frame_ms": self._frame_ms,
            "frame_cpu_ms": self._frame_cpu_ms,
            "late_ms": self._late_ms,
            "filled_ms": waited * 1000,
        }
        self._next_way()

    def _on_tick(self) -> None:
        now = time.perf_counter()
        self._late_ms.append(max(0.0, (now - self._previous) * 1000 - INTERVAL_MS))
        self._previous = now

    def _page_down(self, _number: int) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(self._table, event)

    def _wheel(self, _number: int) -> None:
        viewport = self._table.viewport()
        place = QPointF(viewport.rect().center())
        event = QWheelEvent(
            place, QPointF(viewport.mapToGlobal(place.toPoint())), QPoint(), QPoint(0, -120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(viewport, event)

    def _drag(self, number: int) -> None:
        """From the first row to the last and back, as fast as a hand moves it."""
        bar = self._table.verticalScrollBar()
        half = max(1, self._steps // 2)
        share = number / half if number <= half else 2 - number / half
        bar.setValue(round(share * bar.maximum()))

    def _finish(self) -> None:
        self._figures["rows"] = self._table.model().rowCount()
        self._out.write_text(json.dumps(self._figures), encoding="utf-8")
        self.finished.emit()
