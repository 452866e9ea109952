"""The explorer: what was played in the board's position and how it went, and below it the games.

Main thread; a tab beside the moves. Shows the answers of `ExplorerController` as they come; asks only while it is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.counting import counted
from desktop_app.ui.controllers.explorer_controller import coverage_words
from desktop_app.ui.models.explorer_model import (
    BEST,
    GAMES,
    LAST,
    MOVE,
    RATING,
    RESULTS,
    ExplorerMoves,
    ExplorerRow,
    PositionGames,
)
from desktop_app.ui.runtime import theme
from desktop_app.ui.widgets.result_bar import SHARES_ROLE, ResultBar, ResultBarDelegate
from desktop_app.ui.windows.parts import label, shape_table

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent

    from desktop_app.services.explore_position import Exploration
    from desktop_app.services.find_position import PositionGame
    from desktop_app.ui.controllers.explorer_controller import ExplorerController

_ROW_PX = 26
_MOVE_WIDEST = {MOVE: "O-O-O+", GAMES: "999,999", RATING: "Rating", LAST: "2026", BEST: "100%"}
_GAME_WIDEST = {1: "2800", 3: "2800", 4: "Result", 5: "2026.12.31", 6: "O-O-O+"}
"""The widest text of each column of a fixed width."""
_PADDING_PX = 20
_LEAST_BAR_PX = 88
_LEAST_NAME_PX = 76
_ROOM_FOR_TOTAL_PX = 330
_SLOW_MS = 600
_MAY_GO = (LAST, RATING, BEST)
"""Columns of the moves that narrow panels leave out, the most wanted first."""


class _MoveTable(QTableView):
    """Moves by mouse and keys. Signals: `chosen(row)`; `pointed(row)`, -1 when the pointer left."""

    chosen = Signal(int)
    pointed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.entered.connect(self._on_entered)
        self.clicked.connect(self._on_clicked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter plays the move; left and right step in the game, which is the window's."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex().row())
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Escape):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """No move is meant any more."""
        super().leaveEvent(event)
        self.pointed.emit(-1)

    @Slot(QModelIndex)
    def _on_entered(self, index: QModelIndex) -> None:
        self.pointed.emit(index.row())

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self.chosen.emit(index.row())


class _GameList(QTableView):
    """The games. Signals: `opened(row)` by a double click or Enter."""

    opened = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.doubleClicked.connect(self._on_double_clicked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
        elif event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Escape):
            event.ignore()
        else:
            super().keyPressEvent(event)

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(index.row())


class ExplorerPanel(QWidget):
    """Opening, moves, games.

    Signals: `move_chosen(uci)`, `move_pointed(uci)` ("" for none), `game_opened(PositionGame)`,
    `all_games_wanted(fen)`: the list is to show the games with this position.
    """

    move_chosen = Signal(str)
    move_pointed = Signal(str)
    game_opened = Signal(object)
    all_games_wanted = Signal(str)

    def __init__(self, explorer: ExplorerController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._waiting = False
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self._slow.timeout.connect(self._on_slow)
        self._widths: dict[QTableView, dict[int, int]] = {}
        self.moves, self.games = ExplorerMoves(self), PositionGames(self)
        self.moves.add_role(SHARES_ROLE, ExplorerRow.shares)
        self.move_table, self.game_table = self._build_tables()
        self._opening = label(strength="title", wrap=True)
        self._note = label(strength="2", wrap=True)
        self._found = label(strength="2")
        self._total = ResultBar()
        self._show_all = QPushButton("Show in the list")
        self._show_all.setProperty("role", "quiet")
        self._show_all.setToolTip("Let the list show all games with this position")
        self._lay_out(self._build_scope())
        self._connect()
        self._on_coverage(None)

    def _build_tables(self) -> tuple[_MoveTable, _GameList]:
        moves = shape_table(_MoveTable(), self.moves, "Moves played in this position", row_px=_ROW_PX)
        moves.setItemDelegateForColumn(RESULTS, ResultBarDelegate(moves))
        header = moves.horizontalHeader()
        header.setMinimumSectionSize(24)
        self._fix_widths(moves, _MOVE_WIDEST)
        header.setSectionResizeMode(RESULTS, QHeaderView.ResizeMode.Stretch)
        games = shape_table(_GameList(), self.games, "Games with this position")
        self._fix_widths(games, _GAME_WIDEST)
        for column in (0, 2):
            games.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        for table in (moves, games):
            table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return moves, games

    def _fix_widths(self, table: QTableView, widest: dict[int, str]) -> None:
        """Columns as wide as their widest text in the font in use."""
        metrics = QFontMetrics(theme.ui_font(1.0, QFont.Weight.DemiBold))
        widths = {column: metrics.horizontalAdvance(text) + _PADDING_PX for column, text in widest.items()}
        for column, width in widths.items():
            table.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            table.setColumnWidth(column, width)
        self._widths[table] = widths

    def _build_scope(self) -> QHBoxLayout:
        """Which games are asked: those of the list, or all. The chosen one is filled; the arrow keys change it."""
        self._scopes = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(0)
        for number, (text, tip) in enumerate(
            (("Games shown", "Only games that the list shows"), ("All games", "Every game of the library"))
        ):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setProperty("role", "segment")
            button.setProperty("end", "first" if number == 0 else "last")
            button.setToolTip(tip)
            button.setAccessibleDescription(tip)
            button.setChecked(number == 0)
            self._scopes.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _lay_out(self, scope: QHBoxLayout) -> None:
        games = QWidget()
        below = QVBoxLayout(games)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(4)
        head = QHBoxLayout()
        head.setContentsMargins(6, 0, 0, 0)
        head.setSpacing(8)
        head.addWidget(self._found)
        head.addWidget(self._total, 1)
        head.addStretch(0)
        head.addWidget(self._show_all)
        below.addLayout(head)
        below.addWidget(self.game_table, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.move_table)
        split.addWidget(games)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 0, 0)
        box.setSpacing(6)
        box.addWidget(self._opening)
        box.addLayout(scope)
        box.addWidget(self._note)
        box.addWidget(split, 1)

    def _connect(self) -> None:
        explorer = self._explorer
        explorer.asked.connect(self._on_asked)
        explorer.answered.connect(self._on_answered)
        explorer.games_found.connect(self._on_games_found)
        explorer.failed.connect(self._on_failed)
        self.games.more_wanted.connect(explorer.more)
        self.move_table.chosen.connect(self._on_chosen)
        self.move_table.pointed.connect(self._on_pointed)
        self.game_table.opened.connect(self._on_game_opened)
        self._show_all.clicked.connect(self._on_show_all)
        self._scopes.idClicked.connect(self._on_scope)

    # -- seen or not -------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody looks: ask."""
        super().showEvent(event)
        self._explorer.set_active(active=True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: stop asking."""
        super().hideEvent(event)
        self._explorer.set_active(active=False)
        self._slow.stop()
        self.move_pointed.emit("")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow panels leave out what matters least."""
        super().resizeEvent(event)
        room = event.size().width() - _PADDING_PX
        moves, games = self._widths[self.move_table], self._widths[self.game_table]
        left = room - moves[MOVE] - moves[GAMES] - _LEAST_BAR_PX
        for column in _MAY_GO:
            left -= moves[column]
            self.move_table.setColumnHidden(column, left < 0)
        left = room - sum(games.values()) - 2 * _LEAST_NAME_PX
        for columns in ((1, 3), (5,)):
            for column in columns:
                self.game_table.setColumnHidden(column, left < 0)
            left += sum(games[column] for column in columns)
        self._total.setVisible(room >= _ROOM_FOR_TOTAL_PX)

    # -- answers -----------------------------------------------------------------------------------------------------

    @Slot(str)
    def _on_asked(self, _fen: str) -> None:
        """The old answer stays until a new one comes: nothing flickers while one steps through a game."""
        self._waiting = True
        self._slow.start()

    @Slot(object)
    def _on_answered(self, answer: Exploration) -> None:
        self._waiting = False
        self._slow.stop()
        self.moves.show(answer)
        self._bold_total()
        opening = answer.opening
        self._opening.setText(f"{opening.eco} {opening.name}".strip() if opening else "")
        self._opening.setVisible(opening is not None)
        found = counted(answer.total.games, "game") if answer.total.games else "No game"
        counting = "" if answer.complete else f", {100 * answer.share:.0f} % counted"
        self._found.setText(f"{found}{counting}")
        self._total.set_shares(ExplorerRow("", "", answer.total).shares())
        self._show_all.setEnabled(bool(answer.total.games))
        if answer.complete and not answer.total.games:
            self.games.show((), more=False)  # those of the position before do not stand below "No game"
        self._on_coverage(answer)

    @property
    def waiting(self) -> bool:
        """Whether what is shown belongs to a position the board has left."""
        return self._waiting

    @Slot()
    def _on_slow(self) -> None:
        """Nothing is known yet, and somebody may wonder."""
        self.moves.show(None)
        self.games.show((), more=False)
        self._total.set_shares((0.0, 0.0, 0.0))
        self._opening.hide()
        self._found.setText("Searching …")

    def _bold_total(self) -> None:
        """The total stands out from the moves above it."""
        font = QFont(self.move_table.font())
        font.setWeight(QFont.Weight.DemiBold)
        self.moves.set_total_font(font)

    def _on_coverage(self, answer: Exploration | None) -> None:
        """What the reader must know of the answer: nothing found and why, or not everything counted yet."""
        words = coverage_words(answer.coverage) if answer else ""
        if answer is None:
            text = ""
        elif not answer.total.games and answer.complete:
            text = "No game has this position." if not self._filtered() else "No game of the list has this position."
            text += f" {words}: there may be some." if words else ""
        else:
            text = f"{words}. Counts grow until all are." if words else ""
        self._note.setText(text)
        self._note.setVisible(bool(text))
        self._scopes.button(0).setEnabled(self._explorer.filtered)
        self._scopes.button(int(not self._filtered())).setChecked(True)

    def _filtered(self) -> bool:
        return self._explorer.filtered and not self._explorer.everything

    @Slot(object, bool, bool)
    def _on_games_found(self, games: tuple[PositionGame, ...], first: bool, more: bool) -> None:
        if first:
            self.games.show(games, more=more)
            self.game_table.scrollToTop()
        else:
            self.games.add(games, more=more)

    @Slot(str)
    def _on_failed(self, text: str) -> None:
        self._waiting = False
        self._slow.stop()
        self.moves.show(None)
        self.games.show((), more=False)
        self._opening.hide()
        self._found.setText("")
        self._total.set_shares((0.0, 0.0, 0.0))
        self._show_all.setEnabled(False)
        self._note.setText(text)
        self._note.show()

    # -- gestures ----------------------------------------------------------------------------------------------------

    @Slot(int)
    def _on_chosen(self, row: int) -> None:
        uci = self.moves.row(row).uci
        if uci and not self._waiting:
            self.move_chosen.emit(uci)

    @Slot(int)
    def _on_pointed(self, row: int) -> None:
        known = 0 <= row < self.moves.rowCount() and not self._waiting
        self.move_pointed.emit(self.moves.row(row).uci if known else "")

    @Slot(int)
    def _on_game_opened(self, row: int) -> None:
        self.game_opened.emit(self.games.game(row))

    @Slot()
    def _on_show_all(self) -> None:
        if self._explorer.fen:
            self.all_games_wanted.emit(self._explorer.fen)

    @Slot(int)
    def _on_scope(self, number: int) -> None:
        self._explorer.set_everything(everything=number == 1)
