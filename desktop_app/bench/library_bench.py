"""`kibitz bench library`: adding games, and the first page of listed sorts and filters, in a library of many games."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.bench.data import sample_texts, write_multiples
from desktop_app.bench.figures import percentile
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources

if TYPE_CHECKING:
    from desktop_app.domain.game import GameRecord

GAMES = 50_000
BATCH = 500
PAGE = 100
REPEATS = 15
QUERIES: dict[str, GameQuery] = {
    "newest first": GameQuery(sort="date", descending=True),
    "by White": GameQuery(sort="white"),
    "by Black": GameQuery(sort="black"),
    "by result": GameQuery(sort="result"),
    "by rating": GameQuery(sort="white_elo", descending=True),
    "by length": GameQuery(sort="ply_count", descending=True),
    "by opening": GameQuery(sort="opening"),
    "a player, either colour": GameQuery(filter=parse_filter('player:"Player 42"')),
    "White's name": GameQuery(filter=parse_filter('white:"Player 7"')),
    "event": GameQuery(filter=parse_filter('event:"open 12"')),
    "result": GameQuery(filter=parse_filter("result:1-0")),
    "years": GameQuery(filter=parse_filter("date>=2010 date<2015"), sort="date"),
    "ECO": GameQuery(filter=parse_filter("eco:C")),
    "length": GameQuery(filter=parse_filter("moves>40")),
    "state": GameQuery(filter=parse_filter("state:unanalysed")),
    "free words": GameQuery(filter=parse_filter("player 99")),
    "combined": GameQuery(filter=parse_filter("result:0-1 moves<30 date>2000"), sort="date", descending=True),
}


def measure(games: int = GAMES) -> dict[str, Any]:
    """Games added a second, bytes a game, and p50/p95 milliseconds of the first page of each listed query."""
    with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder:
        path = Path(folder) / "library.kibitz"
        with Library.open(path) as library:
            rate = _fill(library, Path(folder), games)
            latencies = {name: _latency(library, query) for name, query in QUERIES.items()}
        size = path.stat().st_size
    worst = max(float(found["p95_ms"]) for found in latencies.values())
    return {
        "games": games,
        "added_per_second": round(rate),
        "bytes_per_game": round(size / games),
        "first_page": latencies,
        "slowest_p95_ms": worst,
    }


def _fill(library: Library, folder: Path, games: int) -> float:
    """Add multiples of the sample games; returns games a second of the storing alone."""
    source = folder / "samples.pgn"
    write_multiples(source, len(sample_texts()))
    import_sources(library, [source], workers=0)
    originals = [library.games.get(row.id).record for row in library.games.page(GameQuery(), 0, PAGE)]
    batch_id = library.imports.begin("bench")
    seconds = 0.0
    for first in range(0, games, BATCH):
        records = [_variant(originals[index % len(originals)], index) for index in range(first, first + BATCH)]
        started = time.perf_counter()
        library.games.add(batch_id, records)
        seconds += time.perf_counter() - started
    return games / seconds


def _variant(record: GameRecord, index: int) -> GameRecord:
    headers = dict(record.headers)
    headers |= {
        "White": f"Player {index * 7919 % 5003}, A",
        "Black": f"Player {index * 104729 % 4999}, B",
        "Date": f"{1990 + index % 35}.{1 + index % 12:02}.{1 + index % 28:02}",
        "Event": f"Bench open {index % 97}",
        "Round": str(index),
        "WhiteElo": str(1000 + index * 31 % 1800),
        "BlackElo": str(1000 + index * 37 % 1800),
    }
    return replace(record, headers=tuple(headers.items()))


def _latency(library: Library, query: GameQuery) -> dict[str, Any]:
    spent = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        library.games.page(query, 0, PAGE)
        spent.append((time.perf_counter() - started) * 1000)
    return {"p50_ms": round(percentile(spent, 0.5), 2), "p95_ms": round(percentile(spent, 0.95), 2)}
