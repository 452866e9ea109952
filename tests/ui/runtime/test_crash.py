"""What escapes anywhere reaches the user and the log, and the hooks come off again."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from desktop_app.ui.runtime.crash import CrashHooks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.expects_log


@pytest.fixture
def hooks(qtbot: QtBot) -> Iterator[CrashHooks]:
    """Hooks in place during the test."""
    before = (sys.excepthook, threading.excepthook)
    hooks = CrashHooks()
    hooks.install()
    yield hooks
    hooks.uninstall()
    assert (sys.excepthook, threading.excepthook) == before


def test_an_exception_of_the_main_thread_is_reported(qtbot: QtBot, hooks: CrashHooks) -> None:
    """With its traceback."""
    error = ValueError("a bug")
    with qtbot.waitSignal(hooks.crashed) as caught:
        sys.excepthook(ValueError, error, None)
    assert "ValueError: a bug" in caught.args[0]


def test_an_exception_of_a_thread_is_reported_on_the_main_thread(qtbot: QtBot, hooks: CrashHooks) -> None:
    """The thread is named; the report arrives here."""

    def fail() -> None:
        raise RuntimeError("in a thread")

    with qtbot.waitSignal(hooks.crashed) as caught:
        thread = threading.Thread(target=fail, name="clerk")
        thread.start()
        thread.join()
    assert "In clerk" in caught.args[0]
    assert "in a thread" in caught.args[0]


def test_an_exception_of_the_loop_is_reported(qtbot: QtBot, hooks: CrashHooks) -> None:
    """A task nobody awaits does not fail in silence."""
    loop = asyncio.new_event_loop()
    hooks.install(loop)
    with qtbot.waitSignal(hooks.crashed) as caught:
        loop.call_exception_handler({"message": "a task failed", "exception": KeyError("gone")})
    loop.close()
    assert "a task failed" in caught.args[0]
    assert "gone" in caught.args[0]
