"""An engine's file on disk: whether it can be run at all, and which build it is. Any thread."""

from __future__ import annotations

import functools
import hashlib
import os
import stat
from pathlib import Path

from desktop_app.errors import EngineNotFoundError, EngineUnusableError

_PROGRAM_STARTS = (
    b"\x7fELF",
    b"MZ",
    b"#!",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xcf",
)
"""First bytes of programs: Linux, Windows, a script with its interpreter, macOS (single and universal)."""

_CHOOSE_ANOTHER = "Choose the engine's program file, for example stockfish."


def check_program(path: str) -> None:
    """Refuse, in words, a path that cannot be a program.

    Raises:
        EngineNotFoundError: there is no such file.
        EngineUnusableError: it is a folder, may not be run, or is no program.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - one call for existence, kind and permissions
    except OSError as error:
        raise EngineNotFoundError(
            f"There is no engine at {path}: {error.strerror}.", action="Check the path, or leave it empty to search."
        ) from error
    if not stat.S_ISREG(mode):
        raise EngineUnusableError(f"{path} is not a program file.", action=_CHOOSE_ANOTHER)
    if not os.access(path, os.X_OK):
        raise EngineUnusableError(
            f"{path} may not be run: it lacks the permission to execute.", action=f'Run: chmod +x "{path}"'
        )
    try:
        with Path(path).open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise EngineUnusableError(f"{path} cannot be read: {error.strerror}.", action=_CHOOSE_ANOTHER) from error
    if not start.startswith(_PROGRAM_STARTS):
        raise EngineUnusableError(f"{path} is not a program.", action=_CHOOSE_ANOTHER)


def build_of(path: str) -> str:
    """First 16 hex digits of the SHA-256 of the file: tells builds of one version apart. Cached while unchanged.

    Raises:
        EngineUnusableError: the file can no longer be read.
    """
    real = os.path.realpath(path)
    try:
        status = os.stat(real)  # noqa: PTH116 - the same call as above
        return _digest(real, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise EngineUnusableError(f"{path} cannot be read: {error.strerror}.", action=_CHOOSE_ANOTHER) from error


@functools.lru_cache(maxsize=16)
def _digest(path: str, _mtime_ns: int, _size: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
