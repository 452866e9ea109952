"""The Qt half of what interface tests get: Qt warnings fail, nothing stays running, and an X server on request."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, QThreadPool, QTimer
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from tests.ui.x_server import x_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from PySide6.QtWidgets import QApplication, QWidget
    from pytestqt.logging import _QtLogLibrary
    from pytestqt.wait_signal import MultiSignalBlocker, SignalBlocker

POOL_GRACE_MS = 30_000
"""How long the global pool may take to become idle after a test."""

PATIENCE_MS = 60_000
"""How long `qtbot` waits for what must come, at least. It only says when a test gives up: busy machines have time."""

HARMLESS_QT_MESSAGES = (
    "This plugin does not support propagateSizeHints",  # the offscreen platform says so of every window
    "This plugin does not support raise()",
    "This plugin does not support grabbing the keyboard",
    "QFontDatabase: Cannot find font directory",
)


class PatientBot(QtBot):
    """pytest-qt's bot whose waits never give up before `PATIENCE_MS`, whatever a test or the default says."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE_MS) -> None:
        """Wait until `callback` returns True."""
        super().waitUntil(callback, timeout=max(timeout, PATIENCE_MS))

    def waitSignal(self, signal: object, *, timeout: int = PATIENCE_MS, **more: Any) -> SignalBlocker:
        """Wait until `signal` is emitted; where it need not be (`assertNotEmitted`), no longer than asked."""
        patience = PATIENCE_MS if more.get("raising", True) else 0
        return super().waitSignal(signal, timeout=max(timeout, patience), **more)

    def waitSignals(self, signals: list[Any], *, timeout: int = PATIENCE_MS, **more: Any) -> MultiSignalBlocker:
        """Wait until all of `signals` are emitted."""
        return super().waitSignals(signals, timeout=max(timeout, PATIENCE_MS), **more)

    def waitExposed(self, widget: QWidget, *, timeout: int = PATIENCE_MS) -> AbstractContextManager[Any]:
        """Wait until `widget` is on the screen."""
        return super().waitExposed(widget, timeout=max(timeout, PATIENCE_MS))


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """Simulates the user and waits for the interface, with patience."""
    return PatientBot(request)


@pytest.fixture(autouse=True)
def _no_qt_warnings(qtlog: _QtLogLibrary, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test during which Qt itself warned (a wrong connection, a paint outside a paint event, a missing file)."""
    yield
    bad = [
        record
        for record in qtlog.records
        if record.type_name in {"QtWarningMsg", "QtCriticalMsg", "QtFatalMsg"}
        and not record.message.startswith(HARMLESS_QT_MESSAGES)
    ]
    if bad and not request.node.get_closest_marker("expects_log"):
        lines = "\n".join(f"  {record.type_name}: {record.message}" for record in bad)
        pytest.fail(f"Qt warned:\n{lines}", pytrace=False)


def _describe(item: QObject) -> str:
    parent = item.parent()
    return f"{type(item).__name__}({item.objectName() or 'unnamed'}, parent {type(parent).__name__})"


@pytest.fixture(autouse=True)
def _nothing_left_in_qt(qapp: QApplication) -> Iterator[None]:
    """Fail a test that leaves a visible window, an active timer, or a runnable on the global pool.

    Give widgets to `qtbot.addWidget` (it closes them), stop timers in the owner's close, end runnables by their token.
    """
    windows_before = set(map(id, qapp.topLevelWidgets()))
    yield
    pool = QThreadPool.globalInstance()
    assert pool.waitForDone(POOL_GRACE_MS), f"{pool.activeThreadCount()} runnables left on the global QThreadPool"
    # qtbot closed its widgets before this runs, and deleted them later: let the deletions happen, then look.
    qapp.sendPostedEvents(None, 0)
    gc.collect()
    windows = [
        _describe(widget)
        for widget in qapp.topLevelWidgets()
        if id(widget) not in windows_before and widget.isVisible()
    ]
    timers = [
        _describe(timer)
        for timer in gc.get_objects()
        if isinstance(timer, QTimer) and isValid(timer) and timer.isActive() and timer.objectName() != "lasting"
    ]
    if windows or timers:
        pytest.fail(f"left in Qt: windows {windows}, active timers {timers}", pytrace=False)


@pytest.fixture(scope="session")
def x_display() -> Iterator[str]:
    """Start an X server of our own on a free display and yield its name (":99"); it ends with the test run.

    For tests that drive a real window from outside (xdotool, XDND drops). They start the application as a process with
    `DISPLAY` set to this and `QT_QPA_PLATFORM=xcb`; the test process itself stays offscreen.
    """
    with x_server() as server:
        yield server.display
