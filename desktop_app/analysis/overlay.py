"""Great, brilliant and only moves: marks beside the verdicts, by a rule of our own (docs/judging.md). Pure; any thread.

Nothing here is any other site's rule, and no mark ever changes a judgement, a count or an accuracy (judgement.md 5.6).
`candidates` says which positions are worth a second line; `mark_of` what two lines say of the move played. Called by
`services.mark_moves`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.win_chances import win_percent
from desktop_app.domain.evaluation import Evaluation, Score, to_cp
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import MoveMark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.analysis.review import Mainline

GREAT_POINTS = 10.0
"""A great move's second-best loses at least so many percentage points of win % (judgement.md 5.6)."""

ONLY_POINTS = 20.0
"""Every other move loses at least so many: the only move."""

WINNING_ANYWAY_CP = 700
"""Where the second-best move still wins like this, finding the best is no feat (judgement.md 5.6, WintrChess)."""

LOST_ANYWAY_CP = -300
"""A move after which its player is lost like this is no feat either."""

SWING_POINTS = 5.0
"""A move is looked at when the opponent's move before it changed win % by so much, or it offers a piece."""

_VALUES = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9, chess.KING: 100}
_OFFER = 2
"""Net loss in pawns by exchanges on one square from which a piece counts as offered: a minor piece for a pawn."""


@dataclass(frozen=True, slots=True)
class TwoLines:
    """What a search with two lines says of a position: moves in UCI, White's scores; no second where one is legal."""

    best: str
    best_score: Score
    second: str | None
    second_score: Score | None


def candidates(line: Mainline, evaluations: Mapping[Ply, Evaluation]) -> tuple[Ply, ...]:
    """Positions in which the engine's own choice was played and something was at stake: a mark is possible there."""
    found: list[Ply] = []
    board = chess.Board(line.root_fen, chess960=line.chess960)
    for index, uci in enumerate(line.moves):
        move = board.parse_uci(uci)
        before, after = evaluations.get(Ply(index)), evaluations.get(Ply(index + 1))
        if (
            before
            and after
            and line.legal_counts[index] > 1
            and before.best in (uci, line.other_spelling.get(index + 1))
        ):
            sign = 1 if board.turn else -1
            cp = sign * to_cp(before.score)
            earlier = evaluations.get(Ply(index - 1)) if index else None
            swing = abs(win_percent(before.score) - win_percent(earlier.score)) if earlier else 0.0
            at_stake = swing >= SWING_POINTS or offers_piece(board, move)
            if at_stake and cp > LOST_ANYWAY_CP and not _recaptures(board, move):
                found.append(Ply(index))
        board.push(move)
    return tuple(found)


def mark_of(board: chess.Board, move: chess.Move, lines: TwoLines) -> MoveMark | None:
    """The mark of a move, from the position before it and the two best lines there; None mostly."""
    spellings = {board.uci(move), board.uci(move, chess960=True)}
    if lines.best not in spellings or lines.second is None or lines.second_score is None:
        return None
    sign = 1 if board.turn else -1
    best, second = sign * to_cp(lines.best_score), sign * to_cp(lines.second_score)
    margin = sign * (win_percent(lines.best_score) - win_percent(lines.second_score))
    if margin < GREAT_POINTS or second >= WINNING_ANYWAY_CP or best <= LOST_ANYWAY_CP or _recaptures(board, move):
        return None
    if offers_piece(board, move):
        return MoveMark.BRILLIANT
    return MoveMark.ONLY if margin >= ONLY_POINTS and best < -LOST_ANYWAY_CP else MoveMark.GREAT


def offers_piece(board: chess.Board, move: chess.Move) -> bool:
    """Whether after the move the opponent can win at least a minor piece for a pawn by exchanges on one square.

    Looked at is the piece that moved, and every other one of its side; what the move itself took counts against it.
    """
    taken = board.piece_type_at(move.to_square) if board.is_capture(move) and not board.is_en_passant(move) else None
    gained = _VALUES[taken] if taken else 1 if board.is_en_passant(move) else 0
    side = board.turn
    board.push(move)
    try:
        pieces = (
            square
            for piece in (chess.KNIGHT, chess.BISHOP, chess.ROOK, chess.QUEEN)
            for square in board.pieces(piece, side)
        )
        return any(exchange_value(board, square) - gained >= _OFFER for square in pieces)
    finally:
        board.pop()


def exchange_value(board: chess.Board, square: chess.Square) -> int:
    """What the side to move wins in pawns by taking on a square, both sides taking with their least piece, or stopping.

    Legal moves only, so that pinned pieces do not take; 0 where taking does not pay.
    """
    attackers = [
        move
        for move in board.generate_legal_moves(chess.BB_ALL, chess.BB_SQUARES[square])
        if board.is_capture(move) and not board.is_en_passant(move)
    ]
    victim = board.piece_type_at(square)
    if not attackers or victim is None:
        return 0
    least = min(attackers, key=lambda move: _VALUES[board.piece_type_at(move.from_square) or chess.KING])
    board.push(least)
    try:
        return max(0, _VALUES[victim] - exchange_value(board, square))
    finally:
        board.pop()


def _recaptures(board: chess.Board, move: chess.Move) -> bool:
    """Whether the move takes back where the opponent has just taken."""
    if not board.move_stack or not board.is_capture(move):
        return False
    last = board.peek()
    if last.to_square != move.to_square:
        return False
    previous = board.pop()
    try:
        return board.is_capture(previous)
    finally:
        board.push(previous)
