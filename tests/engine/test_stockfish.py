"""EngineSession and the worker loop with a real Stockfish."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.analysis.loop import work
from desktop_app.analysis.plan import plan_game
from desktop_app.domain.evaluation import Cp, Evaluation, Mate
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import SearchSpec
from desktop_app.domain.work import Chunk, ChunkResult, JobItemId
from desktop_app.engine.discovery import identify
from desktop_app.engine.session import EngineSession
from desktop_app.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.ports import Evaluator

pytestmark = pytest.mark.engine

START = chess.STARTING_FEN
OPERA = (
    *("e2e4", "e7e5", "g1f3", "d7d6", "d2d4", "c8g4", "d4e5", "g4f3", "d1f3", "d6e5", "f1c4", "g8f6", "f3b3", "d8e7"),
    *("b1c3", "c7c6", "c1g5", "b7b5", "c3b5", "c6b5", "c4b5", "b8d7", "e1c1", "a8d8", "d1d7", "d8d7", "h1d1", "e7e6"),
    *("b5d7", "f6d7", "b3b8", "d7b8", "d1d8"),
)
"""Morphy against the Duke and the Count, Paris 1858: ends in mate."""


class Shelf:
    """Hands out chunks to any number of workers and keeps the results."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.chunks = deque(chunks)
        self.results: list[ChunkResult] = []
        self.faults: list[str] = []

    def pull(self, worker: int) -> Chunk | None:  # noqa: ARG002
        """The next chunk."""
        try:
            return self.chunks.popleft()
        except IndexError:
            return None

    def attach(self, worker: int, evaluator: Evaluator | None) -> None:
        """Not needed."""

    def evaluated(self, worker: int, chunk: Chunk, ply: Ply, evaluation: Evaluation) -> None:
        """Not needed."""

    def checkpoint(self, worker: int) -> None:
        """Go on."""

    def hand_over(self, worker: int, result: ChunkResult) -> None:  # noqa: ARG002
        """Keep it."""
        self.results.append(result)

    def give_back(self, worker: int, chunk: Chunk) -> None:  # noqa: ARG002
        """Nothing is cancelled here."""
        self.faults.append(f"given back: {chunk}")

    def failed(self, worker: int, chunk: Chunk, reason: str) -> None:  # noqa: ARG002
        """Nothing fails here."""
        self.faults.append(reason)


def chunks_of(*moves: str, nodes: int = 2000, game: int = 1) -> tuple[Chunk, ...]:
    """The chunks of one game."""
    return plan_game(
        item_id=JobItemId(game),
        game_id=GameId(game),
        root_fen=START,
        moves=moves,
        chess960=False,
        spec=SearchSpec.of_nodes(nodes),
    ).chunks


def facts(results: Sequence[ChunkResult]) -> dict[tuple[int, int], tuple[object, ...]]:
    """Everything stored of these results but the time it took."""
    return {
        (result.chunk.game_id, ply): (item.score, item.depth, item.nodes, item.best, item.pv)
        for result in results
        for ply, item in result.evaluations
    }


