"""Backups of a library file: whole files of their own that can be opened, made while it is in use, and put back.

Any thread but the GUI's. A backup is written under a name that says it is unfinished, checked, and only then given its
own; a killed process leaves nothing that looks like a backup. Which are kept is `kept`'s business. PostgreSQL's
libraries are backed up by their server's own tools.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
from sqlalchemy import delete, insert, select

from desktop_app.errors import CancelledError, KibitzError, LibraryCorruptError, LibraryLockedError, NotFoundError
from desktop_app.library.faults import explain, holders, is_busy, no_room, not_a_library
from desktop_app.library.file_systems import free_bytes
from desktop_app.library.leases import LEASE_S
from desktop_app.library.owners import this_owner
from desktop_app.library.sqlite_backend import APPLICATION_ID, SqliteBackend
from desktop_app.library.tables import setting
from desktop_app.library.upgrade import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from desktop_app.library.backend import Backend
    from desktop_app.library.database import Database

    Told = Callable[[int, int], bool]

DAILY = 7
WEEKLY = 4
DAY_S = 24 * 3600.0
_STAMP = "%Y%m%dT%H%M%SZ"
_STEP_PAGES = 512
"""2 MB: a pause between steps comes soon, and steps are few."""

_GENTLE_PAUSE_S = 0.02
_PART = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.part")
_SPARE_BYTES = 16 << 20
_WAL_HEADER_BYTES = 32
_TROUBLE = "backup_trouble"


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup. `made_at` in UTC seconds since 1970; `before_upgrade` for those that an upgrade left."""

    path: Path
    made_at: float
    size: int
    before_upgrade: bool = False


def library_file(backend: Backend) -> Path:
    """The file to back up. Raises KibitzError for a library that a server keeps."""
    if backend.path is None:
        raise KibitzError(
            "Libraries on a server are backed up there.", action="Ask whoever runs it, or use its own tool: pg_dump."
        )
    return backend.path


def usual_folder(path: Path) -> Path:
    """Where backups go unless another folder was chosen: beside the library."""
    return path.with_name(f"{path.stem} backups")


def listed(path: Path, folder: Path) -> list[Backup]:
    """The backups of the library at `path`, newest first, those that upgrades left beside it included."""
    name = re.compile(rf"{re.escape(path.stem)}-(\d{{8}}T\d{{6}}Z)\.kibitz")
    upgrade = re.compile(rf"{re.escape(path.name)}\.schema-\d+-(\d{{8}}T\d{{6}})\d*\.backup")
    found = []
    for place, pattern in ((folder, name), (path.parent, upgrade)):
        with contextlib.suppress(OSError):
            for file in place.iterdir():
                if match := pattern.fullmatch(file.name):
                    stamp = match.group(1).rstrip("Z") + "Z"
                    made = dt.datetime.strptime(stamp, _STAMP).replace(tzinfo=dt.UTC).timestamp()
                    found.append(Backup(file, made, file.stat().st_size, pattern is upgrade))
    return sorted(found, key=lambda backup: (-backup.made_at, backup.path.name))


def is_due(path: Path, folder: Path, *, now: float | None = None) -> bool:
    """Whether the newest backup is older than a day and the library was written since."""
    made = [backup.made_at for backup in listed(path, folder) if not backup.before_upgrade]
    newest = max(made, default=0.0)
    return (time.time() if now is None else now) - newest >= DAY_S and _written_at(path) > newest


def make(path: Path, folder: Path, *, told: Told | None = None, gentle: bool = False) -> Backup:
    """Copy the library at `path` into `folder` while others may read and write it, and check the copy.

    `told(done, total)` is asked after every step, in pages; True stops it. `gentle` leaves the disk to others between
    steps. Raises CancelledError, DiskFullError, LibraryError kinds; no unfinished file is left.
    """
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _remove_parts(folder)
        if free_bytes(folder) < path.stat().st_size + _SPARE_BYTES:
            raise no_room(folder / path.name)
        made_at = time.time()
        stamp = dt.datetime.fromtimestamp(made_at, dt.UTC).strftime(_STAMP)
        target = folder / f"{path.stem}-{stamp}.kibitz"
        part = folder / f".{target.name}.{os.getpid()}.part"
        try:
            with contextlib.closing(SqliteBackend(path).connect_raw()) as source:
                _copy(source, part, _Steps(told, gentle=gentle))
            _check(part)
            part.replace(target)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
                part.with_name(f"{part.name}-journal").unlink(missing_ok=True)
    return Backup(target, made_at, target.stat().st_size)


def kept(backups: Sequence[Backup], *, now: float, budget_bytes: int) -> tuple[list[Backup], list[Backup]]:
    """Which backups stay and which go: the newest of each of seven days and four weeks that have one, within a budget.

    The newest always stays, whatever its size, and so does what upgrades left.
    """
    ours = sorted((one for one in backups if not one.before_upgrade), key=lambda one: -one.made_at)
    days: dict[object, Backup] = {}
    weeks: dict[object, Backup] = {}
    for one in ours:
        when = dt.datetime.fromtimestamp(min(one.made_at, now), dt.UTC)
        days.setdefault(when.date(), one)
        weeks.setdefault(when.isocalendar()[:2], one)
    wanted = {one.path for one in [*list(days.values())[:DAILY], *list(weeks.values())[:WEEKLY]]}
    stay: list[Backup] = []
    size = 0
    for one in ours:
        size += one.size
        if not stay or (one.path in wanted and size <= budget_bytes):
            stay.append(one)
        else:
            size -= one.size
    return stay, [one for one in ours if one not in stay]


