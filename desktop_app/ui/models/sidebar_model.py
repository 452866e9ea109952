"""The tree beside the table: all games, one's own, collections, tags, recent imports, the bin. Main thread.

Knows no library: it is given `SidebarContents` and counts, and says by signals what the user wants.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel

from desktop_app.domain.rows import BatchState
from desktop_app.ui.models.games_mime import COLLECTION_MIME, GAMES_MIME, ids_of, mime_of
from desktop_app.ui.models.scope import ALL_GAMES, MY_GAMES, THE_BIN, Scope, ScopeKind, SidebarContents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from desktop_app.domain.rows import ImportBatch
    from desktop_app.domain.sets import Collection

_Index = QModelIndex | QPersistentModelIndex
SCOPE_ROLE = Qt.ItemDataRole.UserRole + 1
"""The row's `Scope`, None for headings and hints."""
COUNT_ROLE = Qt.ItemDataRole.UserRole + 2
"""How many games, None while nobody counted."""
COLOUR_ROLE = Qt.ItemDataRole.UserRole + 3
"""A tag's colour by name."""
ICON_ROLE = Qt.ItemDataRole.UserRole + 4
HEAD_ROLE = Qt.ItemDataRole.UserRole + 5
"""The section a heading stands over: "collections", "tags" or "imports"."""

_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_SETS = frozenset({ScopeKind.COLLECTION, ScopeKind.SMART, ScopeKind.TAG})
_TAKES_GAMES = frozenset({ScopeKind.COLLECTION, ScopeKind.TAG})
_RECENT = 6
_ENDINGS = re.compile(r"(?:\.pgn)?(?:\.(?:gz|bz2|zst|zip))?$", re.IGNORECASE)
_ENDINGS_SEEN = re.compile(r"\.(?:pgn|gz|bz2|zst|zip)$", re.IGNORECASE)
_BETWEEN = ", "
_ROOT = re.compile(r"[/\\]|[A-Za-z]:[/\\]")
"""How a path that was dropped or chosen begins."""
_ICONS = {
    ScopeKind.ALL: "all-games",
    ScopeKind.MINE: "person",
    ScopeKind.COLLECTION: "folder",
    ScopeKind.SMART: "smart",
    ScopeKind.TAG: "tag",
    ScopeKind.IMPORT: "import",
    ScopeKind.BIN: "trash",
}


