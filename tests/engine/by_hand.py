"""What judgement.md section 1 and 5 say of a game, computed anew from what `show --json` says the engine found.

Nothing of `desktop_app` is imported: the formulas are written down a second time, straight from the definitions, so
that a slip in one of the two is seen. Called by `test_edge_cases`.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Any

import chess

SLOPE = 0.00368208
LEAST_LOSS = ((0.30, "blunder"), (0.20, "mistake"), (0.10, "inaccuracy"))
KINDS = ("inaccuracy", "mistake", "blunder")
Shown = dict[str, Any]
"""What `show --json` prints of a game, or of one of its plies."""


@dataclass
class Verdict:
    """What is said of one move; `accuracy` and `loss` only where both sides of it are known."""

    white: bool
    judgement: str | None = None
    label: str = ""
    accuracy: float | None = None
    loss: int | None = None


@dataclass
class Expected:
    """What is said of a game: verdicts by ply (from 1), accuracy and ACPL of White and Black, phase of each ply."""

    verdicts: list[Verdict]
    accuracy: tuple[float | None, float | None]
    acpl: tuple[float | None, float | None]
    phases: list[str]
    phase_accuracy: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)

    def count(self, *, white: bool, kind: str) -> int:
        """How many moves of a side are judged so."""
        return sum(verdict.white is white and verdict.judgement == kind for verdict in self.verdicts)


def expected(game: Shown, *, chess960: bool = False, exact: bool = False) -> Expected:
    """Judge a shown game by the definitions; `exact` as Lichess does itself: from +0.15, at most 300 plies."""
    board = chess.Board(game["start_fen"], chess960=chess960)
    plies = game["plies"][:300] if exact else game["plies"]
    first = {"white_cp": 15, "white_mate": None} if exact or board == chess.Board() else game["analysis"]["root"]
    scores = [_score(first), *(_score(ply) for ply in plies)]
    boards, verdicts = [board.copy()], []
    for number, ply in enumerate(plies):
        verdicts.append(_verdict(board, ply, scores[number], scores[number + 1]))
        board.push_uci(ply["uci"])
        boards.append(board.copy())
    weighed = _weighed(scores, verdicts)
    phases = _phases(boards)
    sides = [[move for move in weighed if move[0] is white] for white in (True, False)]
    accuracy = (_mean_accuracy(sides[0]), _mean_accuracy(sides[1])) if all(sides) else (None, None)
    return Expected(verdicts, accuracy, _acpl(verdicts), phases, _phase_accuracy(verdicts, weighed, phases))


def _score(shown: Shown) -> tuple[str, int] | None:
    """("cp", n) or ("mate", n), White's side; a mated position is ("over", ±1); None where nothing is known."""
    if shown.get("over") in ("white", "black"):
        return "over", 1 if shown["over"] == "white" else -1
    if shown["white_mate"] is not None:
        return "mate", shown["white_mate"]
    return None if shown["white_cp"] is None else ("cp", shown["white_cp"])


def _clamped(score: tuple[str, int]) -> int:
    kind, value = score
    return max(-1000, min(1000, value)) if kind == "cp" else 1000 if value > 0 else -1000


def _chances(cp: int) -> float:
    return 2 / (1 + math.exp(-SLOPE * cp)) - 1


def _win(score: tuple[str, int]) -> float:
    return 50 + 50 * _chances(_clamped(score))


def _verdict(board: chess.Board, ply: Shown, before: tuple[str, int] | None, after: tuple[str, int] | None) -> Verdict:
    white, sign = board.turn, 1 if board.turn else -1
    if after is not None and after[0] == "over":
        return Verdict(white, label="mate", accuracy=100.0)
    forced = board.legal_moves.count() == 1
    if before is None or after is None:
        return Verdict(white, label="forced" if forced else "not evaluated")
    lost = sign * (_win(before) - _win(after))
    accuracy = 100.0
    if lost > 0:
        accuracy = 103.1668100711649 * math.exp(-0.04354415386753951 * lost) - 3.166924740191411 + 1
        accuracy = max(0.0, min(100.0, accuracy))
    found = Verdict(white, None, "", accuracy, max(0, sign * (_clamped(before) - _clamped(after))))
    if forced:
        found.label = "forced"
    elif ply["best_uci"] is None:  # the engine's choice in the position before the move
        found.label = "not evaluated"
    elif board.parse_uci(ply["best_uci"]) == board.parse_uci(ply["uci"]):
        found.label = "best"
    else:
        found.judgement = _judged((before[0], sign * before[1]), (after[0], sign * after[1]))
    return found


