"""Wheel turns into whole steps, small trackpad deltas added up. Main thread; used by board and graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

if TYPE_CHECKING:
    from PySide6.QtGui import QWheelEvent

_NOTCH = 120
"""Eighths of a degree in one notch of a wheel (QWheelEvent::angleDelta)."""
_SHIFTED = 10


class WheelSteps:
    """Adds up wheel events and gives out whole steps: down is positive (forward), with Shift ten at once."""

    def __init__(self) -> None:
        self._rest = 0

    def add(self, event: QWheelEvent) -> int:
        """Takes one event in; returns how many steps it completed, 0 for a part of one."""
        delta = event.angleDelta().y() or event.angleDelta().x()
        if self._rest * delta < 0:
            self._rest = 0  # a change of direction answers at once
        self._rest += delta
        notches = int(self._rest / _NOTCH)
        self._rest -= notches * _NOTCH
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        return -notches * (_SHIFTED if shifted else 1)