def run(stockfish: str, chunks: Sequence[Chunk], workers: int = 1) -> dict[tuple[int, int], tuple[object, ...]]:
    """Search the chunks with so many workers and return the facts."""
    shelf = Shelf(chunks)
    threads = [
        threading.Thread(
            target=work, args=(number, shelf, lambda hash_mb: EngineSession.open(stockfish, hash_mb=hash_mb))
        )
        for number in range(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shelf.faults == []
    return facts(shelf.results)


def look(
    session: EngineSession, *moves: str, fen: str = START, chess960: bool = False, nodes: int = 2000
) -> Evaluation:
    """One search."""
    return session.evaluate(root_fen=fen, moves=moves, chess960=chess960, limit_nodes=nodes)


def test_runs_repeat_exactly_whatever_the_scheduling(stockfish: str) -> None:
    """One worker, two workers, the chunks in reverse: identical facts, since each chunk starts from nothing."""
    chunks = [*chunks_of(*OPERA), *chunks_of(*OPERA[:20], game=2)]
    once = run(stockfish, chunks)
    assert len(once) == len(OPERA) + 21  # the mate is not searched
    assert run(stockfish, chunks) == once
    assert run(stockfish, chunks[::-1], workers=2) == once


def test_a_warm_process_repeats_a_fresh_one(stockfish: str, session: EngineSession) -> None:
    """`ucinewgame` forgets everything, Chess960 in between included."""
    (chunk, *_) = chunks_of(*OPERA)
    fresh = run(stockfish, [chunk])
    for attempt in range(2):
        session.new_game()
        for ply in chunk.plies:
            found = look(session, *chunk.moves[:ply])
            assert (found.score, found.depth, found.nodes, found.best, found.pv) == fresh[1, ply], attempt
        look(session, chess960=True, nodes=5000)


def test_identity_is_the_same_before_and_in_use(stockfish: str, session: EngineSession) -> None:
    """What `identify` says is what results are stored under; it names engine, build and options."""
    identity = identify(stockfish)
    assert identity == session.identity
    assert identity.name.startswith("Stockfish")
    assert identity.options == (("Hash", "16"), ("Threads", "1"))


def test_scores_are_whites(session: EngineSession) -> None:
    """A queen up is good for White whoever is to move, and bad when Black has it."""
    for side in "wb":
        up = look(session, fen=f"4k3/pppp4/8/8/8/8/PPPP4/3QK3 {side} - - 0 1").score
        down = look(session, fen=f"3qk3/pppp4/8/8/8/8/PPPP4/4K3 {side} - - 0 1").score
        assert not isinstance(up, Cp) or up.white_cp > 300
        assert not isinstance(down, Cp) or down.white_cp < -300
        assert not isinstance(up, Mate) or up.white_mate > 0
        assert not isinstance(down, Mate) or down.white_mate < 0


def test_mates_have_whites_sign(session: EngineSession) -> None:
    """Black mates in one: -1, both from Black's view and from White's a ply before."""
    assert look(session, "f2f3", "e7e5", "g2g4").score == Mate(-1)
    assert look(session, *OPERA[:-1]).score == Mate(1)
    assert look(session, *OPERA[:-2], nodes=20_000).score == Mate(1)


def test_an_only_move_and_a_found_mate_need_no_nodes(session: EngineSession) -> None:
    """The engine ends far below its limit there; that is no fault."""
    only = look(session, fen="7k/8/8/8/8/8/1q6/K7 w - - 0 1", nodes=50_000)
    assert only.best == "a1b2"
    assert look(session, "f2f3", "e7e5", "g2g4", nodes=5_000_000).nodes < 5_000_000


def test_chess960_castles_king_takes_rook(session: EngineSession) -> None:
    """Moves received and moves sent are in the game's own spelling; the same engine then plays ordinary chess."""
    only_castling_mates = "5k2/8/8/8/8/4R1R1/8/6KR w H - 0 1"
    found = look(session, fen=only_castling_mates, chess960=True)
    assert (found.best, found.score) == ("g1h1", Mate(1))
    castled = look(session, "f1g1", fen="1k6/8/8/8/8/8/5PPP/5KR1 w G - 0 1", chess960=True)
    assert castled.best in {move.uci() for move in chess.Board("1k6/8/8/8/8/8/5PPP/5RK1 b - - 1 1").legal_moves}
    assert look(session, "e2e4", "e7e5", "g1f3", "b8c6", "f1c4", "f8c5", "e1g1").best is not None


def test_the_history_is_seen(session: EngineSession) -> None:
    """A queen down, Black repeats for the third time and draws; told the bare position, no engine could know."""
    fen = "rnb1kbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
    moves = ("g1f3", "g8f6", "f3g1", "f6g8", "g1f3", "g8f6", "f3g1")
    found = look(session, *moves, fen=fen, nodes=20_000)
    assert (found.best, found.score) == ("f6g8", Cp(0))
    session.new_game()
    board = chess.Board(fen)
    for move in moves:
        board.push_uci(move)
    bare = look(session, fen=board.fen(), nodes=20_000).score
    assert isinstance(bare, Cp)
    assert bare.white_cp > 300


def test_stop_ends_a_huge_search_at_once(session: EngineSession) -> None:
    """From another thread; the search would take half an hour. The engine is ready for more."""
    timer = threading.Timer(0.3, session.stop)
    timer.start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        look(session, nodes=2_000_000_000)
    timer.join()
    assert time.monotonic() - started < 60
    assert look(session).nodes >= 2000


def test_closing_takes_no_time(stockfish: str) -> None:
    """`quit` is obeyed; closing twice is allowed."""
    session = EngineSession.open(stockfish, hash_mb=16)
    started = time.monotonic()
    session.close()
    session.close()
    assert time.monotonic() - started < 60


@pytest.mark.skipif(sys.platform == "win32", reason="niceness is a POSIX idea")
def test_engines_run_at_low_priority_in_a_group_of_their_own(session: EngineSession) -> None:
    """The desktop stays quick, and the terminal's Ctrl+C does not reach them."""
    assert os.getpriority(os.PRIO_PROCESS, session.pid) >= 10
    assert os.getpgid(session.pid) != os.getpgid(0)
