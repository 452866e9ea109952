"""A table over a tuple of frozen rows that is replaced as a whole, yet keeps selection: the base of the small models.

Main thread. Rows have a key; replacing them moves, inserts and removes as little as possible: equal keys in equal order
are redrawn in place, anything else is one layout change that keeps persistent indexes by key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

R = TypeVar("R")
_Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
"""The cell's whole row."""


class TableRows(QAbstractTableModel, Generic[R]):
    """Shows `rows` in columns; subclasses say titles, texts and the key of a row."""

    titles: tuple[str, ...] = ()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[R, ...] = ()

    def key(self, row: R) -> object:
        """What identifies a row while its content changes."""
        raise NotImplementedError

    def text(self, row: R, column: int) -> str:
        """What a cell says."""
        raise NotImplementedError

    def tip(self, row: R, column: int) -> str | None:  # noqa: ARG002 - for subclasses
        """What hovering over a cell says."""
        return None

    def rowCount(self, parent: _Index | None = None) -> int:
        """One for each row."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        """One for each title."""
        return 0 if parent is not None and parent.isValid() else len(self.titles)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tip(row, index.column())
        return row if role == ROW_ROLE else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.titles[section] if 0 <= section < len(self.titles) else None
        return None

    def row(self, number: int) -> R:
        """The row's value."""
        return self._rows[number]

    def rows(self) -> tuple[R, ...]:
        """All rows."""
        return self._rows

    def put(self, rows: Sequence[R]) -> None:
        """Show these rows instead."""
        new = tuple(rows)
        old, self_key = self._rows, self.key
        old_keys, new_keys = [self_key(row) for row in old], [self_key(row) for row in new]
        if old_keys == new_keys:
            self._redraw(new)
        elif len(new) != len(old):
            self._resize(new, old_keys, new_keys)
        else:
            self._rearrange(lambda: new, old_keys, new_keys)

    def _redraw(self, new: tuple[R, ...]) -> None:
        old, self._rows = self._rows, new
        last = len(self.titles) - 1
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                self.dataChanged.emit(self.index(number, 0), self.index(number, last))

    def _resize(self, new: tuple[R, ...], old_keys: list[object], new_keys: list[object]) -> None:
        """Grow or shrink at the end first, so that the rest is a mere rearrangement."""
        if len(new) > len(old_keys):
            known = set(old_keys)
            fresh = [row for row, key in zip(new, new_keys, strict=True) if key not in known]
            fresh = fresh[: len(new) - len(old_keys)]
            self.beginInsertRows(QModelIndex(), len(old_keys), len(new) - 1)
            self._rows += tuple(fresh)
            self.endInsertRows()
        else:
            kept = set(new_keys)
            for number in range(len(old_keys) - 1, -1, -1):
                if len(self._rows) > len(new) and old_keys[number] not in kept:
                    self.beginRemoveRows(QModelIndex(), number, number)
                    self._rows = self._rows[:number] + self._rows[number + 1 :]
                    self.endRemoveRows()
        keys = [self.key(row) for row in self._rows]
        if keys == new_keys:
            self._redraw(new)
        else:
            self._rearrange(lambda: new, keys, new_keys)

    def _rearrange(self, rows: Callable[[], tuple[R, ...]], old_keys: list[object], new_keys: list[object]) -> None:
        self.layoutAboutToBeChanged.emit()
        places = {key: number for number, key in enumerate(new_keys)}
        before = self.persistentIndexList()
        after = []
        for index in before:
            place = places.get(old_keys[index.row()])
            after.append(QModelIndex() if place is None else self.createIndex(place, index.column()))
        self._rows = rows()
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()
