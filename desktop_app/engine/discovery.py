"""Find a UCI engine on this computer and make sure that it is one. Blocking; any thread but the window's.

Called by `services.doctor`, `bootstrap`, the command line and the engine settings.
"""

from __future__ import annotations

import glob
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.domain.engine_setup import PLAIN, EngineSetup
from desktop_app.domain.profile import PROFILE_NODES, Profile, SearchSpec
from desktop_app.engine.binary import check_program
from desktop_app.engine.deadlines import DEADLINES, Deadlines
from desktop_app.engine.session import EngineSession
from desktop_app.errors import EngineFaultError, EngineNotFoundError, EngineUnusableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.domain.evaluation import EngineIdentity

PROGRAM = "stockfish"
WEBSITE = "https://stockfishchess.org/download/"
_STANDARD_HASH_MB = SearchSpec.of_nodes(PROFILE_NODES[Profile.STANDARD]).hash_mb

_INSTALL = {
    "debian": "sudo apt install stockfish",
    "ubuntu": "sudo apt install stockfish",
    "fedora": "sudo dnf install stockfish",
    "rhel": "sudo dnf install stockfish",
    "arch": "sudo pacman -S stockfish",
    "suse": "sudo zypper install stockfish",
    "darwin": "brew install stockfish",
    "win32": "winget install stockfish",
}
"""By the ID of os-release, or `sys.platform`."""

_USUAL_PLACES = {
    "linux": (
        "/usr/games/stockfish",  # Debian and Ubuntu; not on every user's PATH
        "/usr/local/bin/stockfish",
        "/usr/local/games/stockfish",
        "/usr/bin/stockfish",
        "/opt/stockfish/stockfish*",
        "/home/linuxbrew/.linuxbrew/bin/stockfish",
        "/snap/bin/stockfish",
        "~/.local/bin/stockfish",
        "~/bin/stockfish",
    ),
    "darwin": (
        "/opt/homebrew/bin/stockfish",
        "/usr/local/bin/stockfish",
        "/opt/local/bin/stockfish",
        "~/bin/stockfish",
    ),
    "win32": (
        "%LOCALAPPDATA%\\Microsoft\\WinGet\\Links\\stockfish*.exe",
        "%LOCALAPPDATA%\\Microsoft\\WinGet\\Packages\\Stockfish*\\**\\stockfish*.exe",
        "%PROGRAMFILES%\\Stockfish*\\**\\stockfish*.exe",
        "%PROGRAMFILES(X86)%\\Stockfish*\\**\\stockfish*.exe",
        "%PROGRAMDATA%\\chocolatey\\bin\\stockfish*.exe",
        "%USERPROFILE%\\scoop\\shims\\stockfish*.exe",
    ),
}


def find_engine(override: str | None = None) -> str:
    """Path of the engine to use: the override, what the frozen build carries, PATH, the usual places of this system.

    Only that a program is there is checked here; `identify` asks it whether it is an engine.

    Args:
        override: the user's own choice: a path, or a name to look up on PATH. It is never silently passed over.

    Raises:
        EngineNotFoundError: none is there; `action` says how to install one.
        EngineUnusableError: the override is no program.
    """
    if override:
        path = shutil.which(override) or os.path.abspath(os.path.expanduser(override))  # noqa: PTH100, PTH111 - links stay
        check_program(path)
        return path
    for path in _candidates():
        try:
            check_program(path)
        except (EngineNotFoundError, EngineUnusableError):
            continue
        return path
    raise EngineNotFoundError("No chess engine was found on this computer.", action=how_to_install())


def identify(
    path: str, *, hash_mb: int = _STANDARD_HASH_MB, setup: EngineSetup = PLAIN, deadlines: Deadlines = DEADLINES
) -> EngineIdentity:
    """Ask the program at `path` who it is, by a UCI handshake.

    Whether it also plays chess shows when it searches: an engine that hangs, crashes or lies there costs its game a
    retry and then fails it, and the batch goes on. `services.doctor` lets it search.

    Args:
        path: the program.
        hash_mb: hash size the identity shall name, `SearchSpec.hash_mb` of the search to come; every session opened
            with that size reports an equal identity.
        setup: what else it will be told; part of the identity as far as the engine takes it.
        deadlines: how long it may take.

    Raises:
        EngineNotFoundError, EngineUnusableError: with a sentence why it cannot be used.
    """
    try:
        session = EngineSession.open(path, hash_mb=hash_mb, setup=setup, deadlines=deadlines)
        session.close()
    except EngineFaultError as error:
        raise EngineUnusableError(
            f"{path} does not work as a UCI chess engine: {error.text}",
            action=error.action or f"Choose another program, or install Stockfish: {install_command() or WEBSITE}",
        ) from error
    return session.identity


def install_command() -> str:
    """The command that installs Stockfish on this system; empty where we do not know one."""
    return next((_INSTALL[name] for name in _system_names() if name in _INSTALL), "")


def how_to_install() -> str:
    """One sentence that tells the user how to get an engine here."""
    command = install_command()
    if command:
        return f"Install Stockfish: {command} (or download it from {WEBSITE} and choose it in the settings)."
    return f"Install Stockfish with your package manager, or download it from {WEBSITE} and choose it in the settings."


def _candidates() -> Iterator[str]:
    suffix = ".exe" if sys.platform == "win32" else ""
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle:
        yield os.path.join(bundle, "engine", PROGRAM + suffix)  # noqa: PTH118 - a string is what sessions take
    on_path = shutil.which(PROGRAM)
    if on_path:
        yield on_path
    for pattern in _USUAL_PLACES.get(sys.platform, _USUAL_PLACES["linux"]):
        expanded = os.path.expandvars(os.path.expanduser(pattern))  # noqa: PTH111 - variables and ~ in one string
        yield from sorted(glob.glob(expanded, recursive=True))  # noqa: PTH207 - absolute patterns


def _system_names() -> list[str]:
    """This system's name and, on Linux, the families of distributions it belongs to, nearest first."""
    if sys.platform != "linux":
        return [sys.platform]
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    words = [fields.get("ID", ""), *fields.get("ID_LIKE", "").strip('"').split()]
    return [word.strip('"').removeprefix("opensuse-") for word in words]
