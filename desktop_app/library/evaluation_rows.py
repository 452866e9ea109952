"""Evaluations as rows of their table, and back. Pure; any thread. Called by `library.evaluations` and its stores.

The column `passes` holds what few readers need: how steady the search was and the searches before it, as compact JSON
`{"s": stability, "p": [[score, depth, nodes, best, stability], …]}`. A stability is `[best_since, spread_cp]` or null,
a score `[kind, value]` with kind "c" (centipawns) or "m" (mate), White's side. Null where there is neither.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Over, Pass, Score, Stability

if TYPE_CHECKING:
    from sqlalchemy import Row

    from desktop_app.domain.game import Ply, PositionKey


@dataclass(frozen=True, slots=True)
class StoredPosition:
    """One evaluation on its way into the library.

    Attributes:
        key: under which other games may use it; None where it may not be shared.
        reused: it was copied from an equal position, not searched.
        again: the position had an evaluation before.
        asked: nodes its search was limited to; None for a finished position.
    """

    ply: Ply
    evaluation: Evaluation
    key: PositionKey | None
    reused: bool = False
    asked: int | None = None
    again: bool = False


def evaluation_of(row: Row[Any]) -> Evaluation:
    """The evaluation in a row of the table."""
    stability, passes = _unpack(row.passes)
    return Evaluation(
        score=_score_of(row),
        depth=row.depth,
        nodes=row.nodes,
        best=row.best,
        pv=tuple(row.pv.split()),
        engine_ms=row.engine_ms,
        stability=stability,
        passes=passes,
    )


def row_of(position: StoredPosition, analysis_id: int, engine_id: int) -> dict[str, Any]:
    """The row of an evaluation."""
    found = position.evaluation
    match found.score:
        case Over(None):
            over: int | None = 0
        case Over(winner):
            over = 1 if winner else -1
        case _:
            over = None
    return {
        "analysis_id": analysis_id,
        "ply": position.ply,
        "position_key": position.key,
        "engine_id": engine_id,
        "white_cp": found.score.white_cp if isinstance(found.score, Cp) else None,
        "white_mate": found.score.white_mate if isinstance(found.score, Mate) else None,
        "over": over,
        "depth": found.depth,
        "nodes": found.nodes,
        "best": found.best,
        "pv": " ".join(found.pv),
        "engine_ms": found.engine_ms,
        "reused": position.reused,
        "asked": position.asked,
        "passes": _pack(found),
    }


def _score_of(row: Row[Any]) -> Score:
    if row.over is not None:
        return Over(None if row.over == 0 else row.over > 0)
    return Mate(row.white_mate) if row.white_mate is not None else Cp(row.white_cp)


def _pack(found: Evaluation) -> str | None:
    if found.stability is None and not found.passes:
        return None
    passes = [
        [_score_out(one.score), one.depth, one.nodes, one.best, _stability_out(one.stability)] for one in found.passes
    ]
    return json.dumps({"s": _stability_out(found.stability), "p": passes}, separators=(",", ":"))


def _unpack(text: str | None) -> tuple[Stability | None, tuple[Pass, ...]]:
    if text is None:
        return None, ()
    data = json.loads(text)
    passes = tuple(
        Pass(_score_in(score), depth, nodes, best, _stability_in(stability))
        for score, depth, nodes, best, stability in data["p"]
    )
    return _stability_in(data["s"]), passes


def _score_out(score: Score) -> list[Any]:
    match score:
        case Cp(white_cp):
            return ["c", white_cp]
        case Mate(white_mate):
            return ["m", white_mate]
        case Over():
            raise ValueError("a finished position has no searches")


def _score_in(data: list[Any]) -> Score:
    kind, value = data
    return Mate(value) if kind == "m" else Cp(value)


def _stability_out(found: Stability | None) -> list[int] | None:
    return None if found is None else [found.best_since, found.spread_cp]


def _stability_in(data: list[int] | None) -> Stability | None:
    return None if data is None else Stability(*data)
