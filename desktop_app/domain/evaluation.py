"""What an engine said about a position: scores with a fixed viewpoint, and who said it.

All scores are White's (`white_cp`, `white_mate`); a change of viewpoint is an explicit call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

CP_CEILING = 1000
"""Centipawns beyond which Lichess clamps (scalachess core/src/main/scala/eval.scala@cbffc9d7, CEIL)."""


@dataclass(frozen=True, slots=True)
class Cp:
    """A score in centipawns from White's side, as the engine printed it (sign normalised, never rescaled)."""

    white_cp: int


@dataclass(frozen=True, slots=True)
class Mate:
    """Mate in `white_mate` moves; positive when White mates, negative when Black does. Never 0: that is `Over`."""

    white_mate: int

    def __post_init__(self) -> None:
        if self.white_mate == 0:
            raise ValueError("mate in 0 has no sign; a finished position is Over")


@dataclass(frozen=True, slots=True)
class Over:
    """The position is finished on the board: `winner` True for White, False for Black, None for a draw."""

    winner: bool | None


Score: TypeAlias = Cp | Mate | Over


def to_cp(score: Score) -> int:
    """Centipawns from White's side, clamped to ±1000, mates and won games ±1000, draws 0 (judgement.md 5.1)."""
    match score:
        case Cp(white_cp):
            return max(-CP_CEILING, min(CP_CEILING, white_cp))
        case Mate(white_mate):
            return CP_CEILING if white_mate > 0 else -CP_CEILING
        case Over(None):
            return 0
        case Over(winner):
            return CP_CEILING if winner else -CP_CEILING


@dataclass(frozen=True, slots=True)
class EngineIdentity:
    """Which engine, with which options, produced an evaluation; part of the key evaluations are stored under.

    Attributes:
        name: as the engine says in `id name`, for example "Stockfish 15.1".
        build: a digest of the binary file (first 16 hex digits of SHA-256), so that two builds never mix.
        options: the UCI options that were set and can change a result, sorted by name.
    """

    name: str
    build: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Stability:
    """How steady one search was while it deepened; from its exact scores alone, so it repeats with the node count.

    Attributes:
        best_since: share of the search's nodes, in per mille, that passed since its best move last changed; 1000 when
            it never changed.
        spread_cp: distance between the highest and the lowest of its last `STABILITY_SCORES` exact scores in
            centipawns, each clamped as by `to_cp`.
    """

    best_since: int
    spread_cp: int


STABILITY_SCORES = 4
"""Over how many exact scores, the last one included, `Stability.spread_cp` looks: about four depths."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One earlier, shallower search of a position by the same engine; fields as in `Evaluation`."""

    score: Score
    depth: int
    nodes: int
    best: str | None
    stability: Stability | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A fact: what the engine said of one position.

    Attributes:
        score: White's side.
        depth: depth of the last exact score, 0 for a finished position.
        nodes: nodes searched, 0 for a finished position.
        best: the engine's first move in UCI notation (Chess960 castling as king takes rook), None when over.
        pv: the principal variation in UCI notation, best first; at most `PV_PLIES` moves.
        engine_ms: time between `go` and `bestmove` in milliseconds; never compared, only summed for statistics.
        stability: how steady the search was; None for a finished position and where nobody looked.
        passes: earlier searches of the same position by the same engine, shallowest first; `nodes` is without them.
    """

    score: Score
    depth: int
    nodes: int
    best: str | None
    pv: tuple[str, ...]
    engine_ms: int = 0
    stability: Stability | None = None
    passes: tuple[Pass, ...] = ()

    @property
    def nodes_spent(self) -> int:
        """Nodes of all searches of this position together."""
        return self.nodes + sum(earlier.nodes for earlier in self.passes)

    def deepening(self, earlier: Evaluation | None) -> Evaluation:
        """This evaluation with an earlier one of the same position among its passes; times are added up."""
        if earlier is None:
            return self
        latest = Pass(earlier.score, earlier.depth, earlier.nodes, earlier.best, earlier.stability)
        return replace(
            self, passes=(*earlier.passes, latest, *self.passes), engine_ms=self.engine_ms + earlier.engine_ms
        )


PV_PLIES = 12
"""How many plies of a PV are kept; Lichess cuts there too (judgement.md 1.3)."""
