"""Position hashes: walked move by move they equal those of the boards, for every rule that could go wrong."""

from __future__ import annotations

import random

import chess
import pytest

from desktop_app.domain.moves import pack_moves
from desktop_app.domain.position_hash import board_hash, game_hashes

STARTS = [
    (chess.STARTING_FEN, False),
    ("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", False),
    ("r3k2r/8/8/8/8/8/8/R3K2R b Kq - 0 1", False),
    ("4k3/P6P/8/1pP5/6pP/8/p6p/4K3 w - b6 0 1", False),
    ("8/8/8/K1Pp3q/8/8/8/4k3 w - d6 0 1", False),
    ("8/8/8/8/R1pP2k1/8/8/4K3 b - d3 0 1", False),
    ("nqbnrkrb/pppppppp/8/8/8/8/PPPPPPPP/NQBNRKRB w KQkq - 0 1", True),
    ("1r2k1r1/8/8/8/8/8/8/1R2K1R1 w BGbg - 0 1", True),
    ("rk5r/8/8/8/8/8/8/RK5R w KQkq - 0 1", True),
]


def _walk(board: chess.Board, rng: random.Random, plies: int) -> tuple[list[chess.Move], list[int]]:
    """Random legal moves, pawns and castling first now and then; the moves and each board's hash."""
    moves, hashes = [], [board_hash(board)]
    while len(moves) < plies and (legal := list(board.legal_moves)):
        special = [move for move in legal if board.is_castling(move) or board.is_en_passant(move)]
        pawns = [move for move in legal if board.piece_type_at(move.from_square) == chess.PAWN]
        move = rng.choice(
            special if special and rng.random() < 0.5 else pawns if pawns and rng.random() < 0.5 else legal
        )
        board.push(move)
        moves.append(move)
        hashes.append(board_hash(board))
    return moves, hashes


@pytest.mark.parametrize(("fen", "chess960"), STARTS)
def test_walked_hashes_equal_the_boards(fen: str, chess960: bool) -> None:
    """Over random games from starts full of castling, promotions and en passant, both ways of hashing agree."""
    for seed in range(25):
        board = chess.Board(fen, chess960=chess960)
        moves, hashes = _walk(board, random.Random(seed), 80)  # noqa: S311 -- test data
        found = game_hashes(pack_moves(moves), start_fen=None if fen == chess.STARTING_FEN else fen, chess960=chess960)
        assert found == hashes, (fen, seed)


def test_equal_positions_have_equal_hashes_and_others_not() -> None:
    """Across many games hash and position correspond one to one; clocks do not count."""
    by_hash: dict[int, str] = {}
    by_position: dict[str, int] = {}
    for seed in range(40):
        board = chess.Board()
        rng = random.Random(seed)  # noqa: S311 -- test data
        for _ in range(60):
            if not (legal := list(board.legal_moves)):
                break
            board.push(rng.choice(legal))
            position, number = board.epd(en_passant="legal"), board_hash(board)
            assert by_hash.setdefault(number, position) == position
            assert by_position.setdefault(position, number) == number


def _hashes(*san: str, start: str | None = None) -> list[int]:
    board = chess.Board(start) if start else chess.Board()
    return game_hashes(pack_moves([board.push_san(move) for move in san]), start_fen=start)


def test_transpositions_meet() -> None:
    """Different orders of moves end in the same hash, also when a pawn's double step lies between."""
    assert _hashes("d4", "Nf6", "c4", "e6")[-1] == _hashes("c4", "e6", "d4", "Nf6")[-1]
    assert _hashes("e4", "e5")[-1] == _hashes("e3", "e6", "e4", "e5")[-1]
    assert _hashes("Nf3", "Nf6", "Ng1", "Ng8")[-1] == _hashes()[0]


def test_what_belongs_to_a_position() -> None:
    """Side to move, a lost right to castle and a possible capture in passing make another position."""
    kings = "4k3/8/8/8/8/8/8/4K2R w K - 0 1"
    assert _hashes(start=kings)[0] != _hashes(start="4k3/8/8/8/8/8/8/4K2R b K - 0 1")[0]
    assert _hashes("Rh2", "Kd8", "Rh1", "Ke8", start=kings)[-1] != _hashes(start=kings)[0]
    passant = "4k3/8/8/8/1p6/8/P7/4K3 w - - 0 1"
    assert _hashes("a4", start=passant)[-1] != _hashes("a3", "Kd8", "a4", "Ke8", "Kd1", "Kd8", "Ke1", start=passant)[-1]


def test_a_null_move_changes_the_side_to_move() -> None:
    """A null move passes the turn; two of them give the position back."""
    start = chess.Board()
    found = game_hashes(pack_moves([chess.Move.null(), chess.Move.null()]))
    assert found[0] == found[2] == board_hash(start)
    start.push(chess.Move.null())
    assert found[1] == board_hash(start)


def test_the_tables_never_change() -> None:
    """Stored hashes stay valid: these values are those of the first release."""
    assert f"{board_hash(chess.Board()):016x}" == "9ab3f4e92e9cb3d2"
