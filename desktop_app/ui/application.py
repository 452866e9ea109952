"""One open library with its window: what is started in which order, and stopped in which order.

Main thread. Made by `desktop`, which opens the library and runs the loop; tests make it on a QApplication of theirs.

Start, each step needing the one before:
    1. Controllers (`Workbench`), then the window over them.
    2. The window is shown; files named on the command line are imported.
    3. The engine is looked for, and an unfinished job goes on by itself.

Stop, at the close button, Ctrl+Q, SIGTERM or SIGINT, without a question:
    1. The window disappears; its state is saved.
    2. Nothing new starts: the batch hands out nothing more, tokens are cancelled, searches stopped.
    3. On a thread of its own: engine workers are joined within a budget, engines killed at its end; operations joined;
       the job given up so that the next start resumes it; the writer drained and the library closed.
    4. `stopped` is said. A second request skips the waiting.
"""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from desktop_app import paths
from desktop_app.services.care import BackupPlan
from desktop_app.settings import Theme
from desktop_app.ui.controllers.engine_controller import EnginePreferences
from desktop_app.ui.controllers.place_controller import PlaceChoice
from desktop_app.ui.controllers.workbench import Workbench
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.lateness import LatenessProbe
from desktop_app.ui.runtime.scroll_probe import ScrollProbe
from desktop_app.ui.windows.main_window import MainWindow
from desktop_app.ui.windows.options import WindowOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from desktop_app.library.library import Library
    from desktop_app.settings import SettingsStore

_log = logging.getLogger(__name__)
STOP_BUDGET_MS = 3000
_NODES_VARIABLE = "KIBITZ_NODES"
"""Nodes a position instead of a profile's: the reproducible mode, for tests of the window."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the window keeps its own things."""

    state_file: Path
    samples: Path

    @classmethod
    def usual(cls) -> Places:
        """The user's configuration folder, and our resources."""
        return cls(paths.config_dir() / "window.ini", paths.resource("samples.pgn"))


class Application(QObject):
    """An open library with its window. Signals: `stopped()` when nothing of it is left running."""

    stopped = Signal()
    _joined = Signal(bool)

    def __init__(
        self,
        library: Library,
        settings: SettingsStore,
        *,
        engine: str | None = None,
        places: Places | None = None,
        passive: bool = False,
    ) -> None:
        """`engine` overrides the setting; `passive` only reads: no engine, no job. `quit` closes the library."""
        super().__init__()
        self._passive = passive or library.read_only
        self._settings, self._stopping, self._stopped = settings, False, False
        self._stopper: threading.Thread | None = None
        places = places or Places.usual()
        current = settings.current
        self.bench = Workbench.build(
            library,
            engines=EnginePreferences(engine or current.engine_path, current.engines, current.syzygy or ""),
            remember=self._on_preferences_changed,
            parent=self,
        )
        self.bench.care.set_preferences(
            BackupPlan(current.backup_folder, current.backup_budget_mb),
            daily=current.backup,
            recent=[location for location in current.recent_libraries if location != library.location],
        )
        self.bench.care.preferences_changed.connect(self._on_preferences_changed)
        self.bench.place.set_preferences(
            PlaceChoice(current.place.value, current.server or ""),
            file=paths.config_dir() / "tokens.json",
            most_chunks=current.server_chunks,
            share=1 / current.spot_checks if current.spot_checks else 0.0,
        )
        self.bench.place.preferences_changed.connect(self._on_preferences_changed)
        self.bench.gradings.set_preferences(current.grading_in_force, current.own_gradings)
        self.bench.gradings.preferences_changed.connect(self._on_preferences_changed)
        self._state = QSettings(str(places.state_file), QSettings.Format.IniFormat)
        options = WindowOptions(
            profile=current.profile,
            workers=current.effective_workers,
            theme=current.theme.value,
            samples=str(places.samples),
            nodes=_nodes_from_environment(),
        )
        self.window = MainWindow(self.bench, self._state, options)
        self.window.closed.connect(self.quit)
        self.window.theme_chosen.connect(self._on_theme_chosen)
        self._joined.connect(self._on_joined)

    @property
    def running(self) -> bool:
        """Whether `stopped` is still to come."""
        return not self._stopped

    @property
    def stopping(self) -> bool:
        """Whether it is being left, or was."""
        return self._stopping

    def start(self, files: Sequence[str] = ()) -> None:
        """Show the window and begin."""
        self.window.show()
        self.window.workspace.library.table.setFocus()
        if not files:
            self.window.memory.reopen_game()
        self.bench.start(passive=self._passive)
        self.bench.imports.import_paths(files)
        self._start_probes()

    def _start_probes(self) -> None:
        """What `kibitz bench ui` measures from inside; nothing in an ordinary run."""
        lateness = LatenessProbe.from_environment(self)
        scrolling = ScrollProbe.from_environment(self.window.workspace.library.table, self)
        for probe in (lateness, scrolling):
            if probe is not None:
                probe.finished.connect(self.quit)
                probe.start()

    @Slot(object)
    def receive(self, files: Sequence[str]) -> None:
        """Another start, or the desktop, hands us files."""
        self.window.bring_forward()
        self.bench.imports.import_paths(files)

    @Slot()
    def quit(self) -> None:
        """Stop everything in order; `stopped` follows. Asked a second time, the process ends at once."""
        if self._stopping:
            if not self.window.isVisible():
                return
            os._exit(1)
        self.window.hide()
        self._begin_stop()
        self._stopper = threading.Thread(target=self._stop, name="kibitz-stop")
        self._stopper.start()

    def stop_without_loop(self) -> None:
        """Qt's loop has ended by itself (the display went away): stop in the same order, and wait for it here."""
        if self._stopper is not None:
            self._stopper.join(2 * STOP_BUDGET_MS / 1000)
        elif not self._stopping:
            self._begin_stop()
            self._stop()
        self._state.sync()

    def _begin_stop(self) -> None:
        self._stopping = True
        self.bench.begin_stop()
        for timer in (*self.findChildren(QTimer), *self.window.findChildren(QTimer)):
            timer.stop()

    def _stop(self) -> None:
        """The stopping thread: everything that may take its time."""
        joined = False
        try:
            joined = self.bench.finish_stop(STOP_BUDGET_MS)
        except Exception:  # noqa: BLE001 - whatever failed, the process must still end
            _log.exception("stopping failed")
        finally:
            self._joined.emit(joined)

    @Slot(bool)
    def _on_joined(self, joined: bool) -> None:
        if not joined:
            _log.error("something did not stop within its budget")
        self._state.sync()
        self._stopped = True
        self.window.deleteLater()
        self.stopped.emit()

    @Slot(str)
    def _on_theme_chosen(self, name: str) -> None:
        apply_theme(Theme(name))
        self._change_setting(theme=Theme(name))

    @Slot(object)
    def _on_preferences_changed(self, changes: dict[str, object]) -> None:
        self._change_setting(**changes)

    def _change_setting(self, **values: object) -> None:
        settings = self._settings
        self.bench.desk.operations.read("Saving the settings", lambda: settings.update(**values), lambda _: None)


def apply_theme(choice: Theme) -> None:
    """Put a theme in force."""
    app = QApplication.instance()
    if isinstance(app, QApplication):
        theme.apply(app, theme.ThemeChoice(choice.value))


def _nodes_from_environment() -> int | None:
    text = os.environ.get(_NODES_VARIABLE, "")
    return int(text) if text.isdigit() and int(text) > 0 else None
