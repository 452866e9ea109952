"""One chunk through one engine: a real process that answers by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.analysis.plan import plan_game
from desktop_app.analysis.run import run_chunk
from desktop_app.domain.game import GameId
from desktop_app.domain.profile import SearchSpec
from desktop_app.domain.work import JobItemId
from desktop_app.engine.session import EngineSession
from desktop_app.errors import CancelledError
from tests.fakes.fake_uci import fake_engine

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import Ply
    from desktop_app.domain.work import Chunk
    from desktop_app.ports import ChunkSource

MOVES = ("e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "b5a4", "g8f6", "e1g1", "f8e7")


class Listener:
    """The part of a source that a running chunk talks to."""

    def __init__(self, allowed: int = 1000) -> None:
        self.allowed = allowed
        self.news: list[str] = []

    def checkpoint(self, worker: int) -> None:  # noqa: ARG002
        """Cancel after so many questions."""
        self.news.append("?")
        if self.news.count("?") > self.allowed:
            raise CancelledError("no longer wanted")

    def evaluated(self, worker: int, chunk: Chunk, ply: Ply, evaluation: Evaluation) -> None:  # noqa: ARG002
        """Note the ply."""
        self.news.append(str(ply))


def chunks() -> tuple[Chunk, ...]:
    """Plies 10..3, then 2..0 after a look at 3."""
    return plan_game(
        item_id=JobItemId(1),
        game_id=GameId(1),
        root_fen=chess.STARTING_FEN,
        moves=MOVES,
        chess960=False,
        spec=SearchSpec.of_nodes(2000),
    ).chunks


def source(listener: Listener) -> ChunkSource:
    """The listener as the type checker wants it: the rest of the port is not used by a running chunk."""
    return listener  # type: ignore[return-value]


def test_each_position_is_asked_for_reported_and_returned(tmp_path: Path) -> None:
    """The source is asked before every search and told after it; the overlap is in neither list."""
    session = EngineSession.open(fake_engine(tmp_path, "ok"), hash_mb=16)
    listener = Listener()
    _, second = chunks()
    result = run_chunk(second, session, source(listener), 0)
    session.close()
    assert listener.news == ["?", "?", "2", "?", "1", "?", "0"]
    assert [ply for ply, _ in result.evaluations] == [2, 1, 0]
    assert result.warmup_nodes == 2000
    assert result.engine == session.identity
    assert result.chunk is second
    asked = [
        line.partition(" moves ")[2] for line in session.transcript.tail(60).splitlines() if "position fen" in line
    ]
    assert asked == [" ".join(MOVES[:ply]) for ply in (3, 2, 1, 0)]


def test_a_cancel_between_positions_leaves_the_engine_alone(tmp_path: Path) -> None:
    """It is the loop that decides what becomes of it."""
    session = EngineSession.open(fake_engine(tmp_path, "ok"), hash_mb=16)
    listener = Listener(allowed=3)
    with pytest.raises(CancelledError):
        run_chunk(chunks()[0], session, source(listener), 0)
    assert listener.news == ["?", "?", "10", "?", "9", "?"]
    session.new_game()
    session.close()
