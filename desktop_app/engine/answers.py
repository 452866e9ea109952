"""Read what an engine answered to one search, and believe only what can be true. Pure; called by `engine.session`.

Only the last exact score counts: aspiration windows print bounds ("lowerbound", "upperbound") that are no evaluation.
Scores turn from the mover's side to White's here, and nowhere else.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from desktop_app.domain.evaluation import PV_PLIES, STABILITY_SCORES, Cp, Evaluation, Mate, Stability, to_cp
from desktop_app.errors import EngineLiedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import chess

_SCORE = re.compile(rb" score (cp|mate) ([+-]?\d{1,9})(?: |$)")
_DEPTH = re.compile(rb" depth (\d{1,9})(?: |$)")
_NODES = re.compile(rb" nodes (\d{1,18})(?: |$)")
_PV = re.compile(rb" pv (.+)$")
_LINE_NUMBER = re.compile(rb" multipv (\d{1,3}) ")
_HEAD = re.compile(rb" pv (\S+)")

MOST_CP = 100_000
"""Larger centipawns are nonsense; Stockfish prints at most about 20 000, for tablebase wins."""

MOST_MATE = 1000
"""A longer mate is nonsense: no engine announces one."""


_KEPT_SCORES = 256
"""How many exact scores of a search are kept; it has one a depth, unless it floods us."""


def is_scored(line: bytes) -> bool:
    """Whether an `info` line carries a score, exact or bound, of any variation. Cheap: runs on every line."""
    return b" score " in line and not line.startswith(b"info string")


def is_exact(line: bytes) -> bool:
    """Whether a scored line is more than a bound."""
    return b"bound" not in line


class Heard:
    """Collects what counts of an engine's answer to one search, of one variation or several (MultiPV)."""

    def __init__(self) -> None:
        self._exact: dict[int, deque[bytes]] = {}
        self._last: bytes | None = None
        self._bestmove = b""

    def hear(self, line: bytes) -> None:
        """Take one line of the answer, in order. Runs on every line."""
        if not line.startswith(b"info "):
            self._bestmove = line
        elif is_scored(line):
            self._last = line
            if is_exact(line):
                found = _LINE_NUMBER.search(line)
                number = int(found.group(1)) if found else 1
                self._exact.setdefault(number, deque(maxlen=_KEPT_SCORES)).append(line)

    def evaluations(self, board: chess.Board, *, most: int, engine_ms: int) -> tuple[Evaluation, ...]:
        """The variations found for `board`, best first, each beginning with another move; at least 1, at most `most`.

        Raises:
            EngineLiedError: the answer cannot be true.
        """
        found: list[Evaluation] = []
        for number in range(1, most + 1):
            exact = tuple(self._exact.get(number, ()))
            if not exact and number > 1:
                break
            line = read_evaluation(board, exact=exact, last=self._last, bestmove=self._bestmove, engine_ms=engine_ms)
            if all(line.best != earlier.best for earlier in found):
                found.append(line)
        return tuple(found)


def read_evaluation(
    board: chess.Board, *, exact: Sequence[bytes], last: bytes | None, bestmove: bytes, engine_ms: int
) -> Evaluation:
    """Turn the answer to a search of `board` into a fact.

    The best move is the head of the exact line's variation: score, variation and move then belong together. (A search
    cut off by its node limit may name another `bestmove` for which it had only a bound.)

    Args:
        board: the position searched; it has legal moves. Not changed.
        exact: the info lines with an exact score, in order; the last one is the answer, all tell how steady it was.
        last: the last info line with any score, which has the final node count.
        bestmove: the line that ended the search.
        engine_ms: time the search took.

    Raises:
        EngineLiedError: the answer cannot be true.
    """
    chosen = _chosen_move(board, bestmove)
    if not exact:
        raise EngineLiedError("The engine chose a move without giving an exact score.")
    answer = exact[-1]
    words = _PV.search(answer)
    variation = legal_variation(board, words.group(1).decode("ascii", "replace").split()) if words else (chosen,)
    if not variation:
        raise EngineLiedError(f"The engine's variation starts with an illegal move: {_quoted(answer)}")
    nodes = max(_number(_NODES, answer), _number(_NODES, last or answer))
    return Evaluation(
        score=_score(answer, white_to_move=board.turn),
        depth=_number(_DEPTH, answer),
        nodes=nodes,
        best=variation[0],
        pv=variation,
        engine_ms=engine_ms,
        stability=_stability(exact, nodes),
    )


def _stability(exact: Sequence[bytes], nodes: int) -> Stability:
    """How steady a search of `nodes` nodes was, by its exact scores (at least one)."""
    heads = [head.group(1) if (head := _HEAD.search(line)) else b"" for line in exact]
    changed = 0
    for number in range(len(heads) - 1, 0, -1):
        if heads[number - 1] != heads[-1]:
            changed = _number(_NODES, exact[number])
            break
    # A distance is the same from both sides.
    recent = [to_cp(_score(line, white_to_move=True)) for line in exact[-STABILITY_SCORES:]]
    since = 1000 * max(0, nodes - changed) // nodes if nodes else 1000
    return Stability(best_since=since, spread_cp=max(recent) - min(recent))


def legal_variation(board: chess.Board, words: Sequence[str], *, most: int = PV_PLIES) -> tuple[str, ...]:
    """The legal beginning of a variation, in our spelling of castling. `board` is not changed."""
    line = board.copy(stack=False)
    variation: list[str] = []
    for word in words[:most]:
        try:
            move = line.parse_uci(word)
        except ValueError:
            break
        if not move:
            break
        variation.append(line.uci(move))
        line.push(move)
    return tuple(variation)


def _chosen_move(board: chess.Board, line: bytes) -> str:
    words = line.decode("ascii", "replace").split()
    chosen = legal_variation(board, words[1:2])
    if not chosen:
        raise EngineLiedError(f"The engine chose an illegal move: {_quoted(line)} in {board.fen()}")
    return chosen[0]


def _score(line: bytes, *, white_to_move: bool) -> Cp | Mate:
    found = _SCORE.search(line)
    if found is None:
        raise EngineLiedError(f"The engine's score cannot be read: {_quoted(line)}")
    value = int(found.group(2))
    if not white_to_move:
        value = -value
    if found.group(1) == b"cp":
        if abs(value) > MOST_CP:
            raise EngineLiedError(f"The engine's score is absurd: {_quoted(line)}")
        return Cp(value)
    if value == 0 or abs(value) > MOST_MATE:
        raise EngineLiedError(f"The engine announced an impossible mate: {_quoted(line)}")
    return Mate(value)


def _number(pattern: re.Pattern[bytes], line: bytes) -> int:
    found = pattern.search(line)
    return int(found.group(1)) if found else 0


def _quoted(line: bytes) -> str:
    text = line.decode("utf-8", "replace")
    return f'"{text[:120]}"'
