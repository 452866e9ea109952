"""`kibitz bench analyse`: how much of the engines' time is spent searching, and what a position costs.

Real Stockfish on the sample games, headless, one run for each profile's node count that is asked for. Utilisation is
the time between `go` and `bestmove` divided by workers x wall time while the queue is full (product.md section 6); the
CPU time the engines really got stands beside it, because a busy machine lowers nodes a second, not utilisation.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.bench.data import write_multiples
from desktop_app.domain.batch import BatchSnapshot
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId
from desktop_app.domain.profile import PROFILE_NODES, Profile, SearchSpec
from desktop_app.engine.discovery import find_engine, identify
from desktop_app.library.library import Library
from desktop_app.services.analyse_headless import run_headless
from desktop_app.services.import_games import import_sources

if TYPE_CHECKING:
    from desktop_app.services.analyse_headless import BatchEvent

GAMES = 40
SECONDS = 40.0
WORKERS = max(1, os.cpu_count() or 1)


class _Window:
    """Takes the counters while the queue is full: after the first `warm_s`, until `seconds` later; then says stop."""

    def __init__(self, seconds: float, warm_s: float = 2.0) -> None:
        self._started = time.monotonic()
        self._seconds = seconds
        self._warm_s = warm_s
        self.first: BatchSnapshot | None = None
        self.last: BatchSnapshot | None = None

    def on_event(self, event: BatchEvent) -> None:
        """Keep the first and the last snapshot of the window in which all workers have work waiting."""
        if not isinstance(event, BatchSnapshot) or event.items_queued == 0:
            return
        if time.monotonic() - self._started < self._warm_s:
            return
        self.first = self.first or event
        self.last = event

    def cancelled(self) -> bool:
        """A CancelToken: stops the run when the window is over."""
        return time.monotonic() - self._started > self._seconds


def measure(seconds: float = SECONDS) -> dict[str, Any]:
    """Utilisation, nodes a second and overhead at the quick and standard node counts, with one worker a core.

    Raises EngineNotFoundError, EngineUnusableError.
    """
    engine_path = find_engine(None)
    identity = identify(engine_path)
    figures: dict[str, Any] = {"engine": identity.name, "build": identity.build, "workers": WORKERS}
    for profile in (Profile.QUICK, Profile.STANDARD):
        with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder:
            root = Path(folder)
            source = root / "games.pgn"
            write_multiples(source, GAMES)
            with Library.open(root / "library.kibitz") as library:
                import_sources(library, [source], workers=1)
                ids = [GameId(number) for number in library.games.ids(GameQuery())]
                window = _Window(seconds)
                # The reproducible mode: nothing is shared between games, so that every position is searched.
                spec = SearchSpec.of_nodes(PROFILE_NODES[profile])
                cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
                started = time.monotonic()
                run_headless(
                    library,
                    ids,
                    spec,
                    workers=WORKERS,
                    engine_path=engine_path,
                    identity=identity,
                    on_event=window.on_event,
                    cancel=window,
                )
                wall = time.monotonic() - started
                spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        engine_cpu = spent.ru_utime + spent.ru_stime - cpu.ru_utime - cpu.ru_stime
        figures[f"{spec.limit_nodes} nodes"] = _figures(window, engine_cpu / (WORKERS * wall))
    return figures


def _figures(window: _Window, cpu_share: float) -> dict[str, Any]:
    if window.first is None or window.last is None:
        return {"note": "the queue was never full: the machine is too fast for this bench's games"}
    first, last = window.first.counters, window.last.counters
    wall = last.wall_seconds - first.wall_seconds
    positions = last.positions - first.positions
    nodes = last.nodes - first.nodes
    warmup = last.warmup_nodes - first.warmup_nodes
    return {
        "utilisation": round((last.engine_seconds - first.engine_seconds) / (WORKERS * wall), 4),
        "engine_cpu_share": round(cpu_share, 4),
        "positions_per_second": round(positions / wall, 1),
        "nodes_per_second": round((nodes + warmup) / wall),
        "nodes_per_position": round(nodes / max(1, positions)),
        "warmup_share_of_nodes": round(warmup / max(1, nodes + warmup), 3),
    }
