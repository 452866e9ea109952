"""The window's process: what is started in which order, and stopped in which order.

Main thread (Qt and qasync share its loop). Called by `bootstrap`; tests use `Application` on a QApplication of theirs.

Start, each step needing the one before:
    1. QApplication, theme: nothing can be said to the user before.
    2. The first instance's socket: a second start hands its files over and leaves, before it touches the library.
    3. Crash hooks and signal handlers: from here on nothing gets lost silently.
    4. The library, opened off the main thread (an upgrade may take long).
    5. Controllers (`Workbench`), window, files named on the command line; the engine is looked for, and an unfinished
       job goes on by itself.

Stop, at the close button, Ctrl+Q, SIGTERM or SIGINT, without a question:
    1. The window disappears; its state is saved.
    2. Nothing new starts: the socket closes, the batch hands out nothing more, tokens are cancelled, searches stopped.
    3. On a thread of its own: engine workers are joined within a budget, engines killed at its end; operations joined;
       the job given up so that the next start resumes it; the writer drained and the library closed.
    4. Hooks come off, the loop ends. A second request skips the waiting.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import qasync
from PySide6.QtCore import QEvent, QObject, QSettings, QTimer, Signal, Slot
from PySide6.QtGui import QFileOpenEvent, QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop_app import __version__, log, paths
from desktop_app.errors import KibitzError
from desktop_app.library.library import Library
from desktop_app.services.care import BackupPlan, restore_backup
from desktop_app.settings import MOST_RECENT, SettingsStore, Theme
from desktop_app.ui.controllers.workbench import Workbench
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.crash import CrashHooks
from desktop_app.ui.runtime.lateness import LatenessProbe
from desktop_app.ui.runtime.notices import NoticeKind
from desktop_app.ui.runtime.scroll_probe import ScrollProbe
from desktop_app.ui.runtime.signals import QuitSignals
from desktop_app.ui.runtime.single_instance import FirstInstance, hand_over
from desktop_app.ui.windows.main_window import MainWindow
from desktop_app.ui.windows.options import WindowOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logging.getLogger(__name__)
STOP_BUDGET_MS = 3000
_SWITCH_S = 0.0005
"""How long another thread may keep the interpreter from the window: Python's own 5 ms add up within one repaint."""
_SLOW_OPEN_MS = 500
_TIDY_MS = 1_500
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
        places = places or Places.usual()
        current = settings.current
        self.bench = Workbench.build(
            library, engine=engine or current.engine_path, remember_engine=self._remember_engine, parent=self
        )
        self.bench.care.set_preferences(
            BackupPlan(current.backup_folder, current.backup_budget_mb),
            daily=current.backup,
            recent=[location for location in current.recent_libraries if location != library.location],
        )
        self.bench.care.preferences_changed.connect(self._on_preferences_changed)
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
        self._stopping = True
        self.window.hide()
        self.bench.begin_stop()
        for timer in (*self.findChildren(QTimer), *self.window.findChildren(QTimer)):
            timer.stop()
        threading.Thread(target=self._stop, name="kibitz-stop").start()

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

    def _remember_engine(self, path: str) -> None:
        self._change_setting(engine_path=path)

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


