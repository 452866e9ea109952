"""Receipts: what each import did, what could not be taken and why, what was there already, and the way back.

Main thread; non-modal. Opened from the toast that ends an import and from File > Imports.
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
    QPushButton,
    QSplitter,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.counting import counted
from desktop_app.domain.rows import BatchState
from desktop_app.ui.models.duplicates_model import DuplicatesModel
from desktop_app.ui.models.imports_model import ImportsModel
from desktop_app.ui.models.problems_model import ProblemsModel
from desktop_app.ui.runtime import theme
from desktop_app.ui.widgets.problem_editor import ProblemEditor
from desktop_app.ui.windows.parts import label, shape_table

if TYPE_CHECKING:
    from PySide6.QtCore import QAbstractItemModel

    from desktop_app.domain.rows import ImportBatch
    from desktop_app.services.receipts import ImportAccount
    from desktop_app.ui.controllers.bin_controller import BinController
    from desktop_app.ui.controllers.import_controller import ImportController


class ImportsDialog(QDialog):
    """All imports above; the chosen one's problems and duplicates below, with a problem's text to be mended."""

    def __init__(
        self, imports: ImportController, bin_: BinController, batch_id: int | None, parent: QWidget | None = None
    ) -> None:
        """`batch_id` is the import to show first, None for the newest."""
        super().__init__(parent)
        self._imports, self._bin, self._wanted = imports, bin_, batch_id
        self._account: ImportAccount | None = None
        self.setWindowTitle("Imports")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(940, 680)
        self.batches, self.problems, self.duplicates = ImportsModel(self), ProblemsModel(self), DuplicatesModel(self)
        self.batch_table = _table(self.batches, "Imports", (130, 200, 70, 80, 100, 80, 80, 90), stretch=1)
        self.problem_table = _table(self.problems, "Problems", (80, 56, 64, 320, 170, 140), stretch=3)
        self.duplicate_table = _table(self.duplicates, "Already here", (64, 260, 280, 140), stretch=1)
        self.headline = QLabel("Reading …", wordWrap=True)
        self.headline.setFont(theme.ui_font(1.1, QFont.Weight.DemiBold))
        self._note = label(strength="2", wrap=True)
        self.editor = ProblemEditor()
        self.tabs = QTabWidget()
        self.undo_button, self.enrich_button = QPushButton("Undo import"), QPushButton("Enrich games")
        self.enrich_button.setToolTip("Puts what duplicates carry into the stored games; nothing stored is lost.")
        self._lay_out()
        self._connect()
        imports.load_batches(self._on_batches)

    def _lay_out(self) -> None:
        problems = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        problems.addWidget(self.problem_table)
        problems.addWidget(self.editor)
        problems.setSizes([140, 220])
        self.tabs.addTab(problems, "Problems")
        self.tabs.addTab(self.duplicate_table, "Already here")
        top = QHBoxLayout()
        top.addWidget(self.headline, 1)
        for button in (self.enrich_button, self.undo_button):
            top.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self._note)
        column.addWidget(self.tabs, 1)
        split = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        split.addWidget(self.batch_table)
        split.addWidget(lower)
        split.setSizes([150, 460])
        close = QPushButton("Close", default=True)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(close)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.addWidget(split, 1)
        box.addLayout(buttons)

    def _connect(self) -> None:
        self.batch_table.selectionModel().currentRowChanged.connect(self._on_batch)
        self.problem_table.selectionModel().currentRowChanged.connect(self._on_problem)
        self.editor.import_requested.connect(self._imports.import_mended)
        self.undo_button.clicked.connect(self._on_undo)
        self.enrich_button.clicked.connect(self._on_enrich)
        self._imports.finished.connect(self._on_import_ended)
        self._bin.changed.connect(self._on_bin_changed)

    # -- reading ---------------------------------------------------------------------------------------------------

    @Slot(object, bool)
    def _on_import_ended(self, _receipt: object, _offer: bool) -> None:
        """What was running when the dialog opened has its final numbers now; what was mended is marked."""
        self._imports.load_batches(self._on_batches)

    @Slot()
    def _on_bin_changed(self) -> None:
        self._imports.load_batches(self._on_batches)

    def _on_batches(self, batches: list[ImportBatch]) -> None:
        self.batches.put(batches)
        if not batches:
            self.headline.setText("Nothing was imported yet.")
            self.undo_button.setEnabled(False)
            self.enrich_button.hide()
            return
        places = {int(batch.id): place for place, batch in enumerate(batches)}
        row = places.get(self._wanted or -1, 0)
        if self.batch_table.currentIndex().row() == row:
            self._read(batches[row])
        else:
            self.batch_table.selectRow(row)

    @Slot(QModelIndex, QModelIndex)
    def _on_batch(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.headline.setText("Reading …")
            self._read(self.batches.row(current.row()))

    def _read(self, batch: ImportBatch) -> None:
        self._wanted = int(batch.id)
        self._imports.load_account(batch.id, self._on_account)

    def _on_account(self, account: ImportAccount) -> None:
        if int(account.batch.id) != self._wanted:
            return
        same = self._account is not None and self._account.batch.id == account.batch.id
        self._account = account
        chosen = self.problem_table.currentIndex().row() if same else 0
        found = sorted(account.problems, key=lambda problem: problem.kind != "rejected")  # what is missing comes first
        self.problems.show(found)
        self.duplicates.show(account.duplicates)
        self.headline.setText(headline(account))
        self._note.setText(_note(account))
        self._note.setVisible(bool(self._note.text()))
        self.tabs.setTabText(0, f"Problems ({len(found):,})" if found else "Problems")
        here = account.batch.duplicates
        self.tabs.setTabText(1, f"Already here ({here:,})" if here else "Already here")
        if not same:
            self.tabs.setCurrentIndex(1 if here and not found else 0)
        self._show_buttons(account)
        if found:
            self.problem_table.selectRow(max(0, min(chosen, len(found) - 1)))
            self._on_problem(self.problem_table.currentIndex(), QModelIndex())
        else:
            self.editor.show_problem(None, "")

    def _show_buttons(self, account: ImportAccount) -> None:
        undone = account.batch.state is BatchState.UNDONE
        self.undo_button.setText("Redo import" if undone else "Undo import")
        self.undo_button.setEnabled(
            account.batch.state is not BatchState.RUNNING and not (undone and not account.entry)
        )
        offered = account.enrichable and not undone
        self.enrich_button.setText(
            f"Enrich {counted(account.enrichable, 'game')}" if offered else "Take enrichment back"
        )
        self.enrich_button.setVisible(bool(offered or account.enrichments))

    @Slot(QModelIndex, QModelIndex)
    def _on_problem(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            row = self.problems.row(current.row())
            self.editor.show_problem(row[1], self.problems.text(row, 3))

    # -- acting ----------------------------------------------------------------------------------------------------

    @Slot()
    def _on_undo(self) -> None:
        account = self._account
        if account is None:
            return
        if account.batch.state is not BatchState.UNDONE:
            self._bin.undo_import(account.batch.id)
        elif account.entry is not None:
            self._bin.restore(account.entry.id)

    @Slot()
    def _on_enrich(self) -> None:
        account = self._account
        if account is None:
            return
        if account.enrichable and account.batch.state is not BatchState.UNDONE:
            self._bin.enrich(account.batch.id)
        elif account.enrichments:
            self._bin.take_back(account.enrichments[0])


def headline(account: ImportAccount) -> str:
    """The receipt as one equation, and whether anything was wrong."""
    batch = account.batch
    parts = f"{batch.imported:,} imported + {batch.duplicates:,} already here + {batch.rejected:,} rejected"
    end = "" if account.problems else " Nothing was wrong with it."
    return f"{batch.read:,} read = {parts}.{end}"


def _note(account: ImportAccount) -> str:
    """What became of the import since."""
    batch, notes = account.batch, []
    if batch.state is BatchState.UNDONE:
        notes.append(
            "Undone: its games are in the bin." if account.entry else "Undone, and its games were removed from the bin."
        )
    elif batch.state is BatchState.INTERRUPTED:
        notes.append("Interrupted: importing the same file again adds what is missing.")
    if account.enrichable and batch.state is not BatchState.UNDONE:
        notes.append(
            f"{counted(account.enrichable, 'stored game')} could be enriched: duplicates carry comments, clocks or "
            "the like."
        )
    if len(account.duplicates) < batch.duplicates:
        notes.append(f"{len(account.duplicates):,} of {batch.duplicates:,} duplicates are listed.")
    return " ".join(notes)


def _table(model: QAbstractItemModel, name: str, widths: tuple[int, ...], *, stretch: int) -> QTableView:
    table = shape_table(QTableView(), model, name)
    for column, width in enumerate(widths):
        table.setColumnWidth(column, width)
    table.horizontalHeader().setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    return table
