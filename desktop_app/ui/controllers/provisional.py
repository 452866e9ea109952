"""Lay evaluations that were only just found over a game view, so that verdicts appear move by move. Pure; any thread.

Facts already stored win: news fills holes only, and never makes a summary. Called by `viewer_controller` off the main
thread.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.judge import judge_game
from desktop_app.analysis.win_chances import win_percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import Ply
    from desktop_app.domain.game_view import GameView, PlyView
    from desktop_app.domain.judgement import MoveVerdict


def with_news(view: GameView, news: Mapping[Ply, Evaluation]) -> tuple[GameView, frozenset[Ply]]:
    """The view with `news` (by ply) where it has no score yet, and verdicts wherever both sides of a move are known.

    The second value is the plies whose score is news.
    """
    fresh = {ply: evaluation for ply, evaluation in news.items() if _is_hole(view, ply)}
    if not fresh:
        return view, frozenset()
    scores = [view.analysis.root if view.analysis else None, *(move.score for move in view.plies)]
    best: list[str | None] = [*(move.best_uci for move in view.plies), None]
    for ply, evaluation in fresh.items():
        scores[ply] = evaluation.score
        best[ply] = evaluation.best
    verdicts = judge_game(
        scores=scores,
        best=best,
        moves=[move.uci for move in view.plies],
        start_white=view.start_fen.split()[1:2] != ["b"],
        standard_start=view.start_fen == chess.STARTING_FEN,
    )
    plies = tuple(_merge(move, fresh, verdict) for move, verdict in zip(view.plies, verdicts, strict=False))
    return replace(view, plies=plies), frozenset(fresh)


def _is_hole(view: GameView, ply: Ply) -> bool:
    if ply == 0:
        return view.analysis is None or view.analysis.root is None
    return ply <= len(view.plies) and view.plies[ply - 1].score is None


def _merge(move: PlyView, fresh: Mapping[Ply, Evaluation], verdict: MoveVerdict) -> PlyView:
    after = fresh.get(move.ply)
    before = fresh.get(type(move.ply)(move.ply - 1))
    if after is not None:
        move = replace(
            move,
            score=after.score,
            depth=after.depth,
            nodes=after.nodes,
            pv_uci=after.pv,
            white_win=win_percent(after.score),
        )
    if before is not None and move.best_uci is None:
        move = replace(move, best_uci=before.best, best_san=_san(move.fen_before, before.best))
    if after is None and before is None:
        return move
    return replace(
        move,
        judgement=verdict.judgement,
        label=verdict.label,
        move_accuracy=verdict.accuracy,
        win_loss=verdict.win_loss,
    )


def _san(fen: str, uci: str | None) -> str | None:
    """The move in SAN, or its UCI text where the position's rules are not plain chess."""
    if uci is None:
        return None
    try:
        return chess.Board(fen, chess960=True).san(chess.Move.from_uci(uci))
    except ValueError:
        return uci
