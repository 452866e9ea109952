"""From a game and a place in it to the cards of the lines panel and the summary panel's view. Pure; main thread.

Called by `windows.review_area`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.game import GameState, Ply
from desktop_app.domain.judgement import SHORTEST_WITH_ACCURACY, length_remark, spoken
from desktop_app.ui.widgets.line_view import LineCard, LineMove, LineRole
from desktop_app.ui.widgets.summary_panel import PhaseFacts, SideFacts, SummaryState, SummaryView

if TYPE_CHECKING:
    from desktop_app.domain.game_view import GameView, LineView, PlyView
    from desktop_app.domain.judgement import SideSummary

BETTER = "better"
REFUTATION = "refutation"
CONTINUATION = "continuation"
_ROLES = {BETTER: LineRole.BEST, REFUTATION: LineRole.REFUTATION, CONTINUATION: LineRole.ENGINE}
_SOLVED_DEPTH = 100
"""From here on an engine has solved the position; the number says nothing to a reader."""
_STATES = {
    GameState.UNANALYSED: SummaryState.NOT_ANALYSED,
    GameState.QUEUED: SummaryState.QUEUED,
    GameState.IN_PROGRESS: SummaryState.IN_PROGRESS,
    GameState.ANALYSED: SummaryState.DONE,
    GameState.FAILED: SummaryState.FAILED,
}


def lines_at(move: PlyView | None) -> dict[str, LineView]:
    """The playable lines of a move: what should have been played and what it allows; of a fine one, how to go on."""
    if move is None:
        return {}
    found = {BETTER: move.better, REFUTATION: move.refutation, CONTINUATION: move.continuation}
    return {name: line for name, line in found.items() if line is not None and line.ucis}


def line_cards(view: GameView, move: PlyView | None) -> list[LineCard]:
    """Cards for the lines of a move."""
    cards = []
    for name, line in lines_at(move).items():
        title = {
            BETTER: f"Better was {line.sans[0]}",
            REFUTATION: f"Why {move.san if move else ''} fails",
        }.get(name, f"Best now is {line.sans[0]}")
        cards.append(
            LineCard(
                line_id=name,
                title=title,
                role=_ROLES[name],
                score=line.score,
                moves=_numbered(view, line),
                detail=_depth(view, Ply(line.from_ply)),
            )
        )
    return cards


def _numbered(view: GameView, line: LineView) -> tuple[LineMove, ...]:
    """The line's moves with their numbers."""
    fields = view.start_fen.split()
    black_first = fields[1:2] == ["b"]
    first = int(fields[5]) if len(fields) > 5 and fields[5].isdigit() else 1
    moves = []
    for offset, san in enumerate(line.sans):
        half = 2 * (first - 1) + black_first + line.from_ply + offset
        number, black = half // 2 + 1, half % 2 == 1
        text = f"{number}…" if black and offset == 0 else "" if black else f"{number}."
        moves.append(LineMove(san, text))
    return tuple(moves)


def _depth(view: GameView, ply: Ply) -> str:
    move = view.plies[ply - 1] if ply else None
    return f"depth {move.depth}" if move and move.depth and move.depth < _SOLVED_DEPTH else ""


def summary_view(view: GameView, *, queued: bool = False) -> SummaryView:
    """The summary panel's facts."""
    summary = view.summary
    state = SummaryState.NOT_JUDGED if view.not_judged else _STATES[view.state]
    if state is SummaryState.NOT_ANALYSED and queued:
        state = SummaryState.QUEUED
    analysis = view.analysis
    short = len(view.plies) < SHORTEST_WITH_ACCURACY
    source = ""
    if analysis:
        nodes = f"{analysis.nodes_each:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
        nodes += " nodes a position" + (" on average" if analysis.spec.anytime else "")
        source = f"{analysis.engine.name} · {nodes} · grading: {spoken(analysis.grading)}"
    return SummaryView(
        state=state,
        white=_side(view.white or "White", summary.white if summary else None, short=short),
        black=_side(view.black or "Black", summary.black if summary else None, short=short),
        phases=tuple(
            PhaseFacts(phase.name.capitalize(), phase.white_accuracy, phase.black_accuracy)
            for phase in (summary.phases if summary and not short else ())
        ),
        source=source,
        evaluated=analysis.positions if analysis else 0,
        positions=analysis.positions_total if analysis else len(view.plies) + 1,
        reason=view.not_judged or view.error,
        looked=analysis is not None and analysis.provisional and analysis.positions >= analysis.positions_total,
        remark=length_remark(len(view.plies), analysis.grading if analysis else ""),
    )


def _side(name: str, facts: SideSummary | None, *, short: bool) -> SideFacts:
    if facts is None:
        return SideFacts(name)
    return SideFacts(
        name, None if short else facts.accuracy, facts.acpl, facts.inaccuracies, facts.mistakes, facts.blunders
    )