class SidebarModel(QStandardItemModel):
    """Rows with a `Scope` each, under headings.

    Signals: `renamed(Scope, name)`; `games_dropped(Scope, ids)`, with a Scope of COLLECTION 0 for a new one;
    `collections_ordered(ids)`: those of the top, in their new order; `contents_changed()` after rows came or went.
    """

    renamed = Signal(object, str)
    games_dropped = Signal(object, object)
    collections_ordered = Signal(object)
    contents_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.contents = SidebarContents()
        self._typed = False
        self._heads: dict[str, QStandardItem] = {}
        root = self.invisibleRootItem()
        self._all, self._mine, self._bin = (
            _row("All games", ALL_GAMES),
            _row("My games", MY_GAMES),
            _row("Bin", THE_BIN),
        )
        root.appendRows([self._all, self._mine])
        for name, title in (("collections", "Collections"), ("tags", "Tags"), ("imports", "Recent imports")):
            head = QStandardItem(title)
            head.setData(name, HEAD_ROLE)
            head.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsDropEnabled)
            self._heads[name] = head
            root.appendRow(head)
        root.appendRow(self._bin)
        self._fill(SidebarContents())

    # -- what is shown -------------------------------------------------------------------------------------------

    def set_contents(self, contents: SidebarContents) -> None:
        """Show this; rows that stay keep their counts."""
        if self._typed or _shape(contents) != _shape(self.contents):
            self._typed = False
            self._fill(contents)
        self.contents = contents
        self.set_count(ALL_GAMES, contents.total)
        self.set_count(THE_BIN, contents.binned or None)
        for one in contents.collections:
            if one.games is not None:
                self.set_count(scope_of(one), one.games)
        for tag in contents.tags:
            self.set_count(Scope(ScopeKind.TAG, tag.id), tag.games)
        for batch in contents.imports:
            self.set_count(Scope(ScopeKind.IMPORT, batch.id), batch.imported)
        if not contents.me:
            self.set_count(MY_GAMES, None)

    def set_count(self, scope: Scope, count: int | None) -> None:
        """Somebody counted."""
        item = self._item(scope)
        if item is not None and item.data(COUNT_ROLE) != count:
            super().setData(item.index(), count, COUNT_ROLE)
            words = "" if count is None else f", {count:,} games"
            super().setData(item.index(), f"{item.text()}{words}", Qt.ItemDataRole.AccessibleTextRole)

    def index_of(self, scope: Scope) -> QModelIndex:
        """Where it stands; an invalid index for what is not there."""
        item = self._item(scope)
        return item.index() if item is not None else QModelIndex()

    def head(self, name: str) -> QModelIndex:
        """The heading of a section."""
        return self._heads[name].index()

    def scope_at(self, index: _Index) -> Scope | None:
        """The row's scope."""
        found = index.data(SCOPE_ROLE) if index.isValid() else None
        return found if isinstance(found, Scope) else None

    def collection(self, scope: Scope) -> Collection | None:
        """The collection behind a row."""
        wanted = (ScopeKind.COLLECTION, ScopeKind.SMART)
        return next((one for one in self.contents.collections if scope.kind in wanted and one.id == scope.id), None)

    # -- editing and dragging ------------------------------------------------------------------------------------

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A name was typed: it shows at once and is asked for; a refusal brings the old one back."""
        scope = self.scope_at(index)
        if role != Qt.ItemDataRole.EditRole or scope is None:
            return super().setData(index, value, role)
        name = " ".join(str(value).split())
        if name and name != index.data():
            super().setData(index, name, role)
            self._typed = True
            self.renamed.emit(scope, name)
        return True

    def mimeTypes(self) -> list[str]:
        """Games from the table, collections from here."""
        return [GAMES_MIME, COLLECTION_MIME]

    def supportedDropActions(self) -> Qt.DropAction:
        """Games are put in, collections moved."""
        return Qt.DropAction.CopyAction | Qt.DropAction.MoveAction

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Collections on their way to another place."""
        scopes = [self.scope_at(index) for index in indexes]
        return mime_of(COLLECTION_MIME, [scope.id for scope in scopes if scope is not None])

    def canDropMimeData(self, data: QMimeData, _action: Qt.DropAction, row: int, _column: int, parent: _Index) -> bool:
        """Games onto a collection chosen by hand, onto a tag, or onto the heading (a new one); collections between."""
        scope, head = self.scope_at(parent), parent.data(HEAD_ROLE) if parent.isValid() else None
        if data.hasFormat(GAMES_MIME):
            return (scope is not None and scope.kind in _TAKES_GAMES) or head == "collections"
        return data.hasFormat(COLLECTION_MIME) and head == "collections" and row >= 0

    def dropMimeData(  # noqa: PLR0917 - Qt's signature
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index
    ) -> bool:
        """Say what was dropped where. False: nothing is moved before the library has it."""
        if not self.canDropMimeData(data, action, row, column, parent):
            return False
        if data.hasFormat(GAMES_MIME):
            target = self.scope_at(parent) or Scope(ScopeKind.COLLECTION)
            self.games_dropped.emit(target, ids_of(GAMES_MIME, data))
            return False
        moved = ids_of(COLLECTION_MIME, data)
        order = [one.id for one in self.contents.collections if one.parent_id is None]
        behind = [one for one in order[row:] if one not in moved]
        before = [one for one in order[:row] if one not in moved]
        new = [*before, *(one for one in moved if one in order), *behind]
        if new != order:
            self.collections_ordered.emit(new)
        return False

    # -- inside --------------------------------------------------------------------------------------------------

    def _fill(self, contents: SidebarContents) -> None:
        counts = {item.data(SCOPE_ROLE): item.data(COUNT_ROLE) for item in self._items()}
        self._mine.setToolTip(f"Games of {contents.me}" if contents.me else "Say who you are, and see your own games")
        self._fill_collections(contents.collections)
        tags = [_row(tag.name, Scope(ScopeKind.TAG, tag.id), colour=tag.colour) for tag in contents.tags]
        self._refill("tags", tags, "Select games and press T")
        imports = [_import_row(batch) for batch in _recent(contents.imports)]
        self._refill("imports", imports, "Nothing imported yet")
        for item in self._items():
            item.setData(counts.get(item.data(SCOPE_ROLE)), COUNT_ROLE)
        self.contents_changed.emit()

    def _fill_collections(self, collections: Iterable[Collection]) -> None:
        rows: list[QStandardItem] = []
        by_id: dict[int, QStandardItem] = {}
        for one in collections:
            item = _row(one.name, scope_of(one))
            item.setToolTip(f"{one.name}: {one.filter or 'all games'}" if one.smart else one.name)
            by_id[one.id] = item
            parent = by_id.get(one.parent_id) if one.parent_id is not None else None
            if parent is None:
                rows.append(item)
            else:
                parent.appendRow(item)
        self._refill("collections", rows, "Drag games here")

    def _refill(self, name: str, rows: Sequence[QStandardItem], hint: str) -> None:
        head = self._heads[name]
        head.removeRows(0, head.rowCount())
        if not rows:
            item = QStandardItem(hint)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            rows = [item]
        head.appendRows(list(rows))

    def _items(self) -> Iterator[QStandardItem]:
        def below(item: QStandardItem) -> Iterator[QStandardItem]:
            for row in range(item.rowCount()):
                child = item.child(row)
                if child.data(SCOPE_ROLE) is not None:
                    yield child
                yield from below(child)

        yield from below(self.invisibleRootItem())

    def _item(self, scope: Scope) -> QStandardItem | None:
        return next((item for item in self._items() if item.data(SCOPE_ROLE) == scope), None)


