"""Reading an engine's answer: bytes in, a believable fact out."""

from __future__ import annotations

import chess
import pytest

from desktop_app.domain.evaluation import PV_PLIES, Cp, Mate, Stability
from desktop_app.engine.answers import is_exact, is_scored, legal_variation, read_evaluation
from desktop_app.errors import EngineLiedError

BLACK_TO_MOVE = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"


@pytest.mark.parametrize(
    ("line", "scored", "exact"),
    [
        (b"info depth 1 seldepth 1 multipv 1 score cp 18 nodes 20 pv e2e4", True, True),
        (b"info depth 1 score cp 18 nodes 20 pv e2e4", True, True),
        (b"info depth 1 multipv 1 score cp 18 lowerbound nodes 20 pv e2e4", True, False),
        (b"info depth 1 multipv 1 score mate 3 upperbound nodes 20 pv e2e4", True, False),
        (b"info depth 1 multipv 2 score cp 18 nodes 20 pv e2e4", True, True),
        (b"info depth 1 currmove e2e4 currmovenumber 1", False, True),
        (b"info string NNUE evaluation using score net", False, True),
    ],
)
def test_lines_are_told_apart(line: bytes, scored: bool, exact: bool) -> None:
    """Bounds, comments and progress are no evaluations."""
    assert is_scored(line) is scored
    assert is_exact(line) is exact


@pytest.mark.parametrize(
    ("words", "white", "black"),
    [
        (b"cp 31", Cp(31), Cp(-31)),
        (b"cp -31", Cp(-31), Cp(31)),
        (b"cp 0", Cp(0), Cp(0)),
        (b"mate 3", Mate(3), Mate(-3)),
        (b"mate -3", Mate(-3), Mate(3)),
        (b"cp 31 wdl 40 950 10", Cp(31), Cp(-31)),
        (b"cp -20000", Cp(-20000), Cp(20000)),
    ],
)
def test_scores_are_whites(words: bytes, white: Cp | Mate, black: Cp | Mate) -> None:
    """The engine speaks for the side to move; we never do."""
    for board, move, expected in (
        (chess.Board(), b"e2e4", white),
        (chess.Board(BLACK_TO_MOVE), b"e7e5", black),
    ):
        line = b"info depth 7 score " + words + b" nodes 99 pv " + move
        found = read_evaluation(board, exact=[line], last=line, bestmove=b"bestmove " + move, engine_ms=4)
        assert found.score == expected
        assert (found.depth, found.nodes, found.best, found.engine_ms) == (7, 99, move.decode(), 4)


@pytest.mark.parametrize(
    "words",
    [
        b"cp",
        b"cp x",
        b"cp 1e3",
        b"cp 100001",
        b"cp 9999999999999999999",
        b"mate 0",
        b"mate -0",
        b"mate 1001",
        b"wdl 1 2",
    ],
)
def test_scores_that_cannot_be_true_are_refused(words: bytes) -> None:
    """Unreadable, absurd, or a mate without a sign."""
    line = b"info depth 7 score " + words + b" nodes 99 pv e2e4"
    with pytest.raises(EngineLiedError):
        read_evaluation(chess.Board(), exact=[line], last=line, bestmove=b"bestmove e2e4", engine_ms=0)


@pytest.mark.parametrize(
    "bestmove", [b"bestmove", b"bestmove (none)", b"bestmove 0000", b"bestmove e2e5", b"bestmove \xff"]
)
def test_a_chosen_move_must_be_legal(bestmove: bytes) -> None:
    """None at all counts as illegal: the position has legal moves."""
    line = b"info depth 7 score cp 1 nodes 99 pv e2e4"
    with pytest.raises(EngineLiedError, match="illegal move"):
        read_evaluation(chess.Board(), exact=[line], last=line, bestmove=bestmove, engine_ms=0)


def test_score_move_and_variation_belong_together() -> None:
    """A search cut off may choose a move it has only a bound for; the exact line's own move is kept then."""
    exact = b"info depth 7 score cp 20 nodes 90 pv e2e4 e7e5"
    last = b"info depth 8 score cp 35 lowerbound nodes 100 pv d2d4"
    found = read_evaluation(chess.Board(), exact=[exact], last=last, bestmove=b"bestmove d2d4", engine_ms=0)
    assert (found.score, found.best, found.pv, found.nodes) == (Cp(20), "e2e4", ("e2e4", "e7e5"), 100)


def test_a_search_tells_how_steady_it_was() -> None:
    """How long its move has been its choice, and how far its last scores lie apart, clamped."""
    lines = [
        b"info depth 1 score cp 900 nodes 10 pv d2d4",
        b"info depth 2 score cp 30 nodes 100 pv e2e4",
        b"info depth 3 score cp 20 nodes 250 pv d2d4",
        b"info depth 4 score cp 45 nodes 400 pv d2d4",
        b"info depth 5 score cp 25 nodes 900 pv d2d4",
    ]
    asked = {"last": lines[-1], "bestmove": b"bestmove d2d4", "engine_ms": 0}
    found = read_evaluation(chess.Board(), exact=lines, **asked)  # type: ignore[arg-type]
    assert found.stability == Stability(best_since=722, spread_cp=25)
    alone = read_evaluation(chess.Board(), exact=lines[:1], **asked)  # type: ignore[arg-type]
    assert alone.stability == Stability(best_since=1000, spread_cp=0)
    won = [b"info depth 1 score cp 990 nodes 10 pv d2d4", b"info depth 2 score mate 3 nodes 1000 pv d2d4"]
    assert read_evaluation(chess.Board(), exact=won, **asked).stability == Stability(best_since=1000, spread_cp=10)  # type: ignore[arg-type]


def test_an_engine_without_variations_is_believed() -> None:
    """The chosen move then is the variation."""
    line = b"info depth 7 score cp 20"
    found = read_evaluation(chess.Board(), exact=[line], last=None, bestmove=b"bestmove d2d4", engine_ms=0)
    assert (found.best, found.pv, found.nodes) == ("d2d4", ("d2d4",), 0)


def test_castling_is_spelt_in_the_games_own_way() -> None:
    """King takes rook in Chess960, the king's target otherwise, whatever the engine wrote."""
    fen = "4k3/8/8/8/8/8/8/4K2R w K - 0 1"
    for written in ("e1g1", "e1h1"):
        assert legal_variation(chess.Board(fen), [written]) == ("e1g1",)
        assert legal_variation(chess.Board(fen, chess960=True), [written]) == ("e1h1",)


def test_variations_end_where_they_break_or_grow_long() -> None:
    """At an illegal or null move, or after the plies we keep; the board is left as it was."""
    board = chess.Board()
    shuffle = ["g1f3", "g8f6", "f3g1", "f6g8"] * 10
    assert len(legal_variation(board, shuffle)) == PV_PLIES
    assert legal_variation(board, ["e2e4", "e7e5", "e4e5", "a7a6"]) == ("e2e4", "e7e5")
    assert legal_variation(board, ["e2e4", "0000", "e4e5"]) == ("e2e4",)
    assert legal_variation(board, []) == ()
    assert board == chess.Board()
