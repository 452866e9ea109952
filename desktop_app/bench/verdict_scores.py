"""How well verdicts agree with the deep reference: F1, error of win %, bootstrap, calibration. Pure.

Called by `bench.verdict_bench` and packaging/fit_anytime.py. Severities are 0 (not judged) to 3 (blunder).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from desktop_app.analysis.confidence import confidence, evidence, is_sure
from desktop_app.analysis.confidence_model import FIRST, SECOND
from desktop_app.analysis.win_chances import win_percent
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import LICHESS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_app.bench.verdict_reference import ReferenceGame
    from desktop_app.domain.evaluation import Evaluation

JUDGED, MISTAKES, BLUNDERS = 1, 2, 3
DRAWS = 2000
NEAR = 0.02
"""Plies whose loss is no farther than this from a threshold are reported apart."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One move: our severity and the deep one; `stands` our confidence, `near` whether a threshold is near."""

    ours: int
    deep: int
    stands: float
    near: bool

    @property
    def sure(self) -> bool:
        """Whether we would show it as settled."""
        return is_sure(self.stands)


@dataclass(frozen=True, slots=True)
class GameScore:
    """One game in one mode: its verdicts, |win %| errors by position, nodes of all searches, positions."""

    verdicts: tuple[Verdict, ...]
    errors: tuple[float, ...]
    nodes: int
    positions: int


def score_game(game: ReferenceGame, evaluations: Mapping[Ply, Evaluation], nodes: int) -> GameScore:
    """Hold one game's evaluations against the reference, with the weights fitted on the other half."""
    model = SECOND if game.first_half else FIRST
    stands = confidence(game.line, evaluations, model=model)
    found = evidence(game.line, evaluations, model=model)
    thresholds = (LICHESS.inaccuracy, LICHESS.mistake, LICHESS.blunder)
    verdicts = []
    for ply, (ours, deep) in enumerate(
        zip(game.severities(evaluations), game.severities(game.deep), strict=True), start=1
    ):
        of_move = found.get(Ply(ply))
        near = of_move is not None and min(abs(of_move.loss - line) for line in thresholds) < NEAR
        verdicts.append(Verdict(ours, deep, stands.get(Ply(ply), 0.0), near))
    errors = tuple(
        abs(win_percent(evaluations[ply].score) - win_percent(deep.score)) for ply, deep in game.deep.items()
    )
    return GameScore(tuple(verdicts), errors, nodes, game.line.positions)


def f1(games: Sequence[GameScore], least: int) -> float:
    """F1 of "is of severity `least` or worse" over all moves of the games."""
    both = either = 0
    for game in games:
        for verdict in game.verdicts:
            ours, deep = verdict.ours >= least, verdict.deep >= least
            both += ours and deep
            either += ours + deep
    return 2 * both / either if either else 1.0


def difference(
    games: Sequence[GameScore], others: Sequence[GameScore], least: int = JUDGED
) -> tuple[float, float, float]:
    """F1 of `games` minus that of `others` (the same games in another mode), and its bootstrap interval (95 %)."""
    draw = random.Random(4)  # noqa: S311 - a repeatable bootstrap, no secret
    found = []
    for _ in range(DRAWS):
        chosen = draw.choices(range(len(games)), k=len(games))
        found.append(f1([games[at] for at in chosen], least) - f1([others[at] for at in chosen], least))
    found.sort()
    return f1(games, least) - f1(others, least), found[DRAWS // 40], found[-DRAWS // 40]


def summary(games: Sequence[GameScore]) -> dict[str, Any]:
    """Nodes a position, the three F1s, and the mean |win %| error."""
    errors = [error for game in games for error in game.errors]
    return {
        "nodes_per_position": round(sum(game.nodes for game in games) / sum(game.positions for game in games)),
        "f1_judged": round(f1(games, JUDGED), 3),
        "f1_mistakes": round(f1(games, MISTAKES), 3),
        "f1_blunders": round(f1(games, BLUNDERS), 3),
        "win_percent_error": round(sum(errors) / len(errors), 2),
    }


def against(games: Sequence[GameScore], severities: Sequence[Sequence[int]]) -> list[GameScore]:
    """The same verdicts, held against these severities of the same games in place of the reference's."""
    return [
        replace(game, verdicts=tuple(replace(one, deep=deep) for one, deep in zip(game.verdicts, other, strict=True)))
        for game, other in zip(games, severities, strict=True)
    ]


def calibration(games: Sequence[GameScore]) -> dict[str, Any]:
    """Whether "sure" means what it says; agreement is that of "was this move judged", and of the severity beside it."""
    verdicts = [verdict for game in games for verdict in game.verdicts]
    judged = [verdict for verdict in verdicts if verdict.ours]
    sure = [verdict for verdict in verdicts if verdict.sure]
    sure_judged = [verdict for verdict in judged if verdict.sure]
    near = [verdict for verdict in verdicts if verdict.near]
    return {
        "plies": len(verdicts),
        "judged": len(judged),
        "sure_share": _share(len(sure), len(verdicts)),
        "sure_agree": _agreement(sure),
        "sure_agree_interval": _interval(games),
        "sure_share_of_judged": _share(len(sure_judged), len(judged)),
        "sure_judged_agree": _agreement(sure_judged),
        "sure_judged_same_severity": _share(sum(v.ours == v.deep for v in sure_judged), len(sure_judged)),
        "near_a_threshold": len(near),
        "near_agree": _agreement(near),
        "not_sure_agree": _agreement([verdict for verdict in verdicts if not verdict.sure]),
        "deciles": _deciles(verdicts),
    }


def _interval(games: Sequence[GameScore]) -> list[float | None]:
    """Bootstrap interval (95 %), over games, of the agreement of sure verdicts."""
    draw = random.Random(4)  # noqa: S311 - a repeatable bootstrap, no secret
    counted = [
        (sum((one.ours > 0) == (one.deep > 0) for one in sure), len(sure))
        for game in games
        if (sure := [verdict for verdict in game.verdicts if verdict.sure])
    ]
    shares = []
    for _ in range(DRAWS if counted else 0):
        chosen = draw.choices(counted, k=len(counted))
        shares.append(sum(agree for agree, _ in chosen) / sum(of for _, of in chosen))
    shares.sort()
    return [round(shares[at], 4) if shares else None for at in (DRAWS // 40, -DRAWS // 40)]


def _deciles(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Agreement by stated confidence."""
    borders = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.01)
    rows = {}
    for low, high in pairwise(borders):
        some = [verdict for verdict in verdicts if low <= verdict.stands < high]
        rows[f"{low:.2f}-{min(1.0, high):.2f}"] = f"{_agreement(some)} of {len(some)}"
    return rows


def _agreement(verdicts: Sequence[Verdict]) -> float | None:
    return _share(sum((verdict.ours > 0) == (verdict.deep > 0) for verdict in verdicts), len(verdicts))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
