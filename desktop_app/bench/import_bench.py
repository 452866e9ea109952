"""`kibitz bench import`: from file to receipt, beside Scid's importer and python-chess's reader on the same file.

Everything runs one after the other in one run, on two processor cores. Scid is measured where it is installed. What
follows the receipt stands apart with its time: the indexes that a big import leaves out, the position index.
From a million games on, the file of evaluated ones has more than a gigabyte, so that memory is seen to stay flat.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import chess.pgn
import psutil

from desktop_app.bench.data import write_multiples
from desktop_app.bench.scid import import_rate
from desktop_app.library.library import Library
from desktop_app.pgn.fast.counts import is_compiled
from desktop_app.services.import_games import import_sources
from desktop_app.services.index_positions import index_positions

if TYPE_CHECKING:
    from desktop_app.domain.receipt import Receipt

GAMES = 100_000
"""Fewer are done before the reading processes have started."""
FLOOR_GAMES = 500
WORKERS = 2
CORES = 2
_SAMPLED_S = 0.1
_NO_SCID = "not installed, or it refuses the file"


def measure(games: int = GAMES) -> dict[str, Any]:
    """Games and megabytes a second for plain and for evaluated, clocked games; peak memory; the ratio to the floor."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    found: dict[str, Any] = {"fast reader": "compiled" if is_compiled() else "as Python"}
    for name, evaluated in (("plain", False), ("evaluated and clocked", True)):
        with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder:
            found[name] = _measure(Path(folder), games, evaluated=evaluated)
    return found


def _measure(root: Path, games: int, *, evaluated: bool) -> dict[str, Any]:
    source = root / "games.pgn"
    size = write_multiples(source, games, evaluated=evaluated)
    with _Memory() as memory, _Spent() as first:
        library = Library.open(root / "games.kibitz")
        receipt = _import(library, source)
    with library:
        with _Spent() as indexes:
            library.indexes.restore().result()
        with _Spent() as again:
            known = _import(library, source)
        size_before = _bytes(library)
        with _Spent() as positions:
            index_positions(library, workers=WORKERS)
        size_after = _bytes(library)
    with _Spent() as of_scid:
        scid = import_rate(source, root)
    floor = _read_game_rate(source)
    rate = receipt.imported / first.seconds
    return {
        "games": games,
        "imported": receipt.imported,
        "rejected": receipt.rejected,
        "megabytes": round(size / 1e6, 1),
        "seconds_to_receipt": round(first.seconds, 2),
        "games_per_second": round(rate),
        "megabytes_per_second": round(size / 1e6 / first.seconds, 2),
        "cpu_us_per_game": round(first.cpu * 1e6 / games, 1),
        "scid_games_per_second": round(scid[1]) if scid else _NO_SCID,
        "scid_cpu_us_per_game": round(of_scid.cpu * 1e6 / games, 1) if scid else _NO_SCID,
        "ratio_to_scid": round(rate / scid[1], 2) if scid else _NO_SCID,
        "read_game_per_second": round(floor),
        "ratio_to_read_game": round(rate / floor, 2),
        "indexes_after_it_s": round(indexes.seconds, 2),
        "games_per_second_with_them": round(receipt.imported / (first.seconds + indexes.seconds)),
        "same_file_again_per_second": round(known.duplicates / again.seconds),
        "position_index_after_it_s": round(positions.seconds, 2),
        "library_bytes_per_game": round(size_before / games),
        "position_index_bytes_per_game": round((size_after - size_before) / games),
        "peak_memory_mb": memory.peak_mb,
    }


def _import(library: Library, source: Path) -> Receipt:
    return import_sources(library, [source], workers=WORKERS, background=False)


def _bytes(library: Library) -> int:
    with library.database.read() as connection:
        return library.database.backend.sizes(connection)[1]


class _Spent:
    """Seconds, and seconds of the processor in this process and those it has ended, of a `with` block."""

    seconds = 0.0
    cpu = 0.0

    def __enter__(self) -> Self:
        self._started, self._cpu = time.perf_counter(), _processor_s()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds, self.cpu = time.perf_counter() - self._started, _processor_s() - self._cpu


def _processor_s() -> float:
    return sum(os.times()[:4])


class _Memory:
    """The most memory that this process and its children held at once during a `with` block, seen ten times a second.

    What they share counts for each of them.
    """

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._peak = 0
        self._thread = threading.Thread(target=self._watch, name="kibitz-bench-memory")

    @property
    def peak_mb(self) -> int:
        """In megabytes."""
        return round(self._peak / 1e6)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._ended.wait(_SAMPLED_S):
            held = 0
            for process in (own, *own.children(recursive=True)):
                try:
                    held += process.memory_info().rss
                except psutil.Error:  # it has just ended
                    continue
            self._peak = max(self._peak, held)


def _read_game_rate(source: Path) -> float:
    """Games a second of `chess.pgn.read_game` on one core: the floor nobody should fall below."""
    started = time.perf_counter()
    count = 0
    with source.open(encoding="utf-8") as stream:
        while count < FLOOR_GAMES and chess.pgn.read_game(stream):
            count += 1
    return count / (time.perf_counter() - started)
