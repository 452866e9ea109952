"""A game for people on a terminal: players, moves with verdicts and better moves, summary. Pure; any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.cli import output
from desktop_app.domain.evaluation import Cp, Mate, Over
from desktop_app.domain.judgement import SHORTEST_WITH_ACCURACY, length_remark

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import Score
    from desktop_app.domain.game_view import GameView, PlyView
    from desktop_app.domain.judgement import GameSummary, SideSummary

COMMENT_COLUMNS = 60


def score_text(score: Score | None) -> str:
    """A score from White's side as players write it: +0.35, -1.20, #4, #-3, and "1-0" for a finished game."""
    match score:
        case None:
            return ""
        case Cp(white_cp):
            return f"{white_cp / 100:+.2f}"
        case Mate(white_mate):
            return f"#{white_mate}"
        case Over(None):
            return "1/2"
        case Over(winner):
            return "1-0" if winner else "0-1"


def game_text(view: GameView) -> str:
    """The whole page."""
    parts = [_title(view)]
    if view.plies:
        parts.append(_moves(view))
    if view.moves_note:
        parts.append(view.moves_note)
    if view.summary is not None:
        parts.append(_summary(view.summary, short=len(view.plies) < SHORTEST_WITH_ACCURACY))
        if view.analysis is not None and (remark := length_remark(len(view.plies), view.analysis.grading)):
            parts.append(remark)
    return "\n\n".join(parts)


def _title(view: GameView) -> str:
    headers = dict(view.headers)
    white = view.white + (f" ({view.white_elo})" if view.white_elo else "")
    black = view.black + (f" ({view.black_elo})" if view.black_elo else "")
    lines = [f"{white} - {black}  {view.result}"]
    place = [value for name in ("Event", "Site", "Date") if (value := headers.get(name, "").strip("?. "))]
    if place:
        lines.append(", ".join(place))
    if view.opening is not None:
        lines.append(f"{view.opening.eco} {view.opening.name}")
    lines.append(_state(view))
    return "\n".join(output.one_line(line) for line in lines)


def _state(view: GameView) -> str:
    state = str(view.state).replace("_", " ")
    reason = view.error or view.not_judged
    if view.analysis is None:
        return f"{state}: {reason}" if reason else state
    done = f"{view.analysis.positions} of {view.analysis.positions_total} positions"
    each = f"{view.analysis.nodes_each:,} nodes a position"
    if view.analysis.spec.anytime:
        each = f"profile {view.analysis.spec.profile}, {each} on average"
    provisional = "; verdicts may still change" if view.analysis.provisional else ""
    engine = f"{view.analysis.engine.name}, {each}"
    return f"{state}, {done} ({engine}){provisional}" + (f": {reason}" if reason else "")


def _moves(view: GameView) -> str:
    rows = [_move_row(ply) for ply in view.plies]
    return output.table(("", "move", "", "score", "acc", "better", "comment"), rows, right=frozenset({0, 3, 4}))


def _move_row(ply: PlyView) -> tuple[object, ...]:
    number = f"{ply.move_number}." if ply.white else f"{ply.move_number}…"
    judged = ply.judgement is not None
    return (
        number,
        ply.san,
        f"{ply.judgement.glyph}{'~' if ply.doubt or not ply.settled else ''}" if ply.judgement else "",
        score_text(ply.score),
        "" if ply.move_accuracy is None else f"{ply.move_accuracy:.0f}",
        ply.best_san if judged else "",
        output.shorten(output.one_line(ply.comment), COMMENT_COLUMNS),
    )


def _summary(summary: GameSummary, *, short: bool) -> str:
    head = ("", "accuracy", "avg loss", "?!", "?", "??")
    rows = [_side("White", summary.white, short=short), _side("Black", summary.black, short=short)]
    return output.table(head, rows, right=frozenset(range(1, 6)))


def _side(name: str, side: SideSummary, *, short: bool) -> tuple[object, ...]:
    return (
        name,
        "" if side.accuracy is None or short else f"{side.accuracy:.1f} %",
        "" if side.acpl is None else f"{side.acpl:.0f} cp",
        side.inaccuracies,
        side.mistakes,
        side.blunders,
    )