def remove(backup: Backup) -> None:
    """Remove a backup. Raises LibraryReadOnlyError where that is not allowed."""
    with _explained(backup.path):
        backup.path.unlink(missing_ok=True)


def restore(path: Path, backup: Path, folder: Path, *, told: Told | None = None) -> Path:
    """Put a backup in the place of the library at `path`, which nobody may have open; returns where that is kept now.

    What was there is backed up first; a damaged file that cannot be is moved aside as it is. Raises LibraryError kinds;
    the library is then as it was.
    """
    if not backup.is_file():
        raise NotFoundError(f"There is no backup at {backup}.", action="`kibitz backup list` shows those there are.")
    with _explained(path):
        _check(backup)
        _refuse_open(path)
        with contextlib.closing(sqlite3.connect(f"{backup.as_uri()}?mode=ro&immutable=1", uri=True)) as source:
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            try:
                _copy(source, part, _Steps(told, gentle=False))
                _check(part)
                before = _put_aside(path, folder) if path.exists() else path
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
    return before


def remember_trouble(database: Database, trouble: str) -> bool:
    """Note why backups cannot be made, "" for no trouble; returns whether that is news."""

    def run(connection: Connection) -> bool:
        known = connection.execute(select(setting.c.value).where(setting.c.name == _TROUBLE)).scalar()
        connection.execute(delete(setting).where(setting.c.name == _TROUBLE))
        if trouble:
            connection.execute(insert(setting), {"name": _TROUBLE, "value": trouble})
        return trouble != (known or "")

    return database.write(run)


# -- one file ------------------------------------------------------------------------------------------------------


class _Steps:
    """Called by SQLite after every step of copying."""

    def __init__(self, told: Told | None, *, gentle: bool) -> None:
        self._told, self._gentle = told, gentle
        self._pause = threading.Event()

    def __call__(self, _status: int, remaining: int, total: int) -> None:
        if self._told is not None and self._told(total - remaining, total):
            raise CancelledError("The backup was stopped; none was made.")
        if self._gentle:
            self._pause.wait(_GENTLE_PAUSE_S)


def _copy(source: sqlite3.Connection, part: Path, steps: _Steps) -> None:
    """All pages of one moment. In WAL mode it is held, which stops nobody; else SQLite begins again when it must."""
    if source.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
    with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy:
        source.backup(copy, pages=_STEP_PAGES, progress=steps)
        # One file without a log beside it, so that it can be read anywhere.
        copy.execute("PRAGMA journal_mode=DELETE").fetchone()
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _check(file: Path) -> None:
    """Raise where the file is no sound library that this Kibitz can open."""
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise not_a_library(file, why="it is another program's database")
        said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if said != "ok":
            raise LibraryCorruptError(f"{file} is damaged: {said}.", action="Choose another backup.")
        if int(connection.execute("PRAGMA user_version").fetchone()[0]) > int(CURRENT.head):
            raise LibraryCorruptError(f"{file} was written by a newer Kibitz.", action="Update Kibitz first.")


def _refuse_open(path: Path) -> None:
    """Raise LibraryLockedError where anybody has the library open; else its log is worked into the file."""
    if path.exists() and (others := holders(path) or _users(path)):
        raise LibraryLockedError(
            f"The library {path} is open in {' and '.join(others)}.", action="Close it there, then try again."
        )


def _users(path: Path) -> list[str]:
    """Who has the file open of those that the system does not tell us: other people's programs, other computers'."""
    backend = SqliteBackend(path, busy_timeout_ms=0)
    try:
        with contextlib.closing(backend.connect_raw()) as connection:
            # A file leaves WAL mode only where nobody else has it open.
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            if not backend.many_hosts:
                return []
            seen = (this_owner().host, time.time() - LEASE_S)
            rows = connection.execute("SELECT pid, host FROM process_lease WHERE host != ? AND seen_at > ?", seen)
            return [f"process {pid} on {host}" for pid, host in rows]
    except sqlite3.DatabaseError as error:
        return ["another program"] if is_busy(error) else []  # a damaged one is open nowhere


def _put_aside(path: Path, folder: Path) -> Path:
    """Keep what is to be replaced: as a backup, or a damaged file as it is."""
    try:
        kept_at = make(path, folder).path
        _refuse_open(path)  # somebody may have opened it since
    except (sqlite3.DatabaseError, LibraryCorruptError):
        stamp = dt.datetime.now(dt.UTC).strftime(_STAMP)
        kept_at = path.with_name(f"{path.stem}-{stamp}.damaged")
        path.replace(kept_at)
    for ending in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return kept_at


def _written_at(path: Path) -> float:
    """When the library was last written; a log without content is none."""
    found = [path.stat().st_mtime]
    with contextlib.suppress(OSError):
        log = path.with_name(f"{path.name}-wal").stat()
        if log.st_size > _WAL_HEADER_BYTES:
            found.append(log.st_mtime)
    return max(found)


def _remove_parts(folder: Path) -> None:
    """What killed processes left unfinished."""
    for file in folder.iterdir():
        match = _PART.fullmatch(file.name)
        if match and not psutil.pid_exists(int(match.group("pid"))):
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say about files into known errors."""
    try:
        yield
    except KibitzError:
        raise
    except (OSError, sqlite3.Error) as error:
        known = explain(error, path)
        if known is None:
            raise
        raise known from error
