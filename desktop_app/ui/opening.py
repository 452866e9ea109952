"""Opens a library for the window, off the main thread; where it cannot be opened, a dialog asks until one can.

Main thread. Used by `desktop` at the start, when another library is wanted, and after a backup was put back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from desktop_app import paths
from desktop_app.errors import KibitzError
from desktop_app.library.backend import backend_of
from desktop_app.library.library import Library
from desktop_app.services.care import BackupPlan, list_backups, restore_backup
from desktop_app.ui.runtime.single_instance import hand_over
from desktop_app.ui.windows.library_trouble import Answer, Choice, LibraryTroubleDialog, Trouble, backups_help

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.library.backups import Backup
    from desktop_app.settings import SettingsStore

_log = logging.getLogger(__name__)
_SLOW_OPEN_MS = 500
_T = TypeVar("_T")


class Opened(NamedTuple):
    """A library, and where it is: another place than asked for where people chose so."""

    library: Library
    location: str


class LibraryOpening(QObject):
    """Opens libraries one after another; only one at a time.

    Attributes:
        handed_over: whether the last one was not opened because another window has it, which came forward.
    """

    def __init__(self, settings: SettingsStore, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self._dialog: LibraryTroubleDialog | None = None
        self.handed_over = False

    def is_known(self, location: str) -> bool:
        """Whether the window had this library open before: then it must be there, and none is made in its place."""
        current = self._settings.current
        with contextlib.suppress(KibitzError):
            location = backend_of(location).location
        return location in (current.last_library, *current.recent_libraries)

    async def open(
        self,
        location: str,
        *,
        create: bool,
        ours: str,
        files: Sequence[str] = (),
        over: QWidget | None = None,
    ) -> Opened | None:
        """Open it, or what people choose instead; None where they leave it.

        Args:
            location: path or URL.
            create: make a new one where there is none.
            ours: the library this process answers for: another window cannot have it.
            files: handed over with a library that another window has.
            over: the window that stays open where this is left; None where there is none.
        """
        self.handed_over = False
        backup = ""
        while True:
            try:
                return Opened(await self._open(location, create=create, backup=backup), location)
            except KibitzError as error:
                _log.error("the library cannot be opened: %s", error)
                choice = await self._ask(location, error, over)
            backup = choice.place if choice.answer is Answer.RESTORE else ""
            if choice.answer in {Answer.OPEN, Answer.MAKE}:
                location = choice.place
                create = choice.answer is Answer.MAKE or ("://" in location and not self.is_known(location))
                self.handed_over = location != ours and hand_over(location, list(files))
            if choice.answer is Answer.LEAVE or self.handed_over or (over is not None and location == ours):
                return None

    async def _open(self, location: str, *, create: bool, backup: str) -> Library:
        """Open it off the main thread, after putting a backup in its place; a slow opening shows a note."""
        note = QMessageBox(QMessageBox.Icon.NoIcon, "Kibitz", "Opening the library …")
        note.setStandardButtons(QMessageBox.StandardButton.NoButton)
        timer = QTimer(self, singleShot=True, interval=_SLOW_OPEN_MS)
        timer.timeout.connect(note.show)
        timer.start()
        try:
            if backup:
                await _away(partial(restore_backup, location, Path(backup), self._plan))
            return await _away(partial(Library.open, location, create=create, allow_read_only=True))
        finally:
            timer.stop()
            note.hide()  # or it would lie over what is said then
            note.deleteLater()
            timer.deleteLater()

    @property
    def _plan(self) -> BackupPlan:
        current = self._settings.current
        return BackupPlan(current.backup_folder, current.backup_budget_mb)

    async def _ask(self, location: str, error: KibitzError, over: QWidget | None) -> Choice:
        backups = await _away(partial(_backups_of, location, self._plan)) if backups_help(error) else []
        usual = str(paths.default_library())
        places = dict.fromkeys((*self._settings.current.recent_libraries, usual))
        others = await _away(lambda: tuple(one for one in places if one != location and _may_be_there(one)))
        dialog = LibraryTroubleDialog(Trouble(location, error, tuple(backups), others, staying=over is not None), over)
        answered: asyncio.Future[Choice] = asyncio.get_running_loop().create_future()
        dialog.chosen.connect(answered.set_result)
        self._dialog = dialog
        try:
            dialog.show()
            dialog.activateWindow()
            return await answered
        finally:
            self._dialog = None
            dialog.deleteLater()

    @Slot()
    def leave(self) -> None:
        """The program is to end: whatever is asked is answered with leaving."""
        if self._dialog is not None:
            self._dialog.reject()

    def bring_forward(self) -> None:
        """Another start wants this library: show what is asked."""
        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()


async def _away(call: Callable[[], _T]) -> _T:
    """Run something that waits for the disk off the main thread."""
    return await asyncio.get_running_loop().run_in_executor(None, call)


def _backups_of(location: str, plan: BackupPlan) -> list[Backup]:
    """The library's backups; none for a server's, or where nothing can be read."""
    with contextlib.suppress(KibitzError, OSError):
        return list_backups(location, plan)
    return []


def _may_be_there(location: str) -> bool:
    """Whether it makes sense to offer a library: a file that is there, or a server."""
    return "://" in location or Path(location).is_file()
