"""`kibitz bench library`: adding games, and the first page of listed sorts and filters, in a library of many games.

The games are seeded multiples: moves of real games (those `KIBITZ_CORPUS` names, else the sample games played on at
random), with players, events, ratings and dates drawn so that names are as many and as unequal as in a real database.
How many: `--games`, or `KIBITZ_BENCH_GAMES`; with `KIBITZ_BENCH_LIBRARY` the library stays there and is used again.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from desktop_app.bench.figures import percentile
from desktop_app.bench.many_games import SEED, Multiples, pool
from desktop_app.bench.position_bench import measure_positions
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.library.library import Library
from desktop_app.services.index_comments import index_comments

if TYPE_CHECKING:
    from collections.abc import Callable

GAMES = 200_000
GAMES_VARIABLE = "KIBITZ_BENCH_GAMES"
LIBRARY_VARIABLE = "KIBITZ_BENCH_LIBRARY"
BATCH = 500
IMPORTS = 20
PAGE = 100
REPEATS = 15
ANALYSED_SHARE = 0.03
MOST_ANALYSED = 20_000


def _filtered(expression: str, sort: str = "id", *, descending: bool = False) -> GameQuery:
    return GameQuery(filter=parse_filter(expression), sort=sort, descending=descending)


QUERIES: dict[str, GameQuery] = {
    "newest first": GameQuery(sort="date", descending=True),
    "by White": GameQuery(sort="white"),
    "by rating": GameQuery(sort="white_elo", descending=True),
    "by opening": GameQuery(sort="opening"),
    "by length": GameQuery(sort="ply_count", descending=True),
    "by accuracy": GameQuery(sort="white_accuracy"),
    "player, either colour, newest first": _filtered("player:carlsen", "date", descending=True),
    "player, a part of many names": _filtered("player:an", "white_elo", descending=True),
    "two players": _filtered("player:carlsen player:anand"),
    "White's whole name": _filtered('white="Carlsen, Magnus"', "date"),
    "rating of either": _filtered("elo>=2700", "date", descending=True),
    "result and years": _filtered("result:0-1 date:2010..2014", "date"),
    "event": _filtered("event:olympiad", "event"),
    "site": _filtered("site:reykjavik", "date"),
    "ECO group by rating": _filtered("eco:B9", "black_elo", descending=True),
    "opening's name": _filtered("opening:najdorf", "date", descending=True),
    "speed and length": _filtered("speed:blitz moves<20", "ply_count"),
    "termination": _filtered("termination:forfeit", "date", descending=True),
    "state and accuracy": _filtered("state:analysed accuracy<60", "white_accuracy"),
    "error counts": _filtered("blunders>=4", "white_blunders", descending=True),
    "import batch": _filtered("batch:3", "white"),
    "free words": _filtered("carlsen olympiad"),
    "a word that nothing matches": _filtered("xyzzy"),
    "not a player, draws": _filtered("-player:carlsen result:draw", "black"),
    "a tag many games have": _filtered("tag:many", "date", descending=True),
    "two tags": _filtered("tag:many tag:some", "white"),
    "tag and rating": _filtered("tag:some elo>=2400", "white_elo", descending=True),
    "collection": _filtered("collection:chosen", "date"),
    "smart collection": _filtered('collection:"my losses"', "date", descending=True),
    "my games": _filtered("is:mine", "date", descending=True),
    "my wins with Black against better ones": _filtered("is:won my_colour:black opponent_elo>=2400", "date"),
    "a word in comments": _filtered("comment:zugzwang", "date", descending=True),
    "words in comments and a player": _filtered('comment:"white is" player:anand'),
    "date, speed and how it ended": _filtered("date:2015..2020 speed:rapid termination:abandoned", "date"),
}


def measure(games: int | None = None) -> dict[str, Any]:
    """Games added a second, bytes a game, milliseconds of each query (also of the processor), the position index."""
    wanted = games or int(os.environ.get(GAMES_VARIABLE) or GAMES)
    with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder:
        path = Path(os.environ.get(LIBRARY_VARIABLE) or Path(folder) / "library.kibitz")
        with Library.open(path) as library:
            figures = fill(library, wanted)
            latencies = {name: _latency(_page_of(library, query)) for name, query in QUERIES.items()}
            figures |= {
                "bytes_per_game": round(path.stat().st_size / wanted),
                "first_page": latencies,
                "slowest_p95_ms": max(found["p95_ms"] for found in latencies.values()),
                "slowest_cpu_p95_ms": max(found["cpu_p95_ms"] for found in latencies.values()),
                "all_ids": _latency(lambda: library.games.ids(GameQuery(sort="date")), repeats=3),
                **measure_positions(library, path),
            }
    return {"games": wanted, **figures, "memory_mb": round(psutil.Process().memory_info().rss / 2**20)}


def fill(library: Library, games: int) -> dict[str, Any]:
    """Add multiples until there are `games`; the rate is that of the storing alone."""
    there = library.games.count(GameQuery())
    if there >= games:
        return {"games_there": there}
    multiples = Multiples(pool())
    batch_id = library.imports.begin("bench")
    seconds = 0.0
    for first in range(there, games, BATCH):
        if first % max(BATCH, games // IMPORTS // BATCH * BATCH) == 0:
            batch_id = library.imports.begin(f"bench {first}")
        records = [multiples.game(index) for index in range(first, first + BATCH)]
        started = time.perf_counter()
        library.games.add(batch_id, records)
        seconds += time.perf_counter() - started
    _fill_sets(library)
    started = time.perf_counter()
    index_comments(library)
    comments_s = time.perf_counter() - started
    library.database.write(library.database.backend.refresh_statistics)
    analysed = min(MOST_ANALYSED, round(games * ANALYSED_SHARE))
    multiples.pretend_analysis(library, analysed)
    return {
        "added_per_second": round((games - there) / seconds),
        "analysed": analysed,
        "comments_s": round(comments_s, 1),
    }


def _fill_sets(library: Library) -> None:
    """Tags, collections and names of mine, as many as somebody with such a library may have."""
    draw = random.Random(SEED)  # noqa: S311 -- bench data, not a secret
    ids = library.games.ids(GameQuery())
    for name, share in (("many", 0.1), ("some", 0.005)):
        library.sets.tag(library.sets.create_tag(name), draw.sample(ids, round(len(ids) * share)))
    chosen = draw.sample(ids, min(len(ids), 5_000))
    library.sets.add(library.sets.create_collection("chosen"), chosen)
    library.sets.create_collection("my losses", filter_="is:lost moves>=30")
    library.people.set_me(["Carlsen, Magnus"])


def _page_of(library: Library, query: GameQuery) -> Callable[[], object]:
    return lambda: library.games.page(query, 0, PAGE)


def _latency(run: Callable[[], object], *, repeats: int = REPEATS) -> dict[str, Any]:
    spent, processor = [], []
    for _ in range(repeats):
        started, started_cpu = time.perf_counter(), time.thread_time()
        run()
        spent.append((time.perf_counter() - started) * 1000)
        processor.append((time.thread_time() - started_cpu) * 1000)
    return {
        "p50_ms": round(percentile(spent, 0.5), 2),
        "p95_ms": round(percentile(spent, 0.95), 2),
        "cpu_p95_ms": round(percentile(processor, 0.95), 2),
    }
