"""Start and scrolling of the window over a large library, for `kibitz bench ui`; and how the bench runs the window.

Never imports Qt: the application measures itself (`ui.runtime.scroll_probe`). How many games: `--games`, else
`KIBITZ_BENCH_GAMES`, else 200,000; with `KIBITZ_BENCH_LIBRARY` that library is shown (a copy of it is not made: the
window only reads, apart from the position index, which it completes). Budget: product.md section 6.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.bench.figures import percentile
from desktop_app.bench.library_bench import GAMES, GAMES_VARIABLE, LIBRARY_VARIABLE, fill
from desktop_app.errors import EnvironmentLackingError
from desktop_app.library.library import Library

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STARTS = 5
STEPS = 300
_BUDGET_S = 180.0


def measure_large(folder: Path, display: str, games: int | None) -> dict[str, Any]:
    """Seconds from the command to the first rows on the screen, and frame times by way of scrolling.

    Raises EnvironmentLackingError where the window does not come.
    """
    folder.mkdir(exist_ok=True)
    path = Path(os.environ.get(LIBRARY_VARIABLE) or folder / "library.kibitz")
    with Library.open(path) as library:
        fill(library, games or int(os.environ.get(GAMES_VARIABLE) or GAMES))
    # The first start is a warm-up: it reads our code and the library's indexes from the disk.
    starts = [_probe(folder, display, path, steps=0) for _ in range(STARTS + 1)][1:]
    seen = _probe(folder, display, path, steps=STEPS)
    seconds = [start["start_s"] for start in starts]
    figures: dict[str, Any] = {
        "games": seen["rows"],
        "start_s_p50": round(percentile(seconds, 0.5), 2),
        "start_s_worst": round(max(seconds), 2),
        "start_cpu_s": round(percentile([start["start_cpu_s"] for start in starts], 0.5), 2),
    }
    for way in ("page down", "wheel", "drag"):
        figures[f"scrolling, {way}"] = frame_figures(seen[way])
    return figures


def frame_figures(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Milliseconds of a frame, how late the GUI thread was meanwhile, and when all rows were there at the end."""
    frames: Sequence[float] = seen["frame_ms"]
    return {
        "frames": len(frames),
        "frame_ms_p50": round(percentile(frames, 0.5), 2),
        "frame_ms_p95": round(percentile(frames, 0.95), 2),
        "frame_ms_worst": round(max(frames, default=0.0), 2),
        "frame_cpu_ms_p50": round(percentile(seen["frame_cpu_ms"], 0.5), 2),
        "frame_cpu_ms_p95": round(percentile(seen["frame_cpu_ms"], 0.95), 2),
        "frame_cpu_ms_worst": round(max(seen["frame_cpu_ms"], default=0.0), 2),
        "rows_there_after_ms": round(seen["filled_ms"], 1),
        **lateness_figures(seen["late_ms"]),
    }


def lateness_figures(late_ms: Sequence[float]) -> dict[str, Any]:
    """Lateness of the 5 ms timer in milliseconds."""
    return {
        "ticks": len(late_ms),
        "late_ms_p50": round(percentile(late_ms, 0.50), 2),
        "late_ms_p99": round(percentile(late_ms, 0.99), 2),
        "late_ms_p99.9": round(percentile(late_ms, 0.999), 2),
        "late_ms_worst": round(max(late_ms, default=0.0), 2),
    }


def _probe(folder: Path, display: str, library: Path, *, steps: int) -> dict[str, Any]:
    out = folder / "scroll.json"
    out.unlink(missing_ok=True)
    environment = {"KIBITZ_SCROLL": str(out), "KIBITZ_SCROLL_STEPS": str(steps)}
    asked_at = time.time()
    run_application(folder, display, ["--library", str(library)], environment, budget_s=_BUDGET_S)
    if not out.exists():
        raise EnvironmentLackingError(
            "The window did not show its games.", action="Run `kibitz doctor` and mend what it says."
        )
    seen: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return seen | {"start_s": seen["started_at"] - asked_at}


def run_application(
    folder: Path, display: str, arguments: Sequence[str], environment: Mapping[str, str], *, budget_s: float
) -> None:
    """Open the window until it closes by itself; killed when that takes longer than the budget.

    As an installed one it finds its code compiled, from the second start on, even where Python is told to keep nothing.
    """
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        # Settings, window state and logs of the run, not the user's.
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_STATE_HOME": str(folder / "state"),
    }
    command = [sys.executable, "-m", "desktop_app", *arguments]
    process = subprocess.Popen(
        command, env=own | dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(timeout=budget_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
