"""Broadcast of durable news: after a commit every view hears once what changed, and reads again what it shows.

Main thread only. Fed by controllers and by `bridge`; heard by controllers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from desktop_app.services.changes import Changes


class Events(QObject):
    """The one place where `Changes` are announced."""

    changed = Signal(object)  # Changes
    _open = True

    def broadcast(self, changes: Changes) -> None:
        """Tell every listener; nobody after `stop`."""
        if self._open:
            self.changed.emit(changes)

    def stop(self) -> None:
        """The window is about to go: what is committed from now on is read by the next one."""
        self._open = False
