"""From a `GameView` to what the widgets take: cells of the move list, points of the graph, facts about the players.

Pure; main thread. Called by `windows.board_area` and `windows.review_area`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.ui.widgets.eval_graph import PhaseLine, PlyPoint
from desktop_app.ui.widgets.move_rows import MoveCell
from desktop_app.ui.widgets.player_strip import PlayerFacts
from desktop_app.ui.widgets.scores import score_text

if TYPE_CHECKING:
    from desktop_app.domain.game import Ply
    from desktop_app.domain.game_view import GameView, PlyView

_NAGS = {
    1: "!", 2: "?", 3: "!!", 4: "??", 5: "!?", 6: "?!", 7: "□", 10: "=", 13: "∞", 14: "⩲", 15: "⩱", 16: "±", 17: "∓",
    18: "+\N{MINUS SIGN}", 19: "\N{MINUS SIGN}+", 22: "⨀", 23: "⨀", 36: "→", 40: "↑", 132: "⇆", 140: "∆", 146: "N",
}  # fmt: skip
_POINTS = {"1-0": ("1", "0"), "0-1": ("0", "1"), "1/2-1/2": ("½", "½")}


NEW_SCALE = (2022, 12)
"""Year and month of Stockfish 15.1, which gave centipawns their scale of today (judgement.md 4)."""


def file_note(view: GameView, move: PlyView | None) -> str:
    """What the game's own file said of the position after a move, with whose word it is; "" where it said nothing."""
    if move is None or move.imported_eval is None:
        return ""
    depth = f" at depth {move.imported_depth}" if move.imported_depth else ""
    note = f"Evaluation in the file: {score_text(move.imported_eval)}{depth}, unknown engine."
    parts = dict(view.headers).get("Date", "").split(".")
    if len(parts) > 1 and parts[0].isdigit():
        month = int(parts[1]) if parts[1].isdigit() else 0
        if (int(parts[0]), month) < NEW_SCALE:
            note += " Before December 2022 engines counted centipawns on another scale: compare with care."
    return note


def is_provisional(view: GameView | None, move: PlyView, news: frozenset[Ply]) -> bool:
    """Whether what is shown of a move may change: a score not stored yet, or a first look."""
    running = view is not None and view.analysis is not None and view.analysis.provisional
    if running and move.score is not None and not move.settled:
        return True
    before = type(move.ply)(move.ply - 1)
    return move.ply in news or before in news


def doubt_text(view: GameView, move: PlyView) -> str:
    """What the tooltip of a move says where its verdict is not certain."""
    if not move.doubt or move.confidence is None:
        return ""
    goes_on = view.analysis is not None and view.analysis.provisional
    looked = "A first look only. " if goes_on else ""
    return f"{looked}Not certain ({100 * move.confidence:.0f}%): {move.doubt}"


def move_cells(view: GameView, news: frozenset[Ply]) -> list[MoveCell]:
    """The moves of the game with what is known of each."""
    return [
        MoveCell(
            ply=move.ply,
            san=move.san,
            number=move.move_number,
            black=not move.white,
            score=move.score,
            judgement=move.judgement,
            glyph="".join(_NAGS.get(nag, f"${nag}") for nag in _nags(move)),
            clock_s=move.clock_s,
            comment=move.comment,
            variations=move.variations_pgn,
            provisional=is_provisional(view, move, news),
            doubt=doubt_text(view, move),
        )
        for move in view.plies
    ]


def _nags(move: PlyView) -> list[int]:
    """The human's glyphs, and our mark where it is not among them."""
    return list(dict.fromkeys([*move.nags, *([move.mark.nag] if move.mark else [])]))


def graph_points(view: GameView, news: frozenset[Ply]) -> list[PlyPoint]:
    """The start position and every move."""
    root = view.analysis.root if view.analysis else None
    points = [PlyPoint(0, root, provisional=0 in news)]
    points += [
        PlyPoint(
            ply=move.ply,
            score=move.score,
            label=move_label(move),
            judgement=move.judgement,
            provisional=is_provisional(view, move, news),
            doubtful=bool(move.doubt),
            file_score=move.imported_eval,
        )
        for move in view.plies
    ]
    return points


def phase_lines(view: GameView) -> list[PhaseLine]:
    """Where middlegame and endgame begin."""
    if view.summary is None:
        return []
    return [PhaseLine(phase.first_ply, phase.name) for phase in view.summary.phases if phase.name != "opening"]


def move_label(move: PlyView) -> str:
    """The move as printed: "19. Rad1", "19… Qe7"."""
    return f"{move.move_number}{'.' if move.white else '…'} {move.san}"


def player_facts(view: GameView, ply: int, *, white: bool) -> PlayerFacts:
    """A player at a moment of the game: the clock is the last one shown for this side."""
    clock = next(
        (move.clock_s for move in reversed(view.plies[:ply]) if move.white == white and move.clock_s is not None), None
    )
    points = _POINTS.get(view.result, ("", ""))
    headers = dict(view.headers)
    side = "White" if white else "Black"
    fen = view.plies[ply - 1].fen_after if ply else view.start_fen
    return PlayerFacts(
        name=view.white if white else view.black,
        white=white,
        rating=view.white_elo if white else view.black_elo,
        title=headers.get(f"{side}Title", "").strip("-?"),
        points=points[0 if white else 1] if ply == len(view.plies) else "",
        clock_s=clock,
        to_move=(fen.split()[1:2] != ["b"]) == white,
    )


def opening_text(view: GameView) -> str:
    """ECO code and name, or nothing."""
    return f"{view.opening.eco}  {view.opening.name}" if view.opening else ""
