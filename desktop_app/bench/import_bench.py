"""`kibitz bench import`: from file to receipt, beside python-chess's own reader on the same file in the same run."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import chess.pgn

from desktop_app.bench.data import write_multiples
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources

GAMES = 4000
FLOOR_GAMES = 500
WORKERS = 2


def measure(games: int = GAMES) -> dict[str, Any]:
    """Games and megabytes a second for plain and for evaluated, clocked games; peak memory; the ratio to the floor."""
    with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder:
        root = Path(folder)
        return {
            "plain": _measure(root, "plain", games, evaluated=False),
            "evaluated and clocked": _measure(root, "evaluated", games, evaluated=True),
        }


def _measure(root: Path, name: str, games: int, *, evaluated: bool) -> dict[str, Any]:
    source = root / f"{name}.pgn"
    size = write_multiples(source, games, evaluated=evaluated)
    started = time.perf_counter()
    with Library.open(root / f"{name}.kibitz") as library:
        receipt = import_sources(library, [source], workers=WORKERS)
    seconds = time.perf_counter() - started
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
        "megabytes_per_second": round(size / 1e6 / seconds, 2),
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
