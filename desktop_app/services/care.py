"""Looks after a library: compacts it, backs it up when that is due, puts a backup back.

Blocking; any thread but the GUI's. Called by the window and by `cli.care_commands`.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.errors import KibitzError, LibraryError
from desktop_app.library import backups
from desktop_app.library.backend import backend_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.library.backups import Backup
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken, ProgressSink

logger = logging.getLogger(__name__)

USUAL_BUDGET_MB = 20_000
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Compacted:
    """Bytes of the library before and after."""

    before: int
    after: int

    @property
    def won(self) -> int:
        """Bytes given back; never below zero."""
        return max(0, self.before - self.after)


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """Where backups go, and how much room they may take.

    Attributes:
        folder: None for the usual one, beside the library.
        budget_mb: older backups go when all together take more; the newest always stays.
    """

    folder: str | None = None
    budget_mb: int = USUAL_BUDGET_MB

    def folder_for(self, path: Path) -> Path:
        """The folder for the library at `path`."""
        return Path(self.folder).expanduser().absolute() if self.folder else backups.usual_folder(path)


USUAL_PLAN = BackupPlan()


def compact_library(
    library: Library, *, progress: ProgressSink | None = None, cancel: CancelToken | None = None
) -> Compacted:
    """Give back the room that removed games left. Writers wait meanwhile, readers do not.

    Raises KibitzError, in words, while games are imported, analysed or edited; DiskFullError, CancelledError.
    """
    if work := library.work_under_way():
        raise KibitzError(
            f"The library cannot be compacted while it is being worked on ({'; '.join(work)}).",
            action="Wait until that is done, or stop it, then try again.",
        )
    before, after = library.database.compact(_told(progress, cancel, "Compacting"))
    return Compacted(before, after)


def back_up(
    library: Library,
    plan: BackupPlan = USUAL_PLAN,
    *,
    gentle: bool = False,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
) -> Backup:
    """Make a backup now, then remove older ones that are not kept. Raises CancelledError, LibraryError kinds."""
    path = backups.library_file(library.database.backend)
    folder = plan.folder_for(path)
    made = backups.make(path, folder, told=_told(progress, cancel, "Backing up"), gentle=gentle)
    _, too_many = backups.kept(backups.listed(path, folder), now=time.time(), budget_bytes=plan.budget_mb * _MEGABYTE)
    for old in too_many:
        backups.remove(old)
    return made


def back_up_if_due(
    library: Library,
    plan: BackupPlan = USUAL_PLAN,
    *,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
) -> Backup | None:
    """Make a backup, gently, where the last is older than a day and something changed; None where there is no need.

    Why it cannot be done is raised once (LibraryError); the same trouble at a later start is only written to the log.
    """
    path = library.path
    if path is None or library.read_only or not backups.is_due(path, plan.folder_for(path)):
        return None
    try:
        made = back_up(library, plan, gentle=True, progress=progress, cancel=cancel)
    except LibraryError as error:
        if backups.remember_trouble(library.database, f"{type(error).__name__} {plan.folder_for(path)}"):
            raise
        logger.warning("no backup: %s", error)
        return None
    backups.remember_trouble(library.database, "")
    return made


def list_backups(location: str, plan: BackupPlan = USUAL_PLAN) -> list[Backup]:
    """The backups of a library, which need not be there any more, newest first. Raises KibitzError for a server's."""
    path = backups.library_file(backend_of(location))
    return backups.listed(path, plan.folder_for(path))


def restore_backup(
    location: str,
    backup: Path,
    plan: BackupPlan = USUAL_PLAN,
    *,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
) -> Path:
    """Put a backup in the place of a library that nobody has open; returns where what was there is kept now.

    Raises LibraryError kinds; the library is then as it was.
    """
    path = backups.library_file(backend_of(location))
    return backups.restore(path, backup, plan.folder_for(path), told=_told(progress, cancel, "Restoring"))


def _told(progress: ProgressSink | None, cancel: CancelToken | None, text: str) -> Callable[[int, int], bool]:
    """Progress and cancellation as the library asks for them. The first half of compacting cannot be measured."""

    def told(done: int, total: int) -> bool:
        if progress is not None:
            progress.progress(done, total if done else 0, text)
        return cancel is not None and cancel.cancelled()

    return told
