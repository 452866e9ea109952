"""The library: sidebar, filter, table. Main thread; assembly over `LibraryController` and `SetsController`.

Single click or the arrow keys preview a game, double click or Enter opens it. The selection survives every reload.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QByteArray,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSettings,
    QSignalBlocker,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from desktop_app.ui.models.library_model import Column
from desktop_app.ui.models.scope import ALL_GAMES, Scope, ScopeQuery, SidebarContents
from desktop_app.ui.models.sidebar_model import import_title
from desktop_app.ui.windows.filter_bar import FilterBar
from desktop_app.ui.windows.game_table import GameTable
from desktop_app.ui.windows.side_dock import SideDock
from desktop_app.ui.windows.sidebar import Sidebar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QAction

    from desktop_app.domain.game import GameId
    from desktop_app.domain.rows import GameRow
    from desktop_app.ui.controllers.workbench import Workbench

_MOST_SELECTED = 5000
"""Of a larger import only the first game is selected."""


class LibraryPanel(QWidget):
    """Filter bar over the table.

    Signals: `game_previewed(id)`, `game_opened(id)`, `retry_requested(id)`, `selection_changed(count)`;
    `menu_opened(QMenu)`: others may add what a right click offers; `layout_changed()`: there is something to remember.
    """

    game_previewed = Signal(object)
    game_opened = Signal(object)
    retry_requested = Signal(object)
    selection_changed = Signal(int)
    menu_opened = Signal(QMenu)
    layout_changed = Signal()

    def __init__(self, bench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._model, self._sets = bench.library, bench.games, bench.sets
        self._kept: set[int] = set()
        self._soon: list[int] = []
        self._show_soon = True
        self._kept_current: int | None = None
        self._restoring = False
        self._menu_actions: list[QAction] = []
        self.bar = FilterBar(bench.names)
        self.filter = self.bar.field
        self.table = GameTable(bench.games)
        self.sidebar = Sidebar(bench.sets, bench.library)
        self.dock = SideDock(self.sidebar, self.bar, self.table)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 0, 0)
        box.addWidget(self.dock)
        self._connect()

    def _connect(self) -> None:
        table, bar = self.table, self.bar
        table.selectionModel().currentRowChanged.connect(self._on_current_changed)
        table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        table.doubleClicked.connect(self._on_double_clicked)
        table.clicked.connect(self._on_clicked)
        table.entered.connect(self._on_entered)
        table.removal_requested.connect(self._on_removal_requested)
        table.state_delegate.retry_requested.connect(self._on_retry)
        table.customContextMenuRequested.connect(self._on_context_menu)
        table.horizontalHeader().sortIndicatorChanged.connect(self._on_sort_changed)
        bar.settled.connect(self._controller.set_filter)
        bar.entered.connect(self._on_filter_left)
        bar.left.connect(self._on_filter_left)
        bar.scope_dropped.connect(self._on_scope_dropped)
        bar.sidebar_requested.connect(self.toggle_sidebar)
        self.sidebar.left.connect(self._on_filter_left)
        self.dock.moved.connect(self.layout_changed)
        self.dock.shown_changed.connect(self._on_sidebar_shown)
        table.nothing.action_clicked.connect(self._on_clear_filter)
        self._controller.counted.connect(self._on_counted)
        self._controller.filter_failed.connect(bar.set_problem)
        self._controller.scope_changed.connect(self._on_scope_changed)
        self._controller.about_to_reload.connect(self._on_about_to_reload)
        self._controller.reloaded.connect(self._on_reloaded)
        self._sets.contents_read.connect(self._on_contents_read)

    # -- sidebar -------------------------------------------------------------------------------------------------

    @Slot()
    def toggle_sidebar(self) -> None:
        """Show the sidebar and give it the keyboard, or put it away."""
        self.dock.set_shown(shown=not self.dock.shown)
        (self.sidebar.tree if self.dock.shown else self.table).setFocus()

    @Slot(bool)
    def _on_sidebar_shown(self, shown: bool) -> None:
        self.bar.sidebar_button.setChecked(shown)
        self._sets.set_watched(watched=shown)
        self.layout_changed.emit()

    @Slot(object)
    def _on_scope_changed(self, query: ScopeQuery) -> None:
        self.table.removes = query.collection is not None
        self.bar.set_scope(query)
        self.layout_changed.emit()

    @Slot()
    def _on_scope_dropped(self) -> None:
        self._sets.choose(ALL_GAMES)

    @Slot(str)
    def _on_clear_filter(self, _action: str) -> None:
        self.bar.ask("")
        self.table.setFocus()

    @Slot(int, int)
    def _on_counted(self, shown: int, total: int) -> None:
        self.bar.set_count(shown, total)
        if shown or not total:
            self.table.show_nothing("")
        elif self._controller.expression:
            self.table.show_nothing("No game matches", button="Clear the filter")
        else:
            self.table.show_nothing("Drag games here" if self.table.removes else "No games here")

    @Slot()
    def _on_removal_requested(self) -> None:
        games = self.selected_ids()
        if games:
            self._sets.remove_games(self._controller.scope.scope, games)

    @Slot(object)
    def _on_contents_read(self, contents: SidebarContents) -> None:
        self._model.set_tags(contents.tags)
        self.bar.offer("tag", [(tag.name, tag.name) for tag in contents.tags])
        recent = sorted(contents.imports, key=lambda one: -one.started_at)
        self.bar.offer("batch", [(import_title(one.source), str(one.id)) for one in recent])

    # -- games ---------------------------------------------------------------------------------------------------

    def set_menu(self, actions: list[QAction]) -> None:
        """What a right click offers."""
        self._menu_actions = actions

    def selected_ids(self) -> list[GameId]:
        """Selected games in the order of the table."""
        return self.table.selected_ids()

    def current_row(self) -> GameRow | None:
        """The current game's row, as far as it is at hand."""
        index = self.table.currentIndex()
        return self._model.known(self._model.game_id(index.row())) if index.isValid() else None

    def select_game(self, game: int) -> None:
        """Make this game the current one, when the table shows it."""
        row = self._model.row_of(game)
        if row is not None:
            self.table.choose(row)
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
            self.table.choose(row)

    def save(self, settings: QSettings, location: str) -> None:
        """Remember columns, order, filter and sidebar; filter and scope belong to this library."""
        controller, header = self._controller, self.table.horizontalHeader()
        settings.setValue("workspace/table", header.saveState())
        settings.setValue("library/location", location)
        settings.setValue("library/filter", controller.expression)
        settings.setValue("library/scope", str(controller.scope.scope))
        column = header.sortIndicatorSection()
        settings.setValue("library/sort", Column(column).name if 0 <= column < len(Column) else "")
        settings.setValue("library/descending", header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder)
        settings.setValue("library/sidebar", self.dock.docked_wanted)
        settings.setValue("library/sidebar_width", self.dock.docked_px)

    def restore(self, settings: QSettings, location: str) -> None:
        """As it was, before anything is read."""
        header = self.table.horizontalHeader()
        state, name = settings.value("workspace/table"), str(settings.value("library/sort", ""))
        column = Column[name] if name in Column.__members__ else None
        descending = bool(settings.value("library/descending", False, bool))
        blocker = QSignalBlocker(header)
        if isinstance(state, QByteArray):
            header.restoreState(state)
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        header.setSortIndicator(-1 if column is None else column, order)
        blocker.unblock()
        wanted = bool(settings.value("library/sidebar", True, bool))
        self.dock.restore(wanted=wanted, docked_px=int(str(settings.value("library/sidebar_width", 176, int))))
        same = settings.value("library/location", "") == location
        self._controller.restore(
            str(settings.value("library/filter", "")) if same else "", column, descending=descending
        )
        self.bar.show_expression(self._controller.expression)
        if same:
            self._sets.choose_when_read(Scope.parse(str(settings.value("library/scope", ""))))

    def list_games(self, expression: str) -> None:
        """List what this finds among all games."""
        self._sets.choose(ALL_GAMES)
        self.bar.ask(expression)

    def focus_filter(self) -> None:
        """Type a filter."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    @Slot()
    def _on_filter_left(self) -> None:
        self.table.setFocus()

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
            self.menu_opened.emit(menu)
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
            if not selection.hasSelection():  # all of them are gone, and a reset does not say so
                self.selection_changed.emit(0)
        self._restoring = False
        if not self.table.currentIndex().isValid() and self._model.rowCount():
            self.table.choose(0)
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
