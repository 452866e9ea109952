"""The position index in `kibitz bench library`: time and size of building it, and latency of looking positions up.

One thread besides the index's own processes. Called by `library_bench`.
"""

from __future__ import annotations

import contextlib
import random
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import chess

from desktop_app.bench.figures import percentile
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.positions import GameSet
from desktop_app.services.explore_position import Place, explore, games_with
from desktop_app.services.index_positions import index_positions
from desktop_app.settings import cores

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desktop_app.library.library import Library

T = TypeVar("T")
SEED = 20261123
POSITIONS = 150
DEEPEST_PLY = 24
GAMES_LISTED = 100
FEW_GAMES = 20_000
FILTER = "elo>=2200"


def measure_positions(library: Library, path: Path) -> dict[str, Any]:
    """Index what is not indexed, then look positions of real games up: the start, openings, middle games."""
    before, missing = path.stat().st_size, library.positions.coverage()
    started = time.perf_counter()
    coverage = index_positions(library, workers=cores())
    seconds = time.perf_counter() - started
    added = coverage.indexed - missing.indexed
    figures: dict[str, Any] = {"workers": cores(), "games_indexed": added, "seconds": round(seconds, 1)}
    if added:
        grown = path.stat().st_size - before
        figures |= {"games_per_second": round(added / seconds), "bytes_per_game": max(0, round(grown / added))}
    return {"positions": figures | _lookups(library)}


def _lookups(library: Library) -> dict[str, Any]:
    """What the explorer and the list of games with a position take: over all games, and over those of a filter.

    The window has the games of its filter at hand; the set made of them is measured apart, once for a filter.
    """
    places = _positions(library)
    ids, listing = _spent(lambda: library.games.ids(GameQuery(parse_filter(FILTER))))
    some, setting = _spent(lambda: GameSet(ids))
    every = [_spent(partial(explore, library, place)) for place in places]
    first = [_spent(partial(games_with, library, place, limit=GAMES_LISTED)) for place in places]
    filtered = [_spent(partial(explore, library, place, among=some)) for place in places]
    shown = [_spent(partial(_first_part, library, place, some)) for place in places]
    start = Place(chess.STARTING_FEN, chess.STARTING_FEN)
    few = [spent for answer, spent in filtered if answer.total.games <= FEW_GAMES]
    many = [spent for answer, spent in filtered if answer.total.games > FEW_GAMES]
    return {
        "most_games": max(answer.total.games for answer, _ in every),
        "explorer": _figures([spent for _, spent in every]),
        "start position, counts": _figures([_spent(partial(_first_part, library, start, None))[1] for _ in range(10)]),
        "start position, with accuracies": _figures([_spent(partial(explore, library, start))[1] for _ in range(10)]),
        f"first {GAMES_LISTED} games": _figures([spent for _, spent in first]),
        f"filter {FILTER}": {"games": some.size, "ids_ms": round(listing.wall_ms), "set_ms": round(setting.wall_ms)},
        f"explorer over {FILTER}, at most {FEW_GAMES} games": _figures(few),
        f"explorer over {FILTER}, more games": _figures(many),
        "first part of an answer": _figures([spent for _, spent in shown]),
    }


class _Enough(Exception):  # noqa: N818 -- no error: the first part of an answer was seen
    """Ends a search at its first part."""


def _first_part(library: Library, place: Place, some: GameSet | None) -> None:
    """Until the explorer has something to show, which is the whole answer where the games are few."""

    def seen(_part: object) -> None:
        raise _Enough

    with contextlib.suppress(_Enough):
        explore(library, place, among=some, told=seen)


def _positions(library: Library) -> list[Place]:
    draw = random.Random(SEED)  # noqa: S311 -- bench data, not a secret
    ids = library.games.ids(GameQuery())
    places = []
    for _ in range(POSITIONS):
        record = library.games.get(draw.choice(ids)).record
        if record.start_fen is not None:
            continue
        board = chess.Board()
        for move in unpack_moves(record.moves)[: draw.randrange(DEEPEST_PLY)]:
            board.push(move)
        ucis = tuple(move.uci() for move in board.move_stack)
        places.append(Place(board.fen(), chess.STARTING_FEN, ucis))
    return places


class _Spent(NamedTuple):
    """Milliseconds on the clock, and of this thread's processor."""

    wall_ms: float
    cpu_ms: float


def _spent(run: Callable[[], T]) -> tuple[T, _Spent]:
    started, computed = time.perf_counter(), time.thread_time()
    answer = run()
    return answer, _Spent((time.perf_counter() - started) * 1000, (time.thread_time() - computed) * 1000)


def _figures(spent: list[_Spent]) -> dict[str, Any]:
    wall, computed = [one.wall_ms for one in spent], [one.cpu_ms for one in spent]
    return {
        "positions": len(spent),
        "p50_ms": round(percentile(wall, 0.5), 2),
        "p95_ms": round(percentile(wall, 0.95), 2),
        "cpu_p95_ms": round(percentile(computed, 0.95), 2),
    }
