"""The board with everything around it: players, eval bar, transport, and a banner while a line is played.

Main thread; follows the `GameCursor` and moves it. Assembly only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop_app.domain.judgement import Judgement
from desktop_app.ui.runtime.tokens import Mark
from desktop_app.ui.widgets.board import ArrowRole, BoardWidget
from desktop_app.ui.widgets.board_stack import BoardStack
from desktop_app.ui.widgets.eval_bar import EvalBar
from desktop_app.ui.widgets.player_strip import PlayerFacts, PlayerStrip
from desktop_app.ui.widgets.transport import Transport
from desktop_app.ui.windows.parts import label, refresh_tools, tool
from desktop_app.ui.windows.view_cells import is_provisional, player_facts

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QWheelEvent

    from desktop_app.domain.evaluation import Score
    from desktop_app.domain.game_view import GameView, PlyView
    from desktop_app.ui.models.game_cursor import GameCursor, Spot


class BoardArea(QWidget):
    """Board, bar, strips, transport."""

    def __init__(self, cursor: GameCursor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cursor = cursor
        self.board, self.bar, self.transport = BoardWidget(), EvalBar(), Transport()
        self.board.set_movable(movable=False)
        self._top, self._bottom = PlayerStrip(), PlayerStrip()
        self._line_bar, back, backwards, forwards = self._build_line_bar()
        stack = BoardStack(
            self.board, self.bar, above=[self._top], below=[self._bottom, self.transport, self._line_bar]
        )
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 4)
        box.addWidget(stack)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        backwards.clicked.connect(self._on_previous)
        forwards.clicked.connect(self._on_next)
        back.clicked.connect(cursor.leave_line)
        self.board.stepped.connect(cursor.step)
        self.transport.first_requested.connect(self._on_first)
        self.transport.last_requested.connect(self._on_last)
        self.transport.previous_requested.connect(self._on_previous)
        self.transport.next_requested.connect(self._on_next)
        self.transport.next_error_requested.connect(cursor.go_to_next_error)
        self.transport.flip_requested.connect(self.flip)
        cursor.moved.connect(self._on_moved)
        cursor.view_changed.connect(self._on_view_changed)
        self._show_players(None)

    def _build_line_bar(self) -> tuple[QWidget, QPushButton, QToolButton, QToolButton]:
        """What stands in the transport's place while a line is played."""
        bar = QWidget()
        self._line_text = label(strength="2")
        backwards, forwards = tool("prev", "Back in the line (Left)"), tool("next", "Forward in the line (Right)")
        back = QPushButton("Back to the game")
        back.setProperty("role", "quiet")
        back.setToolTip("Leave the line (Esc)")
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._line_text, 1)
        for button in (backwards, forwards, back):
            row.addWidget(button)
        bar.hide()
        return bar, back, backwards, forwards

    @Slot()
    def flip(self) -> None:
        """Turn the board."""
        self.board.flip()
        self.bar.set_flipped(flipped=self.board.flipped)
        self._show_players(self._cursor.view)

    def show_hint(self, uci: str) -> None:
        """Show a move as an arrow, in place of the others; "" gives those back."""
        if uci:
            self.board.set_arrows([(uci, ArrowRole.ALTERNATIVE)])
        else:
            self._decorate(self._cursor.spot())

    def changeEvent(self, event: QEvent) -> None:
        """A new palette needs icons of its own colour."""
        super().changeEvent(event)
        if event.type() is event.Type.PaletteChange and hasattr(self, "_line_bar"):
            refresh_tools(self._line_bar)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel around the board steps as it does over it."""
        self.board.wheelEvent(event)

    @Slot()
    def _on_first(self) -> None:
        self._cursor.go_to(0)

    @Slot()
    def _on_last(self) -> None:
        self._cursor.go_to(self._cursor.last_ply)

    @Slot()
    def _on_previous(self) -> None:
        self._cursor.step(-1)

    @Slot()
    def _on_next(self) -> None:
        self._cursor.step(1)

    @Slot(object)
    def _on_view_changed(self, view: GameView | None) -> None:
        self._show_players(view)
        self._decorate(self._cursor.spot())

    @Slot(object)
    def _on_moved(self, spot: Spot) -> None:
        self.board.set_position(spot.fen or chess.STARTING_FEN, spot.last_uci, animate=spot.animated)
        self._show_players(self._cursor.view)
        self._decorate(spot)

    def _decorate(self, spot: Spot) -> None:
        """Badge, arrows, bar, transport: what depends on verdicts and may come later than the position."""
        cursor = self._cursor
        errors = any(move.judgement for move in cursor.view.plies[cursor.ply :]) if cursor.view else False
        self.transport.set_place(cursor.ply, cursor.last_ply, errors=errors)
        self._line_bar.setVisible(spot.line is not None)
        self.transport.setVisible(spot.line is None)
        if spot.line is not None:
            whose = "Your line" if spot.line.explored else "Engine line"
            self._line_text.setText(f"{whose}, move {spot.line_ply} of {len(spot.line.ucis)}")
            self.bar.set_score(spot.line.score, provisional=True)
            following = () if spot.line.explored else spot.line.ucis[spot.line_ply : spot.line_ply + 1]
            self.board.set_arrows([(uci, ArrowRole.BEST) for uci in following])
            self.board.set_badge(None, None)
            return
        move = cursor.move
        score, provisional = self._score_here(move)
        self.bar.set_score(score, provisional=provisional)
        self._show_verdict(move, provisional=provisional)

    def _score_here(self, move: PlyView | None) -> tuple[Score | None, bool]:
        view = self._cursor.view
        if move is not None:
            return move.score, is_provisional(view, move, self._cursor.provisional)
        return (view.analysis.root if view and view.analysis else None), False

    def _show_verdict(self, move: PlyView | None, *, provisional: bool) -> None:
        arrows: list[tuple[str, ArrowRole]] = []
        mark: Mark | Judgement | None = None
        if move is not None:
            mark = move.judgement or (Mark.BEST if move.label == "best" else None)
            if move.judgement is not None and move.best_uci:
                arrows.append((move.best_uci, ArrowRole.BEST))
                if move.refutation and move.judgement in (Judgement.MISTAKE, Judgement.BLUNDER):
                    arrows.append((move.refutation.ucis[0], ArrowRole.REFUTATION))
        self.board.set_arrows(arrows)
        target = chess.parse_square(move.uci[2:4]) if move is not None and len(move.uci) >= 4 else None
        self.board.set_badge(target if mark else None, mark, provisional=provisional)

    def _show_players(self, view: GameView | None) -> None:
        top_white = self.board.flipped
        for strip, white in ((self._top, top_white), (self._bottom, not top_white)):
            facts = PlayerFacts("White" if white else "Black", white=white)
            strip.set_player(player_facts(view, self._cursor.ply, white=white) if view else facts)
