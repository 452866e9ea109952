"""The watchdog: deadlines kept on one thread that lives no longer than it is needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from desktop_app.engine.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable

SOON = 0.05
A_WHILE = 1.0
"""Long enough that even a busy machine takes two steps of a test within it."""
FAR = 600.0
PATIENCE_S = 30.0


def calling(called: threading.Event) -> Callable[[], float]:
    """What a guard does when overdue: say so, and want no more time."""

    def on_overdue() -> float:
        called.set()
        return 0.0

    return on_overdue


def test_an_overdue_guard_is_called_once() -> None:
    """One deadline, one call."""
    calls: list[int] = []
    called = threading.Event()
    watchdog = Watchdog()

    def on_overdue() -> float:
        calls.append(1)
        called.set()
        return 0.0

    guard = watchdog.guard(on_overdue)
    guard.arm(SOON)
    assert called.wait(PATIENCE_S)
    assert not threading.Event().wait(4 * SOON)
    guard.leave()
    assert calls == [1]


def test_an_overdue_guard_may_be_patient() -> None:
    """It is called again after as long as it answers, until it answers 0."""
    answers = iter([SOON, SOON, 0.0])
    called = threading.Semaphore(0)

    def on_overdue() -> float:
        called.release()
        return next(answers)

    guard = Watchdog().guard(on_overdue)
    guard.arm(SOON)
    assert all(called.acquire(timeout=PATIENCE_S) for _ in range(3))
    assert not called.acquire(timeout=4 * SOON)
    guard.leave()


def test_a_disarmed_guard_is_left_alone() -> None:
    """Neither disarming nor arming anew leaves the old deadline behind."""
    called = threading.Event()
    guard = Watchdog().guard(calling(called))
    guard.arm(A_WHILE)
    guard.disarm()
    assert not called.wait(1.5 * A_WHILE)
    guard.arm(A_WHILE)
    guard.arm(FAR)
    assert not called.wait(1.5 * A_WHILE)
    guard.leave()


def test_a_deadline_can_be_brought_forward_but_not_put_off() -> None:
    """`tighten` is what a stop does to a running search."""
    called = threading.Event()
    guard = Watchdog().guard(calling(called))
    guard.arm(FAR)
    guard.tighten(SOON)
    assert called.wait(PATIENCE_S)
    called.clear()
    guard.arm(SOON)
    guard.tighten(FAR)
    assert called.wait(PATIENCE_S)
    guard.leave()


def test_guards_do_not_disturb_each_other() -> None:
    """A near deadline set while a far one is waited for is kept."""
    far, near = threading.Event(), threading.Event()
    watchdog = Watchdog()
    first, second = watchdog.guard(calling(far)), watchdog.guard(calling(near))
    first.arm(FAR)
    second.arm(SOON)
    assert near.wait(PATIENCE_S)
    assert not far.is_set()
    first.leave()
    second.leave()
    second.leave()


def test_the_thread_ends_with_the_last_guard_and_comes_back() -> None:
    """A process without engines has no watchdog."""
    watchdog = Watchdog()
    for _ in range(2):
        guard = watchdog.guard(lambda: 0.0)
        thread = watchdog._thread
        assert thread is not None
        guard.leave()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
