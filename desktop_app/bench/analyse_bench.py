"""`kibitz bench analyse`: how much of a worker's time its engine spends searching, and what a position costs.

Real Stockfish on the sample games through the same dispatcher and loop as everywhere. Utilisation is the time between
`go` and `bestmove` divided by workers x wall time while the queue is full (product.md section 6), measured around each
search from the first to the last of every worker. The CPU time the engines really got stands beside it, because a busy
machine lowers nodes a second, not utilisation. What the verdicts are worth for their nodes is `bench.verdict_bench`.
"""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.bench.data import write_multiples
from desktop_app.bench.verdict_bench import measure_verdicts
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId
from desktop_app.domain.profile import PROFILE_NODES, Profile, SearchSpec
from desktop_app.engine.discovery import find_engine, identify
from desktop_app.engine.session import EngineSession
from desktop_app.library.library import Library
from desktop_app.services.analyse_games import AnalysisBatch
from desktop_app.services.import_games import import_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.batch import ItemNews, JobNews, PositionNews
    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.services.changes import Changes

GAMES = 60
SECONDS = 30.0
WORKERS = max(1, os.cpu_count() or 1)


@dataclass
class _Clocked:
    """An evaluator that notes when its searches began and ended; everything else is the engine's."""

    engine: EngineSession
    searches: list[tuple[float, float, int, int]] = field(default_factory=list)

    @property
    def identity(self) -> EngineIdentity:
        return self.engine.identity

    def new_game(self) -> None:
        self.engine.new_game()

    def evaluate(self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int) -> Evaluation:
        began = time.monotonic()
        found = self.engine.evaluate(root_fen=root_fen, moves=moves, chess960=chess960, limit_nodes=limit_nodes)
        self.searches.append((began, time.monotonic(), found.engine_ms, found.nodes))
        return found

    def stop(self) -> None:
        self.engine.stop()

    def close(self) -> None:
        self.engine.close()


class _Deaf:
    """A BatchListener that listens to nothing: the bench reads its own clocks."""

    def position(self, news: PositionNews) -> None:
        """Ignored."""

    def changed(self, changes: Changes) -> None:
        """Ignored."""

    def item(self, news: ItemNews) -> None:
        """Ignored."""

    def job(self, news: JobNews) -> None:
        """Ignored."""


def measure(games: int | None = None) -> dict[str, Any]:
    """Utilisation, nodes a second and overhead at two node counts, with one worker a core; then the verdicts' proof.

    `games` limits the proof to so many games of the reference; 0 leaves it out.

    Raises EngineNotFoundError, EngineUnusableError.
    """
    engine_path = find_engine(None)
    identity = identify(engine_path)
    figures: dict[str, Any] = {"engine": identity.name, "build": identity.build, "workers": WORKERS}
    for profile in (Profile.QUICK, Profile.STANDARD):
        figures[f"{PROFILE_NODES[profile]} nodes"] = _measure(engine_path, identity, profile, SECONDS)
    if games != 0:
        figures["verdicts"] = measure_verdicts(engine_path, identity, games)
    return figures


def _measure(engine_path: str, identity: EngineIdentity, profile: Profile, seconds: float) -> dict[str, Any]:
    engines: list[_Clocked] = []

    def open_evaluator(hash_mb: int) -> _Clocked:
        engines.append(_Clocked(EngineSession.open(engine_path, hash_mb=hash_mb)))
        return engines[-1]

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder:
        root = Path(folder)
        write_multiples(root / "games.pgn", GAMES)
        with Library.open(root / "library.kibitz") as library:
            import_sources(library, [root / "games.pgn"], workers=0)
            ids = [GameId(number) for number in library.games.ids(GameQuery())]
            batch = AnalysisBatch(library, engine_path=engine_path, identity=identity, listener=_Deaf())
            # The reproducible mode: nothing is shared between games, so every position is searched.
            batch.start(ids, SearchSpec.of_nodes(PROFILE_NODES[profile]), WORKERS, alone=True)
            threads = [
                threading.Thread(target=batch.run_worker, args=(worker, open_evaluator), name=f"kibitz-bench-{worker}")
                for worker in batch.claim_workers()
            ]
            for thread in threads:
                thread.start()
            threading.Event().wait(seconds)
            full = batch.snapshot()
            batch.close()
            for thread in threads:
                thread.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    engine_cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _figures(engines, engine_cpu) | {
        "queue_was_full": full.items_queued > 0,
        "warmup_share_of_nodes": round(
            full.counters.warmup_nodes / max(1, full.counters.warmup_nodes + full.counters.nodes), 3
        ),
    }


def _figures(engines: list[_Clocked], engine_cpu: float) -> dict[str, Any]:
    worked = [engine for engine in engines if len(engine.searches) > 1]
    wall = sum(engine.searches[-1][1] - engine.searches[0][0] for engine in worked)
    searching = sum(ms for engine in worked for _, _, ms, _ in engine.searches) / 1000
    searches = sum(len(engine.searches) for engine in worked)
    nodes = sum(found for engine in worked for _, _, _, found in engine.searches)
    return {
        "utilisation": round(searching / wall, 4) if wall else 0.0,
        "engine_cpu_per_search_second": round(engine_cpu / searching, 3) if searching else 0.0,
        "searches": searches,
        "searches_per_second": round(searches / wall * len(worked), 1) if wall else 0.0,
        "nodes_per_second_and_worker": round(nodes / searching) if searching else 0,
        "nodes_per_search": round(nodes / max(1, searches)),
    }
