"""The kept position: the same commands as a fresh one would give, in whatever order it is asked."""

from __future__ import annotations

import chess
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.engine.position import GamePosition

GAMES = (
    (chess.STARTING_FEN, False, ["e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "b5a4", "g8f6", "e1g1", "f8e7"]),
    (chess.STARTING_FEN, False, ["e2e4", "e7e5", "g1f3", "b8c6", "f1c4"]),
    (chess.STARTING_FEN, True, ["e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "e1h1"]),
    ("1k6/8/8/8/8/8/5PPP/5KR1 w G - 0 1", True, ["f1g1", "b8c8"]),
)


@given(st.lists(st.tuples(st.integers(0, len(GAMES) - 1), st.integers(0, 10)), max_size=20))
def test_any_order_of_questions_gives_the_same_commands(questions: list[tuple[int, int]]) -> None:
    """Back, forth and across games: board and command are those of a position reached afresh."""
    kept = GamePosition()
    for game, ply in questions:
        fen, chess960, moves = GAMES[game]
        fresh = GamePosition()
        for position in (kept, fresh):
            position.reach(fen, moves[:ply], chess960=chess960)
        assert kept.command() == fresh.command()
        assert kept.board == fresh.board
        assert kept.board.move_stack == fresh.board.move_stack
        assert kept.board.chess960 == chess960


def test_a_failed_question_leaves_a_usable_position() -> None:
    """An illegal move or FEN is the caller's mistake and spoils nothing."""
    position = GamePosition()
    for fen, moves in ((chess.STARTING_FEN, ["e2e4", "e2e4"]), ("nonsense", []), (chess.STARTING_FEN, ["0000"])):
        with pytest.raises(ValueError, match=r".+"):
            position.reach(fen, moves, chess960=False)
        position.reach(chess.STARTING_FEN, ["e2e4", "e7e5"], chess960=False)
        assert position.command() == f"position fen {chess.STARTING_FEN} moves e2e4 e7e5\n"


def test_castling_is_told_as_the_rules_of_the_game_want_it() -> None:
    """A standard game whose castling was written king-takes-rook is told the standard way."""
    position = GamePosition()
    position.reach("4k3/8/8/8/8/8/8/4K2R w K - 0 1", ["e1h1"], chess960=False)
    assert position.command().endswith(" moves e1g1\n")