def _judged(before: tuple[str, int], after: tuple[str, int]) -> str | None:
    """The table of judgement.md 1.4, mover's side."""
    if before[0] == after[0] == "cp":
        loss = _chances(before[1]) - _chances(after[1])
        return next((kind for least, kind in LEAST_LOSS if loss >= least), None)
    if before[0] == "cp" and after[1] < 0:
        return "inaccuracy" if before[1] < -999 else "mistake" if before[1] < -700 else "blunder"
    if before[0] == "mate" and before[1] > 0 and after[0] == "cp":
        return "inaccuracy" if after[1] > 999 else "mistake" if after[1] > 700 else "blunder"
    return "blunder" if before[0] == after[0] == "mate" and before[1] > 0 > after[1] else None


Weighed = tuple[bool, int, float, float]
"""White's move?, its ply, its accuracy, its weight in the game."""


def _weighed(scores: list[tuple[str, int] | None], verdicts: list[Verdict]) -> list[Weighed]:
    mated = scores[-1] is not None and scores[-1][0] == "over"
    listed = scores[:-1] if mated else scores
    wins = [None if score is None else _win(score) for score in listed]
    plies = len(wins) - 1
    width = max(2, min(8, plies // 10))
    found: list[Weighed] = []
    for index in range(plies):
        accuracy = verdicts[index].accuracy
        if accuracy is None:
            continue
        window = wins[:width] if index + 2 < width else wins[index + 2 - width : index + 2]
        weight = max(0.5, min(12.0, statistics.pstdev([win for win in window if win is not None])))
        found.append((verdicts[index].white, index + 1, accuracy, weight))
    return found


def _mean_accuracy(moves: list[Weighed]) -> float:
    weighted = sum(accuracy * weight for _, _, accuracy, weight in moves) / sum(weight for *_, weight in moves)
    harmonic = len(moves) / sum(1 / max(1.0, accuracy) for _, _, accuracy, _ in moves)
    return (weighted + harmonic) / 2


def _acpl(verdicts: list[Verdict]) -> tuple[float | None, float | None]:
    white, black = (
        [move.loss for move in verdicts if move.white is side and move.loss is not None] for side in (True, False)
    )
    return (statistics.fmean(white) if white else None, statistics.fmean(black) if black else None)


def _phase_accuracy(
    verdicts: list[Verdict], weighed: list[Weighed], phases: list[str]
) -> dict[str, tuple[float | None, float | None]]:
    found = {}
    for name in dict.fromkeys(phases[: len(verdicts)]):
        sides = [
            [move for move in weighed if move[0] is white and phases[move[1] - 1] == name] for white in (True, False)
        ]
        white, black = (_mean_accuracy(moves) if len(moves) > 1 else None for moves in sides)
        found[name] = (white, black)
    return found


def _phases(boards: list[chess.Board]) -> list[str]:
    """The phase of each ply, judgement.md 1.7."""
    middle = next((ply for ply, board in enumerate(boards) if _is_middlegame(board)), None)
    end = None
    if middle is not None:
        end = next((ply for ply, board in enumerate(boards) if _pieces(board) <= 6), None)
    if middle is not None and end is not None and middle >= end:
        middle = None
    return [
        "opening" if middle is None or ply < middle else "middlegame" if end is None or ply < end else "endgame"
        for ply in range(1, len(boards))
    ]


def _pieces(board: chess.Board) -> int:
    return sum(piece.piece_type not in (chess.PAWN, chess.KING) for piece in board.piece_map().values())


def _is_middlegame(board: chess.Board) -> bool:
    whites, blacks = board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK]
    sparse = (whites & chess.BB_RANK_1).bit_count() < 4 or (blacks & chess.BB_RANK_8).bit_count() < 4
    return _pieces(board) <= 10 or sparse or _mixed(board) > 150


def _mixed(board: chess.Board) -> int:
    total = 0
    for y in range(1, 8):
        for x in range(7):
            block = [chess.square(x + dx, y - 1 + dy) for dx in (0, 1) for dy in (0, 1)]
            colours = [board.color_at(square) for square in block]
            total += _mixedness(y, colours.count(chess.WHITE), colours.count(chess.BLACK))
    return total


def _mixedness(y: int, white: int, black: int) -> int:
    table = {
        (1, 0): 9 - y,
        (2, 0): y * (y > 2),
        (3, 0): (y + 2) * (y > 1),
        (4, 0): (y + 2) * (y > 1),
        (0, 1): 1 + y,
        (0, 2): (8 - y) * (y < 6),
        (0, 3): (10 - y) * (y < 7),
        (0, 4): (10 - y) * (y < 7),
        (1, 1): 5 + abs(4 - y),
        (2, 1): 3 + y,
        (3, 1): 4 + y,
        (1, 2): 11 - y,
        (1, 3): 12 - y,
        (2, 2): 7,
    }
    return table.get((white, black), 0)
