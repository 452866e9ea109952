"""Read what an engine answered to one search, and believe only what can be true. Pure; called by `engine.session`.

Only the last exact score counts: aspiration windows print bounds ("lowerbound", "upperbound") that are no evaluation.
Scores turn from the mover's side to White's here, and nowhere else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from desktop_app.domain.evaluation import PV_PLIES, Cp, Evaluation, Mate
from desktop_app.errors import EngineLiedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import chess

_SCORE = re.compile(rb" score (cp|mate) ([+-]?\d{1,9})(?: |$)")
_DEPTH = re.compile(rb" depth (\d{1,9})(?: |$)")
_NODES = re.compile(rb" nodes (\d{1,18})(?: |$)")
_PV = re.compile(rb" pv (.+)$")

MOST_CP = 100_000
"""Larger centipawns are nonsense; Stockfish prints at most about 20 000, for tablebase wins."""

MOST_MATE = 1000
"""A longer mate is nonsense: no engine announces one."""


def is_scored(line: bytes) -> bool:
    """Whether an `info` line carries a score of the best variation, exact or bound. Cheap: runs on every line."""
    if b" score " not in line or line.startswith(b"info string"):
        return False
    return b" multipv " not in line or b" multipv 1 " in line


def is_exact(line: bytes) -> bool:
    """Whether a scored line is more than a bound."""
    return b"bound" not in line


def read_evaluation(
    board: chess.Board, *, exact: bytes | None, last: bytes | None, bestmove: bytes, engine_ms: int
) -> Evaluation:
    """Turn the answer to a search of `board` into a fact.

    The best move is the head of the exact line's variation: score, variation and move then belong together. (A search
    cut off by its node limit may name another `bestmove` for which it had only a bound.)

    Args:
        board: the position searched; it has legal moves. Not changed.
        exact: the last info line with an exact score, None when there was none.
        last: the last info line with any score, which has the final node count.
        bestmove: the line that ended the search.
        engine_ms: time the search took.

    Raises:
        EngineLiedError: the answer cannot be true.
    """
    chosen = _chosen_move(board, bestmove)
    if exact is None:
        raise EngineLiedError("The engine chose a move without giving an exact score.")
    words = _PV.search(exact)
    variation = legal_variation(board, words.group(1).decode("ascii", "replace").split()) if words else (chosen,)
    if not variation:
        raise EngineLiedError(f"The engine's variation starts with an illegal move: {_quoted(exact)}")
    return Evaluation(
        score=_score(exact, white_to_move=board.turn),
        depth=_number(_DEPTH, exact),
        nodes=max(_number(_NODES, exact), _number(_NODES, last or exact)),
        best=variation[0],
        pv=variation,
        engine_ms=engine_ms,
    )


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
