"""Whether what a client sends is chess: positions that an engine can search, moves that are legal. Pure; any thread.

Chunks of one game repeat its moves, the first chunk most of them, so each game is walked once. Called by
`server.reading`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import chess

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_FEN = 128
_UCI = re.compile(r"[a-h][1-8][a-h][1-8][nbrq]?")
_MOST_PIECES = 32
_HARMLESS = chess.STATUS_IMPOSSIBLE_CHECK | chess.STATUS_TOO_MANY_CHECKERS | chess.STATUS_INVALID_EP_SQUARE
"""Positions no game can reach, but any engine can search."""


class NotChessError(ValueError):
    """Says in one sentence what is not chess, without the field's name."""


class Referee:
    """Checks the lines of one request."""

    def __init__(self) -> None:
        self._walked: dict[tuple[str, bool], list[str]] = {}

    def check_line(self, root_fen: str, moves: Sequence[str], *, chess960: bool) -> None:
        """Raises NotChessError for a start position no engine can search, or a move that is not legal."""
        key = (root_fen, chess960)
        known = self._walked.get(key)
        if known is not None and known[: len(moves)] == list(moves):
            return
        board = start(root_fen, chess960=chess960)
        for ply, uci in enumerate(moves, 1):
            if not _UCI.fullmatch(uci):
                raise NotChessError(f"{uci[:12]!r} at ply {ply} is no move in UCI notation")
            try:
                board.push(board.parse_uci(uci))
            except ValueError:
                raise NotChessError(f"move {uci} at ply {ply} is not legal") from None
        self._walked[key] = list(moves)


def start(root_fen: str, *, chess960: bool) -> chess.Board:
    """The start position. Raises NotChessError."""
    if len(root_fen) > _LONGEST_FEN:
        raise NotChessError("the start position is longer than any FEN")
    try:
        board = chess.Board(root_fen, chess960=chess960)
    except (ValueError, IndexError):
        raise NotChessError("the start position is no FEN") from None
    if chess.popcount(board.occupied) > _MOST_PIECES or board.status() & ~_HARMLESS & ~chess.STATUS_BAD_CASTLING_RIGHTS:
        raise NotChessError("the start position is impossible, no engine can search it")
    return board
