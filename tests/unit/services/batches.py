"""A batch under test: a real library, fake engines, real threads, and everything the listener heard."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.domain.work import ItemState, JobState
from desktop_app.services.analyse_games import AnalysisBatch
from tests.fakes.fake_evaluator import FAKE_ENGINE, FakeEngines
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.batch import ItemNews, JobNews, PositionNews
    from desktop_app.domain.game import GameId, GameRecord, GameState
    from desktop_app.library.library import Library
    from desktop_app.services.changes import Changes

NODES = SearchSpec.of_nodes(1000)
SHARING = SearchSpec.of_profile(Profile.QUICK)
DEADLINE_S = 60.0


class Bench:
    """A batch with its listener, its engines and its worker threads."""

    def __init__(self, library: Library, engines: FakeEngines | None = None) -> None:
        self.library = library
        self.engines = engines or FakeEngines()
        self.positions: list[PositionNews] = []
        self.items: list[ItemNews] = []
        self.jobs: list[JobNews] = []
        self.changes: list[Changes] = []
        self._heard = threading.Condition()
        self.threads: list[threading.Thread] = []
        self.batch = AnalysisBatch(library, engine_path="/fake", identity=FAKE_ENGINE, listener=self, back_off_s=0.01)

    def position(self, news: PositionNews) -> None:
        """Listener."""
        self._hear(self.positions, news)

    def changed(self, changes: Changes) -> None:
        """Listener."""
        self._hear(self.changes, changes)

    def item(self, news: ItemNews) -> None:
        """Listener."""
        self._hear(self.items, news)

    def job(self, news: JobNews) -> None:
        """Listener."""
        self._hear(self.jobs, news)

    def _hear(self, heard: list[Any], news: object) -> None:
        with self._heard:
            heard.append(news)
            self._heard.notify_all()

    def hire(self) -> None:
        """Start the threads the batch wants."""
        for worker in self.batch.claim_workers():
            thread = threading.Thread(target=self.batch.run_worker, args=(worker, self.engines.open))
            self.threads.append(thread)
            thread.start()

    def start(self, game_ids: Sequence[GameId], spec: SearchSpec = NODES, *, workers: int = 2) -> int:
        """Start a job with its workers."""
        job_id = self.batch.start(game_ids, spec, workers)
        self.hire()
        return job_id

    def wait(self, what: Callable[[], bool]) -> None:
        """Wait until something is so; asked after each news and now and then."""
        deadline = time.monotonic() + DEADLINE_S
        with self._heard:
            while not what():
                assert time.monotonic() < deadline, f"timed out: {self.batch.snapshot()}"
                self._heard.wait(0.02)

    def wait_for_state(self, state: JobState) -> None:
        """Wait until the snapshot says so."""
        self.wait(lambda: self.batch.snapshot().state is state)

    def wait_for_positions(self, count: int) -> None:
        """Wait until so many more positions have arrived, or none can."""
        target = len(self.positions) + count
        idle = {JobState.PAUSED, JobState.DONE, None}
        self.wait(lambda: len(self.positions) >= target or self.batch.snapshot().state in idle)

    def run(self, game_ids: Sequence[GameId], spec: SearchSpec = NODES, *, workers: int = 2) -> None:
        """A job from start to end."""
        job_id = self.start(game_ids, spec, workers=workers)
        self.wait(lambda: any((news.job_id, news.state) == (job_id, JobState.DONE) for news in self.jobs))

    def close(self) -> None:
        """Close the batch and join its threads."""
        self.engines.gate.set()
        self.engines.closing.set()
        self.batch.close()
        for thread in self.threads:
            thread.join(DEADLINE_S)
            assert not thread.is_alive()

    def states(self, game_ids: Sequence[GameId]) -> list[GameState]:
        """States of games as stored."""
        return [row.state for row in self.library.games.rows(game_ids)]

    def ended(self, state: ItemState) -> list[GameId]:
        """Games whose items were told to have ended so."""
        return [news.game_id for news in self.items if news.state is state]


def add_games(library: Library, count: int, *, plies: int = 20, seed: int = 1) -> list[GameId]:
    """Store random games; returns their ids."""
    return store(library, make_records(count, seed=seed, plies=plies))


def store(library: Library, records: Sequence[GameRecord]) -> list[GameId]:
    """Store games; returns their ids."""
    return list(library.games.add(None, records).imported)
