"""`kibitz bench regrade`: how long judging a whole library again takes, from stored evaluations.

One thread besides the judging processes. The games are real ones (or the samples played on), each different; the
evaluations are random walks with the shape of real ones, since judging costs the same whatever they say.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.bench.many_games import SEED, Multiples, pool
from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import GRADINGS, LICHESS
from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.profile import AnalysisKey, SearchSpec
from desktop_app.domain.work import JobState
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.library.library import Library
from desktop_app.services.rejudge_games import rejudge_games
from desktop_app.settings import cores

if TYPE_CHECKING:
    from desktop_app.domain.game import GameRecord

GAMES = 10_000
_SWING_CP = 60
_TOP_SHARE = 0.5
_KEY = AnalysisKey(EngineIdentity("Bench", "0", ()), SearchSpec.of_nodes(1000))


def measure(games: int = GAMES) -> dict[str, Any]:
    """Build a library of analysed games, then judge all of them by each grading in turn."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "bench.kibitz") as library:
        positions = _fill(library, games)
        figures: dict[str, Any] = {"games": games, "positions": positions, "workers": cores()}
        for grading in (*list(GRADINGS.values())[1:], LICHESS):
            done = rejudge_games(library, grading, workers=cores())
            figures[f"to {grading.name}"] = {
                "regraded": done.regraded,
                "seconds": round(done.seconds, 2),
                "games_per_second": round(done.regraded / done.seconds) if done.seconds else None,
            }
        started = time.perf_counter()
        rejudge_games(library, LICHESS)
        figures["nothing to do, seconds"] = round(time.perf_counter() - started, 3)
        return figures


def _fill(library: Library, games: int) -> int:
    """Games with all their evaluations, judged by Lichess's grading; returns how many positions there are."""
    multiples = Multiples(pool())
    batch = library.imports.begin("bench")
    for first in range(0, games, 500):
        library.games.add(batch, [multiples.game(index) for index in range(first, min(games, first + 500))])
    ids = library.games.ids(GameQuery())
    job = library.jobs.create(ids, engine_path="bench", spec=_KEY.spec, workers=1)
    draw = random.Random(SEED)  # noqa: S311 -- bench data, not a secret
    positions = 0
    for item in library.jobs.items(job):
        stored = _walk(library.games.get(item.game_id).record, draw)
        positions += len(stored)
        library.evaluations.store_chunk(
            ChunkToStore(
                item_id=item.id, game_id=item.game_id, key=_KEY, positions=tuple(stored), positions_total=len(stored),
                summary=None, grading=LICHESS.stamp,
            )
        )  # fmt: skip
    library.jobs.set_state(job, JobState.DONE)
    return positions


def _walk(record: GameRecord, draw: random.Random) -> list[StoredPosition]:
    """An evaluation of every position: a random walk; half of the moves are the engine's own choice."""
    moves = [move.uci() for move in unpack_moves(record.moves)]
    cp, found = 15, []
    for ply in range(len(moves) + 1):
        played = moves[ply] if ply < len(moves) else "a1a1"
        best = played if draw.random() < _TOP_SHARE else "a1a1"
        line = (best, *moves[ply + 1 : ply + 11])
        found.append(StoredPosition(Ply(ply), Evaluation(Cp(cp), 18, 1000, best, line, 1), None))
        cp += round(draw.gauss(0, _SWING_CP))
    return found
