"""The library: filter, table, and what to do when it is empty. Main thread; assembly over `LibraryController`.

Single click or the arrow keys preview a game, double click or Enter opens it. The selection survives every reload.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.ui.models.library_model import Column, LibraryModel
from desktop_app.ui.widgets.state_delegate import STATE_ROLE, StateDelegate
from desktop_app.ui.windows.library_cells import ErrorsCell, state_cell
from desktop_app.ui.windows.parts import label, refresh_tools, restyle, shape_table
from desktop_app.ui.windows.quick_filters import quick_filters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QAction, QKeyEvent

    from desktop_app.domain.game import GameId
    from desktop_app.ui.controllers.library_controller import LibraryController

_WIDTHS = {
    Column.STATE: 228,
    Column.WHITE: 108,
    Column.WHITE_ELO: 48,
    Column.BLACK: 108,
    Column.BLACK_ELO: 48,
    Column.RESULT: 54,
    Column.MOVES: 54,
    Column.WHITE_ACCURACY: 60,
    Column.BLACK_ACCURACY: 60,
    Column.WHITE_ERRORS: 84,
    Column.BLACK_ERRORS: 84,
    Column.OPENING: 220,
    Column.DATE: 88,
    Column.EVENT: 180,
}
_ROW_PX = 26
_FILTER_PAUSE_MS = 250
_MOST_SELECTED = 5000
"""Of a larger import only the first game is selected."""
_HINT = "Filter: a name, eco:B90, result:1-0, elo>2400, blunders>=2, state:failed …"


class GameTable(QTableView):
    """The table; Enter opens the current game, Home and End go to the first and the last one."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Home and End choose a row (Qt would go to the first column); everything else as usual."""
        if event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and not event.modifiers():
            self.selectRow(0 if event.key() == Qt.Key.Key_Home else self.model().rowCount() - 1)
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
            return
        super().keyPressEvent(event)


