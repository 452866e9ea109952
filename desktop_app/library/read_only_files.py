"""How a library file that cannot be written is read: with locks where somebody may write it, without elsewhere.

A file in WAL mode needs shared memory beside it, even to be read. Where none can be made and no writer has made any,
nobody writes, and SQLite is told that the file does not change; the moment that turns out wrong, `stamp` differs and
connections are made anew. Any thread; called by `sqlite_backend`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.errors import LibraryReadOnlyError

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = 100
_WAL_FORMAT = b"\x02\x02"
_FORMAT_AT = slice(18, 20)


def uri(path: Path) -> str:
    """The address to connect to for reading. Raises LibraryReadOnlyError where what is there cannot be read as it is.

    That is a file whose last changes still lie in its log, left by a program that was interrupted: reading them means
    writing them into the file first.
    """
    if _beside(path, "-shm"):
        return f"{path.as_uri()}?mode=ro"
    if _beside(path, "-wal") or _beside(path, "-journal"):
        raise LibraryReadOnlyError(
            f"The library {path} was left unfinished by a program that was interrupted, and cannot be mended where it "
            "is: the file or its folder is read-only for you.",
            action=f"Copy {path.name} and the files beside it that begin with its name to a folder of your own, "
            "and open it there.",
        )
    return f"{path.as_uri()}?mode=ro{'&immutable=1' if _is_wal(path) else ''}"


def stamp(path: Path) -> tuple[object, ...]:
    """Changes when somebody writes the file, or begins to."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size, found.st_ino, _beside(path, "-wal"), _beside(path, "-shm"))


def _beside(path: Path, ending: str) -> bool:
    """Whether SQLite's file with this ending is there and has something in it."""
    try:
        return path.with_name(path.name + ending).stat().st_size > 0
    except OSError:
        return False


def _is_wal(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_HEADER)[_FORMAT_AT] == _WAL_FORMAT
