"""Events that QTest does not make: wheels, and drags with steps in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def wheel(widget: QWidget, delta: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Turns the wheel by that many eighths of a degree; negative is towards the user (down)."""
    centre = QPointF(widget.rect().center())
    event = QWheelEvent(
        centre,
        QPointF(widget.mapToGlobal(centre.toPoint())),
        QPoint(0, 0),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def drag(
    widget: QWidget,
    start: QPoint,
    end: QPoint,
    *,
    button: Qt.MouseButton = Qt.MouseButton.LeftButton,
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Presses, moves in steps, releases."""
    QTest.mousePress(widget, button, modifiers, start)
    for step in (0.3, 0.7, 1.0):
        point = QPoint(round(start.x() + (end.x() - start.x()) * step), round(start.y() + (end.y() - start.y()) * step))
        QTest.mouseMove(widget, point)
    QTest.mouseRelease(widget, button, modifiers, end)
