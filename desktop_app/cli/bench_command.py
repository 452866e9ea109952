"""`kibitz bench`: hands over to `desktop_app.bench`, which is loaded only here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def run_bench(arguments: Namespace) -> int:
    """Measure, print the figures and return the exit code."""
    # By name: benches load the window's half too, which no other command may even reach.
    runner = importlib.import_module("desktop_app.bench.runner")
    code: int = runner.run(arguments.what, as_json=arguments.json, games=arguments.games)
    return code
