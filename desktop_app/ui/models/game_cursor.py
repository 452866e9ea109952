"""Where the reader stands in a game: the view shown, the current ply, and whether a line of the engine is being played.

Main thread; pure view state. Moved by keys, wheel and clicks (`controllers.viewer_controller`), read by the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import chess
from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.domain.game import Ply
from desktop_app.domain.game_view import LineView

if TYPE_CHECKING:
    from desktop_app.domain.game_view import GameView, PlyView
    from desktop_app.domain.judgement import Judgement


@dataclass(frozen=True, slots=True)
class Spot:
    """What the board shows.

    Attributes:
        ply: the game's ply; while a line is played, the ply the line starts in.
        fen: the position. `last_uci`: the move that led to it, None at the start.
        line, line_ply: the engine's line being played and how many of its moves are made; None and 0 in the game.
        animated: whether the step is small enough to be shown as a moving piece.
    """

    ply: Ply
    fen: str
    last_uci: str | None
    line: LineView | None = None
    line_ply: int = 0
    animated: bool = False


class GameCursor(QObject):
    """The reader's place in the game shown.

    Signals: `view_changed(GameView | None)` when another game or newer facts are shown; `moved(Spot)`.
    """

    view_changed = Signal(object)
    moved = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view: GameView | None = None
        self.provisional: frozenset[Ply] = frozenset()
        self.ply = Ply(0)
        self.line: LineView | None = None
        self.line_ply = 0

    def show(self, view: GameView | None, provisional: frozenset[Ply] = frozenset()) -> None:
        """Show a game; `provisional` are the plies whose score is not stored yet.

        The same game again (newer facts) keeps the place; another one starts at its beginning.
        """
        same = self.view is not None and view is not None and self.view.id == view.id
        self.view, self.provisional = view, provisional
        if not same:
            self.ply, self.line, self.line_ply = Ply(0), None, 0
        elif view is not None:
            self.ply = Ply(min(self.ply, len(view.plies)))
        self.view_changed.emit(view)
        if not same:
            self.moved.emit(self.spot())

    @property
    def last_ply(self) -> int:
        """Number of the last ply of the game shown."""
        return len(self.view.plies) if self.view else 0

    @property
    def move(self) -> PlyView | None:
        """The move that led to the current ply, None at the start."""
        return self.view.plies[self.ply - 1] if self.view and self.ply else None

    def spot(self, *, animated: bool = False) -> Spot:
        """What the board shows now."""
        if self.view is None and self.line is None:
            return Spot(Ply(0), "", None)
        fen, last = self._at(self.ply)
        if self.line is None:
            return Spot(self.ply, fen, last, animated=animated)
        if self.line_ply:
            fen, last = self.line.fens[self.line_ply - 1], self.line.ucis[self.line_ply - 1]
        else:
            fen, last = self._at(self.line.from_ply)
        return Spot(self.line.from_ply, fen, last, self.line, self.line_ply, animated)

    @Slot(int)
    def go_to(self, ply: int) -> None:
        """Go to a ply of the game; leaves a line."""
        target = Ply(max(0, min(ply, self.last_ply)))
        animated = self.line is None and abs(target - self.ply) == 1
        self.ply, self.line, self.line_ply = target, None, 0
        self.moved.emit(self.spot(animated=animated))

    @Slot(int)
    def step(self, count: int) -> None:
        """Forward, or back when negative; inside a line along the line, and back out of it before its first move."""
        if self.line is None:
            self.go_to(self.ply + count)
            return
        target = self.line_ply + count
        if target < 0:
            self.leave_line()
            return
        self.enter_line(self.line, target)

    def enter_line(self, line: LineView, line_ply: int = 1) -> None:
        """Play a line of the engine on the board; the game stays where it was."""
        target = max(0, min(line_ply, len(line.ucis)))
        animated = self.line is line and abs(target - self.line_ply) == 1
        self.line, self.line_ply = line, target
        self.moved.emit(self.spot(animated=animated))

    def explore(self, uci: str) -> bool:
        """Play a move on the board: the next one of the game or line is followed, any other begins a line of its own.

        The game is not changed. Returns False for a move that is not legal here.
        """
        try:
            board = self.board()
            move = board.parse_uci(uci)
        except ValueError:
            return False
        if self._next_uci() == uci:
            self.step(1)
            return True
        line, made = self.line, self.line_ply
        before = (line.ucis[:made], line.sans[:made], line.fens[:made]) if line else ((), (), ())
        san = board.san(move)
        board.push(move)
        explored = LineView(
            from_ply=line.from_ply if line else self.ply,
            ucis=(*before[0], uci), sans=(*before[1], san), fens=(*before[2], board.fen()),
            score=None, explored=True,
        )  # fmt: skip
        self.line = explored
        self.enter_line(explored, made + 1)
        return True

    def board(self) -> chess.Board:
        """The position shown; the start position where there is no game. Raises ValueError for some other variants."""
        chess960 = self.view is not None and self.view.chess960
        return chess.Board(self.spot().fen or chess.STARTING_FEN, chess960=chess960)

    def path(self) -> tuple[str, ...]:
        """The moves that led to the position shown, from the game's beginning."""
        upto = self.line.from_ply if self.line else self.ply
        game = tuple(move.uci for move in self.view.plies[:upto]) if self.view else ()
        return game + (self.line.ucis[: self.line_ply] if self.line else ())

    def _next_uci(self) -> str | None:
        if self.line is not None:
            return self.line.ucis[self.line_ply] if self.line_ply < len(self.line.ucis) else None
        return self.view.plies[self.ply].uci if self.view and self.ply < self.last_ply else None

    @Slot()
    def leave_line(self) -> bool:
        """Back to the game. Returns False when no line was being played."""
        if self.line is None:
            return False
        self.line, self.line_ply = None, 0
        self.moved.emit(self.spot())
        return True

    def go_to_judged(self, judgement: Judgement, *, backwards: bool = False, white: bool | None = None) -> bool:
        """Go to the next (or previous) move with this judgement, round the end. Returns False when there is none."""
        if self.view is None:
            return False
        plies = [
            move.ply
            for move in self.view.plies
            if move.judgement is judgement and (white is None or move.white == white)
        ]
        if not plies:
            return False
        if backwards:
            self.go_to(next((ply for ply in reversed(plies) if ply < self.ply), plies[-1]))
        else:
            self.go_to(next((ply for ply in plies if ply > self.ply), plies[0]))
        return True

    @Slot()
    def go_to_next_error(self) -> bool:
        """Go to the next judged move, round the end. Returns False when there is none."""
        plies = [move.ply for move in self.view.plies if move.judgement] if self.view else []
        if not plies:
            return False
        self.go_to(next((ply for ply in plies if ply > self.ply), plies[0]))
        return True

    def _at(self, ply: int) -> tuple[str, str | None]:
        if self.view is None or ply == 0:
            return (self.view.start_fen if self.view else "", None)
        move = self.view.plies[ply - 1]
        return move.fen_after, move.uci
