"""The position an engine is asked about, kept from one question to the next. One owner thread; called by the session.

Questions of a chunk differ by one move from each other; playing a game through for every one would cost the GUI's
process as much as reading the engine does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess

if TYPE_CHECKING:
    from collections.abc import Sequence


class GamePosition:
    """A board that moves to any ply of any game, by the shortest way when the game is the same."""

    def __init__(self) -> None:
        self._root = ""
        self._start = ""
        self._played: list[str] = []
        self._spelled: list[str] = []
        self.board = chess.Board()

    def reach(self, root_fen: str, moves: Sequence[str], *, chess960: bool) -> None:
        """Put `board` where `moves` lead from `root_fen`.

        Raises:
            ValueError: the FEN cannot be read, or a move is illegal or null.
        """
        if root_fen != self._root or chess960 != self.board.chess960:
            self._root = ""
            self.board = chess.Board(root_fen, chess960=chess960)
            self._root, self._start = root_fen, self.board.fen()
            self._played, self._spelled = [], []
        common = _common_length(self._played, moves)
        while len(self._played) > common:
            self.board.pop()
            self._played.pop()
            self._spelled.pop()
        for uci in moves[common:]:
            move = self.board.parse_uci(uci)
            if not move:
                raise ValueError("an engine cannot be told a null move")
            spelled = self.board.uci(move)
            self.board.push(move)
            self._played.append(uci)
            self._spelled.append(spelled)

    def command(self) -> str:
        """The UCI command that sets this position: the game's start and its moves, since repetition matters."""
        moves = f" moves {' '.join(self._spelled)}" if self._spelled else ""
        return f"position fen {self._start}{moves}\n"


def _common_length(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
