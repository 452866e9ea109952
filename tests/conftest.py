"""What every test gets: fresh folders, no stray environment, and detectors for what a test leaves behind.

Works without Qt installed; the Qt half is tests/ui/conftest.py.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# On a busy machine one example may take a hundred times as long as the next: that says nothing of the code. And what is
# tried is the same each time: `make fuzz` looks for new cases, and what it finds is kept as a test.
settings.register_profile("kibitz", deadline=None, derandomize=True)
settings.load_profile("kibitz")

GRACE_S = 30.0
"""How long a thread or process that was told to end may take to be gone: on a busy machine that is not at once."""

LASTING_THREADS = ("kibitz-spawner", "engine-watchdog", "QDBusConnection", "pytest_timeout", "Thread-pytest")
"""Names of threads that live as long as the process by design: the one that starts engines outlives every pool."""

LASTING_PROCESSES = (
    "resource_tracker",
    "multiprocessing.forkserver",
    "Xvfb",
    "redis-server",
    "rabbit",
    "/erlang/",
    "erl_child_setup",
    "inet_gethost",
)
"""Helpers of the standard library and of session fixtures; they end with the test run."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests over real games where `KIBITZ_CORPUS` does not name them, with a line that says so."""
    if item.get_closest_marker("corpus") and not os.environ.get("KIBITZ_CORPUS"):
        pytest.skip("KIBITZ_CORPUS does not name the folder of real games")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real games that `KIBITZ_CORPUS` names; tests using it are marked `corpus`."""
    folder = os.environ.get("KIBITZ_CORPUS")
    if not folder:
        pytest.skip("KIBITZ_CORPUS does not name the folder of real games")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"KIBITZ_CORPUS names {path}, which is not a folder")
    return path


@pytest.fixture(autouse=True)
def _fresh_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a home of its own: no settings, no library, no environment of the developer's."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name, folder in (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_STATE_HOME", ".local/state"),
    ):
        monkeypatch.setenv(name, str(home / folder))
    for name in [name for name in os.environ if name.startswith("KIBITZ_") and name != "KIBITZ_CORPUS"]:
        monkeypatch.delenv(name)


class _WarningTrap(logging.Handler):
    """Collects every record at WARNING or above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def _no_unexpected_warnings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which something logged at WARNING or above.

    A test that wants that says so with `@pytest.mark.expects_log`, or reads the log itself through `caplog`.
    """
    trap = _WarningTrap()
    logging.getLogger().addHandler(trap)
    yield
    logging.getLogger().removeHandler(trap)
    expected = request.node.get_closest_marker("expects_log") or "caplog" in request.fixturenames
    if trap.records and not expected:
        lines = "\n".join(f"  {record.name} {record.levelname}: {record.getMessage()}" for record in trap.records)
        pytest.fail(f"unexpected log records (mark the test expects_log if they are right):\n{lines}", pytrace=False)


def _wait_until_none(remaining: Callable[[], list[str]]) -> list[str]:
    """Poll until nothing remains or the grace is over; return what is left."""
    deadline = time.monotonic() + GRACE_S
    pause = threading.Event()
    while (left := remaining()) and time.monotonic() < deadline:
        pause.wait(0.02)
    return left


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a thread running. Join what you start; close databases and engines."""
    before = set(threading.enumerate())

    def remaining() -> list[str]:
        return [
            thread.name
            for thread in threading.enumerate()
            if thread not in before
            and thread.is_alive()
            and not thread.name.startswith(LASTING_THREADS)
            # A QThreadPool's thread that once ran Python code stays known to it; the Qt half watches pools.
            and not isinstance(thread, threading._DummyThread)
        ]

    yield
    if left := _wait_until_none(remaining):
        pytest.fail(f"threads left running: {', '.join(left)}", pytrace=False)


def _children() -> dict[int, str]:
    found = {}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.status() != psutil.STATUS_ZOMBIE:
                found[child.pid] = " ".join(child.cmdline())[:200] or child.name()
    return found


@pytest.fixture(autouse=True)
def _no_leaked_processes() -> Iterator[None]:
    """Fail a test that leaves a child process. Engines are closed, parsers joined."""
    before = set(_children())

    def remaining() -> list[str]:
        return [
            f"{pid} {command}"
            for pid, command in _children().items()
            if pid not in before and not any(name in command for name in LASTING_PROCESSES)
        ]

    yield
    if left := _wait_until_none(remaining):
        pytest.fail(f"processes left running: {'; '.join(left)}", pytrace=False)


@pytest.fixture(autouse=True)
def _no_open_databases() -> Iterator[None]:
    """Close and report every library database a test left open."""
    yield
    database_module = sys.modules.get("desktop_app.library.database")
    if database_module is None:
        return
    left = list(database_module.open_databases())
    for database in left:
        database.close()
    if left:
        pytest.fail(f"databases left open: {', '.join(str(database.path) for database in left)}", pytrace=False)
