"""Stored evaluations -> a game's summary by another grading, fast. Pure; any thread, mostly a process of its own.

Says exactly what `analysis.review` says (tests compare them), without a board: a game from the standard position needs
none to be judged again. The moves alone tell castling (the first move from a king's own square is the king's), and a
forced move needs no rule of its own, since the engine's choice is that very move. Called by `services.rejudge_games`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.judge import judge_scores
from desktop_app.analysis.summary import MAX_WEIGHT, MAX_WINDOW, MIN_WEIGHT, MIN_WINDOW, mean_accuracy
from desktop_app.analysis.win_chances import move_accuracy, population_stdev, win_percent_of_cp
from desktop_app.domain.evaluation import CP_CEILING, Cp, Mate, Over, Score
from desktop_app.domain.judgement import GameSummary, Judgement, SideSummary
from desktop_app.domain.moves import unpack_moves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from desktop_app.domain.judgement import Grading

_CASTLING = {"e1g1": "e1h1", "e1c1": "e1a1", "e8g8": "e8h8", "e8c8": "e8a8"}
_STANDARD = chess.Board()
_WIN = [win_percent_of_cp(cp) for cp in range(-CP_CEILING, CP_CEILING + 1)]
"""Win % of every clamped score."""


ScoreRow = tuple[int, int | None, int | None, int | None, str | None]
"""Ply; White's centipawns, White's mate, or over (1 White won, -1 Black won, 0 drawn); the engine's first move."""


def regrade(
    *,
    start_fen: str | None,
    chess960: bool,
    moves: bytes,
    scores: Iterable[ScoreRow],
    grading: Grading,
) -> GameSummary:
    """Judge a game from its packed moves and its stored scores.

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
    game = _Game(ucis, spelling, start_white=start_white, size=len(ucis) + 1)
    for row in scores:
        if row[0] <= len(ucis):
            game.put(row)
    if standard_start or grading.opening_cp_always:
        game.put((0, grading.opening_cp, None, None, game.best[0]))
    return game.summary(grading, last=min(len(ucis), grading.max_plies or len(ucis)))


class _Game:
    """A game's scores in plain lists, index = ply: what is asked a million times costs no objects."""

    def __init__(self, moves: Sequence[str], spelling: Mapping[int, str], *, start_white: bool, size: int) -> None:
        self.moves, self.spelling, self.start_white = moves, spelling, start_white
        self.scores: list[tuple[int | None, int | None, int | None] | None] = [None] * size
        self.cps: list[int] = [0] * size
        self.wins: list[float | None] = [None] * size
        self.best: list[str | None] = [None] * size

    def put(self, row: ScoreRow) -> None:
        """One evaluation."""
        ply, cp, mate, over, best = row
        if cp is not None and over is None:
            clamped = cp if -CP_CEILING <= cp <= CP_CEILING else CP_CEILING if cp > 0 else -CP_CEILING
        else:
            clamped = CP_CEILING * (over if over is not None else 1 if (mate or 0) > 0 else -1)
        self.scores[ply], self.cps[ply], self.best[ply] = (cp, mate, over), clamped, best
        self.wins[ply] = _WIN[clamped + CP_CEILING]

    def summary(self, grading: Grading, *, last: int) -> GameSummary:
        """Both sides, phases left out: they are no part of what is stored with a game."""
        final = self.scores[last]
        mated = final is not None and bool(final[2])
        end = last - 1 if mated else last
        window = max(MIN_WINDOW, min(MAX_WINDOW, end // 10))
        sides = _Side(), _Side()
        wins, cps = self.wins, self.cps
        for ply in range(1, end + 1):
            before, after = wins[ply - 1], wins[ply]
            if before is None or after is None:
                continue
            white = self.start_white == (ply % 2 == 1)
            side, sign = (sides[0], 1) if white else (sides[1], -1)
            first = max(0, ply + 1 - window)
            around = [value for value in wins[first : min(end + 1, first + window)] if value is not None]
            side.accuracies.append(move_accuracy(before, after) if white else move_accuracy(100 - before, 100 - after))
            side.weights.append(max(MIN_WEIGHT, min(MAX_WEIGHT, population_stdev(around) or 0.0)))
            side.losses.append(max(0, sign * (cps[ply - 1] - cps[ply])))
            best = self.best[ply - 1]
            if best is not None and best != self.moves[ply - 1] and best != self.spelling.get(ply):
                judgement = self._advice(ply, white=white, grading=grading)
                if judgement is not None:
                    side.counts[judgement] += 1
        both = bool(sides[0].accuracies and sides[1].accuracies)
        return GameSummary(sides[0].summary(accuracy=both), sides[1].summary(accuracy=both), ())

    def _advice(self, ply: int, *, white: bool, grading: Grading) -> Judgement | None:
        before, after = self.scores[ply - 1], self.scores[ply]
        if before is None or after is None:
            return None
        if self.cps[ply - 1] == self.cps[ply] and before[0] == after[0] and before[1] == after[1]:
            return None  # nothing changed: most moves of quiet games
        return judge_scores(_score(*before), _score(*after), white=white, top_move_played=False, grading=grading)


class _Side:
    """What one side's moves add up to."""

    def __init__(self) -> None:
        self.accuracies: list[float] = []
        self.weights: list[float] = []
        self.losses: list[int] = []
        self.counts = dict.fromkeys(Judgement, 0)

    def summary(self, *, accuracy: bool) -> SideSummary:
        """The side's figures; no accuracy unless both sides have moves."""
        value = mean_accuracy(self.accuracies, self.weights) if accuracy else None
        return SideSummary(value, sum(self.losses) / len(self.losses) if self.losses else None, *self.counts.values())


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
