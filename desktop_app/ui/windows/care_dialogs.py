"""Backups, the history of edits, and what a check of the library found: dialogs of the Library menu. Main thread."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.counting import counted
from desktop_app.domain.edits import EditState
from desktop_app.ui.controllers.care_controller import size_text
from desktop_app.ui.windows.parts import label, shape_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.care import Finding, Soundness
    from desktop_app.domain.edits import Edit
    from desktop_app.library.backups import Backup
    from desktop_app.ui.controllers.care_controller import CareController
    from desktop_app.ui.controllers.edit_controller import EditController

_STATES = {
    EditState.RUNNING: "being made",
    EditState.DONE: "",
    EditState.UNDONE: "undone",
    EditState.INTERRUPTED: "interrupted",
}


class _ListDialog(QDialog):
    """A table above, buttons below. Base of the dialogs here."""

    def __init__(self, title: str, heads: Sequence[str], widths: Sequence[int], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(760, 440)
        self.rows = QStandardItemModel(0, len(heads), self)
        self.rows.setHorizontalHeaderLabels(list(heads))
        self.table = shape_table(QTableView(), self.rows, title)
        for column, width in enumerate(widths):
            self.table.setColumnWidth(column, width)
        self.table.horizontalHeader().setSectionResizeMode(widths.index(0), QHeaderView.ResizeMode.Stretch)
        self.note = label("Reading …", strength="2", wrap=True)
        self.buttons = QHBoxLayout()
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(16, 16, 16, 16)
        self.box.setSpacing(10)
        self.box.addWidget(self.note)
        self.box.addWidget(self.table, 1)

    def _finish(self, *left: QWidget) -> None:
        close = QPushButton("Close", autoDefault=False)
        close.clicked.connect(self.close)
        for widget in left:
            self.buttons.addWidget(widget)
        self.buttons.addStretch(1)
        self.buttons.addWidget(close)
        self.box.addLayout(self.buttons)

    def _put(self, rows: Sequence[Sequence[str]]) -> None:
        self.rows.removeRows(0, self.rows.rowCount())
        for row in rows:
            items = [QStandardItem(text) for text in row]
            for item in items:
                item.setEditable(False)
            self.rows.appendRow(items)
        if rows:
            self.table.selectRow(0)


class BackupsDialog(_ListDialog):
    """The backups of this library. Signals: `restore_wanted(str)`, the chosen backup's path."""

    restore_wanted = Signal(str)

    def __init__(self, care: CareController, parent: QWidget | None = None) -> None:
        super().__init__("Backups", ("Made", "Size", "", "File"), (150, 90, 120, 0), parent)
        self._care = care
        self._backups: list[Backup] = []
        self.daily = QCheckBox("Back this library up once a day, when something has changed")
        self.daily.setChecked(care.daily)
        self.make_button = QPushButton("Back up now", autoDefault=False)
        self.restore_button = QPushButton("Restore …", autoDefault=False)
        self.folder_button = QPushButton("Folder …", autoDefault=False)
        self.show_button = QPushButton("Show files", autoDefault=False)
        self.restore_button.setEnabled(False)
        self.box.addWidget(self.daily)
        self._finish(self.make_button, self.restore_button, self.show_button, self.folder_button)
        self.daily.toggled.connect(lambda on: care.choose(daily=on))
        self.make_button.clicked.connect(care.back_up)
        self.restore_button.clicked.connect(self._on_restore)
        self.folder_button.clicked.connect(self._on_folder)
        self.show_button.clicked.connect(self._on_show)
        care.backups_changed.connect(self._load)
        self._load()

    @Slot()
    def _load(self) -> None:
        self._care.load_backups(self._on_backups)

    def _on_backups(self, found: list[Backup]) -> None:
        self._backups = found
        self.note.setText(
            f"Backups are kept in {self._care.backup_folder}: the newest of each of seven days and four weeks."
            if found
            else f"There are no backups yet. They go to {self._care.backup_folder}."
        )
        self.restore_button.setEnabled(bool(found))
        self.make_button.setEnabled(not self._care.read_only)
        why = ("", "before an upgrade")
        self._put([(when(one.made_at), size_text(one.size), why[one.before_upgrade], one.path.name) for one in found])

    @Slot()
    def _on_restore(self) -> None:
        row = self.table.currentIndex().row()
        if not 0 <= row < len(self._backups):
            return
        chosen = self._backups[row]
        box = QMessageBox(
            QMessageBox.Icon.Question,
            "Restore a backup",
            f"Put back the library as of {when(chosen.made_at)}?",
            parent=self,
        )
        box.setInformativeText(
            "What is in the library now becomes a backup itself first, so that this can be taken back. The library is "
            "closed and opened again; a running batch goes on where it was then."
        )
        restore = box.addButton("Restore", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.buttonClicked.connect(
            lambda button: self.restore_wanted.emit(str(chosen.path)) if button is restore else None
        )
        box.open()

    @Slot()
    def _on_folder(self) -> None:
        dialog = QFileDialog(self, "A folder for backups", self._care.backup_folder)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda folder: self._care.choose(folder=folder))
        dialog.open()

    @Slot()
    def _on_show(self) -> None:
        folder = Path(self._care.backup_folder)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder if folder.is_dir() else folder.parent)))


