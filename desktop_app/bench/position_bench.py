"""The position index in `kibitz bench library`: time and size of building it, and latency of looking positions up.

One thread besides the index's own processes. Called by `library_bench`.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import chess

from desktop_app.bench.figures import percentile
from desktop_app.domain.filters import EVERYTHING, Filter, GameQuery, parse_filter
from desktop_app.domain.moves import unpack_moves
from desktop_app.services.find_position import find_position
from desktop_app.services.index_positions import index_positions
from desktop_app.settings import cores

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.library.library import Library

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
    boards = _positions(library)
    figures: dict[str, Any] = {"workers": cores(), "games_indexed": added, "seconds": round(seconds, 1)}
    if added:
        grown = path.stat().st_size - before
        figures |= {"games_per_second": round(added / seconds), "bytes_per_game": max(0, round(grown / added))}
    every = [_timed(library, board, EVERYTHING) for board in boards]
    filtered = [_timed(library, board, parse_filter(FILTER)) for board in boards]
    few = [spent for (_, total), (spent, _) in zip(every, filtered, strict=True) if total <= FEW_GAMES]
    figures |= {
        "most_games": max(total for _, total in every),
        "explorer": _figures([spent for spent, _ in every]),
        "explorer_start_position": _figures([_timed(library, chess.Board(), EVERYTHING)[0] for _ in range(10)]),
        f"explorer {FILTER}, at most {FEW_GAMES} games": _figures(few),
    }
    return {"positions": figures}


def _positions(library: Library) -> list[chess.Board]:
    draw = random.Random(SEED)  # noqa: S311 -- bench data, not a secret
    ids = library.games.ids(GameQuery())
    boards = []
    for _ in range(POSITIONS):
        record = library.games.get(draw.choice(ids)).record
        if record.start_fen is not None:
            continue
        board = chess.Board()
        for move in unpack_moves(record.moves)[: draw.randrange(DEEPEST_PLY)]:
            board.push(move)
        boards.append(board)
    return boards


def _timed(library: Library, board: chess.Board, filter_: Filter) -> tuple[float, int]:
    """Milliseconds of one answer, and how many games it counted."""
    started = time.perf_counter()
    found = find_position(library, board, limit=GAMES_LISTED, filter_=filter_)
    return (time.perf_counter() - started) * 1000, found.total


def _figures(spent: list[float]) -> dict[str, Any]:
    return {
        "positions": len(spent),
        "p50_ms": round(percentile(spent, 0.5), 2),
        "p95_ms": round(percentile(spent, 0.95), 2),
    }
