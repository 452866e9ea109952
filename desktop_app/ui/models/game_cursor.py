"""Where the reader stands in a game: the view shown, the current ply, and whether a line of the engine is being played.

Main thread; pure view state. Moved by keys, wheel and clicks (`controllers.viewer_controller`), read by the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.domain.game import Ply

if TYPE_CHECKING:
    from desktop_app.domain.game_view import GameView, LineView, PlyView
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
        if self.view is None:
            return Spot(Ply(0), "", None)
        move = self.move
        fen, last = (move.fen_after, move.uci) if move else (self.view.start_fen, None)
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
