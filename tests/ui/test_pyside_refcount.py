"""PySide6 6.12.0 drops references to None on Python 3.11 and kills the process after minutes; keep it out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QLabel, QPushButton

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

CALLS = 200
MOST_DRIFT = 100
SPARE_REFERENCES = 1_000_000


def _calls(label: QLabel, button: QPushButton, timer: QTimer, painter: QPainter) -> list[Callable[[], object]]:
    """Return twenty common calls that return None."""
    rect = QRect(0, 0, 8, 8)
    pen = QPen(QColor("black"))
    return [
        lambda: label.setText("e4"),
        lambda: label.setToolTip("e4"),
        lambda: label.setEnabled(True),
        lambda: label.setVisible(False),
        lambda: label.setMinimumWidth(10),
        lambda: label.resize(20, 20),
        lambda: label.move(1, 1),
        label.update,
        label.adjustSize,
        lambda: label.setObjectName("label"),
        lambda: button.setText("ok"),
        lambda: button.setCheckable(True),
        lambda: button.setChecked(True),
        lambda: timer.setInterval(50),
        lambda: timer.setSingleShot(True),
        timer.stop,
        lambda: painter.setPen(pen),
        lambda: painter.fillRect(rect, QColor("white")),
        lambda: painter.drawLine(0, 0, 5, 5),
        painter.save,
        painter.restore,
    ]


def test_common_calls_keep_their_references_to_none(qtbot: QtBot) -> None:
    """Thousands of calls that return None leave None's reference count where it was."""
    label, button, timer = QLabel(), QPushButton(), QTimer()
    qtbot.addWidget(label)
    qtbot.addWidget(button)
    image = QImage(16, 16, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    calls = _calls(label, button, timer, painter)
    # Should the bug be there, this keeps the process alive long enough to report it.
    spare = [None] * SPARE_REFERENCES
    try:
        for call in calls:
            call()
        before = sys.getrefcount(None)
        for call in calls:
            for _ in range(CALLS):
                call()
        drift = sys.getrefcount(None) - before
    finally:
        painter.end()
    assert len(spare) == SPARE_REFERENCES
    assert abs(drift) < MOST_DRIFT
