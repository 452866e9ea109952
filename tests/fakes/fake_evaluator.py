"""An evaluator without a process: scores follow from the position alone, faults and waits come when a test asks.

Implements `ports.Evaluator` in memory, for tests of what happens around engines. Engines themselves are tested with
`fake_uci` and a real Stockfish.
"""

from __future__ import annotations

import threading
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import chess

from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.errors import CancelledError, EngineCrashedError, EngineNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FAKE_ENGINE = EngineIdentity("Fake", "0000", (("Hash", "16"), ("Threads", "1")))


@dataclass
class FakeEngines:
    """A maker of fake evaluators that remembers every search all of them made.

    Attributes:
        searched: (root FEN, number of moves made) of each finished search, warm-ups included.
        limits: (position as EPD, nodes asked for) of the same searches.
        opened: how many evaluators were made.
        faults: asked before each search with its FEN; True makes the engine crash.
        gate: cleared, it holds every search until it is set again (or until `stop`).
        missing: the engine cannot be opened at all.
        closing: cleared, it holds every engine that is closed until it is set again.
    """

    searched: list[tuple[str, int]] = field(default_factory=list)
    limits: list[tuple[str, int]] = field(default_factory=list)
    opened: int = 0
    faults: Callable[[str], bool] = lambda _fen: False
    gate: threading.Event = field(default_factory=threading.Event)
    missing: bool = False
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.gate.set()
        self.closing.set()

    def repeated(self) -> list[tuple[str, int]]:
        """Positions that were searched more than once with the same limit."""
        return [search for search, times in Counter(self.limits).items() if times > 1]

    def open(self, hash_mb: int) -> FakeEvaluator:  # noqa: ARG002 - the signature workers call
        """Make one."""
        with self.lock:
            self.opened += 1
        if self.missing:
            raise EngineNotFoundError("There is no engine.")
        return FakeEvaluator(self)


class FakeEvaluator:
    """One of them."""

    def __init__(self, engines: FakeEngines) -> None:
        self._engines = engines
        self._stopped = threading.Event()
        self.closed = False

    @property
    def identity(self) -> EngineIdentity:
        """Always the same."""
        return FAKE_ENGINE

    def new_game(self) -> None:
        """Nothing to forget."""

    def evaluate(self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int) -> Evaluation:
        """A score that follows from the position; the first legal move in alphabetical order is best."""
        board = chess.Board(root_fen, chess960=chess960)
        for move in moves:
            board.push_uci(move)
        while not self._engines.gate.wait(0.005):
            if self._stopped.is_set():
                break
        if self._stopped.is_set():
            self._stopped.clear()
            raise CancelledError("stopped")
        if self._engines.faults(board.fen()):
            raise EngineCrashedError("The fake crashed.")
        with self._engines.lock:
            self._engines.searched.append((root_fen, len(moves)))
            self._engines.limits.append((board.epd(), limit_nodes))
        best = min(move.uci() for move in board.legal_moves)
        score = zlib.crc32(board.epd().encode()) % 800 - 400
        return Evaluation(Cp(score), depth=9, nodes=limit_nodes, best=best, pv=(best,), engine_ms=1)

    def stop(self) -> None:
        """The running search, or the next one, is cancelled."""
        self._stopped.set()

    def close(self) -> None:
        """Gone, once it may."""
        self._engines.closing.wait(60)
        self.closed = True