class _Desktop(QObject):
    """The process around `Application`: signals, crashes, later starts, files opened by the desktop."""

    def __init__(self, app: QApplication, library: str, files: Sequence[str], engine: str | None) -> None:
        super().__init__(app)
        self._app, self._location, self._engine = app, library, engine
        self._files: list[str] = list(files)
        self._settings = SettingsStore(paths.settings_file())
        self._application: Application | None = None
        self._first = self._listen(library)
        self._switching: asyncio.Future[None] | None = None
        self._hooks = CrashHooks(self)
        self._signals = QuitSignals(self._on_quit_asked, self)
        self._ended: asyncio.Future[int] | None = None
        self._hooks.crashed.connect(self._on_crashed)
        app.styleHints().colorSchemeChanged.connect(self._on_system_theme)
        app.installEventFilter(self)

    async def run(self) -> int:
        """Open, work, stop; the exit code."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._hooks.install(loop)
        try:
            library = await self._open_library(self._location)
            if library is None:
                return 3
            self._begin(library, self._location, self._files)
            self._tell_of_the_last_run()
            return await self._ended
        finally:
            self._first.close()
            self._signals.uninstall()
            self._hooks.uninstall()

    def _begin(self, library: Library, location: str, files: Sequence[str] = ()) -> None:
        """Open the window on an open library."""
        self._location = location
        self._remember_library(library.location)
        self._application = Application(library, self._settings, engine=self._engine)
        self._application.stopped.connect(self._on_stopped)
        self._application.window.library_wanted.connect(self._on_library_wanted)
        self._application.window.restore_wanted.connect(self._on_restore_wanted)
        self._application.start(files)
        QTimer.singleShot(_TIDY_MS, self, self._tidy)

    @Slot()
    def _tidy(self) -> None:
        """What stands now stays: a full collection that walks it all would hold the window for 70 ms, now and then.

        Not before the first rows are there: they would wait for it.
        """
        gc.collect()
        gc.freeze()

    def _remember_library(self, location: str) -> None:
        """The next start opens it again, unless another is named. An address with a password is not written down."""
        if "***" in location:
            return
        known = [one for one in self._settings.current.recent_libraries if one != location]
        try:
            self._settings.update(last_library=location, recent_libraries=(location, *known)[:MOST_RECENT])
        except OSError as error:
            _log.warning("the library is not remembered: %s", error)

    @Slot(str)
    def _on_library_wanted(self, location: str) -> None:
        if self._switching is None and location != self._location:
            self._switching = asyncio.ensure_future(self._switch(location))

    @Slot(str)
    def _on_restore_wanted(self, backup: str) -> None:
        if self._switching is None:
            self._switching = asyncio.ensure_future(self._restore(backup))

    async def _switch(self, location: str) -> None:
        """Open another library, then leave this one in order: what it was doing is kept and goes on next time."""
        try:
            if hand_over(location, []):
                return  # another window has it, and came forward
            library = await self._open_library(location)
            if library is not None:
                await self._leave()
                self._first.close()
                self._first = self._listen(location)
                self._begin(library, location)
        finally:
            self._switching = None

    async def _restore(self, backup: str) -> None:
        """Close the library, put the backup in its place, and open what is there then in any case."""
        current = self._settings.current
        plan = BackupPlan(current.backup_folder, current.backup_budget_mb)
        said: KibitzError | None = None
        try:
            await self._leave()
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(None, lambda: restore_backup(self._location, Path(backup), plan))
            except KibitzError as error:
                _log.error("the backup was not restored: %s", error)
                said = error
            library = await self._open_library(self._location)
            if library is None:
                self._end(3)
                return
            self._begin(library, self._location)
            if self._application is not None:
                notices = self._application.bench.desk.notices
                if said is None:
                    notices.post(
                        f"Restored {Path(backup).name}. What was there before is a backup now.", NoticeKind.DONE
                    )
                else:
                    notices.post_error("Restoring", said)
        finally:
            self._switching = None

    async def _leave(self) -> None:
        """Stop the window and close its library, as at the end of the program."""
        application, self._application = self._application, None
        if application is None:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        application.stopped.disconnect(self._on_stopped)
        application.stopped.connect(lambda: done.set_result(None))
        application.window.close()
        await done
        application.deleteLater()

    def _listen(self, location: str) -> FirstInstance:
        first = FirstInstance(location, self)
        first.paths_received.connect(self._on_paths)
        return first

    async def _open_library(self, location: str) -> Library | None:
        """Open it off the main thread; a slow opening shows a note, a failing one a sentence and what to do."""
        note = QMessageBox(QMessageBox.Icon.NoIcon, "Kibitz", "Opening the library …")
        note.setStandardButtons(QMessageBox.StandardButton.NoButton)
        timer = QTimer(self, singleShot=True, interval=_SLOW_OPEN_MS)
        timer.timeout.connect(note.show)
        timer.start()
        try:
            opening = partial(Library.open, location, allow_read_only=True)
            return await asyncio.get_running_loop().run_in_executor(None, opening)
        except KibitzError as error:
            _log.error("the library cannot be opened: %s", error)
            await self._say("Kibitz cannot open its library", error.text, error.action)
            return None
        finally:
            timer.stop()
            note.hide()
            note.deleteLater()

    async def _say(self, title: str, text: str, more: str) -> None:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        box = QMessageBox(QMessageBox.Icon.Warning, title, text)
        box.setInformativeText(more)
        box.finished.connect(done.set_result)
        box.show()
        await done
        box.deleteLater()

    def _tell_of_the_last_run(self) -> None:
        if self._application is None:
            return
        notices = self._application.bench.desk.notices
        for problem in self._settings.problems:
            notices.post(problem, NoticeKind.WARNING)
        crashes = log.left_behind(paths.log_dir())
        if crashes:
            notices.post(
                "Kibitz ended unexpectedly last time. Your games and their analysis are safe.",
                NoticeKind.WARNING,
                action_text="Report",
                action=lambda: self._show_report("What the last run left behind", crashes[-1]),
            )

    def _show_report(self, title: str, text: str) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, "Kibitz", title)
        box.setInformativeText(f"Kibitz {__version__}. The log is in {paths.log_dir()}.")
        box.setDetailedText(text)
        box.finished.connect(box.deleteLater)
        box.show()

    @Slot(str)
    def _on_crashed(self, text: str) -> None:
        self._show_report("Something went wrong that should not. You can go on; what is stored is safe.", text)

    @Slot(object)
    def _on_paths(self, files: Sequence[str]) -> None:
        if self._application is None:
            self._files.extend(files)
        else:
            self._application.receive(files)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The desktop opens a file with us (macOS double click)."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self._on_paths([event.file()])
            return True
        return super().eventFilter(watched, event)

    @Slot()
    def _on_system_theme(self) -> None:
        if self._settings.current.theme is Theme.SYSTEM:
            apply_theme(Theme.SYSTEM)

    def _on_quit_asked(self) -> None:
        if self._application is not None:
            self._application.window.close()
        else:
            self._on_stopped()

    @Slot()
    def _on_stopped(self) -> None:
        self._end(0)

    def _end(self, code: int) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(code)


def make_qt(arguments: Sequence[str] = ()) -> QApplication:
    """The QApplication with our names and icon; the one that exists, in tests."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication([sys.argv[0], *arguments])
    app.setApplicationName("kibitz")
    app.setApplicationDisplayName("Kibitz")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("io.github.kibitz.Kibitz")
    app.setQuitOnLastWindowClosed(False)
    app.setWindowIcon(QIcon(str(paths.resource("icons", "knight.svg"))))
    return app


def run_gui(files: list[str], library: str, engine: str | None = None) -> int:
    """Open the window on a library, import `files`, and return the exit code when the user leaves.

    Where another instance has this library open, the files are handed to it and the code is 0.
    """
    sys.setswitchinterval(_SWITCH_S)
    app = make_qt()
    named = [file if file == "-" else str(Path(file).absolute()) for file in files]
    if hand_over(library, named):
        return 0
    apply_theme(SettingsStore(paths.settings_file()).current.theme)
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        return runner.run(_Desktop(app, library, named, engine).run())
