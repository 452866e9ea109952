"""Receipts: what each import did, every rejected or repaired game with its line and reason, and its text.

Main thread; non-modal. Opened from the toast that ends an import and from File > Imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.ui.models.imports_model import ImportsModel
from desktop_app.ui.models.problems_model import ProblemsModel
from desktop_app.ui.runtime import theme
from desktop_app.ui.windows.parts import label, shape_table

if TYPE_CHECKING:
    from PySide6.QtCore import QAbstractItemModel

    from desktop_app.domain.receipt import Problem
    from desktop_app.domain.rows import ImportBatch
    from desktop_app.ui.controllers.import_controller import ImportController


_NO_TEXT = "This problem is about the whole file: there is no text of a game to show."


class ImportsDialog(QDialog):
    """All imports above, the chosen one's problems below, the chosen problem's text at the bottom."""

    def __init__(self, imports: ImportController, batch_id: int | None, parent: QWidget | None = None) -> None:
        """`batch_id` is the import to show first, None for the newest."""
        super().__init__(parent)
        self._imports, self._wanted = imports, batch_id
        self.setWindowTitle("Imports")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(900, 600)
        self.batches, self.problems = ImportsModel(self), ProblemsModel(self)
        self.batch_table = _table(self.batches, "Imports", (130, 200, 70, 80, 100, 80, 80, 90), stretch=1)
        self.problem_table = _table(self.problems, "Problems", (80, 56, 64, 320, 170, 140), stretch=3)
        self._headline = QLabel("Reading …", wordWrap=True)
        self._headline.setFont(theme.ui_font(1.1, QFont.Weight.DemiBold))
        self._reason = label(wrap=True)
        self.text = QPlainTextEdit(readOnly=True, lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(theme.mono_font())
        self.text.setAccessibleName("The text the problem speaks of")
        self.text.setPlaceholderText("Choose a problem to see the text it speaks of.")
        self._reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._copy = QPushButton("Copy text")
        self._copy.setEnabled(False)
        self._lay_out()
        self.batch_table.selectionModel().currentRowChanged.connect(self._on_batch)
        self.problem_table.selectionModel().currentRowChanged.connect(self._on_problem)
        self._copy.clicked.connect(self._on_copy)
        imports.load_batches(self._on_batches)
        imports.finished.connect(self._on_import_ended)

    @Slot(object, bool)
    def _on_import_ended(self, _receipt: object, _offer: bool) -> None:
        """What was running when the dialog opened has its final numbers now."""
        self._imports.load_batches(self._on_batches)

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        lower = QWidget()
        column = QVBoxLayout(lower)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._headline)
        column.addWidget(self.problem_table, 2)
        column.addWidget(self._reason)
        column.addWidget(self.text, 1)
        split.addWidget(self.batch_table)
        split.addWidget(lower)
        split.setSizes([160, 380])
        close = QPushButton("Close", default=True)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self._copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.addWidget(split, 1)
        box.addLayout(buttons)

    def _on_batches(self, batches: list[ImportBatch]) -> None:
        self.batches.put(batches)
        if not batches:
            self._headline.setText("Nothing was imported yet.")
            return
        places = {int(batch.id): place for place, batch in enumerate(batches)}
        self.batch_table.selectRow(places.get(self._wanted or -1, 0))

    @Slot(QModelIndex, QModelIndex)
    def _on_batch(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            batch = self.batches.row(current.row())
            self._headline.setText("Reading …")
            self._wanted = int(batch.id)
            self._imports.load_problems(batch.id, lambda found: self._on_problems(batch, found))

    def _on_problems(self, batch: ImportBatch, found: tuple[Problem, ...]) -> None:
        if int(batch.id) != self._wanted:
            return
        self.problems.show(sorted(found, key=lambda problem: problem.kind != "rejected"))  # what is missing comes first
        self.text.clear()
        self._reason.clear()
        self._headline.setText(headline(batch, found))
        if found:
            self.problem_table.selectRow(0)

    @Slot(QModelIndex, QModelIndex)
    def _on_problem(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            row = self.problems.row(current.row())
            problem = row[1]
            self._reason.setText(f"Line {problem.line}: {self.problems.text(row, 3)}\n{problem.source}")
            self.text.setPlainText(problem.text)
            self.text.setPlaceholderText(_NO_TEXT)
            self._copy.setEnabled(bool(problem.text))

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())


def headline(batch: ImportBatch, problems: tuple[Problem, ...]) -> str:
    """The receipt as one equation, and whether anything was wrong."""
    parts = f"{batch.imported:,} imported + {batch.duplicates:,} already here + {batch.rejected:,} rejected"
    end = "" if problems else " Nothing was wrong with it."
    return f"{batch.read:,} read = {parts}.{end}"


def _table(model: QAbstractItemModel, name: str, widths: tuple[int, ...], *, stretch: int) -> QTableView:
    table = shape_table(QTableView(), model, name)
    for column, width in enumerate(widths):
        table.setColumnWidth(column, width)
    table.horizontalHeader().setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    return table