def scope_of(collection: Collection) -> Scope:
    """The scope of a collection of either kind."""
    return Scope(ScopeKind.SMART if collection.smart else ScopeKind.COLLECTION, collection.id)


def _row(text: str, scope: Scope, *, colour: str = "") -> QStandardItem:
    item = QStandardItem(text)
    item.setData(scope, SCOPE_ROLE)
    item.setData(_ICONS[scope.kind], ICON_ROLE)
    item.setData(colour, COLOUR_ROLE)
    item.setToolTip(text)
    flags = _FLAGS
    if scope.kind in _SETS:
        flags |= Qt.ItemFlag.ItemIsEditable
    if scope.kind in _TAKES_GAMES:
        flags |= Qt.ItemFlag.ItemIsDropEnabled
    if scope.kind in (ScopeKind.COLLECTION, ScopeKind.SMART):
        flags |= Qt.ItemFlag.ItemIsDragEnabled
    item.setFlags(flags)
    return item


def _recent(imports: Iterable[ImportBatch]) -> list[ImportBatch]:
    """The newest that still have games here."""
    found = [one for one in imports if one.imported and one.state is not BatchState.UNDONE]
    return sorted(found, key=lambda one: one.started_at, reverse=True)[:_RECENT]


def _import_row(batch: ImportBatch) -> QStandardItem:
    when = dt.datetime.fromtimestamp(batch.started_at).astimezone()
    item = _row(import_title(batch.source), Scope(ScopeKind.IMPORT, batch.id))
    item.setToolTip(f"{batch.source}\nImported {when:%Y-%m-%d %H:%M}, {batch.imported:,} games")
    return item


def import_title(source: str) -> str:
    """What an import is called: its file or folder without what the name ends with, and how many more there were."""
    first, *more = _paths(source)
    title = _path_title(first)
    return f"{title} and {len(more)} more" if more else title


def _paths(source: str) -> list[str]:
    """The paths of an import, which are stored with commas between; a comma may be part of a name ("Carlsen, M")."""
    paths: list[str] = []
    for piece in source.split(_BETWEEN):
        if not paths or _ROOT.match(piece) or _ENDINGS_SEEN.search(paths[-1]):
            paths.append(piece)
        else:
            paths[-1] += _BETWEEN + piece
    return paths


def _path_title(source: str) -> str:
    name = source.replace("\\", "/").rstrip("/").rpartition("/")[2] or source
    return _ENDINGS.sub("", name) or name


def _shape(contents: SidebarContents) -> tuple[object, ...]:
    """What the rows are made of, their counts apart."""
    return (
        contents.me,
        tuple((one.id, one.parent_id, one.name, one.filter) for one in contents.collections),
        tuple((tag.id, tag.name, tag.colour) for tag in contents.tags),
        tuple((one.id, one.source) for one in _recent(contents.imports)),
    )
