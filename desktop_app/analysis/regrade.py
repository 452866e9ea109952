"""Stored evaluations -> a game's summary by another grading, fast. Pure; any thread, mostly a process of its own.

Says exactly what `analysis.review` says (tests compare them), without a board: a game from the standard position needs
none to be judged again. The moves alone tell castling (the first move from a king's own square is the king's), and a
forced move needs no rule of its own, since the engine's choice is that very move. Called by `services.rejudge_games`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.judge import judge_game
from desktop_app.analysis.summary import summarise
from desktop_app.domain.evaluation import Cp, Mate, Over, Score
from desktop_app.domain.moves import unpack_moves

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_app.domain.judgement import GameSummary, Grading

_CASTLING = {"e1g1": "e1h1", "e1c1": "e1a1", "e8g8": "e8h8", "e8c8": "e8a8"}
_STANDARD = chess.Board()


def regrade(
    *,
    start_fen: str | None,
    chess960: bool,
    moves: bytes,
    scores: Iterable[tuple[int, int | None, int | None, int | None, str | None]],
    grading: Grading,
) -> GameSummary:
    """Judge a game from its packed moves and its stored scores (ply, cp, mate, over, best move).

    Raises ValueError for a start position or a move that cannot be read.
    """
    ucis = _ucis(moves)
    start_white, standard_start = True, True
    spelling: dict[int, str] = {}
    if start_fen is None and not chess960:
        spelling = _castlings(ucis)
    else:
        board = chess.Board(start_fen or chess.STARTING_FEN, chess960=chess960)
        start_white, standard_start = board.turn, board == _STANDARD
        spelling = {} if board.chess960 else _castlings_on(board, ucis)
    by_ply: list[Score | None] = [None] * (len(ucis) + 1)
    best: list[str | None] = [None] * (len(ucis) + 1)
    for ply, white_cp, white_mate, over, choice in scores:
        if ply <= len(ucis):
            by_ply[ply] = _score(white_cp, white_mate, over)
            best[ply] = choice
    verdicts = judge_game(
        scores=by_ply,
        best=best,
        moves=ucis,
        start_white=start_white,
        standard_start=standard_start,
        other_spelling=spelling,
        grading=grading,
    )
    return summarise(
        scores=by_ply,
        verdicts=verdicts,
        division=None,
        start_white=start_white,
        standard_start=standard_start,
        grading=grading,
    )


def _score(white_cp: int | None, white_mate: int | None, over: int | None) -> Score:
    if over is not None:
        return Over(None if over == 0 else over > 0)
    return Mate(white_mate) if white_mate is not None else Cp(white_cp or 0)


def _ucis(packed: bytes) -> list[str]:
    return [_uci(packed[place : place + 2]) for place in range(0, len(packed), 2)]


@lru_cache(maxsize=1 << 14)
def _uci(packed: bytes) -> str:
    """One packed move in UCI notation; a game has few that another has not."""
    return unpack_moves(packed)[0].uci()


def _castlings(ucis: Sequence[str]) -> dict[int, str]:
    """Castling moves of a game from the standard position, with their other spelling."""
    found: dict[int, str] = {}
    for king in ("e1", "e8"):
        first = next((ply for ply, uci in enumerate(ucis, start=1) if uci.startswith(king)), None)
        if first is not None and ucis[first - 1] in _CASTLING:
            found[first] = _CASTLING[ucis[first - 1]]
    return found


def _castlings_on(board: chess.Board, ucis: Sequence[str]) -> dict[int, str]:
    """The same from any position, on a board."""
    found: dict[int, str] = {}
    for ply, uci in enumerate(ucis, start=1):
        move = chess.Move.from_uci(uci)
        if board.is_castling(move):
            found[ply] = board.uci(move, chess960=True)
        board.push(move)
    return found
