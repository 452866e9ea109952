"""How late the GUI thread answers: a 5 ms timer on the main thread, measured inside the real application.

Main thread. Started by `application` when `KIBITZ_LATENESS` names a file; `kibitz bench ui` sets it and reads the file.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

INTERVAL_MS = 5
"""Period of the probe; a perfect thread answers each tick after exactly this long (product.md section 6)."""

ENV_FILE = "KIBITZ_LATENESS"
ENV_SECONDS = "KIBITZ_LATENESS_SECONDS"
SETTLE_MS = 3000
"""Start-up is measured elsewhere; the probe waits until the first page stands."""


class LatenessProbe(QObject):
    """Counts for a while how many milliseconds late each tick comes, writes them as JSON, then says `finished`.

    The file holds `{"interval_ms", "seconds", "late_ms": [...]}`; lateness is time since the previous tick minus the
    interval, never below 0.
    """

    finished = Signal()

    def __init__(self, out: Path, seconds: float, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._out = out
        self._seconds = seconds
        self._late_ms: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._on_timeout)
        self._started = self._previous = 0.0

    @classmethod
    def from_environment(cls, parent: QObject | None = None) -> LatenessProbe | None:
        """The probe the environment asks for, or None in every ordinary run."""
        out = os.environ.get(ENV_FILE)
        if not out:
            return None
        return cls(Path(out), float(os.environ.get(ENV_SECONDS, "60")), parent)

    def start(self) -> None:
        """Begin after the settling time."""
        QTimer.singleShot(SETTLE_MS, self, self._begin)

    def _begin(self) -> None:
        self._started = self._previous = time.perf_counter()
        self._timer.start()

    def _on_timeout(self) -> None:
        now = time.perf_counter()
        self._late_ms.append(max(0.0, (now - self._previous) * 1000 - INTERVAL_MS))
        self._previous = now
        if now - self._started >= self._seconds:
            self._timer.stop()
            figures = {"interval_ms": INTERVAL_MS, "seconds": now - self._started, "late_ms": self._late_ms}
            self._out.write_text(json.dumps(figures), encoding="utf-8")
            self.finished.emit()
