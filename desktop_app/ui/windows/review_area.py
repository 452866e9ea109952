"""The right side: moves, lines and summary of the game on the board, and the graph below them.

Main thread; follows the `GameCursor` and moves it. Assembly only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QScrollArea, QSplitter, QVBoxLayout, QWidget

from desktop_app.ui.widgets.eval_graph import EvalGraph
from desktop_app.ui.widgets.fitting_tabs import FittingTabs
from desktop_app.ui.widgets.line_view import LinesPanel
from desktop_app.ui.widgets.move_list import MoveList
from desktop_app.ui.widgets.summary_panel import SummaryPanel
from desktop_app.ui.windows.line_cards import line_cards, lines_at, summary_view
from desktop_app.ui.windows.parts import label
from desktop_app.ui.windows.view_cells import file_note, graph_points, move_cells, opening_text, phase_lines

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from desktop_app.domain.game_view import GameView
    from desktop_app.domain.judgement import Judgement
    from desktop_app.ui.models.game_cursor import GameCursor, Spot

_ROOM_FOR_LINES_PX = 720


class ReviewArea(QWidget):
    """Tabs over the graph. Signals: `analyse_requested()`, `retry_requested()` from an unfinished game's summary."""

    analyse_requested = Signal()
    retry_requested = Signal()

    def __init__(self, cursor: GameCursor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cursor = cursor
        self.moves, self.lines, self.summary, self.graph = MoveList(), LinesPanel(), SummaryPanel(), EvalGraph()
        self._note = label(strength="warning", wrap=True)
        self._note.setMargin(8)
        self._note.hide()
        self.file_note = label(strength="3", wrap=True)
        self.file_note.setContentsMargins(8, 0, 8, 4)
        self.file_note.hide()
        self.tabs = FittingTabs()
        self.tabs.addTab(self.moves, "Moves")
        self._lines_area = _scrolled(self.lines)
        self.tabs.addTab(self._lines_area, "Lines")
        self.tabs.addTab(_scrolled(self.summary), "Summary")
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.tabs)
        self._split.addWidget(self.graph)
        self._split.setSizes([480, 130])
        self._split.setStretchFactor(0, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 8, 8, 4)
        box.setSpacing(4)
        box.addWidget(self._note)
        box.addWidget(self._split, 1)
        box.addWidget(self.file_note)
        self._connect()

    def _connect(self) -> None:
        cursor = self._cursor
        cursor.view_changed.connect(self._on_view_changed)
        cursor.moved.connect(self._on_moved)
        self.moves.ply_clicked.connect(cursor.go_to)
        self.graph.ply_clicked.connect(cursor.go_to)
        self.graph.stepped.connect(cursor.step)
        self.lines.line_step.connect(self._on_line_step)
        self.summary.count_clicked.connect(self._on_count_clicked)
        self.summary.analyse_clicked.connect(self.analyse_requested)
        self.summary.retry_clicked.connect(self.retry_requested)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is room, the lines stand under the moves; else they have a tab of their own."""
        super().resizeEvent(event)
        self._place_lines(apart=event.size().height() >= _ROOM_FOR_LINES_PX)

    def _place_lines(self, *, apart: bool) -> None:
        if apart == (self._split.indexOf(self._lines_area) >= 0):
            return
        if apart:
            self._split.insertWidget(1, self._lines_area)
            self._split.setSizes([self.height() - 300, 160, 140])
        else:
            self.tabs.insertTab(1, self._lines_area, "Lines")
        self._lines_area.show()

    @Slot(object)
    def _on_view_changed(self, view: GameView | None) -> None:
        if view is None:
            self.moves.set_game([])
            self.graph.set_points([])
            self.lines.set_lines([], empty="Open a game to see what the engine thought.")
            self._note.hide()
            self.file_note.hide()
            return
        news = self._cursor.provisional
        self.moves.set_game(
            move_cells(view, news), opening=opening_text(view), comment=view.root_comment, result=_result(view)
        )
        self.graph.set_points(graph_points(view, news))
        self.graph.set_phases(phase_lines(view))
        self.summary.set_view(summary_view(view))
        note = view.moves_note or view.partial
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self.file_note.setVisible(any(move.imported_eval is not None for move in view.plies))
        self._show_lines()

    @Slot(object)
    def _on_moved(self, spot: Spot) -> None:
        self.moves.set_current_ply(spot.ply if spot.line is None else self._cursor.ply)
        self.graph.set_current_ply(self._cursor.ply)
        self._show_lines()

    def _show_lines(self) -> None:
        cursor = self._cursor
        if cursor.view is None:
            return
        move = cursor.move
        empty = "The game is over here."
        if cursor.view.not_judged:
            empty = f"No lines: {cursor.view.not_judged}."
        elif cursor.view.analysis is None:
            empty = "Not analysed yet: Ctrl+R analyses what is selected."
        elif move is None:
            empty = "Step to a judged move to see what was better."
        elif move.score is None:
            empty = "This position is still waiting for the engine."
        self.file_note.setText(file_note(cursor.view, move))
        self.lines.set_lines(line_cards(cursor.view, move), empty=empty)
        for name, line in lines_at(move).items():
            if line == cursor.line:
                self.lines.set_current(name, cursor.line_ply - 1)
                return
        self.lines.set_current("", -1)

    @Slot(str, int)
    def _on_line_step(self, name: str, index: int) -> None:
        line = lines_at(self._cursor.move).get(name)
        if line is not None:
            self._cursor.enter_line(line, index + 1)

    @Slot(bool, object)
    def _on_count_clicked(self, white: bool, judgement: Judgement) -> None:
        self._cursor.go_to_judged(judgement, white=white)


def _result(view: GameView) -> str:
    return "" if view.result == "*" else view.result.replace("1/2-1/2", "½-½").replace("-", "\N{EN DASH}")


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(widget)
    return area
