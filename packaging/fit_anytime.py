#!/usr/bin/env python3
"""Fit the weights of desktop_app/analysis/confidence_model.py to searches of the committed reference's games.

    python packaging/fit_anytime.py collect RUNS.jsonl --engine /usr/games/stockfish
    python packaging/fit_anytime.py fit RUNS.jsonl > desktop_app/analysis/confidence_model.py

`collect` searches every game eight times, in all about an hour and a half on one core, and goes on where it stopped: a
thin pass over the whole game backwards on one warm hash; 857 142 nodes a position in the product's own chunks, keeping
each exact score by depth; and six times as an anytime profile does (`POLICIES`), keeping every round. `fit` regresses.
The noise of a score, by least squares: deep searches cut off at several node counts, against the 3 M-node reference.
The odds that a verdict changes, by logistic regression: every round of the anytime runs, against the 857 142-node
searches, which are ten times as deep as the standard profile's. Three times: on all games and on each half alone, for
cross-fitting. Method and choices: docs/decisions/0020.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chess
import chess.engine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from desktop_app.analysis.anytime import Policy, wanted
from desktop_app.analysis.confidence import chances_of, evidence, features, noise_features
from desktop_app.analysis.confidence_model import Model
from desktop_app.analysis.plan import plan_game
from desktop_app.bench.verdict_reference import ReferenceGame, read_reference
from desktop_app.domain.evaluation import STABILITY_SCORES, Cp, Evaluation, Mate, Over, Score, Stability, to_cp
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import SearchSpec
from desktop_app.domain.work import JobItemId

if TYPE_CHECKING:
    from collections.abc import Iterator

THIN, DEEP, HASH_MB = 20_000, 857_142, 16
NOISE_LEVELS = (20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 857_142)
POLICIES = (
    Policy((20_000, 120_000, 480_000), (0.16, 0.42), 200_000),
    Policy((20_000, 120_000, 480_000), (0.22, 0.42), 200_000),
    Policy((25_000, 120_000, 480_000), (0.2, 0.42), 200_000),
    Policy((30_000, 120_000, 400_000), (0.15, 0.42), 200_000),
    Policy((20_000, 50_000, 120_000, 480_000), (0.1, 0.2, 0.42), 200_000),
    Policy((20_000, 60_000, 120_000, 400_000), (0.08, 0.3, 0.42), 200_000),
)
"""What the odds are learned from: ways of spending around that of the standard profile, so that they hold for others
than the one in use."""
LEAST_CHANGE = 0.004
"""Added to changes of winning chances before their logarithm is taken."""
RIDGE, STEPS = 0.5, 12
FEATURES = 16

Vector = list[float]
Trail = tuple[list[list[Any]], int]


def main() -> int:
    """Collect or fit."""
    parser = argparse.ArgumentParser(description="Fit the weights of confidence to the deep reference.")
    parser.add_argument("action", choices=("collect", "fit"))
    parser.add_argument("runs", type=Path)
    parser.add_argument("--engine")
    options = parser.parse_args()
    _, games = read_reference()
    if options.action == "collect":
        collect(games, options.runs, options.engine)
        return 0
    rows = {row["site"]: row for row in map(json.loads, options.runs.read_text(encoding="utf-8").splitlines())}
    halves = {
        "ALL": games,
        "FIRST": [game for game in games if game.first_half],
        "SECOND": [game for game in games if not game.first_half],
    }
    source = Path(sys.modules[Model.__module__].__file__ or "").read_text(encoding="utf-8")
    text = source[: source.index("\n\nALL = ")] + "\n\n"
    for name, some in halves.items():
        model = fit(some, rows)
        text += f"{name} = Model(\n"
        for part in ("noise", "judged", "verdict"):
            text += f"    {part}=({', '.join(f'{weight:.4g}' for weight in getattr(model, part))}),\n"
        text += ")\n"
    sys.stdout.write(text)
    return 0


def collect(games: list[ReferenceGame], runs: Path, engine_path: str) -> None:
    """Search what is missing."""
    done = {json.loads(line)["site"] for line in runs.read_text().splitlines()} if runs.exists() else set()
    with chess.engine.SimpleEngine.popen_uci(engine_path, timeout=60) as engine:
        engine.configure({"Threads": 1, "Hash": HASH_MB})
        for game in games:
            if game.site in done:
                continue
            last = game.line.positions - 1
            whole = [ply for ply in range(last, -1, -1) if not isinstance(game.deep[Ply(ply)].score, Over)]
            row = {"site": game.site, "thin": search(engine, game, whole, nodes=THIN), "deep": [None] * (last + 1)}
            plan = plan_game(
                item_id=JobItemId(0), game_id=GameId(0), root_fen=game.line.root_fen, moves=game.line.moves,
                chess960=False, spec=SearchSpec.of_nodes(DEEP),
            )  # fmt: skip
            for chunk in plan.chunks:
                warm = [] if chunk.warmup_ply is None else [chunk.warmup_ply]
                found = search(engine, game, [*warm, *chunk.plies], nodes=DEEP)
                for ply in chunk.plies:
                    row["deep"][ply] = found[ply]
            row["chains"] = [anytime_rounds(engine, game, policy) for policy in POLICIES]
            with runs.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, separators=(",", ":")) + "\n")
            print(game.site, flush=True)


def anytime_rounds(engine: chess.engine.SimpleEngine, game: ReferenceGame, policy: Policy) -> list[list[Any]]:
    """What a profile would search, round by round, each on an empty hash: the searches' results, compactly."""
    evaluations = {ply: found for ply, found in game.deep.items() if isinstance(found.score, Over)}
    rounds = []
    while wants := wanted(game.line, evaluations, policy):
        limit = wants[0].limit_nodes
        trails = search(engine, game, [want.ply for want in wants], nodes=limit)
        searches = []
        for want in wants:
            found = cut_off(trails[want.ply] or ([], 0), limit)
            searches.append(packed(want.ply, found))
            evaluations[want.ply] = found.deepening(evaluations.get(want.ply))
        rounds.append(searches)
    return rounds


