"""Scores as players read them, always from White's side. Pure; called by every widget that shows one."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from desktop_app.domain.evaluation import Cp, Mate, Over, to_cp

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import Score

_WIN_CHANCE_SLOPE = 0.00368208
"""Lichess's curve from centipawns to winning chances (scalachess core/src/main/scala/eval.scala@cbffc9d7)."""
MINUS = "\u2212"
"""A real minus sign: as wide as the plus."""
RESULTS = {True: "1\u20130", False: "0\u20131", None: "½\u2013½"}
"""How a game ended, by its winner, with real dashes."""


def white_share(score: Score | None) -> float:
    """How much of a bar is White's, 0…1; half where nothing is known. Only draws, verdicts come from `analysis`."""
    if score is None:
        return 0.5
    if isinstance(score, Over):
        return 0.5 if score.winner is None else float(score.winner)
    if isinstance(score, Mate):
        return 1.0 if score.white_mate > 0 else 0.0
    return 1 / (1 + math.exp(-_WIN_CHANCE_SLOPE * to_cp(score)))


def score_text(score: Score | None) -> str:
    """Gives +0.34, -1.20, 0.00, M5, -M3 or a result, with typographic signs; empty where nothing is known."""
    match score:
        case Cp(white_cp):
            sign = "+" if white_cp > 0 else MINUS if white_cp < 0 else ""
            return f"{sign}{abs(white_cp) / 100:.2f}"
        case Mate(white_mate):
            return f"{MINUS if white_mate < 0 else ''}M{abs(white_mate)}"
        case Over(winner):
            return RESULTS[winner]
        case None:
            return ""


def short_score(score: Score | None) -> str:
    """The same without a sign and with one decimal, for the eval bar: "0.3", "12", "M5"."""
    match score:
        case Cp(white_cp):
            pawns = abs(white_cp) / 100
            return f"{pawns:.1f}" if pawns < 9.95 else f"{pawns:.0f}"
        case Mate(white_mate):
            return f"M{abs(white_mate)}"
        case _:
            return score_text(score)


def score_words(score: Score | None) -> str:
    """The score in words, for screen readers and tooltips."""
    match score:
        case Cp(white_cp):
            if white_cp == 0:
                return "equal"
            return f"{abs(white_cp) / 100:.2f} pawns for {'White' if white_cp > 0 else 'Black'}"
        case Mate(white_mate):
            return f"{'White' if white_mate > 0 else 'Black'} mates in {abs(white_mate)}"
        case Over(winner):
            return "draw" if winner is None else f"{'White' if winner else 'Black'} has won"
        case None:
            return "not evaluated"


def clock_text(seconds: float | None) -> str:
    """A clock as short as it can be: "1:29:58", "4:05", and tenths below twenty seconds; empty where there is none."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    if whole < 20 and seconds != whole:
        return f"0:{max(0.0, seconds):04.1f}"
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


_FIGURINES = {"K": "♔", "Q": "♕", "R": "♖", "B": "♗", "N": "♘"}
_PIECE_MOVE = re.compile(r"(?<![A-Za-z])([KQRBN])(?=[a-h]?[1-8]?x?[a-h][1-8]|@[a-h][1-8])|(?<==)([KQRBN])")


def figurine(text: str) -> str:
    """Moves in a text (or one SAN) with figurines for the piece letters; other words are left alone."""
    return _PIECE_MOVE.sub(lambda found: _FIGURINES[found[0]], text)


def move_number(ply: int) -> str:
    """The number with a point before White's move, with an ellipsis before Black's; ply 1 is White's first."""
    return f"{(ply + 1) // 2}{'.' if ply % 2 else '…'}"