class EditsDialog(_ListDialog):
    """What was edited; every edit can be taken back, also after a restart."""

    def __init__(self, controller: EditController, parent: QWidget | None = None) -> None:
        super().__init__("Edit history", ("When", "What", "Games", ""), (150, 0, 80, 100), parent)
        self._controller = controller
        self._edits: list[Edit] = []
        self.undo_button = QPushButton("Undo this edit", autoDefault=False)
        self.undo_button.setEnabled(False)
        self._finish(self.undo_button)
        self.undo_button.clicked.connect(self._on_undo)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        controller.changed.connect(self._load)
        self._load()

    @Slot()
    def _load(self) -> None:
        self._controller.load_history(self._on_edits)

    def _on_edits(self, edits: list[Edit]) -> None:
        self._edits = edits
        self.note.setText(
            "Undoing an older edit leaves games alone whose tags were changed again since."
            if edits
            else "Nothing was edited yet. Ctrl+H edits the selected games."
        )
        self._put([(when(one.made_at), one.title, f"{one.games:,}", _STATES[one.state]) for one in edits])
        self._on_row()

    @Slot()
    def _on_row(self, *_: object) -> None:
        row = self.table.currentIndex().row()
        self.undo_button.setEnabled(0 <= row < len(self._edits) and self._edits[row].can_be_undone)

    @Slot()
    def _on_undo(self) -> None:
        row = self.table.currentIndex().row()
        if 0 <= row < len(self._edits):
            self._controller.undo(self._edits[row].id)


class CheckDialog(QDialog):
    """Whether the library is sound, and a button that mends what is not."""

    def __init__(self, care: CareController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._care = care
        self._findings: tuple[Finding, ...] = ()
        self.setWindowTitle("Check the library")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 360)
        self.headline = label("Checking … you can go on working meanwhile.", strength="title", wrap=True)
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setAccessibleName("What was found")
        self.full_button = QPushButton("Read every game", autoDefault=False)
        self.repair_button = QPushButton("Mend", autoDefault=False)
        close = QPushButton("Close", autoDefault=False)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        for widget in (self.repair_button, self.full_button):
            widget.setEnabled(False)
            buttons.addWidget(widget)
        buttons.addStretch(1)
        buttons.addWidget(close)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.setSpacing(10)
        box.addWidget(self.headline)
        box.addWidget(self.text, 1)
        box.addLayout(buttons)
        self.full_button.clicked.connect(lambda: self._check(full=True))
        self.repair_button.clicked.connect(self._on_repair)
        self._check(full=False)

    def _check(self, *, full: bool) -> None:
        for button in (self.full_button, self.repair_button):
            button.setEnabled(False)
        self.headline.setText("Checking … you can go on working meanwhile.")
        self._care.check(self._on_checked, self._on_failed, full=full)

    def _on_checked(self, found: Soundness) -> None:
        self._findings = found.findings
        read = f"{counted(found.games, 'game')}, {found.texts_read:,} of them read again."
        indexed = f"Positions of {counted(found.indexed, 'game')} are indexed."
        self.headline.setText(
            "The library is sound." if found.sound else f"{counted(len(found.findings), 'thing')} to mend."
        )
        lines = [
            f"{read} {indexed}",
            *self._care.remarks,
            *(f"• {one.text} {one.action}".rstrip() for one in found.findings),
        ]
        self.text.setPlainText("\n\n".join(lines))
        self.full_button.setEnabled(found.texts_read < found.games)
        can_mend = any(one.repairable for one in found.findings) and not self._care.read_only
        self.repair_button.setEnabled(can_mend)

    def _on_failed(self, error: Exception) -> None:
        self.headline.setText("The check could not be finished.")
        self.text.setPlainText(str(error))
        self.full_button.setEnabled(True)

    @Slot()
    def _on_repair(self) -> None:
        self.repair_button.setEnabled(False)
        self._care.repair(self._findings, lambda _left: self._check(full=False))


def when(moment: float) -> str:
    """A moment in local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
