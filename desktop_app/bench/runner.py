"""`kibitz bench WHAT`: run one bench, print its figures with the machine they were taken on.

Called by the command line on the main thread. Figures that should be compared stand in one run, as ratios; absolute
times of one machine are there to be read, not asserted.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from desktop_app import __version__
from desktop_app.bench.figures import machine

_MODULES = {
    "import": "import_bench",
    "analyse": "analyse_bench",
    "library": "library_bench",
    "regrade": "regrade_bench",
    "ui": "ui_bench",
    "cluster": "cluster_bench",
}


def run(what: str, *, as_json: bool, games: int | None = None) -> int:
    """Run the bench named `what` and print its figures; returns the exit code.

    `games` says how many games it is about, for those that ask (import, library, regrade).

    Raises EnvironmentLackingError where something it needs (an engine, a display) is missing.
    """
    bench = importlib.import_module(f"desktop_app.bench.{_MODULES[what]}")
    figures: dict[str, Any] = bench.measure(games) if games else bench.measure()
    report = {
        "bench": what,
        "command": f"kibitz bench {what}",
        "version": __version__,
        "machine": machine(),
        "figures": figures,
    }
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        print(f"kibitz bench {what}  (version {__version__})")
        print("  ".join(f"{name}: {value}" for name, value in machine().items()))
        for line in _lines(figures):
            print(line)
    return 0


def _lines(figures: dict[str, Any], indent: str = "  ") -> list[str]:
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name:<28} {value}")
    return lines
