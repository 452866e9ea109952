"""The application as a process of its own in a real X window, for tests that drop on it, kill it and start it again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from desktop_app.domain.filters import GameQuery
from desktop_app.library.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
POLL_S = 0.05


def environment(display: str, **more: str) -> dict[str, str]:
    """What a windowed process is started with: the display, and everything the test's own folders are named by."""
    return {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", **more}


class RealWindow:
    """One running application. `kill` is `kill -9`; `close` asks it to quit as the session manager does."""

    def __init__(self, library: Path, display: str, *files: str, **more: str) -> None:
        self.library = library
        self._display = display
        self._log = library.with_suffix(".log").open("ab")
        command = [sys.executable, "-m", "desktop_app", "--library", str(library), *files]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment(display, **more), stdout=self._log, stderr=self._log
        )

    def wait_until(self, holds: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait while it runs; it must not end before."""

        def asked() -> bool:
            assert self.process.poll() is None, f"the window ended: {self.library.with_suffix('.log').read_text()}"
            return holds()

        wait_until(asked, timeout_s, what)

    def children(self) -> list[psutil.Process]:
        """Every process it has started: engines, importers."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> list[psutil.Process]:
        """As `kill -9` does; returns the children it had."""
        children = self.children()
        self.process.kill()
        self.process.wait()
        self._log.close()
        return children

    def wait(self, timeout_s: float) -> int:
        """Until it ends by itself; returns the exit code."""
        try:
            return self.process.wait(timeout_s)
        finally:
            self._log.close()

    def close(self, timeout_s: float = 20) -> int:
        """SIGTERM, once the window stands (before that nobody listens); returns the exit code."""
        wait_until(lambda: window_stands(self._display) or self.process.poll() is not None, timeout_s, "a window")
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout_s)
        finally:
            self._log.close()


def window_stands(display: str) -> bool:
    """Whether a window of Kibitz is on that display."""
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", "Kibitz"],
        env=environment(display),
        capture_output=True,
        check=False,
        timeout=20,
    )
    return bool(found.stdout.strip())


def wait_until(holds: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Ask again and again until it holds."""
    pause = threading.Event()
    for _ in range(int(timeout_s / POLL_S)):
        if holds():
            return
        pause.wait(POLL_S)
    raise AssertionError(f"not within {timeout_s} s: {what}")


def evaluated(location: Path) -> int:
    """Evaluations stored so far, read beside the running application."""
    with Library.open(location) as library:
        return sum(row.evaluated for row in library.games.page(GameQuery(), 0, 1000))