class LibraryPanel(QWidget):
    """Filter bar over the table.

    Signals: `game_previewed(id)`, `game_opened(id)`, `retry_requested(id)`, `selection_changed(count)`.
    """

    game_previewed = Signal(object)
    game_opened = Signal(object)
    retry_requested = Signal(object)
    selection_changed = Signal(int)

    def __init__(self, controller: LibraryController, model: LibraryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._model = controller, model
        self._kept: set[int] = set()
        self._soon: list[int] = []
        self._show_soon = True
        self._kept_current: int | None = None
        self._restoring = False
        self._menu_actions: list[QAction] = []
        self.filter = QLineEdit(clearButtonEnabled=True, placeholderText=_HINT)
        self.filter.setAcceptDrops(False)  # files dropped here are for the window
        self.filter.setAccessibleName("Filter the library")
        self.filter.setToolTip(_HINT)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.filter, context=Qt.ShortcutContext.WidgetShortcut)
        leave.activated.connect(self._on_filter_left)
        self._ready_made = quick_filters(self.filter.setText, self)
        self._count = label(strength="2")
        self._problem = label(strength="error", wrap=True)
        self._problem.hide()
        self.table = self._build_table(model)
        bar = QHBoxLayout()
        bar.addWidget(self.filter, 1)
        bar.addWidget(self._ready_made)
        bar.addWidget(self._count)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 0, 0)
        box.setSpacing(6)
        box.addLayout(bar)
        box.addWidget(self._problem)
        box.addWidget(self.table, 1)
        self._pause = QTimer(self, singleShot=True, interval=_FILTER_PAUSE_MS)
        self._connect()

    def _build_table(self, model: LibraryModel) -> GameTable:
        table = shape_table(GameTable(), model, "Games", row_px=_ROW_PX, many=True)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = table.horizontalHeader()
        header.setSectionsMovable(True)
        header.setSortIndicatorClearable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setMinimumSectionSize(24)
        for column, width in _WIDTHS.items():
            table.setColumnWidth(column, width)
        model.add_role(STATE_ROLE, state_cell)
        state = StateDelegate(table)
        state.retry_requested.connect(self._on_retry)
        table.setItemDelegateForColumn(Column.STATE, state)
        for column in (Column.WHITE_ERRORS, Column.BLACK_ERRORS):
            table.setItemDelegateForColumn(column, ErrorsCell(column, table))
        return table

    def _connect(self) -> None:
        table = self.table
        table.selectionModel().currentRowChanged.connect(self._on_current_changed)
        table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        table.doubleClicked.connect(self._on_double_clicked)
        table.clicked.connect(self._on_clicked)
        table.entered.connect(self._on_entered)
        table.customContextMenuRequested.connect(self._on_context_menu)
        table.horizontalHeader().sortIndicatorChanged.connect(self._on_sort_changed)
        self.filter.textChanged.connect(self._pause.start)
        self.filter.returnPressed.connect(self._on_filter_entered)
        self._pause.timeout.connect(self._on_filter_settled)
        self._controller.counted.connect(self._on_counted)
        self._controller.filter_failed.connect(self._on_filter_failed)
        self._controller.about_to_reload.connect(self._on_about_to_reload)
        self._controller.reloaded.connect(self._on_reloaded)

    def set_menu(self, actions: list[QAction]) -> None:
        """What a right click offers."""
        self._menu_actions = actions

    def selected_ids(self) -> list[GameId]:
        """Selected games in the order of the table."""
        spans = self.table.selectionModel().selection().toList()
        rows = sorted(row for span in spans for row in range(span.top(), span.bottom() + 1))
        return [self._model.game_id(row) for row in rows]

    def select_game(self, game: int) -> None:
        """Make this game the current one, when the table shows it."""
        row = self._model.row_of(game)
        if row is not None:
            self.table.selectRow(row)
            self.table.scrollTo(self._model.index(row, 0))

    def select_games_soon(self, games: Iterable[int], *, show: bool = True) -> None:
        """Select these games now, or after the reload that will bring them; `show` as in `select_games`."""
        wanted = list(itertools.islice(games, _MOST_SELECTED + 1))
        if len(wanted) > _MOST_SELECTED:
            # Nobody means to analyse a whole database by one key; marking it would hold the window for a moment.
            wanted = wanted[:1]
        if wanted and self._model.row_of(wanted[-1]) is None:
            self._soon, self._show_soon = wanted, show
        else:
            self.select_games(wanted, show=show)

    def select_games(self, games: Iterable[int], *, show: bool = True) -> None:
        """Select these games, as far as the table shows them; with `show` the first of them becomes the current one."""
        current = self.table.currentIndex()
        self._kept = set(games)
        places = [row for row, game in enumerate(self._model.ids()) if game in self._kept]
        if not places:
            return
        show = show or not current.isValid()
        self._kept_current = self._model.game_id(places[0] if show else current.row())
        self._restore(self.table.selectionModel())
        self.table.scrollTo(self._model.index(places[0], 0), GameTable.ScrollHint.PositionAtCenter)
        if show:
            self.game_previewed.emit(self._kept_current)

    def step_game(self, count: int) -> None:
        """Next game, or the previous one when negative; shows it."""
        current = self.table.currentIndex()
        row = current.row() + count if current.isValid() else 0
        if 0 <= row < self._model.rowCount():
            self.table.selectRow(row)

    def restore_columns(self, state: object) -> None:
        """Column widths and order as they were; the order of games is always that of import at first."""
        header = self.table.horizontalHeader()
        if isinstance(state, QByteArray) and header.restoreState(state):
            header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def focus_filter(self) -> None:
        """Type a filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    @Slot()
    def _on_filter_settled(self) -> None:
        self._controller.set_filter(self.filter.text())

    @Slot()
    def _on_filter_entered(self) -> None:
        self._pause.stop()
        self._controller.set_filter(self.filter.text())
        self.table.setFocus()

    @Slot()
    def _on_filter_left(self) -> None:
        self.table.setFocus()

    def changeEvent(self, event: QEvent) -> None:
        """A new palette needs icons of its own colour."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_ready_made"):
            refresh_tools(self)

    @Slot(int, int)
    def _on_counted(self, shown: int, total: int) -> None:
        noun = "game" if total == 1 else "games"
        self._count.setText(f"{shown:,} {noun}" if shown == total else f"{shown:,} of {total:,} {noun}")

    @Slot(str, int)
    def _on_filter_failed(self, text: str, column: int) -> None:
        self._problem.setText(text)
        self._problem.setVisible(column >= 0)
        self.filter.setProperty("invalid", "true" if column >= 0 else "false")
        restyle(self.filter)

    @Slot(int, Qt.SortOrder)
    def _on_sort_changed(self, section: int, order: Qt.SortOrder) -> None:
        self._controller.sort(
            Column(section) if section >= 0 else None, descending=order == Qt.SortOrder.DescendingOrder
        )

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid() and not self._restoring:
            self.game_previewed.emit(self._model.game_id(current.row()))

    @Slot(QItemSelection, QItemSelection)
    def _on_selection_changed(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        spans = self.table.selectionModel().selection().toList()
        self.selection_changed.emit(sum(span.height() for span in spans))

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.game_opened.emit(self._model.game_id(index.row()))

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        game = self._model.game_id(index.row())
        self.game_previewed.emit(game)

    @Slot(QModelIndex)
    def _on_retry(self, index: QModelIndex) -> None:
        self.retry_requested.emit(self._model.game_id(index.row()))

    @Slot()
    def _on_entered(self) -> None:
        index = self.table.currentIndex()
        if index.isValid():
            self._on_double_clicked(index)

    @Slot(QPoint)
    def _on_context_menu(self, where: QPoint) -> None:
        if self.table.indexAt(where).isValid():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(self._menu_actions)
            menu.popup(self.table.viewport().mapToGlobal(where))

    @Slot()
    def _on_about_to_reload(self) -> None:
        self._restoring = True
        current = self.table.currentIndex()
        self._kept = {int(game) for game in self.selected_ids()}
        self._kept_current = self._model.game_id(current.row()) if current.isValid() else None

    @Slot()
    def _on_reloaded(self) -> None:
        """A reset lost the selection: give it back by id. An insertion kept it."""
        selection = self.table.selectionModel()
        if self._kept and not selection.hasSelection():
            self._restore(selection)
        self._restoring = False
        if not self.table.currentIndex().isValid() and self._model.rowCount():
            self.table.selectRow(0)
        if self._soon:
            wanted, self._soon = self._soon, []
            self.select_games(wanted, show=self._show_soon)

    def _restore(self, selection: QItemSelectionModel) -> None:
        model = self._model
        if len(self._kept) == 1:
            rows = [row for game in self._kept if (row := model.row_of(game)) is not None]
        else:
            rows = [row for row, game in enumerate(model.ids()) if game in self._kept]
        chosen = QItemSelection()
        for first, last in _spans(rows):
            span = QItemSelection(model.index(first, 0), model.index(last, model.columnCount() - 1))
            chosen.append(span.first())
        selection.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        current = model.row_of(self._kept_current) if self._kept_current is not None else None
        if current is not None:
            selection.setCurrentIndex(model.index(current, 0), QItemSelectionModel.SelectionFlag.NoUpdate)
            self.table.scrollTo(model.index(current, 0))


def _spans(rows: list[int]) -> list[tuple[int, int]]:
    """Runs of neighbouring rows, first and last of each; `rows` ascend."""
    spans: list[tuple[int, int]] = []
    for row in rows:
        if spans and spans[-1][1] == row - 1:
            spans[-1] = (spans[-1][0], row)
        else:
            spans.append((row, row))
    return spans
