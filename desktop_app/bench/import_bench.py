"""`kibitz bench import`: from file to receipt, beside Scid's importer and python-chess's reader on the same file.

Everything runs one after the other in one run, on two processor cores. Scid is measured where it is installed.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import chess.pgn

from desktop_app.bench.data import write_multiples
from desktop_app.bench.scid import import_rate
from desktop_app.library.library import Library
from desktop_app.pgn.fast.counts import is_compiled
from desktop_app.services.import_games import import_sources

GAMES = 100_000
"""A start takes a fifth of a second, the library's and the processes'; of fewer games that would be a good part."""
FLOOR_GAMES = 500
WORKERS = 2
CORES = 2


def measure(games: int = GAMES) -> dict[str, Any]:
    """Games and megabytes a second for plain and for evaluated, clocked games; peak memory; the ratio to the floor.

    The time runs from opening a new library to the receipt: games stored, duplicates known, openings named. A big
    import leaves indexes for sorting out until then, hence the second rate; the index of positions is apart.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder:
        root = Path(folder)
        return {
            "fast reader": "compiled" if is_compiled() else "as Python",
            "plain": _measure(root, "plain", games, evaluated=False),
            "evaluated and clocked": _measure(root, "evaluated", games, evaluated=True),
        }


def _measure(root: Path, name: str, games: int, *, evaluated: bool) -> dict[str, Any]:
    source = root / f"{name}.pgn"
    size = write_multiples(source, games, evaluated=evaluated)
    started = time.perf_counter()
    with Library.open(root / f"{name}.kibitz") as library:
        receipt = import_sources(library, [source], workers=WORKERS, background=False)
        seconds = time.perf_counter() - started
        library.indexes.restore().result()
        indexed = time.perf_counter() - started
    scid = import_rate(source, root)
    floor = _read_game_rate(source)
    rate = receipt.imported / seconds
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    readers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        "games": games,
        "imported": receipt.imported,
        "rejected": receipt.rejected,
        "megabytes": round(size / 1e6, 1),
        "games_per_second": round(rate),
        "games_per_second_until_indexes_stand": round(receipt.imported / indexed),
        "megabytes_per_second": round(size / 1e6 / seconds, 2),
        "scid_games_per_second": round(scid[1]) if scid else "not installed",
        "ratio_to_scid": round(rate / scid[1], 2) if scid else "not installed",
        "read_game_per_second": round(floor),
        "ratio_to_read_game": round(rate / floor, 2),
        "library_bytes_per_game": round((root / f"{name}.kibitz").stat().st_size / games),
        "peak_memory_mb": round(own / 1024),
        "largest_reader_mb": round(readers / 1024),
    }


def _read_game_rate(source: Path) -> float:
    """Games a second of `chess.pgn.read_game` on one core: the floor nobody should fall below."""
    started = time.perf_counter()
    count = 0
    with source.open(encoding="utf-8") as stream:
        while count < FLOOR_GAMES and chess.pgn.read_game(stream):
            count += 1
    return count / (time.perf_counter() - started)
