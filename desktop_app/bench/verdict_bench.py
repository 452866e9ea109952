"""The proof of the anytime profiles: agreement with the deep reference per node, through the product's own dispatcher.

Called by `bench.analyse_bench` on the main thread; progress goes to stderr. Runs with a fixed node count are exact
repeats, so they are kept in the cache folder by engine build. Anytime runs are cross-fitted: each half of the games is
analysed and judged with weights that were fitted on the other.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chess.pgn

from desktop_app import paths
from desktop_app.analysis.anytime import POLICIES
from desktop_app.analysis.confidence_model import FIRST, SECOND
from desktop_app.bench.verdict_reference import ReferenceGame, over_at, read_reference
from desktop_app.bench.verdict_scores import JUDGED, GameScore, against, calibration, difference, score_game, summary
from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Over
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.domain.work import JobState
from desktop_app.engine.session import EngineSession
from desktop_app.library.library import Library
from desktop_app.services.analyse_games import AnalysisBatch
from desktop_app.services.import_games import import_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from desktop_app.domain.batch import BatchCounters, ItemNews, JobNews, PositionNews
    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.services.changes import Changes

FIXED = (30_000, 60_000, 100_000, 300_000, 857_142)
YARDSTICK = 857_142
WORKERS = max(1, os.cpu_count() or 1)
CORPUS = "KIBITZ_CORPUS"
"""Environment variable: a folder of Lichess exports with `[%eval]` and glyphs, to compare verdicts with theirs."""
_CORPUS_FILE = "lichess_db_2021-10_evaluated_40.pgn"
_LICHESS_GLYPHS = {6: 1, 2: 2, 4: 3}


@dataclass(frozen=True, slots=True)
class Run:
    """One mode over the games: its scores in their order, and how the dispatcher did (None for a cached run)."""

    scores: tuple[GameScore, ...]
    severities: tuple[tuple[int, ...], ...]
    dispatcher: dict[str, Any] | None


def measure_verdicts(engine_path: str, identity: EngineIdentity, games: int | None) -> dict[str, Any]:
    """Every mode on the first `games` games of the reference (None for all); see docs/benchmarks.md for the table."""
    heading, reference = read_reference()
    chosen = reference[:games]
    bench = _Bench(engine_path, identity, chosen)
    runs = {f"fixed {nodes}": bench.fixed(nodes) for nodes in FIXED}
    runs |= {profile.value: bench.anytime(profile) for profile in POLICIES}
    yardstick = runs[f"fixed {YARDSTICK}"]
    figures: dict[str, Any] = {
        "reference": f"{len(chosen)} games, {heading['engine']} build {heading['build']}, {heading['nodes']} nodes",
        "positions": sum(game.line.positions for game in chosen),
    }
    for name, run in runs.items():
        gain, low, high = difference(run.scores, yardstick.scores)
        figures[name] = summary(run.scores) | {
            "f1_minus_yardstick": round(gain, 3),
            "interval": [round(low, 3), round(high, 3)],
        }
        figures[name] |= run.dispatcher or {}
    for profile in POLICIES:
        figures[f"calibration of {profile}"] = calibration(runs[profile.value].scores)
        figures[f"calibration of {profile} against {YARDSTICK} nodes"] = calibration(
            against(runs[profile.value].scores, yardstick.severities)
        )
    if corpus := os.environ.get(CORPUS):
        figures["agreement with Lichess's own judgements"] = _against_lichess(Path(corpus), chosen, runs)
    return figures


class _Bench:
    def __init__(self, engine_path: str, identity: EngineIdentity, games: Sequence[ReferenceGame]) -> None:
        self._engine_path, self._identity, self._games = engine_path, identity, games

    def fixed(self, nodes: int) -> Run:
        """The reproducible mode; games that are in the cache are taken from there."""
        path = paths.cache_dir() / "bench" / f"fixed-{self._identity.build}-{nodes}.json"
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        missing = [game for game in self._games if game.site not in known]
        if missing:
            with _analysed(self, missing) as batches:
                found, counters = batches.run(missing, SearchSpec.of_nodes(nodes), f"fixed {nodes}")
                share = counters.warmup_nodes / max(1, counters.nodes)
            known |= {site: _kept(evaluations, share) for site, evaluations in found.items()}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(known, separators=(",", ":")), encoding="utf-8")
        runs = {game.site: _read(game, known[game.site]["positions"]) for game in self._games}
        return self._scored(runs, {game.site: known[game.site]["nodes"] for game in self._games}, None)

    def anytime(self, profile: Profile) -> Run:
        """A profile, each half of the games with the weights of the other half."""
        found: dict[str, dict[Ply, Evaluation]] = {}
        totals: list[BatchCounters] = []
        with _analysed(self, self._games) as batches:
            for first_half, model in ((True, SECOND), (False, FIRST)):
                half = [game for game in self._games if game.first_half is first_half]
                policy = POLICIES[profile]
                POLICIES[profile] = replace(policy, model=model)
                try:
                    some, counters = batches.run(half, SearchSpec.of_profile(profile), profile.value)
                finally:
                    POLICIES[profile] = policy
                found |= some
                totals.append(counters)
        spent = {site: sum(one.nodes_spent for one in some.values()) for site, some in found.items()}
        # What the dispatcher counted is the truth: copies cost nothing, warm-up does. It is shared out by size.
        counted = sum(total.nodes + total.warmup_nodes for total in totals)
        scale = counted / max(1, sum(spent.values()))
        return self._scored(found, {site: round(nodes * scale) for site, nodes in spent.items()}, _dispatched(totals))

    @property
    def engine_path(self) -> str:
        """The engine all modes use."""
        return self._engine_path

    @property
    def identity(self) -> EngineIdentity:
        """Who that engine is."""
        return self._identity

    def _scored(
        self, found: Mapping[str, Mapping[Ply, Evaluation]], nodes: Mapping[str, int], how: dict[str, Any] | None
    ) -> Run:
        return Run(
            tuple(score_game(game, found[game.site], nodes[game.site]) for game in self._games),
            tuple(game.severities(found[game.site]) for game in self._games),
            how,
        )


def _dispatched(totals: Sequence[BatchCounters]) -> dict[str, Any]:
    engine_s, wall_s = sum(total.engine_seconds for total in totals), sum(total.wall_seconds for total in totals)
    searches, reused = sum(total.searches for total in totals), sum(total.searches_reused for total in totals)
    return {
        "engine_share_of_worker_time": round(engine_s / max(1e-9, wall_s * WORKERS), 3),
        "searches": searches,
        "searches_reused": reused,
        "positions_reused": sum(total.positions_reused for total in totals),
        "warmup_nodes": sum(total.warmup_nodes for total in totals),
        "wall_seconds": round(wall_s),
    }


@contextlib.contextmanager
def _analysed(bench: _Bench, games: Sequence[ReferenceGame]) -> Iterator[_Batches]:
    """A library of its own with the games in it."""
    with tempfile.TemporaryDirectory(prefix="kibitz-bench-") as folder:
        pgn = Path(folder) / "games.pgn"
        pgn.write_text("\n\n".join(game.pgn() for game in games) + "\n", encoding="utf-8")
        with Library.open(Path(folder) / "library.kibitz") as library:
            import_sources(library, [pgn], workers=0)
            yield _Batches(library, bench)


class _Batches:
    """Jobs over the games of one library, by the dispatcher and loop that serve the product."""

    def __init__(self, library: Library, bench: _Bench) -> None:
        self._library, self._bench = library, bench
        self._ids: dict[str, GameId] = {}
        for number in library.games.ids(GameQuery()):
            game_id = GameId(number)
            self._ids[library.games.get(game_id).record.header("Site")] = game_id

    def run(
        self, games: Sequence[ReferenceGame], spec: SearchSpec, name: str
    ) -> tuple[dict[str, dict[Ply, Evaluation]], BatchCounters]:
        """Analyse these games; evaluations by site, and what the dispatcher counted."""
        news = _Progress(name, len(games))
        bench = self._bench
        batch = AnalysisBatch(self._library, engine_path=bench.engine_path, identity=bench.identity, listener=news)
        batch.start([self._ids[game.site] for game in games], spec, WORKERS, alone=True)
        threads = [
            threading.Thread(
                target=batch.run_worker,
                args=(worker, lambda hash_mb: EngineSession.open(bench.engine_path, hash_mb=hash_mb)),
                name=f"kibitz-verdicts-{worker}",
            )
            for worker in batch.claim_workers()
        ]
        for thread in threads:
            thread.start()
        news.ended.wait()
        counters = batch.snapshot().counters
        batch.close()
        for thread in threads:
            thread.join()
        found = {}
        for game in games:
            analysis = self._library.evaluations.of_game(self._ids[game.site])
            if analysis is None or len(analysis.evaluations) != game.line.positions:
                raise RuntimeError(f"{game.site} was not analysed to its end")
            found[game.site] = analysis.evaluations
        return found, counters


class _Progress:
    """A BatchListener that says on stderr how far a mode is, and waits for its end."""

    def __init__(self, name: str, games: int) -> None:
        self._name, self._games, self._done = name, games, 0
        self.ended = threading.Event()

    def position(self, news: PositionNews) -> None:
        """Ignored."""

    def changed(self, changes: Changes) -> None:
        """Ignored."""

    def item(self, news: ItemNews) -> None:
        """A game ended, or went on."""
        if news.state.value in {"done", "failed", "cancelled"}:
            self._done += 1
            print(f"{self._name}: {self._done} of {self._games} games", file=sys.stderr, flush=True)

    def job(self, news: JobNews) -> None:
        """The job ended."""
        if news.state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}:
            self.ended.set()


def _kept(evaluations: Mapping[Ply, Evaluation], warmup_share: float) -> dict[str, Any]:
    positions: list[Any] = []
    for _, found in sorted(evaluations.items()):
        match found.score:
            case Cp(cp):
                positions.append([cp, None, found.best, found.depth, found.nodes])
            case Mate(mate):
                positions.append([None, mate, found.best, found.depth, found.nodes])
            case Over():
                positions.append(None)
    nodes = sum(found.nodes for found in evaluations.values())
    return {"nodes": round(nodes * (1 + warmup_share)), "positions": positions}


def _read(game: ReferenceGame, positions: Sequence[Any]) -> dict[Ply, Evaluation]:
    found = {}
    for number, kept in enumerate(positions):
        ply = Ply(number)
        if kept is None:
            found[ply] = over_at(game.line, ply)
        else:
            cp, mate, best, depth, nodes = kept
            found[ply] = Evaluation(Mate(mate) if cp is None else Cp(cp), depth, nodes, best, (best,))
    return found


def _against_lichess(folder: Path, games: Sequence[ReferenceGame], runs: Mapping[str, Run]) -> dict[str, Any]:
    """F1 of "was this move judged" against the glyphs that Lichess's server wrote in 2021.

    Its engine of that time counted centipawns on another scale, so verdicts are compared, never scores.
    """
    theirs: dict[str, tuple[int, ...]] = {}
    with (folder / _CORPUS_FILE).open(encoding="utf-8") as file:
        while (game := chess.pgn.read_game(file)) is not None:
            theirs[game.headers["Site"]] = tuple(
                max((_LICHESS_GLYPHS.get(nag, 0) for nag in node.nags), default=0) for node in game.mainline()
            )
    ours = {"deep reference": tuple(game.severities(game.deep) for game in games)}
    ours |= {name: run.severities for name, run in runs.items()}
    return {name: round(_f1_with(games, severities, theirs), 3) for name, severities in ours.items()}


def _f1_with(
    games: Sequence[ReferenceGame], severities: Sequence[tuple[int, ...]], theirs: Mapping[str, tuple[int, ...]]
) -> float:
    both = either = 0
    for game, own in zip(games, severities, strict=True):
        for one, other in zip(own, theirs.get(game.site, ()), strict=False):
            both += one >= JUDGED and other >= JUDGED
            either += (one >= JUDGED) + (other >= JUDGED)
    return 2 * both / either if either else 1.0
