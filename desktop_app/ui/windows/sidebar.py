"""The sidebar beside the table: chooses what is listed, makes and changes collections and tags. Main thread.

Assembly over `SidebarModel` and `SetsController`; what needs the window (the bin, the list of imports, "who am I") is
asked for by signals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QMenu, QVBoxLayout, QWidget

from desktop_app.domain.sets import TAG_COLOURS
from desktop_app.ui.models.scope import ALL_GAMES, MY_GAMES, THE_BIN, Scope, ScopeKind, ScopeQuery
from desktop_app.ui.models.sidebar_model import HEAD_ROLE, SidebarModel
from desktop_app.ui.windows.sidebar_tree import SidebarTree, paint_dot

if TYPE_CHECKING:
    from desktop_app.ui.controllers.library_controller import LibraryController
    from desktop_app.ui.controllers.sets_controller import SetsController

_PAUSE_MS = 120
_SETS = frozenset({ScopeKind.COLLECTION, ScopeKind.SMART, ScopeKind.TAG})


class Sidebar(QFrame):
    """What can be listed.

    Signals: `left()`: on to the table; `me_requested()`,
    `bin_requested()`, `imports_requested(int)`: what others show; `filter_edit_requested(Scope)`.
    """

    left = Signal()
    me_requested = Signal()
    bin_requested = Signal()
    imports_requested = Signal(int)
    filter_edit_requested = Signal(object)

    def __init__(self, sets: SetsController, games: LibraryController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sets, self._games = sets, games
        self._restoring = False
        self.model = SidebarModel(self)
        self.tree = SidebarTree(self.model)
        self.tree.expandAll()
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 4, 0, 0)
        box.addWidget(self.tree)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._on_settled)
        self._connect()
        self.show_scope(games.scope)

    def _connect(self) -> None:
        tree, sets = self.tree, self._sets
        tree.selectionModel().currentChanged.connect(self._on_current_changed)
        tree.clicked.connect(self._on_clicked)
        tree.new_requested.connect(self._on_new)
        tree.delete_requested.connect(self._on_delete)
        tree.entered.connect(self._on_entered)
        tree.left.connect(self.left)
        tree.customContextMenuRequested.connect(self._on_context_menu)
        self.model.renamed.connect(sets.rename)
        self.model.games_dropped.connect(sets.add_games)
        self.model.collections_ordered.connect(sets.order)
        self.model.contents_changed.connect(self._on_contents_changed)
        sets.contents_read.connect(self.model.set_contents)
        sets.counted.connect(self.model.set_count)
        sets.created.connect(self.edit_name)
        self._games.scope_changed.connect(self.show_scope)

    # -- what is chosen ------------------------------------------------------------------------------------------

    @Slot(object)
    def show_scope(self, query: ScopeQuery) -> None:
        """Mark the row of what is listed."""
        index = self.model.index_of(query.scope)
        if not index.isValid():
            index = self.model.index_of(ALL_GAMES)
        self._restoring = True
        self.tree.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._restoring = False

    @Slot(object)
    def edit_name(self, scope: Scope) -> None:
        """Let its name be typed: what was just made gets a better one."""
        index = self.model.index_of(scope)
        if index.isValid() and self.isVisible():
            self.tree.expand(index.parent())
            self.tree.scrollTo(index)
            self.tree.setFocus()
            self._restoring = True
            self.tree.setCurrentIndex(index)
            self._restoring = False
            self.tree.edit(index)

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        if not self._restoring:
            self._pause.start()

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        scope = self.model.scope_at(index)
        if scope is None:
            return
        self._pause.stop()
        self._choose(scope, opens=True)

    @Slot()
    def _on_settled(self) -> None:
        scope = self.model.scope_at(self.tree.currentIndex())
        if scope is not None:
            self._choose(scope, opens=False)

    @Slot()
    def _on_entered(self) -> None:
        self._pause.stop()
        scope = self.model.scope_at(self.tree.currentIndex())
        if scope is not None:
            self._choose(scope, opens=True)
        if scope not in (THE_BIN, None):
            self.left.emit()

    def _choose(self, scope: Scope, *, opens: bool) -> None:
        """List it; what is not a list of games is only opened by a click or Enter."""
        if scope == THE_BIN:
            if opens:
                self.bin_requested.emit()
            self.show_scope(self._games.scope)
        elif scope == MY_GAMES and not self._sets.contents.me:
            if opens:
                self.me_requested.emit()
            self.show_scope(self._games.scope)
        else:
            self._sets.choose(scope)

    @Slot()
    def _on_contents_changed(self) -> None:
        for name in ("collections", "tags", "imports"):
            head = self.model.head(name)
            for row in range(self.model.rowCount(head)):
                self.tree.expand(self.model.index(row, 0, head))
        self.show_scope(self._games.scope)

    # -- changing ------------------------------------------------------------------------------------------------

    @Slot(str)
    def _on_new(self, section: str) -> None:
        if section == "tags":
            self._sets.create_tag("New tag", colour=self._free_colour(), edit=True)
        else:
            self._sets.create_collection("New collection")

    def _free_colour(self) -> str:
        used = {tag.colour for tag in self._sets.contents.tags}
        return next((colour for colour in TAG_COLOURS if colour not in used), "grey")

    @Slot(QModelIndex)
    def _on_delete(self, index: QModelIndex) -> None:
        scope = self.model.scope_at(index)
        if scope is not None and scope.kind in _SETS:
            self._sets.delete(scope)

    @Slot(QPoint)
    def _on_context_menu(self, where: QPoint) -> None:
        index = self.tree.indexAt(where)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill_menu(menu, index)
        if menu.isEmpty():
            menu.deleteLater()
        else:
            menu.popup(self.tree.viewport().mapToGlobal(where))

    def _fill_menu(self, menu: QMenu, index: QModelIndex) -> None:
        scope, section = self.model.scope_at(index), index.data(HEAD_ROLE) if index.isValid() else None
        if scope is not None and scope.kind in _SETS:
            menu.addAction("Rename", lambda: self.tree.edit(index))
            if scope.kind is ScopeKind.SMART:
                menu.addAction("Edit its filter", lambda: self.filter_edit_requested.emit(scope))
            if scope.kind is ScopeKind.TAG:
                self._add_colours(menu.addMenu("Colour"), scope)
            menu.addAction("Delete", lambda: self._sets.delete(scope))
        elif scope is not None and scope.kind is ScopeKind.IMPORT:
            menu.addAction("Show the receipt", lambda: self.imports_requested.emit(scope.id))
        elif scope == MY_GAMES:
            menu.addAction("Who am I …", self.me_requested.emit)
        elif scope == THE_BIN:
            menu.addAction("Open the bin", self.bin_requested.emit)
        if section == "imports":
            menu.addAction("All imports …", lambda: self.imports_requested.emit(0))
        elif scope is None or scope.kind in _SETS:
            menu.addSeparator()
            menu.addAction("New collection", lambda: self._on_new("collections"))
            menu.addAction("New tag", lambda: self._on_new("tags"))

    def _add_colours(self, menu: QMenu, scope: Scope) -> None:
        for colour in ("", *TAG_COLOURS):
            action = menu.addAction(dot_icon(colour), colour.capitalize() or "None")
            action.triggered.connect(lambda _on=False, colour=colour: self._sets.set_colour(scope, colour))


def dot_icon(colour: str) -> QIcon:
    """A tag's dot for menus."""
    pixmap = QPixmap(32, 32)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_dot(painter, QPointF(8, 8), colour)
    painter.end()
    return QIcon(pixmap)
