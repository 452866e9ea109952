"""A game's view as `kibitz show --json` prints it (the contract of docs and other programs). Pure; any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop_app.domain.evaluation import Cp, Mate, Over, Score

if TYPE_CHECKING:
    from desktop_app.domain.game_view import AnalysisView, GameView, PlyView
    from desktop_app.domain.judgement import GameSummary, SideSummary


def to_json(view: GameView) -> dict[str, Any]:
    """The game in the shape of `kibitz show --json`; nothing in it depends on when or how long things ran."""
    return {
        "id": view.id,
        "headers": dict(view.headers),
        "variant": view.variant,
        "start_fen": view.start_fen,
        "state": view.state.value,
        "error": view.error or None,
        "not_judged": view.not_judged or None,
        "partial": view.partial or None,
        "opening": (
            {"eco": view.opening.eco, "name": view.opening.name, "ply": view.opening.ply} if view.opening else None
        ),
        "root_comment": view.root_comment,
        "analysis": _analysis_json(view.analysis) if view.analysis else None,
        "analyses": [stored.to_json() for stored in view.analyses],
        "plies": [_ply_json(ply) for ply in view.plies],
        "summary": _summary_json(view.summary) if view.summary else None,
    }


def _analysis_json(analysis: AnalysisView) -> dict[str, Any]:
    return {
        "engine": analysis.engine.name,
        "engine_build": analysis.engine.build,
        "engine_options": dict(analysis.engine.options),
        "profile": analysis.spec.profile.value,
        "nodes": analysis.nodes_each,
        "provisional": analysis.provisional,
        "reproducible": analysis.spec.reproducible,
        "positions": analysis.positions,
        "positions_total": analysis.positions_total,
        "nodes_searched": analysis.nodes,
        "complete": analysis.complete,
        "rules_version": analysis.rules_version,
        "grading": analysis.grading,
        "root": {**score_json(analysis.root), "best_uci": analysis.root_best_uci},
    }


def _ply_json(ply: PlyView) -> dict[str, Any]:
    return {
        "ply": ply.ply,
        "san": ply.san,
        "uci": ply.uci,
        "fen_after": ply.fen_after,
        "clock_s": ply.clock_s,
        **score_json(ply.score),
        "over": _over_json(ply.score),
        "depth": ply.depth,
        "nodes": ply.nodes,
        "best_uci": ply.best_uci,
        "best_san": ply.best_san,
        "pv": list(ply.pv_san),
        "judgement": ply.judgement.value if ply.judgement else None,
        "nag": ply.judgement.nag if ply.judgement else None,
        "label": ply.label,
        "nodes_spent": ply.nodes_spent,
        "confidence": _rounded(ply.confidence),
        "settled": ply.settled,
        "doubt": ply.doubt or None,
        "move_accuracy": _rounded(ply.move_accuracy),
        "comment": ply.comment,
        "variations_pgn": " ".join(f"({variation})" for variation in ply.variations_pgn),
        "nags": list(ply.nags),
        "imported_eval": score_json(ply.imported_eval) if ply.imported_eval else None,
        **{f"file_{name}": value for name, value in score_json(ply.imported_eval).items()},
        "file_depth": ply.imported_depth,
        "marks": [ply.mark.value] if ply.mark else [],
        "phase": ply.phase or None,
    }


def score_json(score: Score | None) -> dict[str, int | None]:
    """A score from White's side, as all JSON has it; a finished game has neither, but a draw on the board is 0."""
    match score:
        case Cp(white_cp):
            return {"white_cp": white_cp, "white_mate": None}
        case Mate(white_mate):
            return {"white_cp": None, "white_mate": white_mate}
        case Over(None):
            return {"white_cp": 0, "white_mate": None}
        case _:
            return {"white_cp": None, "white_mate": None}


def _over_json(score: Score | None) -> str | None:
    if not isinstance(score, Over):
        return None
    return "draw" if score.winner is None else "white" if score.winner else "black"


def _summary_json(summary: GameSummary) -> dict[str, Any]:
    return {
        "white": _side_json(summary.white),
        "black": _side_json(summary.black),
        "phases": {
            phase.name: {
                "first_ply": phase.first_ply,
                "last_ply": phase.last_ply,
                "white_accuracy": _rounded(phase.white_accuracy),
                "black_accuracy": _rounded(phase.black_accuracy),
            }
            for phase in summary.phases
        },
    }


def _side_json(side: SideSummary) -> dict[str, float | int | None]:
    return {
        "accuracy": _rounded(side.accuracy),
        "acpl": _rounded(side.acpl),
        "inaccuracies": side.inaccuracies,
        "mistakes": side.mistakes,
        "blunders": side.blunders,
    }


def _rounded(value: float | None) -> float | None:
    """Six decimals: more than anybody needs, and free of the last bits' noise."""
    return None if value is None else round(value, 6)
