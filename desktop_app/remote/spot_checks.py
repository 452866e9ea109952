"""Are a server's scores right? A sample of its chunks is searched again here, by the same engine in the same way.

One thread with fixed nodes and an empty hash gives the same score, move and node count each time, so a chunk searched
again as the server should have is expected to agree to the last node. A worker whose hash was still warm does not, so
positions that differ are compared by winning chances, and Page's CUSUM test (E. S. Page, Biometrika 41, 1954) over all
of them decides: each adds the logarithm of how much likelier it is from a server that lies than from an honest one; the
sum never falls below zero, so that good answers earn no credit for bad ones. Figures and reasons: decision 0026.

Pure but for the evaluator it is given; one thread at a time.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_app.domain.evaluation import Cp, Mate, Over
from desktop_app.remote.protocol import limit_of

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import Evaluation, Score
    from desktop_app.domain.work import Chunk
    from desktop_app.ports import CancelToken, Evaluator
    from desktop_app.remote.protocol import ChunkAnswer

DEFAULT_SHARE = 0.02
"""One chunk in fifty is searched again."""
FIRST_CHUNKS = 2
"""So many of a server's first chunks in a job are always searched again, before anything of it is stored."""
OFF_POINTS = 20.0
"""A position is off when the winning chances of the two searches are farther apart than this, in points of 100."""
HONEST_OFF = 0.03
LYING_OFF = 0.25
"""How often a position is off by an honest server's warm hash (measured: 0.7 % at 20 000 nodes), and how often
at least by one worth catching."""
REFUSED_AT = math.log(10_000)
"""Page: an honest server is refused wrongly once in at least 10 000 checked positions, half a million searched ones."""
_STEEPNESS = 0.00368208
"""Winning chances from centipawns: scalachess core/src/main/scala/eval.scala@cbffc9d7."""


def win_percent(score: Score) -> float:
    """White's winning chances, 0 to 100."""
    match score:
        case Cp(white_cp):
            return 50 + 50 * (2 / (1 + math.exp(-_STEEPNESS * max(-1000, min(1000, white_cp)))) - 1)
        case Mate(white_mate):
            return 100.0 if white_mate > 0 else 0.0
        case Over(winner):
            return 50.0 if winner is None else 100.0 * winner


def agrees(remote: Evaluation, local: Evaluation) -> bool:
    """Whether two searches of one position say nearly the same; the same node for node always does."""
    if (remote.score, remote.best, remote.nodes) == (local.score, local.best, local.nodes):
        return True
    return abs(win_percent(remote.score) - win_percent(local.score)) <= OFF_POINTS


@dataclass(slots=True)
class Trust:
    """What is known of one server in one job.

    Attributes:
        checked, off: positions searched again, and those of them that differed too much.
        suspicion: Page's sum; at `REFUSED_AT` the server is refused.
        seen: chunks that came.
    """

    share: float = DEFAULT_SHARE
    first: int = FIRST_CHUNKS
    checked: int = 0
    off: int = 0
    exact: int = 0
    seen: int = 0
    suspicion: float = 0.0
    chance: random.Random = field(default_factory=random.SystemRandom)

    @property
    def refused(self) -> bool:
        """Whether the server has failed."""
        return self.suspicion >= REFUSED_AT

    def wants(self) -> bool:
        """Whether the chunk that just came is to be searched again; unpredictable for the server but for the first."""
        self.seen += 1
        return self.seen <= self.first or self.chance.random() < self.share

    def learn(self, pairs: list[tuple[Evaluation, Evaluation]]) -> None:
        """Take in positions searched by both: (remote, local)."""
        for remote, local in pairs:
            fine = agrees(remote, local)
            self.checked += 1
            self.off += not fine
            self.exact += remote.nodes == local.nodes and remote.score == local.score
            odds = (1 - LYING_OFF) / (1 - HONEST_OFF) if fine else LYING_OFF / HONEST_OFF
            self.suspicion = max(0.0, self.suspicion + math.log(odds))


def search_again(
    chunk: Chunk, answer: ChunkAnswer, evaluator: Evaluator, cancel: CancelToken
) -> list[tuple[Evaluation, Evaluation]]:
    """Search a chunk as a worker does, on an empty hash; pairs (remote, local), fewer when cancelled.

    Raises EngineFaultError: nothing is said about the server then.
    """
    evaluator.new_game()
    if chunk.warmup_ply is not None and not cancel.cancelled():
        _search(chunk, chunk.warmup_ply, evaluator)
    pairs = []
    for ply, remote in answer.evaluations:
        if cancel.cancelled():
            break
        pairs.append((remote, _search(chunk, ply, evaluator)))
    return pairs


def _search(chunk: Chunk, ply: int, evaluator: Evaluator) -> Evaluation:
    return evaluator.evaluate(
        root_fen=chunk.root_fen, moves=chunk.moves[:ply], chess960=chunk.chess960, limit_nodes=limit_of(chunk)
    )
