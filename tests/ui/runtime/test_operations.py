"""The door to the services: answers on the main thread, errors told, stopping bounded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.errors import CancelledError, UsageError
from desktop_app.ui.runtime.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def operations(qtbot: QtBot) -> Iterator[Operations]:
    """Pools that are joined at the end."""
    operations = Operations()
    yield operations
    assert operations.stop(60_000)


def test_work_runs_elsewhere_and_answers_here(operations: Operations, qtbot: QtBot) -> None:
    """The call runs on another thread, its answer arrives on the main one, and `finished` comes last."""
    seen: dict[str, Any] = {}
    operation = operations.run(
        "Working",
        lambda _cancel, _progress: threading.current_thread(),
        done=lambda thread: seen.update(worked=thread, answered=threading.current_thread()),
    )
    with qtbot.waitSignal(operation.finished):
        pass
    assert seen["answered"] is threading.main_thread()
    assert seen["worked"] is not threading.main_thread()


def test_progress_is_coalesced_at_the_source(operations: Operations, qtbot: QtBot) -> None:
    """Ten thousand reports become a handful of signals, and the last one is among them."""
    seen: list[int] = []

    def call(_cancel: object, progress: Any) -> None:
        for number in range(1, 10_001):
            progress.progress(number, 10_000, "")

    operation = operations.run("Counting", call)
    operation.progressed.connect(lambda done, _total, _text: seen.append(done))
    with qtbot.waitSignal(operation.finished):
        pass
    assert len(seen) < 50
    assert seen[-1] == 10_000


@pytest.mark.expects_log
def test_an_error_nobody_handles_is_announced(operations: Operations, qtbot: QtBot) -> None:
    """The failed signal carries the title and the error."""

    def call(_cancel: object, _progress: object) -> None:
        raise UsageError("That is wrong.")

    with qtbot.waitSignal(operations.failed) as caught:
        operations.run("Failing", call)
    assert caught.args[0] == "Failing"
    assert str(caught.args[1]) == "That is wrong."


def test_cancelling_is_no_error(operations: Operations, qtbot: QtBot) -> None:
    """A cancelled operation finishes without a notice."""
    entered = threading.Event()

    def call(cancel: Any, _progress: object) -> None:
        entered.set()
        while not cancel.cancelled():
            entered.wait(0.01)
        raise CancelledError("stopped")

    with qtbot.assertNotEmitted(operations.failed):
        operation = operations.run("Long", call)
        assert entered.wait(60)
        operation.cancel()
        with qtbot.waitSignal(operation.finished):
            pass


def test_stop_cancels_joins_and_answers_no_more(qtbot: QtBot) -> None:
    """After `stop` no callback runs, even for work that was under way."""
    operations, seen, entered = Operations(), [], threading.Event()

    def call(cancel: Any, _progress: object) -> None:
        entered.set()
        while not cancel.cancelled():
            entered.wait(0.01)
            threading.Event().wait(0.005)

    operations.run("Long", call, done=lambda _answer: seen.append(1))
    assert entered.wait(60)
    assert operations.stop(60_000)
    qtbot.wait(20)
    assert seen == []


@pytest.mark.expects_log
def test_what_outlives_its_budget_is_named(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    """The log says which work did not stop, so that a slow end can be explained."""
    operations, entered, leave = Operations(), threading.Event(), threading.Event()

    def call(_cancel: object, _progress: object) -> None:
        entered.set()
        leave.wait(60)

    operations.run("Dreaming", call)
    assert entered.wait(60)
    assert not operations.stop(1)
    leave.set()
    assert operations.stop(60_000)
    assert "still at work after 1 ms: Dreaming" in caplog.text
