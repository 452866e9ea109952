"""Judging again from stored rows says exactly what judging on a board says."""

from __future__ import annotations

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.analysis.regrade import regrade
from desktop_app.analysis.review import Mainline, review
from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Over
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import GRADINGS, Grading, OwnThresholds
from desktop_app.domain.moves import pack_moves

STARTS = [
    (None, False),
    ("r3k2r/pppppppp/8/8/8/8/PPPPPPPP/R3K2R b KQkq - 0 1", False),
    ("4k3/8/8/8/8/8/4P3/4K3 w - - 0 1", False),
    (chess.STARTING_FEN, False),
    ("bqnrkbnr/pppppppp/8/8/8/8/PPPPPPPP/BQNRKBNR w KQkq - 0 1", True),
]
ALL = (*GRADINGS.values(), OwnThresholds("mine", 2, 4.5, 30).grading)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(STARTS), st.integers(0, 40), st.randoms(use_true_random=False), st.sampled_from(ALL))
def test_the_fast_way_and_the_board_agree(
    start: tuple[str | None, bool], plies: int, draw: object, grading: Grading
) -> None:
    """Whatever was played and stored, holes, mates and finished positions included, both summaries are the same."""
    fen, chess960 = start
    board = chess.Board(fen or chess.STARTING_FEN, chess960=chess960)
    moves: list[chess.Move] = []
    rows, found = [], {}
    for ply in range(plies + 1):
        legal = list(board.legal_moves)
        castling = [move for move in legal if board.is_castling(move)]
        played = draw.choice(castling or legal) if legal else None  # type: ignore[attr-defined] # hypothesis' Random
        best = draw.choice([played, *legal]) if played else None  # type: ignore[attr-defined] # as above
        kind = draw.randrange(8)  # type: ignore[attr-defined] # as above
        if played is None:
            winner = not board.turn if board.is_checkmate() else None
            over = 0 if winner is None else 1 if winner else -1
            rows.append((ply, None, None, over, None))
            found[Ply(ply)] = Evaluation(Over(winner), 0, 0, None, ())
        elif kind:
            value = draw.randrange(-1500, 1501)  # type: ignore[attr-defined] # as above
            score = Mate(value or 1) if kind == 1 else Cp(value)
            uci = board.uci(best, chess960=draw.random() < 0.5 or chess960)  # type: ignore[attr-defined] # as above
            cp, mate = (score.white_cp, None) if isinstance(score, Cp) else (None, score.white_mate)
            rows.append((ply, cp, mate, None, uci))
            found[Ply(ply)] = Evaluation(score, 1, 1, uci, (uci,))
        if played is None or ply == plies:
            break
        moves.append(played)
        board.push(played)
    root = chess.Board(fen or chess.STARTING_FEN, chess960=chess960)
    line = Mainline.walk(root.fen(), [move.uci() for move in moves], chess960=chess960)
    expected = review(line, found, grading=grading).summary
    given_summary = regrade(start_fen=fen, chess960=chess960, moves=pack_moves(moves), scores=rows, grading=grading)
    assert (given_summary.white, given_summary.black) == (expected.white, expected.black)


def test_a_start_position_that_cannot_be_read_is_an_error() -> None:
    """The caller then leaves the summary empty."""
    with pytest.raises(ValueError, match="fen"):
        regrade(start_fen="nonsense", chess960=False, moves=b"", scores=(), grading=ALL[0])
