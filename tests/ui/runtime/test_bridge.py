"""News of the batch: coalesced at the source, durable news never lost, everything on the main thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from desktop_app.domain.batch import JobNews
from desktop_app.domain.game import GameId
from desktop_app.domain.work import JobId, JobState
from desktop_app.services.changes import Changes
from desktop_app.ui.runtime.bridge import BatchBridge
from desktop_app.ui.runtime.throttle import Throttle

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_a_flood_from_workers_becomes_a_few_signals_with_everything_in_them(qtbot: QtBot) -> None:
    """Four threads, two thousand changes: few signals, all games, delivered on the main thread."""
    bridge = BatchBridge()
    seen: list[Changes] = []
    threads: set[threading.Thread] = set()

    def on_changes(changes: Changes) -> None:
        seen.append(changes)
        threads.add(threading.current_thread())

    bridge.facts_changed.connect(on_changes)

    def flood(first: int) -> None:
        for number in range(first, first + 500):
            bridge.changed(Changes(games=frozenset({GameId(number)})))

    workers = [threading.Thread(target=flood, args=(start,)) for start in (0, 500, 1000, 1500)]
    for worker in workers:
        worker.start()
    qtbot.waitUntil(lambda: len(set().union(*(changes.games for changes in seen))) == 2000, timeout=3000)
    for worker in workers:
        worker.join()
    assert len(seen) < 10
    assert threads == {threading.main_thread()}


def test_job_news_keeps_its_order(qtbot: QtBot) -> None:
    """Durable news arrives whole and in order."""
    bridge = BatchBridge()
    with qtbot.waitSignal(bridge.jobs_changed) as caught:
        for state in (JobState.RUNNING, JobState.PAUSED, JobState.RUNNING, JobState.DONE):
            bridge.job(JobNews(JobId(1), state))
    assert [news.state for news in caught.args[0]] == ["running", "paused", "running", "done"]


def test_a_closed_bridge_is_silent(qtbot: QtBot) -> None:
    """Nothing is delivered after close, not even what was under way."""
    bridge = BatchBridge()
    with qtbot.assertNotEmitted(bridge.facts_changed, wait=50):
        bridge.changed(Changes(jobs=True))
        bridge.close()
        bridge.changed(Changes(jobs=True))


def test_a_throttle_acts_at_once_then_once_more(qtbot: QtBot) -> None:
    """The first request is served at once, a burst is served once, the last one is never lost."""
    seen: list[int] = []
    bridge = BatchBridge()
    throttle = Throttle(40, lambda: seen.append(1), bridge)
    for _ in range(10):
        throttle.request()
    assert len(seen) == 1
    qtbot.waitUntil(lambda: len(seen) == 2)
    qtbot.wait(60)
    assert len(seen) == 2
