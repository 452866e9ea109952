"""Players with several names: which look like one, how many games each has, and one name for all of them.

Main thread; non-modal. Opened from Library > Players.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.counting import counted
from desktop_app.ui.windows.parts import label, shape_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desktop_app.domain.people import NameCount
    from desktop_app.ui.controllers.edit_controller import EditController


class MergeDialog(QDialog):
    """Suggestions above, the names of one player below."""

    def __init__(self, controller: EditController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._groups: list[tuple[NameCount, ...]] = []
        self.setWindowTitle("Players")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 600)
        self.suggested, self.names = QStandardItemModel(0, 2, self), QStandardItemModel(0, 2, self)
        self.suggested.setHorizontalHeaderLabels(["Names that may be one player's", "Games"])
        self.names.setHorizontalHeaderLabels(["Name", "Games"])
        self.suggestion_table = _table(self.suggested, "Names that may be one player's")
        self.name_table = _table(self.names, "Names to merge")
        self.search = QLineEdit(placeholderText="A player's name, as games have it")
        self.search.setAccessibleName("Find a player")
        self.find_button = QPushButton("Find", autoDefault=False)
        self.into = QComboBox(editable=True)
        self.into.setAccessibleName("The name for all of them")
        self.merge_button = QPushButton("Merge", default=True)
        self.merge_button.setEnabled(False)
        self._note = label("Comparing names …", strength="2", wrap=True)
        self._lay_out()
        self._connect()
        controller.load_suggestions(self._on_suggestions)

    def _lay_out(self) -> None:
        finding, naming, buttons = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        finding.addWidget(self.search, 1)
        finding.addWidget(self.find_button)
        naming.addWidget(QLabel("Call all of them"))
        naming.addWidget(self.into, 1)
        close = QPushButton("Close", autoDefault=False)
        close.clicked.connect(self.close)
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self.merge_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.setSpacing(10)
        box.addLayout(finding)
        box.addWidget(self.suggestion_table, 3)
        box.addWidget(self._note)
        box.addWidget(self.name_table, 2)
        box.addLayout(naming)
        box.addLayout(buttons)

    def _connect(self) -> None:
        self.suggestion_table.selectionModel().currentRowChanged.connect(self._on_group)
        self.names.itemChanged.connect(self._on_checked)
        self.into.editTextChanged.connect(self._on_checked)
        self.search.returnPressed.connect(self._on_find)
        self.find_button.clicked.connect(self._on_find)
        self.merge_button.clicked.connect(self._on_merge)
        self._controller.changed.connect(self._on_edited)

    def _on_suggestions(self, groups: list[tuple[NameCount, ...]]) -> None:
        self._groups = groups
        self.suggested.removeRows(0, self.suggested.rowCount())
        for group in groups:
            games = sum(one.games for one in group)
            self.suggested.appendRow([_item("; ".join(one.name for one in group)), _item(f"{games:,}")])
        self._note.setText(
            "Choose a line above, or find a player by name; untick names that are somebody else's."
            if groups
            else "No names look like one player's. Find one by name to merge it with others."
        )
        if groups:
            self.suggestion_table.selectRow(0)

    @Slot(QModelIndex, QModelIndex)
    def _on_group(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid() and current.row() < len(self._groups):
            self._show([(one.name, one.games) for one in self._groups[current.row()]])

    @Slot()
    def _on_find(self) -> None:
        name = self.search.text().strip()
        if name:
            self._controller.load_similar(name, lambda found: self._on_found(name, *found))

    def _on_found(self, name: str, games: int, similar: list[NameCount]) -> None:
        self._show([(name, games), *((one.name, one.games) for one in similar)])
        self._note.setText(
            f"{name} has {counted(games, 'game')}; names like it are below."
            if similar
            else f"{name} has {counted(games, 'game')}; no other name is like it. Type the right name below to rename."
        )

    def _show(self, rows: Iterable[tuple[str, int]]) -> None:
        self.names.removeRows(0, self.names.rowCount())
        self.into.clear()
        for name, games in rows:
            item = _item(name)
            item.setCheckable(True)
            item.setCheckState(Qt.CheckState.Checked)
            self.names.appendRow([item, _item(f"{games:,}")])
            self.into.addItem(name)
        # The fullest name says most; ties go to the one with more games.
        self.into.setCurrentText(
            max((self.into.itemText(row) for row in range(self.into.count())), key=len, default="")
        )
        self._on_checked()

    def chosen(self) -> list[str]:
        """The names that are ticked."""
        items = [self.names.item(row, 0) for row in range(self.names.rowCount())]
        return [item.text() for item in items if item.checkState() is Qt.CheckState.Checked]

    @Slot()
    def _on_checked(self) -> None:
        into = self.into.currentText().strip()
        others = [name for name in self.chosen() if name != into]
        self.merge_button.setEnabled(bool(into and others))
        self.merge_button.setText(f"Merge {counted(len(others), 'name')}" if others else "Merge")

    @Slot()
    def _on_merge(self) -> None:
        self._controller.merge(self.chosen(), self.into.currentText().strip())
        self.merge_button.setEnabled(False)

    @Slot()
    def _on_edited(self) -> None:
        self._controller.load_suggestions(self._on_suggestions)


def _item(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setEditable(False)
    return item


def _table(model: QStandardItemModel, name: str) -> QTableView:
    table = shape_table(QTableView(), model, name)
    table.setColumnWidth(1, 80)
    table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table
