"""Great, brilliant and only moves: our own published rule, and what is worth a second line."""

from __future__ import annotations

import chess
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.analysis.overlay import TwoLines, candidates, exchange_value, mark_of, offers_piece
from desktop_app.analysis.review import Mainline
from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Score
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import MoveMark

QUIET = chess.STARTING_FEN
OFFER = "r1bqkbnr/pppp1ppp/2n5/4p3/2B1P3/5N2/PPPP1PPP/RNBQK2R w KQkq - 0 1"
"""Bxf7+ gives a bishop for a pawn."""


def marked(fen: str, uci: str, best: Score, second: Score | None, *, other: str = "a2a3") -> MoveMark | None:
    """The mark of a move that was the engine's choice."""
    board = chess.Board(fen)
    two = TwoLines(uci, best, other if second else None, second)
    return mark_of(board, board.parse_uci(uci), two)


@pytest.mark.parametrize(
    ("uci", "best", "second", "mark"),
    [
        ("e2e4", Cp(0), Cp(-50), None),
        ("e2e4", Cp(400), Cp(100), MoveMark.GREAT),
        ("e2e4", Cp(0), Cp(-300), MoveMark.ONLY),
        ("e2e4", Mate(3), Cp(400), MoveMark.GREAT),
        ("e2e4", Mate(3), Cp(700), None),
        ("e2e4", Cp(-300), Cp(-900), None),
        ("e2e4", Cp(0), None, None),
    ],
)
def test_the_bounds_of_great_and_only(uci: str, best: Score, second: Score | None, mark: MoveMark | None) -> None:
    """Ten points better than any other, twenty for the only move; not where one wins or is lost anyway."""
    assert marked(QUIET, uci, best, second) is mark


def test_another_move_than_the_engines_is_never_marked() -> None:
    """Marks praise what the engine would have played; the two spellings of castling are one move."""
    board = chess.Board()
    assert mark_of(board, board.parse_uci("d2d4"), TwoLines("e2e4", Cp(300), "a2a3", Cp(0))) is None
    castle = chess.Board("4k3/8/8/8/8/8/8/4K2R w K - 0 1")
    assert mark_of(castle, castle.parse_uci("e1g1"), TwoLines("e1h1", Cp(0), "a2a3", Cp(-250))) is not None


def test_a_brilliant_move_offers_a_piece() -> None:
    """A great move after which a piece can be won; the same margin without an offer is not brilliant."""
    assert marked(OFFER, "c4f7", Cp(100), Cp(-300)) is MoveMark.BRILLIANT
    assert marked(OFFER, "d2d3", Cp(100), Cp(-300)) is MoveMark.ONLY


def test_a_recapture_is_never_marked() -> None:
    """Taking back is what anybody does."""
    board = chess.Board("3qk3/8/8/3n4/4P3/8/8/4K3 w - - 0 1")
    board.push_uci("e4d5")
    assert mark_of(board, board.parse_uci("d8d5"), TwoLines("d8d5", Cp(-500), "e8e7", Cp(100))) is None


@pytest.mark.parametrize(
    ("fen", "square", "value"),
    [
        ("4k3/8/8/8/4r3/8/8/4K2B b - - 0 1", chess.H1, 0),
        ("4k3/8/8/8/7r/8/8/4K2B b - - 0 1", chess.H1, 3),
        ("4k3/8/8/8/7r/8/6K1/7B b - - 0 1", chess.H1, 0),
        ("4k3/8/8/8/4r3/8/8/4K3 b - - 0 1", chess.A1, 0),
    ],
)
def test_exchanges_on_a_square(fen: str, square: chess.Square, value: int) -> None:
    """Both sides take with their least piece, and stop where going on does not pay."""
    assert exchange_value(chess.Board(fen), square) == value


@given(st.lists(st.integers(0, 30), max_size=30))
def test_looking_for_offers_leaves_the_board_as_it_was(choices: list[int]) -> None:
    """Every legal move of every position can be asked about."""
    board = chess.Board()
    for choice in choices:
        legal = list(board.legal_moves)
        if not legal:
            break
        before = board.fen()
        assert offers_piece(board, legal[choice % len(legal)]) in {True, False}
        assert board.fen() == before
        board.push(legal[choice % len(legal)])


def test_only_positions_with_something_at_stake_are_candidates() -> None:
    """The engine's own move after the opponent's swing is looked at; a quiet one, or another move, is not."""
    moves = ["e2e4", "e7e5", "g1f3", "b8c6", "f1c4"]
    line = Mainline.walk(chess.STARTING_FEN, moves, chess960=False)
    found = {
        Ply(ply): Evaluation(Cp(cp), 1, 1, moves[ply] if ply < len(moves) else None, ())
        for ply, cp in enumerate((15, 15, 15, 15, 300, 300))
    }
    assert candidates(line, found) == (4,)
    found[Ply(4)] = Evaluation(Cp(300), 1, 1, "a2a3", ())
    assert candidates(line, found) == ()
