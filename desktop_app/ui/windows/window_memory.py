"""What the window remembers from one start to the next: its place, its panels, the sheet's choices, the game shown.

Main thread; made by `main_window`. Everything is written a moment after it changed, so that even a killed process
finds it again, and once more when the window closes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject, QTimer, Slot
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.game import GameId
from desktop_app.domain.profile import PROFILE_NODES, Profile

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings

    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.main_window import MainWindow

_PAUSE_MS = 500
_FRAME_PX = (8, 44)


class WindowMemory(QObject):
    """Reads and writes the window's state."""

    def __init__(self, window: MainWindow, bench: Workbench, state: QSettings) -> None:
        super().__init__(window)
        self._window, self._bench, self._state = window, bench, state
        self._offered_workers = window.review_sheet.workers.value()
        self._wanted: tuple[GameId, int] | None = None
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.save)

    def restore(self) -> None:
        """Sizes, places and choices as they were; from now on changes are kept."""
        state, window = self._state, self._window
        geometry = state.value("window/geometry")
        if not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            room = QGuiApplication.primaryScreen().availableGeometry()
            window.resize(min(1500, room.width() - _FRAME_PX[0]), min(940, room.height() - _FRAME_PX[1]))
        window.workspace.restore(state)
        self._restore_choices()
        window.installEventFilter(self)
        window.workspace.layout_changed.connect(self._on_changed)
        window.review_sheet.confirmed.connect(self._on_changed)
        self._bench.cursor.moved.connect(self._on_changed)

    def reopen_game(self) -> None:
        """Show the game that was open last, at its move, as soon as the list holds it."""
        state = self._state
        if state.value("game/library", "") != str(self._bench.desk.library.location):
            return
        game, ply = _number(state.value("game/id")), _number(state.value("game/ply"))
        if game is not None:
            self._wanted = GameId(game), ply or 0
            self._bench.library.reloaded.connect(self._on_reloaded)

    @Slot()
    def save(self) -> None:
        """Write everything; cheap, and done by Qt when the event loop is idle."""
        state, window, viewer = self._state, self._window, self._bench.viewer
        self._pause.stop()
        state.setValue("window/geometry", window.saveGeometry())
        window.workspace.save(state)
        sheet = window.review_sheet
        state.setValue("sheet/profile", str(sheet.profile.currentData()))
        if sheet.workers.value() != self._offered_workers:
            state.setValue("sheet/workers", sheet.workers.value())
        else:
            state.remove("sheet/workers")
        if viewer.game_id is not None and self._wanted is None:
            state.setValue("game/library", str(self._bench.desk.library.location))
            state.setValue("game/id", int(viewer.game_id))
            state.setValue("game/ply", int(self._bench.cursor.ply))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window was moved or resized."""
        if watched is self._window and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._on_changed()
        return False

    def _restore_choices(self) -> None:
        sheet = self._window.review_sheet
        profile = str(self._state.value("sheet/profile", ""))
        if profile in set(PROFILE_NODES):
            sheet.profile.setCurrentIndex(max(0, sheet.profile.findData(Profile(profile))))
        workers = _number(self._state.value("sheet/workers"))
        if workers:
            sheet.workers.setValue(workers)

    @Slot()
    def _on_changed(self) -> None:
        if self._window.isVisible():
            self._pause.start()

    @Slot()
    def _on_reloaded(self) -> None:
        wanted, library = self._wanted, self._window.workspace.library
        self._wanted = None
        self._bench.library.reloaded.disconnect(self._on_reloaded)
        if wanted is not None and self._bench.games.row_of(wanted[0]) is not None:
            library.select_game(wanted[0])
            self._bench.viewer.preview(wanted[0], ply=wanted[1])


def _number(value: object) -> int | None:
    """A whole number as QSettings gives it back; None for anything else."""
    text = str(value)
    return int(text) if text.isdigit() else None
