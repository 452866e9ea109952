"""`kibitz bench ui`: how late the GUI thread answers while importing and analysing at full load, beside the same idle.

Runs the real application in a window (its own virtual display where there is none): with nothing to do, then importing
a large file while a batch job resumes, then over a large library: how long it takes to stand, and how smoothly its
table scrolls (`ui_scroll_bench`). The application measures itself; this module never imports Qt. Budgets: product.md 6.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.bench.data import write_multiples
from desktop_app.bench.ui_scroll_bench import lateness_figures, measure_large, run_application
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId
from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.engine.discovery import find_engine
from desktop_app.errors import EnvironmentLackingError
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60.0
START_BUDGET_S = 40.0
JOB_GAMES = 60
IMPORT_GAMES = 400_000
"""More than can be imported while the bench measures."""
WORKERS = max(1, (os.cpu_count() or 2) - 1)


def measure(games: int | None = None, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Lateness of a 5 ms timer in milliseconds, idle and under full load; start and scrolling with so many games.

    Raises EnvironmentLackingError without an engine or without a way to show a window.
    """
    engine = find_engine(None)
    with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder, _display() as display:
        root = Path(folder)
        idle = _run_application(root / "idle", display, seconds, arguments=[])
        busy_library = root / "busy"
        _prepare_job(busy_library, str(engine))
        load = root / "load.pgn"
        write_multiples(load, IMPORT_GAMES)
        busy = _run_application(busy_library, display, seconds, arguments=[str(load)])
        done = _work_done(busy_library)
        large = measure_large(root / "large", display, games)
    return {
        "seconds": seconds,
        "idle": lateness_figures(idle),
        "importing and analysing": lateness_figures(busy) | done | {"workers": WORKERS},
        "large library": large,
    }


def _prepare_job(folder: Path, engine: str) -> None:
    """A library with a queued job, which the application resumes by itself."""
    folder.mkdir()
    source = folder / "job.pgn"
    write_multiples(source, JOB_GAMES, seed=1)
    with Library.open(folder / "library.kibitz") as library:
        import_sources(library, [source], workers=1)
        ids = library.games.ids(GameQuery())
        spec = SearchSpec.of_profile(Profile.STANDARD)
        library.jobs.create([GameId(number) for number in ids], engine_path=engine, spec=spec, workers=WORKERS)


def _work_done(folder: Path) -> dict[str, int]:
    """What the application got done meanwhile: without load the figure would mean nothing."""
    with Library.open(folder / "library.kibitz") as library:
        rows = library.games.page(GameQuery(), 0, JOB_GAMES)
        return {
            "games_imported_meanwhile": library.games.count(GameQuery()) - JOB_GAMES,
            "games_left_to_import": IMPORT_GAMES + JOB_GAMES - library.games.count(GameQuery()),
            "positions_analysed": sum(row.evaluated for row in rows),
        }


def _run_application(folder: Path, display: str, seconds: float, *, arguments: list[str]) -> list[float]:
    out = folder / "lateness.json"
    folder.mkdir(exist_ok=True)
    environment = {"KIBITZ_LATENESS": str(out), "KIBITZ_LATENESS_SECONDS": str(seconds)}
    command = ["--library", str(folder / "library.kibitz"), *arguments]
    run_application(folder, display, command, environment, budget_s=seconds + START_BUDGET_S)
    if not out.exists():
        raise EnvironmentLackingError(
            "The window did not stay open long enough to be measured.",
            action="Run `kibitz doctor` and mend what it says.",
        )
    late: list[float] = json.loads(out.read_text(encoding="utf-8"))["late_ms"]
    return late


@contextlib.contextmanager
def _display() -> Iterator[str]:
    """The display to show windows on: the session's own, else a virtual one for as long as the bench runs."""
    own = os.environ.get("DISPLAY")
    if own:
        yield own
        return
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        raise EnvironmentLackingError(
            "There is no display to show the window on.", action="Install Xvfb (sudo apt install xvfb) and try again."
        )
    read_end, write_end = os.pipe()
    command = [xvfb, "-displayfd", str(write_end), "-screen", "0", "1366x768x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[write_end], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise EnvironmentLackingError("The virtual display did not start.", action="Run `Xvfb :99` to see why.")
        yield f":{number}"
    finally:
        process.terminate()
        deadline = time.monotonic() + 5
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(0.1, deadline - time.monotonic()))
        if process.poll() is None:
            process.kill()
            process.wait()
