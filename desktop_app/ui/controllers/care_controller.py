"""Looks after the open library: backs it up once a day, compacts, checks and mends it.

Main thread; the services run in `runtime.operations`. Used by `windows.care_commands` and its dialogs; `application`
says how often and where backups are made, and remembers what people choose.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_app.services.care import BackupPlan, back_up, back_up_if_due, compact_library, list_backups
from desktop_app.services.check_library import check_library, repair_library
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.care import Finding, Soundness
    from desktop_app.library.backups import Backup
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.care import Compacted
    from desktop_app.ui.controllers.desk import Desk

T = TypeVar("T")
_START_PAUSE_MS = 20_000
"""The first list, the first game and the engine come first; nobody waits for a backup."""

_MEGABYTE = 1 << 20


class CareController(QObject):
    """What the library needs now and then.

    Signals: `started(Operation)`; `backups_changed()`; `preferences_changed(dict)` with settings to remember.
    """

    started = Signal(object)
    backups_changed = Signal()
    preferences_changed = Signal(object)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.plan = BackupPlan()
        self.daily = True
        self.recent: tuple[str, ...] = ()
        self._pause = QTimer(self, singleShot=True, interval=_START_PAUSE_MS)
        self._pause.timeout.connect(self.back_up_if_due)

    @property
    def location(self) -> str:
        """The library's path or URL, without passwords."""
        return self._desk.library.location

    @property
    def has_file(self) -> bool:
        """Whether the library is a file, which can be backed up here."""
        return self._desk.library.path is not None

    @property
    def read_only(self) -> bool:
        """Whether the library can only be read."""
        return self._desk.library.read_only

    @property
    def remarks(self) -> list[str]:
        """What people should know about where the library is."""
        return self._desk.library.remarks

    def start(self) -> None:
        """The window stands: after a while, a backup is made if one is due."""
        if self.daily and self.has_file and not self.read_only:
            self._pause.start()

    def set_preferences(self, plan: BackupPlan, *, daily: bool, recent: Sequence[str] = ()) -> None:
        """What the settings say; `recent` are other libraries that were opened lately."""
        self.plan, self.daily, self.recent = plan, daily, tuple(recent)

    def choose(self, *, daily: bool | None = None, folder: str | None = None) -> None:
        """People chose otherwise; `folder` "" means the usual one."""
        changes: dict[str, object] = {}
        if daily is not None:
            self.daily = changes["backup"] = daily
        if folder is not None:
            self.plan = BackupPlan(folder or None, self.plan.budget_mb)
            changes["backup_folder"] = folder or None
        self.preferences_changed.emit(changes)
        self.backups_changed.emit()

    # -- backups ---------------------------------------------------------------------------------------------------

    @property
    def backup_folder(self) -> str:
        """Where backups go."""
        path = self._desk.library.path
        return "" if path is None else str(self.plan.folder_for(path))

    @Slot()
    def back_up_if_due(self) -> None:
        """Make today's backup, quietly."""
        library, plan = self._desk.library, self.plan

        def call(cancel: CancelToken, _progress: ProgressSink) -> Backup | None:
            return back_up_if_due(library, plan, cancel=cancel)

        def done(made: Backup | None) -> None:
            if made is not None:
                self.backups_changed.emit()

        self._desk.operations.run("Backing up the library", call, done=done)

    def back_up(self) -> None:
        """Make a backup now."""
        library, plan = self._desk.library, self.plan

        def call(cancel: CancelToken, progress: ProgressSink) -> Backup:
            return back_up(library, plan, gentle=True, progress=progress, cancel=cancel)

        def done(made: Backup) -> None:
            self._desk.notices.post(f"Backed up: {made.path.name} ({size_text(made.size)})", NoticeKind.DONE)
            self.backups_changed.emit()

        self._run("Backing up the library", call, done)

    def load_backups(self, done: Callable[[list[Backup]], None]) -> None:
        """The backups of this library, newest first."""
        location, plan = self._desk.library.location, self.plan
        self._desk.operations.read("Reading the backups", lambda: list_backups(location, plan), done)

    # -- compacting and checking -----------------------------------------------------------------------------------

    def compact(self) -> None:
        """Give back the room that removed games left."""
        library = self._desk.library

        def call(cancel: CancelToken, progress: ProgressSink) -> Compacted:
            return compact_library(library, progress=progress, cancel=cancel)

        def done(result: Compacted) -> None:
            text = f"The library takes {size_text(result.after)} now, {size_text(result.won)} less than before"
            self._desk.notices.post(text, NoticeKind.DONE)

        self._run("Compacting the library", call, done)

    def check(self, done: Callable[[Soundness], None], failed: Callable[[Exception], None], *, full: bool) -> None:
        """Look whether everything is as it should be."""
        library = self._desk.library

        def call(cancel: CancelToken, progress: ProgressSink) -> Soundness:
            return check_library(library, full=full, progress=progress, cancel=cancel)

        operation = self._desk.operations.run("Checking the library", call, done=done, failed=failed)
        self.started.emit(operation)

    def repair(self, findings: Sequence[Finding], done: Callable[[list[Finding]], None]) -> None:
        """Mend what can be mended; `done` gets what is left."""
        library, wanted = self._desk.library, tuple(findings)

        def call(_cancel: CancelToken, _progress: ProgressSink) -> list[Finding]:
            return repair_library(library, wanted)

        self._run("Mending the library", call, done)

    def _run(self, title: str, call: Callable[[CancelToken, ProgressSink], T], done: Callable[[T], None]) -> None:
        self.started.emit(self._desk.operations.run(title, call, done=done))


def size_text(size: int) -> str:
    """Bytes for people: "12.3 MB"."""
    return f"{size / _MEGABYTE:,.1f} MB"


def shown_name(location: str, usual: str) -> str:
    """What a library is called in titles and menus: "" for the usual one."""
    if location == usual:
        return ""
    if "://" in location:
        host, _, database = location.partition("://")[2].rpartition("@")[2].partition("/")
        return f"{database.partition('?')[0]} on {host}"
    return Path(location).stem
