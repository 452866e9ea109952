"""Turns what SQLite and the operating system say into the errors Kibitz knows, each with a sentence and an action.

Any thread. Used by `sqlite_backend`; `postgres_backend` has a table of its own for what its server says.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from typing import TYPE_CHECKING

import psutil

from desktop_app.errors import (
    DiskFullError,
    LibraryClosedError,
    LibraryCorruptError,
    LibraryError,
    LibraryLockedError,
    LibraryReadOnlyError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_PRIMARY_CODE = 0xFF
_NO_ROOM_EXTENDED = frozenset({sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_SHMSIZE})
"""Extended codes of a write the system refused: a quota or a file size limit shows as one of these, not as FULL."""

RESTORE = "Open a backup, if one lies beside it, or a new library with --library; this file is left as it is."


def explain(error: BaseException, path: Path) -> LibraryError | None:
    """The known error behind what SQLite or the system raised, or None when it is a bug (a broken constraint)."""
    if isinstance(error, OSError):
        return _explain_os_error(error, path)
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _explain_code(code, str(error), path)


def _explain_code(code: int, said: str, path: Path) -> LibraryError | None:
    primary = code & _PRIMARY_CODE
    if code in _NO_ROOM_EXTENDED or primary == sqlite3.SQLITE_FULL:
        return no_room(path)
    if primary == sqlite3.SQLITE_CANTOPEN and not (writable(path) and writable(path.parent)):
        return read_only(path)
    maker = _MAKERS.get(primary)
    return maker(path, said) if maker else None


def _damaged(path: Path, said: str) -> LibraryError:
    return LibraryCorruptError(f"The library {path} is damaged: {said}.", action=RESTORE)


def _unreachable(path: Path, said: str) -> LibraryError:
    return LibraryError(
        f"The library {path} cannot be read or written: {said}.",
        action="Check that the disk is connected and sound, then try again.",
    )


def _explain_os_error(error: OSError, path: Path) -> LibraryError | None:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return no_room(path)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return read_only(path)
    if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}:
        return LibraryError(
            f"No library can be kept at {path}: {error.strerror}.", action="Choose another place with --library."
        )
    return None


def writable(path: Path) -> bool:
    """Whether this process may write the file or folder, by the rights it has now."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def no_room(path: Path) -> DiskFullError:
    """There is no room for the library at `path`."""
    return DiskFullError(
        f"There is no room left to write the library {path}; the last step was undone.",
        action="Free some space on this disk, then try again.",
    )


def read_only(path: Path) -> LibraryReadOnlyError:
    """The file or folder of `path` cannot be written."""
    return LibraryReadOnlyError(
        f"The library {path} cannot be written: the file or its folder is read-only for you.",
        action="Change its permissions, or choose another place with --library.",
    )


def not_a_library(path: Path | str, *, why: str = "it is not a database file") -> LibraryCorruptError:
    """What is at `path` is something else; it is left as it was."""
    return LibraryCorruptError(
        f"{path} is not a Kibitz library: {why}.", action="Choose another place with --library; this one is untouched."
    )


def is_busy(error: BaseException) -> bool:
    """Whether SQLite says that somebody else holds the lock."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY_CODE in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def locked(path: Path, work: Sequence[str] = ()) -> LibraryLockedError:
    """Somebody held the library for longer than we wait; names who has it open where the system tells.

    `work`: what living processes say in the library that they are doing ("process 12 on club-pc, importing …").
    """
    there = holders(path)
    who = f" by {' and '.join(there)}" if there else " by another program"
    doing = f" ({'; '.join(work)})" if work else ""
    return LibraryLockedError(
        f"The library {path} is being written{who}{doing}.", action="Wait until it is done or close it, then try again."
    )


def holders(path: Path) -> list[str]:
    """Other processes that have the library open, as "name (process 123)", as far as the system tells us."""
    wanted = {str(path), f"{path}-wal", f"{path}-shm"}
    found: list[str] = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and any(file.path in wanted for file in process.open_files()):
                found.append(f"{process.name()} (process {process.pid})")
        except (psutil.Error, OSError):
            continue
    return found


_MAKERS: dict[int, Callable[[Path, str], LibraryError]] = {
    sqlite3.SQLITE_BUSY: lambda path, _: locked(path),
    sqlite3.SQLITE_LOCKED: lambda path, _: locked(path),
    sqlite3.SQLITE_READONLY: lambda path, _: read_only(path),
    sqlite3.SQLITE_PERM: lambda path, _: read_only(path),
    sqlite3.SQLITE_CORRUPT: _damaged,
    sqlite3.SQLITE_NOTADB: lambda path, _: not_a_library(path),
    sqlite3.SQLITE_IOERR: _unreachable,
    sqlite3.SQLITE_CANTOPEN: _unreachable,
    sqlite3.SQLITE_INTERRUPT: lambda path, _: LibraryClosedError(
        f"The library {path} was closed before this was finished."
    ),
}
"""What the primary result codes of SQLite mean for the user; codes left out are bugs of ours."""
