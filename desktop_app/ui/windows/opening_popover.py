"""The openings of the listed games as a tree in a small card: a click filters by a volume, a code or a name.

Main thread; knows no library: it is given volumes, and says which filter is wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from desktop_app.domain.filter_pieces import quoted
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import paint_icon
from desktop_app.ui.widgets.popover import Popover
from desktop_app.ui.windows.parts import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QPersistentModelIndex, QRect
    from PySide6.QtGui import QPainter

    from desktop_app.domain.openings import OpeningCode, OpeningVolume

_FILTER = Qt.ItemDataRole.UserRole + 1
_WIDTH_PX, _HEIGHT_PX, _ROW_PX = 420, 420, 25
_VOLUMES = {
    "A": "Flank openings",
    "B": "Semi-open games",
    "C": "Open games and the French",
    "D": "Closed games",
    "E": "Indian defences",
}


class _Tree(QTreeWidget):
    """With the sidebar's chevrons before what unfolds."""

    def drawBranches(self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        """One chevron, at the end of the indentation."""
        if self.model().hasChildren(index):
            name = "chevron-down" if self.isExpanded(QModelIndex(index)) else "chevron-right"  # type: ignore[arg-type]
            box = QRectF(rect.right() - 15, rect.center().y() - 5, 12, 12)
            paint_icon(painter, box, name, theme.tokens().text_2)


class OpeningPopover(Popover):
    """Signals: `chosen(str)`, the terms of a filter."""

    chosen = Signal(str)

    def __init__(self, host: QWidget) -> None:
        super().__init__("Openings", host)
        self._note = label(strength="2")
        self.tree = _Tree()
        self.tree.setAccessibleName("Openings of the games shown")
        self.tree.setColumnCount(2)
        self.tree.setHeaderHidden(True)
        self.tree.setUniformRowHeights(True)
        self.tree.setFixedSize(_WIDTH_PX, _HEIGHT_PX)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.itemClicked.connect(self._on_chosen)
        self.tree.itemActivated.connect(self._on_chosen)
        self.box.addWidget(self._note)
        self.box.addWidget(self.tree)

    def first_field(self) -> QWidget:
        """The tree: arrows and Enter work at once."""
        return self.tree

    def show_waiting(self) -> None:
        """Nobody has counted yet."""
        self.tree.clear()
        self._note.setText("Counting …")

    def show_volumes(self, volumes: Sequence[OpeningVolume]) -> None:
        """Show what was counted."""
        self.tree.clear()
        self._note.setText("Click an opening to filter by it" if volumes else "None of these games has an opening.")
        for volume in volumes:
            title = f"{volume.letter}  {_VOLUMES.get(volume.letter, '')}".strip()
            item = _item(title, volume.games, f"eco:{volume.letter}")
            item.addChildren([_code_item(code) for code in volume.codes])
            self.tree.addTopLevelItem(item)
            item.setExpanded(len(volumes) == 1)

    @Slot(QTreeWidgetItem, int)
    def _on_chosen(self, item: QTreeWidgetItem, _column: int) -> None:
        self.close_popover()
        self.chosen.emit(str(item.data(0, _FILTER)))


def _code_item(code: OpeningCode) -> QTreeWidgetItem:
    first = code.names[0].name.split(":")[0]
    item = _item(f"{code.eco}  {first}".strip(), code.games, f"eco:{code.eco}")
    for one in code.names:
        if one.name:
            item.addChild(_item(one.name, one.games, f"eco:{code.eco} opening={quoted(one.name)}"))
    return item


def _item(text: str, games: int, expression: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem([text, f"{games:,}"])
    item.setData(0, _FILTER, expression)
    item.setToolTip(0, text)
    item.setSizeHint(0, QSize(0, _ROW_PX))
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{text}, {games:,} games")
    return item
