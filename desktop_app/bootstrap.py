"""Composition root of the window: crash file, a check that a window is possible, then the user interface.

Start order and its reasons: the caller has set up logging; the crash file comes first, so that even a broken Qt leaves
a trace; then the check, since Qt aborts the process where it finds no display; Qt last. Main thread. Called through
`__main__`; headless commands never come here.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from typing import TYPE_CHECKING

from desktop_app import log, paths
from desktop_app.errors import EnvironmentLackingError
from desktop_app.settings import SettingsStore

if TYPE_CHECKING:
    from collections.abc import Callable


def open_window(files: list[str], library: str | None) -> int:
    """Open the window, import `files`, and return the exit code when the user leaves.

    Raises EnvironmentLackingError where no window can be opened; any other exception is a fault of ours.
    """
    crash = log.CrashFile(paths.log_dir())
    try:
        check_display()
        run_gui = _load_window()
        return run_gui(files, library or last_library() or paths.library_location())
    finally:
        crash.close()


def _load_window() -> Callable[[list[str], str], int]:
    """Import the window. What is imported stays: looking for garbage in it, again and again, would cost 0.1 s."""
    gc.disable()
    try:
        from desktop_app.ui.desktop import run_gui
    finally:
        gc.freeze()
        gc.enable()
    return run_gui


def last_library() -> str | None:
    """The library the window had open last, unless the environment names one.

    It may be gone: the window says so, instead of opening another as if nothing had happened.
    """
    if os.environ.get(paths.LIBRARY_VARIABLE):
        return None
    return SettingsStore(paths.settings_file()).current.last_library


def check_display() -> None:
    """Raise EnvironmentLackingError where no window can be opened: Qt is not installed, or there is no display."""
    if importlib.util.find_spec("PySide6") is None:
        raise EnvironmentLackingError(
            "The window needs PySide6, which is not installed.",
            action="Install Kibitz with its `desktop` extra: pip install 'kibitz[desktop]'.",
        )
    needs_display = sys.platform.startswith("linux") and not os.environ.get("QT_QPA_PLATFORM")
    if needs_display and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise EnvironmentLackingError(
            "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set).",
            action="Use the commands instead: kibitz --help lists them.",
        )
