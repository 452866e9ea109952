"""What works on this computer, what does not, and what to do: the checks behind `kibitz doctor` and the Help menu.

Blocking (the engine is started and searches, the library is opened and read whole); not on the window's thread. Qt is
tried in a process of its own, so that headless commands never load it. No check raises: a failure is its result.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from desktop_app.domain.checks import Check
from desktop_app.errors import KibitzError, LibraryError
from desktop_app.library.backend import backend_of
from desktop_app.library.database import Database
from desktop_app.library.library import Library
from desktop_app.library.upgrade import CURRENT
from desktop_app.pgn.fast.counts import is_compiled
from desktop_app.services.check_library import check_library, repair_library
from desktop_app.services.engine_checks import EngineChecks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from desktop_app.domain.engine_setup import EngineEntry
    from desktop_app.ports import ProgressSink

QT_DEADLINE_S = 30
LEAST_PYTHON = (3, 11)
LITTLE_SPACE_BYTES = 200 * 1024 * 1024

NEEDED_RESOURCES = ("samples.pgn", "icons")
"""What must be among the resources for the program to work as described."""

_QT_TRIAL = "from PySide6.QtWidgets import QApplication; app = QApplication([]); print(app.platformName())"


def examine(
    *,
    library: str,
    engine: str | None,
    syzygy: str = "",
    engines: Sequence[EngineEntry] = (),
    resources: Path,
    full: bool = False,
    repair: bool = False,
    progress: ProgressSink | None = None,
) -> list[Check]:
    """Run all checks.

    Args:
        library: path or URL of the library; it is not created.
        engine: the engine chosen by the user, None to look in the usual places.
        syzygy: the folder of endgame tables chosen by the user, empty for none.
        engines: the user's list, with their options; builds are compared among them.
        resources: folder of the resources.
        full: read every game of the library again, instead of a sample.
        repair: mend what can be mended in the library.
        progress: told while games are read.
    """
    engine_checks = EngineChecks(engine, syzygy, engines)
    checks: Sequence[tuple[str, Callable[[], Check]]] = (
        ("python", check_python),
        ("engine", engine_checks.check_engine),
        ("processor", engine_checks.check_processor),
        ("tables", engine_checks.check_tables),
        ("database", lambda: check_database(library)),
        ("games", lambda: check_games(library, full=full, repair=repair, progress=progress)),
        ("import", check_import),
        ("resources", lambda: check_resources(resources)),
        ("display", check_display),
    )
    return [_guarded(name, check) for name, check in checks]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except KibitzError as error:
        return Check(name, ok=False, text=error.text, action=error.action)
    except OSError as error:
        return Check(name, ok=False, text=f"The check could not be made: {error}.")


def check_python() -> Check:
    """The interpreter is one we support."""
    version = platform.python_version()
    details = {"version": version, "platform": platform.platform(), "frozen": bool(getattr(sys, "frozen", False))}
    if sys.version_info < LEAST_PYTHON:
        return Check(
            "python", ok=False, text=f"Python {version} is too old.", action="Use 3.11 or newer.", details=details
        )
    return Check("python", ok=True, text=f"Python {version}.", details=details)


def check_import() -> Check:
    """Which form of the fast reader runs; both read the same."""
    compiled = is_compiled()
    text = "Games are read by compiled code." if compiled else "Games are read by uncompiled code: right, but slower."
    action = "" if compiled else "Install a C compiler (sudo apt install gcc python3-dev) and install Kibitz again."
    return Check("import", ok=True, text=text, action=action, needed=False, details={"compiled": compiled})


def check_database(library: str) -> Check:
    """The library opens, is sound and can be written; a missing one could be made."""
    path = backend_of(library).path
    if path is not None and not path.exists():
        return _check_place(path)
    database = Database.open(library, create=False, allow_read_only=True)
    try:
        faults = database.check()
        if not database.read_only:
            # An empty write transaction: proves that no other process blocks us and that the disk takes it.
            database.write(lambda _connection: None)
    finally:
        database.close()
    remarks = database.backend.remarks()
    details: dict[str, Any] = {"path": database.location, "schema": CURRENT.head, "faults": faults, "remarks": remarks}
    details["read_only"] = database.read_only
    if path is not None:
        details |= {"bytes": path.stat().st_size, "free_bytes": shutil.disk_usage(path.parent).free}
    if faults:
        return Check(
            "database",
            ok=False,
            text=f"The library {database.location} is damaged: {faults[0]}.",
            action="Go back to a backup, or export what can be read into a new library.",
            details=details,
        )
    read_only = ", and can only be read" if database.read_only else ""
    text = " ".join([f"The library {database.location} is sound (schema {CURRENT.head}){read_only}.", *remarks])
    return (
        Check("database", ok=True, text=text, details=details) if path is None else _space_checked(path, text, details)
    )


def check_games(
    library: str, *, full: bool = False, repair: bool = False, progress: ProgressSink | None = None
) -> Check:
    """What the library holds fits together; with `repair`, what does not is mended where that is possible."""
    path = backend_of(library).path
    if path is not None and not path.exists():
        return Check("games", ok=True, text="There are no games yet.")
    with Library.open(library, create=False, allow_read_only=True) as opened:
        found = check_library(opened, full=full, physical=False, progress=progress)
        left = repair_library(opened, found.findings) if repair and not opened.read_only else list(found.findings)
    mended = len(found.findings) - len(left)
    details = {
        "games": found.games,
        "texts_read": found.texts_read,
        "indexed": found.indexed,
        "repaired": mended,
        "findings": [asdict(finding) for finding in left],
    }
    text = f"{found.games:,} games, {found.texts_read:,} of them read again; positions of {found.indexed:,} indexed."
    if mended:
        text += f" {mended} faults were mended."
    if not left:
        return Check("games", ok=True, text=text, details=details)
    repairable = any(finding.repairable for finding in left)
    actions = ["kibitz doctor --repair mends it."] if repairable else []
    actions += dict.fromkeys(finding.action for finding in left if finding.action)
    return Check(
        "games", ok=False, text=" ".join(finding.text for finding in left), action=" ".join(actions), details=details
    )


def _check_place(path: Path) -> Check:
    folder = next(parent for parent in path.parents if parent.exists())
    details = {"path": str(path), "free_bytes": shutil.disk_usage(folder).free}
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise LibraryError(
            f"No library can be made at {path}: {folder} cannot be written.",
            action="Name another place with --library or KIBITZ_LIBRARY.",
        )
    return _space_checked(path, f"No library at {path} yet; the first import makes it.", details)


def _space_checked(path: Path, text: str, details: dict[str, Any]) -> Check:
    free: int = details["free_bytes"]
    if free < LITTLE_SPACE_BYTES:
        return Check(
            "database",
            ok=False,
            text=f"Only {free // 2**20} MB are free where the library {path} is.",
            action="Make room on that disk.",
            details=details,
        )
    return Check("database", ok=True, text=text, details=details)


def check_resources(resources: Path) -> Check:
    """What comes with the program is there."""
    missing = [name for name in NEEDED_RESOURCES if not (resources / name).exists()]
    details = {"path": str(resources), "missing": missing}
    if missing:
        return Check(
            "resources",
            ok=False,
            text=f"Missing from {resources}: {', '.join(missing)}.",
            action="Install Kibitz again.",
            details=details,
        )
    return Check("resources", ok=True, text=f"All in {resources}.", details=details)


def check_display() -> Check:
    """A window could be opened here: Qt is installed and finds a display."""
    if importlib.util.find_spec("PySide6") is None:
        return _no_window(
            "PySide6 is not installed, so there is no window.", "Install the extra: pip install 'kibitz[desktop]'."
        )
    asked = os.environ.get("QT_QPA_PLATFORM", "")
    displays = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not displays and not asked:
        return _no_window(
            "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set).",
            "The commands work without one; for the window, log in to a desktop.",
        )
    if getattr(sys, "frozen", False):
        return Check("display", ok=True, text="A display is there.", needed=False)
    return _try_qt()


def _try_qt() -> Check:
    try:
        trial = subprocess.run(
            [sys.executable, "-c", _QT_TRIAL],
            check=False,
            capture_output=True,
            text=True,
            timeout=QT_DEADLINE_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return _no_window(f"Qt did not start within {QT_DEADLINE_S} s.", "Check that the display answers.")
    if trial.returncode == 0:
        name = trial.stdout.strip()
        return Check("display", ok=True, text=f"Qt opens windows ({name}).", needed=False, details={"platform": name})
    lines = [line for line in trial.stderr.splitlines() if line.strip()] or [f"exit code {trial.returncode}"]
    return _no_window(
        f"Qt cannot open a window: {lines[0].strip()}",
        "Install Qt's runtime libraries: README.md names them.",
    )


def _no_window(text: str, action: str) -> Check:
    return Check("display", ok=False, text=text, action=action, needed=False)
