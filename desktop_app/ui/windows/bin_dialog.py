"""The bin: every deletion, the games in it, bringing them back, and removing them for good (the only question asked).

Main thread; non-modal. Opened from File > Bin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.counting import counted
from desktop_app.ui.models.bin_model import BinModel, BinnedGamesModel, words_for
from desktop_app.ui.runtime import theme
from desktop_app.ui.windows.parts import label, shape_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QAbstractItemModel

    from desktop_app.domain.bin import BinEntry, BinnedGame, EntryId
    from desktop_app.ui.controllers.bin_controller import BinController

_OLD_DAYS = 30


class BinDialog(QDialog):
    """Deletions above, the chosen one's games below."""

    def __init__(self, controller: BinController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bin = controller
        self._shown: EntryId | None = None
        self.setWindowTitle("Bin")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(820, 540)
        self.entries, self.games = BinModel(self), BinnedGamesModel(self)
        self.entry_table = _table(self.entries, "Deletions", (140, 80, 300), stretch=2)
        self.game_table = _table(self.games, "Games of this deletion", (150, 150, 56, 84, 160, 56, 110), stretch=4)
        self.game_table.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        self.headline = QLabel("Reading …", wordWrap=True)
        self.headline.setFont(theme.ui_font(1.1, QFont.Weight.DemiBold))
        self._note = label(strength="2", wrap=True)
        self.restore_button = QPushButton("Restore", default=True)
        self.restore_games_button = QPushButton("Restore selected games")
        self.empty_button = QPushButton("Empty …")
        self._lay_out()
        self._connect()
        controller.load(self._on_entries)

    def _lay_out(self) -> None:
        menu = QMenu(self)
        self.empty_all = menu.addAction("Everything …", self._on_empty_all)
        self.empty_old = menu.addAction(f"What was deleted more than {_OLD_DAYS} days ago …", self._on_empty_old)
        self.empty_entry = menu.addAction("This deletion …", self._on_empty_entry)
        self.empty_button.setMenu(menu)
        close = QPushButton("Close")
        close.clicked.connect(self.close)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.headline)
        column.addWidget(self.game_table, 1)
        column.addWidget(self._note)
        split = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        split.addWidget(self.entry_table)
        split.addWidget(lower)
        split.setSizes([180, 320])
        buttons = QHBoxLayout()
        for widget in (self.restore_button, self.restore_games_button):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        buttons.addWidget(self.empty_button)
        buttons.addWidget(close)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.addWidget(split, 1)
        box.addLayout(buttons)

    def _connect(self) -> None:
        self.entry_table.selectionModel().currentRowChanged.connect(self._on_entry)
        self.game_table.selectionModel().selectionChanged.connect(self._on_games_chosen)
        self.restore_button.clicked.connect(self._on_restore)
        self.restore_games_button.clicked.connect(self._on_restore_games)
        self._bin.changed.connect(self._on_bin_changed)

    @Slot()
    def _on_bin_changed(self) -> None:
        self._bin.load(self._on_entries)

    def _on_entries(self, entries: list[BinEntry]) -> None:
        self.entries.put(entries)
        for widget in (self.restore_button, self.empty_button):
            widget.setEnabled(bool(entries))
        if not entries:
            self._shown = None
            self.headline.setText("The bin is empty.")
            self._note.setText("Games you delete (Del) are kept here until you empty the bin.")
            self.games.put([])
            self.restore_games_button.setEnabled(False)
            return
        current = self.entry_table.currentIndex()
        if current.isValid():
            self._on_entry(current, QModelIndex())
        else:
            self.entry_table.selectRow(0)

    @Slot(QModelIndex, QModelIndex)
    def _on_entry(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            entry = self.entries.row(current.row())
            self._shown = entry.id
            self.headline.setText(words_for(entry))
            self._bin.load_games(entry.id, lambda games: self._on_games(entry, games))

    def _on_games(self, entry: BinEntry, games: list[BinnedGame]) -> None:
        if entry.id != self._shown:
            return
        self.games.put(games)
        notes = []
        if len(games) < entry.games:
            notes.append(f"The first {len(games):,} of {entry.games:,} games are shown.")
        if not entry.finished:
            notes.append("Moving these games was interrupted; what had been moved can be restored.")
        if any(game.again is not None for game in games):
            notes.append("Games that were imported again since cannot come back: the newer one is kept.")
        self._note.setText(" ".join(notes))
        self._on_games_chosen()

    @Slot()
    def _on_games_chosen(self) -> None:
        self.restore_games_button.setEnabled(self.game_table.selectionModel().hasSelection())

    @Slot()
    def _on_restore(self) -> None:
        if self._shown is not None:
            self._bin.restore(self._shown)

    @Slot()
    def _on_restore_games(self) -> None:
        chosen = [self.games.row(index.row()).id for index in self.game_table.selectionModel().selectedRows()]
        if self._shown is not None and chosen:
            self._bin.restore(self._shown, chosen)

    # -- emptying --------------------------------------------------------------------------------------------------

    def _on_empty_all(self) -> None:
        games = sum(entry.games for entry in self.entries.rows())
        self._ask(f"Remove {counted(games, 'game')} for good?", self._bin.empty)

    def _on_empty_old(self) -> None:
        text = f"Remove for good what was deleted more than {_OLD_DAYS} days ago?"
        self._ask(text, lambda: self._bin.empty(older_than_days=_OLD_DAYS))

    def _on_empty_entry(self) -> None:
        shown = self._shown
        if shown is None:
            return
        games = next((entry.games for entry in self.entries.rows() if entry.id == shown), 0)
        self._ask(f"Remove {counted(games, 'game')} for good?", lambda: self._bin.empty([shown]))

    def _ask(self, text: str, then: Callable[[], None]) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, "Empty the bin", text, parent=self)
        box.setInformativeText("Nothing brings them back, neither Undo nor a restart.")
        yes = box.addButton("Remove for good", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes.clicked.connect(lambda _checked: then())
        box.open()


def _table(model: QAbstractItemModel, name: str, widths: tuple[int, ...], *, stretch: int) -> QTableView:
    table = shape_table(QTableView(), model, name)
    for column, width in enumerate(widths):
        table.setColumnWidth(column, width)
    table.horizontalHeader().setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    return table
