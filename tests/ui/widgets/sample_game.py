"""The game of gallery and widget tests: Anderssen - Dufresne, Berlin 1852; scores by Stockfish 15.1, 80 000 nodes."""

from __future__ import annotations

import io
import math
import random
from dataclasses import dataclass

import chess
import chess.pgn

from desktop_app.domain.evaluation import Cp, Mate, Over, Score, to_cp
from desktop_app.domain.judgement import Judgement

MOVES = (
    "1.e4 e5 2.Nf3 Nc6 3.Bc4 Bc5 4.b4 Bxb4 5.c3 Ba5 6.d4 exd4 7.O-O d3 8.Qb3 Qf6 9.e5 Qg6 10.Re1 Nge7 11.Ba3 b5 "
    "12.Qxb5 Rb8 13.Qa4 Bb6 14.Nbd2 Bb7 15.Ne4 Qf5 16.Bxd3 Qh5 17.Nf6+ gxf6 18.exf6 Rg8 19.Rad1 Qxf3 20.Rxe7+ Nxe7 "
    "21.Qxd7+ Kxd7 22.Bf5+ Ke8 23.Bd7+ Kf8 24.Bxe7# 1-0"
)
SCORES = (
    "26 21 36 35 47 25 21 -15 -8 -5 11 5 23 -33 46 48 49 43 62 -26 -42 -67 51 93 52 65 111 57 120 142 368 375 425 92 "
    "94 75 86 -421 -462 -51 M4 M3 M3 M2 M2 M1 M1 over"
)
JUDGED = {
    13: Judgement.INACCURACY,
    14: Judgement.INACCURACY,
    19: Judgement.INACCURACY,
    22: Judgement.MISTAKE,
    30: Judgement.BLUNDER,
    33: Judgement.BLUNDER,
    37: Judgement.BLUNDER,
    40: Judgement.BLUNDER,
}


@dataclass(frozen=True)
class PlayedPly:
    """One move of the sample."""

    ply: int
    san: str
    uci: str
    fen: str
    score: Score | None
    judgement: Judgement | None


def _score(text: str) -> Score:
    if text == "over":
        return Over(winner=True)
    return Mate(int(text[1:])) if text.startswith("M") else Cp(int(text))


def evergreen() -> list[PlayedPly]:
    """The game, ply by ply, with scores after each move."""
    game = chess.pgn.read_game(io.StringIO(MOVES))
    assert game is not None
    assert not game.errors
    scores = [_score(text) for text in SCORES.split()]
    board, result = game.board(), []
    for ply, move in enumerate(game.mainline_moves(), start=1):
        san = board.san(move)
        board.push(move)
        result.append(PlayedPly(ply, san, move.uci(), board.fen(), scores[ply], JUDGED.get(ply)))
    return result


def long_game(plies: int = 500) -> list[PlayedPly]:
    """A legal game of that many plies with scores that wander: for lists and graphs of 250 moves."""
    rng = random.Random(7)  # noqa: S311  # the same game every time, nothing secret
    board, result, cp = chess.Board(), [], 20.0
    for ply in range(1, plies + 1):
        legal = sorted(board.legal_moves, key=chess.Move.uci)
        quiet = [move for move in legal if not board.is_capture(move) and board.piece_type_at(move.from_square) != 1]
        move = next(move for move in rng.sample(quiet, len(quiet)) + legal if _goes_on(board, move))
        san = board.san(move)
        board.push(move)
        before, cp = cp, cp + rng.gauss(0, 60) - cp * 0.02
        loss = _win(before) - _win(cp) if ply % 2 else _win(cp) - _win(before)
        judged = next(
            (
                judgement
                for limit, judgement in (
                    (15, Judgement.BLUNDER),
                    (10, Judgement.MISTAKE),
                    (7, Judgement.INACCURACY),
                )
                if loss >= limit
            ),
            None,
        )
        result.append(PlayedPly(ply, san, move.uci(), board.fen(), Cp(round(cp)), judged))
    return result


def _goes_on(board: chess.Board, move: chess.Move) -> bool:
    """Whether there is a move after it."""
    board.push(move)
    result = any(board.legal_moves)
    board.pop()
    return result


def _win(cp: float) -> float:
    return 100 / (1 + math.exp(-0.00368208 * to_cp(Cp(round(cp)))))
