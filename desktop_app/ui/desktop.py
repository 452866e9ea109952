"""The window's process: opens libraries, one at a time, each in an `Application`, and runs the loop around them.

Main thread (Qt and qasync share its loop). Called by `bootstrap`; tests make a `Desktop` on a QApplication of theirs.

Start, each step needing the one before:
    1. QApplication, theme: nothing can be said to the user before.
    2. The first instance's socket: a second start hands its files over and leaves, before it touches the library.
    3. Crash hooks and signal handlers: from here on nothing gets lost silently.
    4. The library, opened off the main thread (an upgrade may take long).
    5. `Application`.

Stop: `Application` stops first; then the socket closes, hooks come off, the loop ends. Another library, or a backup put
in the place of this one, is a stop and a start within the same loop.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import qasync
from PySide6.QtCore import QEvent, QObject, QTimer, Slot
from PySide6.QtGui import QFileOpenEvent, QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop_app import __version__, log, paths
from desktop_app.errors import EnvironmentLackingError, KibitzError
from desktop_app.services.care import BackupPlan, restore_backup
from desktop_app.settings import MOST_RECENT, SettingsStore, Theme
from desktop_app.ui.application import Application, apply_theme
from desktop_app.ui.opening import LibraryOpening
from desktop_app.ui.runtime.crash import CrashHooks
from desktop_app.ui.runtime.notices import NoticeKind
from desktop_app.ui.runtime.signals import QuitSignals
from desktop_app.ui.runtime.single_instance import FirstInstance, hand_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.ui.opening import Opened

_log = logging.getLogger(__name__)
_SWITCH_S = 0.0005
"""How long another thread may keep the interpreter from the window: Python's own 5 ms add up within one repaint."""
_TIDY_MS = 1_500


class Desktop(QObject):
    """The process around `Application`: signals, crashes, later starts, files opened by the desktop.

    Attributes:
        over: whether `run` has come to its end.
    """

    def __init__(self, app: QApplication, library: str, files: Sequence[str], engine: str | None) -> None:
        super().__init__(app)
        self._app, self._location, self._engine = app, library, engine
        self._files: list[str] = list(files)
        self._settings = SettingsStore(paths.settings_file())
        self._opening = LibraryOpening(self._settings, self)
        self._application: Application | None = None
        self._first = self._listen(library)
        self._switching: asyncio.Future[None] | None = None
        self._hooks = CrashHooks(self)
        self._signals = QuitSignals(self._on_quit_asked, self)
        self._ended: asyncio.Future[int] | None = None
        self.over = False
        self._tidying = QTimer(self, singleShot=True, interval=_TIDY_MS)
        self._tidying.timeout.connect(self._tidy)
        self._hooks.crashed.connect(self._on_crashed)
        app.styleHints().colorSchemeChanged.connect(self._on_system_theme)
        if sys.platform == "darwin":
            app.installEventFilter(self)  # elsewhere no such event comes, and every event would pass through Python

    async def run(self) -> int:
        """Open, work, stop; the exit code."""
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._hooks.install(loop)
        try:
            # One that was open before must be there: an empty one in its place would look as if the games were lost.
            first_time = not self._opening.is_known(self._location)
            opened = await self._opening.open(self._location, create=first_time, ours=self._location, files=self._files)
            if opened is None:
                return 0 if self._opening.handed_over or self._ended.done() else 3
            if self._ended.done():  # asked to quit while it was being opened
                opened.library.close()
                return self._ended.result()
            self._begin(opened, self._files)
            self._tell_of_the_last_run()
            return await self._ended
        finally:
            self.over = True
            self._let_go()

    def stop_without_loop(self) -> bool:
        """Qt ended the loop under us, as it does where the display goes away: close the library in order all the same.

        Returns whether Kibitz was being left anyway.
        """
        left = self._signals.asked
        if self._application is not None:
            left = left or self._application.stopping
            self._application.stop_without_loop()
        self._let_go()
        return left

    def _let_go(self) -> None:
        self._first.close()
        self._signals.uninstall()
        self._hooks.uninstall()

    def _begin(self, opened: Opened, files: Sequence[str] = ()) -> None:
        """Open the window on an open library, and answer for it."""
        library = opened.library
        if opened.location != self._location:
            self._first.close()
            self._first = self._listen(opened.location)
        self._location = opened.location
        self._remember_library(library.location)
        self._application = Application(library, self._settings, engine=self._engine)
        self._application.stopped.connect(self._on_stopped)
        self._application.window.library_wanted.connect(self._on_library_wanted)
        self._application.window.new_library_wanted.connect(self._on_new_library_wanted)
        self._application.window.restore_wanted.connect(self._on_restore_wanted)
        self._application.window.closed.connect(self._opening.leave)
        self._application.start(files)
        self._tidying.start()

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
        """One that was open here before must be there; another may be made (the usual one, a database on a server)."""
        self._want(location, create=not self._opening.is_known(location))

    @Slot(str)
    def _on_new_library_wanted(self, location: str) -> None:
        self._want(location, create=True)

    def _want(self, location: str, *, create: bool) -> None:
        if self._switching is not None:
            self._opening.bring_forward()
        elif location != self._location:
            self._switching = asyncio.ensure_future(self._switch(location, create=create))

    @Slot(str)
    def _on_restore_wanted(self, backup: str) -> None:
        if self._switching is None:
            self._switching = asyncio.ensure_future(self._restore(backup))

    async def _switch(self, location: str, *, create: bool) -> None:
        """Open another library, then leave this one in order: what it was doing is kept and goes on next time."""
        try:
            if hand_over(location, []):
                return  # another window has it, and came forward
            window = self._application.window if self._application is not None else None
            opened = await self._opening.open(location, create=create, ours=self._location, over=window)
            if opened is None:
                return
            if self._application is None or not self._application.running or self._application.stopping:
                opened.library.close()  # asked to quit meanwhile
                return
            await self._leave()
            self._begin(opened)
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
            opened = await self._opening.open(self._location, create=False, ours=self._location)
            if opened is None:
                self._end(0 if self._opening.handed_over else 3)
                return
            self._begin(opened)
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
        self._tidying.stop()
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
            self._opening.bring_forward()
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
        self._opening.leave()

    @Slot()
    def _on_stopped(self) -> None:
        self._end(0)

    def _end(self, code: int) -> None:
        self._tidying.stop()
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

    Where another instance has this library open, the files are handed to it and the code is 0. Raises
    EnvironmentLackingError where the display goes away meanwhile.
    """
    sys.setswitchinterval(_SWITCH_S)
    app = make_qt()
    named = [file if file == "-" else str(Path(file).absolute()) for file in files]
    if hand_over(library, named):
        return 0
    apply_theme(SettingsStore(paths.settings_file()).current.theme)
    return _run(Desktop(app, library, named, engine), asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)))


def _run(desktop: Desktop, runner: asyncio.Runner) -> int:
    """Run to the end; an X server or a session that ends before us is no fault of ours, and is told as what it is."""
    left = None
    try:
        with runner:
            try:
                return runner.run(desktop.run())
            except RuntimeError:  # the loop ended before its task did
                if desktop.over:
                    raise
                left = desktop.stop_without_loop()
    except RuntimeError:  # the runner's own end asks for the loop once more
        if left is None:
            raise
    if left:
        return 0
    raise EnvironmentLackingError(
        "The display that Kibitz was on went away.",
        action="Nothing is lost: start Kibitz again, and what was under way goes on.",
    )
