"""Consecutive evaluations -> what is said about each move. Pure and versioned (`RULES_VERSION`); any thread.

The rules are Lichess's (judgement.md 1.4, lila modules/tree/src/main/{Advice@b97af467,Analysis@58a1b12a}.scala) with
the edge cases of judgement.md 5.3 and 5.4. Called by `analysis.summary`, by the library when a chunk is stored and by
`services.show_game`. Holes keep their index: a missing evaluation silences its two moves and no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.analysis.win_chances import move_accuracy, win_percent, winning_chances
from desktop_app.domain.evaluation import Cp, Mate, Over, Score, to_cp
from desktop_app.domain.game import Ply
from desktop_app.domain.judgement import LICHESS, Grading, Judgement, MoveVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LABEL_BEST = "best"
LABEL_FORCED = "forced"
LABEL_MATE = "mate"
LABEL_NOT_EVALUATED = "not evaluated"

_NEARLY_LOST_CP = 999
_HALF_LOST_CP = 700
"""Bounds of the mate rules, mover's side (Advice.scala@b97af467)."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One move with the scores on both sides of it, all from the mover's side."""

    prev: Cp | Mate
    cur: Cp | Mate


def judge_game(
    *,
    scores: Sequence[Score | None],
    best: Sequence[str | None],
    moves: Sequence[str],
    start_white: bool = True,
    standard_start: bool = True,
    other_spelling: Mapping[int, str] | None = None,
    legal_counts: Sequence[int] | None = None,
    grading: Grading = LICHESS,
) -> list[MoveVerdict]:
    """Judge every move of a game.

    Args:
        scores: White's side, index = ply, 0 (start position) to N; None where not evaluated.
        best: the engine's first move in that position, index = ply; None where unknown or finished.
        moves: the moves played, UCI; `moves[i]` leads from ply i to ply i + 1.
        start_white: whether White moves first.
        standard_start: whether the game starts from the standard initial position.
        other_spelling: ply of a castling move -> its other UCI spelling (king to rook, or king two squares).
        legal_counts: number of legal moves, index = ply; where it is 1 the move is forced.
        grading: thresholds and rules.

    Returns:
        One verdict for each move, in order (cut at `grading.max_plies`).
    """
    befores = scores_before(scores, standard_start=standard_start, grading=grading)
    last = min(len(moves), grading.max_plies or len(moves))
    spelling = other_spelling or {}
    return [
        _judge_move(
            ply=Ply(ply),
            white=start_white == (ply % 2 == 1),
            prev=befores[ply - 1],
            cur=scores[ply],
            best=best[ply - 1],
            played=(moves[ply - 1], spelling.get(ply, "")),
            forced=legal_counts is not None and legal_counts[ply - 1] == 1,
            grading=grading,
        )
        for ply in range(1, last + 1)
    ]


def scores_before(scores: Sequence[Score | None], *, standard_start: bool, grading: Grading) -> list[Score | None]:
    """The scores moves are compared with: as given, but for the start position's (judgement.md 5.3)."""
    befores = list(scores)
    if befores and (standard_start or grading.opening_cp_always):
        befores[0] = Cp(grading.opening_cp)
    return befores


def _judge_move(
    *,
    ply: Ply,
    white: bool,
    prev: Score | None,
    cur: Score | None,
    best: str | None,
    played: tuple[str, str],
    forced: bool,
    grading: Grading,
) -> MoveVerdict:
    if isinstance(cur, Over) and cur.winner is not None:
        # A mating move has no evaluation after it: outside accuracy and ACPL, 100 by itself (judgement.md 1.3, 5.4).
        return MoveVerdict(ply, None, LABEL_MATE, 100.0, 0.0, None)
    if prev is None or cur is None:
        return MoveVerdict(ply, None, LABEL_FORCED if forced else LABEL_NOT_EVALUATED, None, None, None)
    before, after = _for_mover(win_percent(prev), white), _for_mover(win_percent(cur), white)
    sign = 1 if white else -1
    judgement, label = _advice(prev, cur, sign=sign, best=best, played=played, forced=forced, grading=grading)
    return MoveVerdict(
        ply,
        judgement,
        label,
        move_accuracy(before, after),
        max(0.0, before - after),
        max(0, sign * (to_cp(prev) - to_cp(cur))),
    )


def _advice(
    prev: Score, cur: Score, *, sign: int, best: str | None, played: tuple[str, str], forced: bool, grading: Grading
) -> tuple[Judgement | None, str]:
    if forced:
        return None, LABEL_FORCED
    if best is None:
        return None, LABEL_NOT_EVALUATED
    if best in played:
        return None, LABEL_BEST
    return advice(_Step(_mover_score(prev, sign), _mover_score(cur, sign)), grading), ""


def judge_scores(
    prev: Score, cur: Score, *, white: bool, top_move_played: bool, grading: Grading = LICHESS
) -> Judgement | None:
    """Judge one move by the scores (White's side) before and after it."""
    if top_move_played or (isinstance(cur, Over) and cur.winner is not None):
        return None
    sign = 1 if white else -1
    return advice(_Step(_mover_score(prev, sign), _mover_score(cur, sign)), grading)


def advice(step: _Step, grading: Grading) -> Judgement | None:
    """The table of judgement.md 1.4, mover's side; by displayed win % alone where the grading says so (5.6)."""
    if grading.by_win_percent:
        return _by_loss(winning_chances(to_cp(step.prev)) - winning_chances(to_cp(step.cur)), grading)
    match step.prev, step.cur:
        case Cp(prev), Cp(cur):
            return _by_loss(winning_chances(prev) - winning_chances(cur), grading)
        case Cp(prev), Mate(cur) if cur < 0:
            return _mate_created(prev)
        case Mate(prev), Cp(cur) if prev > 0:
            return _mate_lost(cur)
        case Mate(prev), Mate(cur) if prev > 0 > cur:
            return Judgement.BLUNDER
        case _:
            # Slower or faster mates, escaping one, finding one.
            return None


def _by_loss(loss: float, grading: Grading) -> Judgement | None:
    if loss >= grading.blunder:
        return Judgement.BLUNDER
    if loss >= grading.mistake:
        return Judgement.MISTAKE
    if loss >= grading.inaccuracy:
        return Judgement.INACCURACY
    return None


def _mate_created(prev_cp: int) -> Judgement:
    if prev_cp < -_NEARLY_LOST_CP:
        return Judgement.INACCURACY
    return Judgement.MISTAKE if prev_cp < -_HALF_LOST_CP else Judgement.BLUNDER


def _mate_lost(cur_cp: int) -> Judgement:
    if cur_cp > _NEARLY_LOST_CP:
        return Judgement.INACCURACY
    return Judgement.MISTAKE if cur_cp > _HALF_LOST_CP else Judgement.BLUNDER


def _mover_score(score: Score, sign: int) -> Cp | Mate:
    match score:
        case Cp(white_cp):
            return Cp(sign * white_cp)
        case Mate(white_mate):
            return Mate(sign * white_mate)
        case Over(winner):
            # A draw on the board counts as 0.00; a won game never has a next move, and before this one it cannot be.
            return Cp(0 if winner is None else sign * to_cp(score))


def _for_mover(white_percent: float, white: bool) -> float:
    return white_percent if white else 100 - white_percent