def packed(ply: Ply, found: Evaluation) -> list[Any]:
    """One search as a row of JSON."""
    cp, mate = (found.score.white_cp, None) if isinstance(found.score, Cp) else (None, found.score.white_mate)
    steady = found.stability
    return [ply, cp, mate, found.best, found.depth, found.nodes, steady.best_since, steady.spread_cp]


def unpacked(row: list[Any]) -> Evaluation:
    """The search of such a row."""
    _, cp, mate, best, depth, nodes, best_since, spread_cp = row
    score = Mate(mate) if cp is None else Cp(cp)
    return Evaluation(score, depth, nodes, best, (best,), stability=Stability(best_since, spread_cp))


def search(
    engine: chess.engine.SimpleEngine, game: ReferenceGame, plies: list[int], *, nodes: int
) -> list[Trail | None]:
    """Search these plies in their order on one hash that is empty at first; all exact scores by ply."""
    found: list[Trail | None] = [None] * game.line.positions
    token = object()
    for ply in plies:
        board = chess.Board(game.line.root_fen)
        for uci in game.line.moves[:ply]:
            board.push_uci(uci)
        trail: list[list[Any]] = []
        total = 0
        with engine.analysis(board, chess.engine.Limit(nodes=nodes), game=token) as analysis:
            for info in analysis:
                total = max(total, info.get("nodes", 0))
                if "score" not in info or "pv" not in info or info.get("lowerbound") or info.get("upperbound"):
                    continue
                score, head = info["score"].white(), info["pv"][0].uci()
                trail.append([score.score(), score.mate(), head, info.get("depth"), info.get("nodes")])
        found[ply] = (trail, total)
    return found


def at_nodes(game: ReferenceGame, row: dict[str, Any], nodes: int) -> dict[Ply, Evaluation]:
    """What a game's searches would have said at this many nodes, with the thin pass before them."""
    found: dict[Ply, Evaluation] = {}
    for ply, deep in game.deep.items():
        if isinstance(deep.score, Over):
            found[ply] = deep
            continue
        thin = cut_off(row["thin"][ply], THIN)
        found[ply] = thin if nodes <= THIN else cut_off(row["deep"][ply], nodes).deepening(thin)
    return found


