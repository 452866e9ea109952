"""The watchdog: deadlines kept on one thread that lives no longer than it is needed."""

from __future__ import annotations

import threading

from desktop_app.engine.watchdog import Watchdog

SOON = 0.05
FAR = 60.0
PATIENCE_S = 5.0


def test_an_overdue_guard_is_called_once() -> None:
    """One deadline, one call."""
    calls: list[int] = []
    called = threading.Event()
    watchdog = Watchdog()

    def on_overdue() -> None:
        calls.append(1)
        called.set()

    guard = watchdog.guard(on_overdue)
    guard.arm(SOON)
    assert called.wait(PATIENCE_S)
    assert not threading.Event().wait(4 * SOON)
    guard.leave()
    assert calls == [1]


def test_a_disarmed_guard_is_left_alone() -> None:
    """Neither disarming nor arming anew leaves the old deadline behind."""
    called = threading.Event()
    guard = Watchdog().guard(called.set)
    guard.arm(SOON)
    guard.disarm()
    assert not called.wait(4 * SOON)
    guard.arm(SOON)
    guard.arm(FAR)
    assert not called.wait(4 * SOON)
    guard.leave()


def test_a_deadline_can_be_brought_forward_but_not_put_off() -> None:
    """`tighten` is what a stop does to a running search."""
    called = threading.Event()
    guard = Watchdog().guard(called.set)
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
    first, second = watchdog.guard(far.set), watchdog.guard(near.set)
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
        guard = watchdog.guard(lambda: None)
        thread = watchdog._thread
        assert thread is not None
        guard.leave()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
