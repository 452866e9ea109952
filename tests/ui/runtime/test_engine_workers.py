"""The engine pool: workers run elsewhere, are counted by the host, and end within a budget whatever they do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.ui.runtime.engine_workers import EngineWorkers

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot


class StubbornEngine:
    """An engine that ignores `stop`; only `kill` ends it."""

    def __init__(self) -> None:
        self.killed = threading.Event()

    def stop(self) -> None:
        """Ignored."""

    def kill(self) -> None:
        """Ends it."""
        self.killed.set()

    def close(self) -> None:
        """Nothing to close."""


class Host:
    """Wants some workers; each opens an engine and waits until it is killed or all are stopped."""

    def __init__(self, wanted: int, *, stubborn: bool = False) -> None:
        self.wanted, self.stubborn = wanted, stubborn
        self.claimed: set[int] = set()
        self.stopped = threading.Event()
        self.threads: dict[int, threading.Thread] = {}

    def claim_workers(self) -> tuple[int, ...]:
        """Numbers not started yet."""
        missing = tuple(number for number in range(self.wanted) if number not in self.claimed)
        self.claimed.update(missing)
        return missing

    def run_worker(self, worker: int, open_evaluator: Callable[[int], Any]) -> None:
        """One worker's life."""
        self.threads[worker] = threading.current_thread()
        engine = open_evaluator(16)
        if self.stubborn:
            engine._inner.killed.wait(60)
        else:
            self.stopped.wait(60)
        engine.close()

    def stop_searching(self) -> None:
        """All shall end."""
        self.stopped.set()


def test_missing_workers_are_started_once(qtbot: QtBot) -> None:
    """Topping up at every tick starts nobody twice, and more workers when more are wanted."""
    host, pool = Host(2), EngineWorkers(lambda _hash: StubbornEngine())
    assert pool.top_up(host) == 2
    assert pool.top_up(host) == 0
    host.wanted = 3
    assert pool.top_up(host) == 1
    qtbot.waitUntil(lambda: len(host.threads) == 3)
    assert threading.main_thread() not in host.threads.values()
    assert pool.stop(host, 60_000)


@pytest.mark.expects_log
def test_an_engine_that_does_not_obey_is_killed_at_the_deadline(qtbot: QtBot) -> None:
    """Stopping is bounded even where `stop` is ignored."""
    engines: list[StubbornEngine] = []

    def open_engine(_hash_mb: int) -> StubbornEngine:
        engines.append(StubbornEngine())
        return engines[-1]

    host, pool = Host(2, stubborn=True), EngineWorkers(open_engine)
    pool.top_up(host)
    qtbot.waitUntil(lambda: len(engines) == 2)
    assert pool.stop(host, 100)
    assert all(engine.killed.is_set() for engine in engines)


@pytest.mark.expects_log
def test_a_worker_that_fails_says_so(qtbot: QtBot) -> None:
    """An exception that escapes a runnable becomes a signal."""

    class Broken(Host):
        def run_worker(self, worker: int, open_evaluator: Callable[[int], Any]) -> None:
            raise RuntimeError(f"broken {worker} {open_evaluator is not None}")

    host, pool = Broken(1), EngineWorkers(lambda _hash: StubbornEngine())
    with qtbot.waitSignal(pool.worker_ended) as caught:
        pool.top_up(host)
    assert caught.args == [0, "broken 0 True"]
    assert pool.stop(host, 60_000)