def cut_off(trail: Trail, nodes: int) -> Evaluation:
    """The last exact score within `nodes` nodes, as the product's session would report it."""
    scores, total = trail
    kept = [entry for entry in scores if entry[4] <= nodes] or scores[:1]
    spent, last = min(nodes, total), kept[-1]
    changed = 0
    for at in range(len(kept) - 1, 0, -1):
        if kept[at - 1][2] != last[2]:
            changed = kept[at][4]
            break
    recent = [to_cp(score_of(entry)) for entry in kept[-STABILITY_SCORES:]]
    steady = Stability(1000 * max(0, spent - changed) // spent, max(recent) - min(recent))
    return Evaluation(score_of(last), last[3], spent, last[2], (last[2],), stability=steady)


def score_of(entry: list[Any]) -> Score:
    """White's side."""
    return Mate(entry[1]) if entry[0] is None else Cp(entry[0])


def fit(games: list[ReferenceGame], rows: dict[str, Any]) -> Model:
    """The weights for these games."""
    inputs: list[Vector] = []
    changes: Vector = []
    for game in games:
        for nodes in NOISE_LEVELS:
            for ply, found in at_nodes(game, rows[game.site], nodes).items():
                if not isinstance(found.score, Over):
                    inputs.append(list(noise_features(found)))
                    change = abs(chances_of(found.score) - chances_of(game.deep[ply].score))
                    changes.append(math.log(change + LEAST_CHANGE))
    noise = solve(*normal_equations(inputs, changes))
    model = Model(tuple(noise), (0.0,) * FEATURES, (0.0,) * FEATURES)
    inputs, flips, others = verdict_rows(games, rows, model)
    return replace(model, judged=tuple(logistic(inputs, flips)), verdict=tuple(logistic(inputs, others)))


def verdict_rows(games: list[ReferenceGame], rows: dict[str, Any], model: Model) -> tuple[list[Vector], Vector, Vector]:
    """Features of every move after every round; whether "judged or not" differs from the deep search; or anything."""
    inputs: list[Vector] = []
    flips: Vector = []
    others: Vector = []
    for game in games:
        deep = game.severities(at_nodes(game, rows[game.site], DEEP))
        for evaluations in states(game, rows[game.site]):
            ours = game.severities(evaluations)
            for ply, found in evidence(game.line, evaluations, model=model).items():
                if found is not None:
                    inputs.append(list(features(found)))
                    flips.append(float((ours[ply - 1] > 0) != (deep[ply - 1] > 0)))
                    others.append(float(ours[ply - 1] != deep[ply - 1]))
    return inputs, flips, others


def states(game: ReferenceGame, row: dict[str, Any]) -> Iterator[dict[Ply, Evaluation]]:
    """What was known of a game after each round of each anytime run."""
    for rounds in row["chains"]:
        evaluations = {ply: found for ply, found in game.deep.items() if isinstance(found.score, Over)}
        for searches in rounds:
            for found in searches:
                ply = Ply(found[0])
                evaluations[ply] = unpacked(found).deepening(evaluations.get(ply))
            yield dict(evaluations)


def logistic(inputs: list[Vector], happened: Vector) -> Vector:
    """Ridge logistic regression by Newton's method."""
    size = len(inputs[0])
    weights = [0.0] * size
    for _ in range(STEPS):
        gradient = [RIDGE * weight for weight in weights]
        curvature = [[RIDGE * (row == column) for column in range(size)] for row in range(size)]
        for values, outcome in zip(inputs, happened, strict=True):
            log_odds = sum(weight * value for weight, value in zip(weights, values, strict=True))
            chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
            accumulate(curvature, gradient, values, (chance * (1 - chance), chance - outcome))
        weights = [weight - step for weight, step in zip(weights, solve(curvature, gradient), strict=True)]
    return weights


def normal_equations(inputs: list[Vector], outcomes: Vector) -> tuple[list[Vector], Vector]:
    """Of ordinary least squares."""
    size = len(inputs[0])
    matrix, vector = [[0.0] * size for _ in range(size)], [0.0] * size
    for values, outcome in zip(inputs, outcomes, strict=True):
        accumulate(matrix, vector, values, (1.0, outcome))
    return matrix, vector


def accumulate(matrix: list[Vector], vector: Vector, values: Vector, weights: tuple[float, float]) -> None:
    """Add one observation's outer product and vector."""
    for row, value in enumerate(values):
        if value:
            vector[row] += weights[1] * value
            scaled, line = weights[0] * value, matrix[row]
            for column, other in enumerate(values):
                line[column] += scaled * other


def solve(matrix: list[Vector], vector: Vector) -> Vector:
    """Gaussian elimination with pivots."""
    size = len(vector)
    lines = [[*row, value] for row, value in zip(matrix, vector, strict=True)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(lines[row][column]))
        lines[column], lines[pivot] = lines[pivot], lines[column]
        for row in range(size):
            if row != column and (factor := lines[row][column] / lines[column][column]):
                lines[row] = [a - factor * b for a, b in zip(lines[row], lines[column], strict=True)]
    return [lines[row][size] / lines[row][row] for row in range(size)]


if __name__ == "__main__":
    sys.exit(main())
