"""The engines: which there are and how fast, which is in use, their options, endgame tables, and the official build.

Where there is no engine it is the friendly page that says what to do. Main thread. Shown by the main window as a sheet
when analysis is asked for without an engine, and from the Analysis menu.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QHeaderView, QLineEdit, QPushButton, QTableView, QWidget

from desktop_app.domain.engine_setup import EngineEntry
from desktop_app.engine.discovery import install_command
from desktop_app.ui.runtime import theme
from desktop_app.ui.windows.engine_offer import EngineOffer
from desktop_app.ui.windows.engine_options import EngineOptionsDialog
from desktop_app.ui.windows.parts import label, shape_table
from desktop_app.ui.windows.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.errors import KibitzError
    from desktop_app.ui.controllers.engine_controller import EngineController

_HEADS = ("", "Engine", "Built for", "Speed", "Program")
_WIDTHS = (24, 150, 110, 90, 0)
_WIDTH_PX = 720
_TABLE_PX = 150


class EnginePage(Sheet):
    """What is known of the engines, and what to do."""

    def __init__(self, engine: EngineController, parent: QWidget) -> None:
        super().__init__("Engines", parent)
        self._engine = engine
        self._text = label(wrap=True)
        self._hint = label(
            "Kibitz needs a chess engine to judge games. Stockfish is free and strong; install it with:",
            strength="2",
            wrap=True,
        )
        self.command = QLineEdit(install_command(), readOnly=True)
        self.command.setFont(theme.mono_font())
        self.command.setAccessibleName("Command that installs Stockfish")
        self._copy = QPushButton("Copy")
        line = QHBoxLayout()
        line.addWidget(self.command, 1)
        line.addWidget(self._copy)
        self.rows = QStandardItemModel(0, len(_HEADS), self)
        self.rows.setHorizontalHeaderLabels(list(_HEADS))
        self.table = shape_table(QTableView(), self.rows, "Engines")
        self.table.setFixedHeight(_TABLE_PX)
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        self.table.horizontalHeader().setSectionResizeMode(_WIDTHS.index(0), QHeaderView.ResizeMode.Stretch)
        self.offer = EngineOffer(engine)
        self.note = label(wrap=True, strength="warning")
        self.note.hide()
        for widget in (self._text, self._hint):
            self.box.addWidget(widget)
        self.box.addLayout(line)
        self.box.addWidget(self.table)
        self.box.addLayout(self._row_buttons())
        self.box.addWidget(self.offer)
        self.box.addLayout(self._tables_line())
        self.box.addWidget(self.note)
        self.box.addLayout(self._closing_buttons())
        self.setMinimumWidth(_WIDTH_PX)
        self._copy.clicked.connect(self._on_copy)
        self.table.selectionModel().selectionChanged.connect(self._on_selected)
        engine.found.connect(self._on_found)
        engine.missing.connect(self._on_missing)
        engine.list_changed.connect(self._on_list_changed)
        engine.trouble.connect(self._on_trouble)
        self._on_selected()

    def open_sheet(self) -> None:
        """Show it, and look at the engines that nobody has looked at yet."""
        self.note.hide()
        for entry in self._entries():
            if entry.path not in self._engine.reports:
                self._engine.examine(entry.path, measure=False)
        self._engine.describe_tables()
        self._engine.ask_offer()
        self._fill()
        super().open_sheet()

    def _row_buttons(self) -> QHBoxLayout:
        self.use_button = QPushButton("Use")
        self.options_button = QPushButton("Options …")
        self.measure_button = QPushButton("Measure speed")
        self.remove_button = QPushButton("Remove")
        self.add_button = QPushButton("Add engine …")
        line = QHBoxLayout()
        line.setSpacing(8)
        handlers: tuple[tuple[QPushButton, Callable[[], None]], ...] = (
            (self.use_button, self._on_use),
            (self.options_button, self._on_options),
            (self.measure_button, self._on_measure),
            (self.remove_button, self._on_remove),
            (self.add_button, self._on_add),
        )
        for button, handler in handlers:
            if button is self.add_button:
                line.addStretch(1)
            line.addWidget(button)
            button.clicked.connect(handler)
        return line

    def _tables_line(self) -> QHBoxLayout:
        self.tables = label(wrap=True, strength="2")
        self.tables_button = QPushButton("Endgame tables …")
        self.no_tables_button = QPushButton("None")
        self.no_tables_button.setAccessibleName("Use no endgame tables")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.tables, 1)
        line.addWidget(self.no_tables_button)
        line.addWidget(self.tables_button)
        self.tables_button.clicked.connect(self._on_tables)
        self.no_tables_button.clicked.connect(self._on_no_tables)
        return line

    def _closing_buttons(self) -> QHBoxLayout:
        self.check = QPushButton("Check again")
        close = QPushButton("Close")
        close.setProperty("role", "primary")
        self.buttons.addWidget(self.check)
        self.buttons.addStretch(1)
        self.buttons.addWidget(close)
        self.check.clicked.connect(self._on_check)
        close.clicked.connect(self.close_sheet)
        return self.buttons

    def _entries(self) -> tuple[EngineEntry, ...]:
        """The list, with the engine in use in it though nobody put it there."""
        entries = self._engine.entries
        if self._engine.path and all(entry.path != self._engine.path for entry in entries):
            entries = (EngineEntry(self._engine.path), *entries)
        return entries

    def _selected(self) -> str:
        row = self.table.currentIndex().row()
        entries = self._entries()
        return entries[row].path if 0 <= row < len(entries) else ""

    def _fill(self) -> None:
        selected = self._selected() or self._engine.path
        self.rows.removeRows(0, self.rows.rowCount())
        for number, entry in enumerate(self._entries()):
            report, fault = self._engine.reports.get(entry.path), self._engine.faults.get(entry.path, "")
            build = report.build.spoken if report and report.build else ""
            words = (
                "●" if entry.path == self._engine.path else "",
                report.identity.name if report else entry.name or "…",
                "does not work" if fault else build,
                report.knps if report else "",
                entry.path,
            )
            items = [QStandardItem(word) for word in words]
            items[3].setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for item in items:
                item.setEditable(False)
                item.setToolTip(fault or self._told(entry))
            self.rows.appendRow(items)
            if entry.path == selected:
                self.table.selectRow(number)
        self.tables.setText(self._engine.tables_text)
        self.no_tables_button.setVisible(bool(self._engine.syzygy))
        self._on_selected()

    def _told(self, entry: EngineEntry) -> str:
        report = self._engine.reports.get(entry.path)
        lines = [entry.path]
        if report is not None:
            lines += [f"Build {report.identity.build}"]
            lines += [f"{name}: {value}" for name, value in report.identity.options]
            if report.flags:
                lines.append(f"Compiled for {', '.join(sorted(report.flags))}")
        return "\n".join(lines)

    def _say(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))
        if self.isVisible():
            self.place()

    @Slot(str, object)
    def _on_found(self, path: str, identity: EngineIdentity) -> None:
        self.set_title("Engines")
        self._text.setText(f"In use: {identity.name}, {path}")
        self._show_help(shown=False)

    @Slot(object)
    def _on_missing(self, error: KibitzError) -> None:
        if not self._engine.path:
            self.set_title("No engine yet")
            self._text.setText(error.text)
        else:
            self._say(str(error))
        self._show_help(shown=not self._engine.path)

    def _show_help(self, *, shown: bool) -> None:
        self.check.setEnabled(True)
        for widget in (self._hint, self.command, self._copy, self.check):
            widget.setVisible(shown)
        if self.isVisible():
            self.place()

    @Slot()
    def _on_list_changed(self) -> None:
        if self.isVisible():
            self._fill()
            self.offer.show_advice()
            faults = self._engine.faults.get(self._selected(), "")
            if faults:
                self._say(faults)
            self.place()

    @Slot(str)
    def _on_trouble(self, text: str) -> None:
        self._say(text)

    @Slot()
    def _on_selected(self) -> None:
        path = self._selected()
        works = path in self._engine.reports
        self.use_button.setEnabled(bool(path) and path != self._engine.path)
        self.options_button.setEnabled(works)
        self.measure_button.setEnabled(bool(path))
        self.remove_button.setEnabled(bool(path) and path != self._engine.path)

    @Slot()
    def _on_use(self) -> None:
        self._say("")
        self._engine.choose(self._selected())

    @Slot()
    def _on_options(self) -> None:
        EngineOptionsDialog(self._engine, self._engine.reports[self._selected()], self.window()).open()

    @Slot()
    def _on_measure(self) -> None:
        self._engine.examine(self._selected(), measure=True)

    @Slot()
    def _on_remove(self) -> None:
        self._engine.remove(self._selected())

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.command.text())
        self._copy.setText("Copied")

    @Slot()
    def _on_check(self) -> None:
        self.check.setEnabled(False)
        self._text.setText("Looking …")
        self._engine.check()

    @Slot()
    def _on_add(self) -> None:
        dialog = QFileDialog(self.window(), "Choose a UCI engine")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._engine.add if self._engine.path else self._engine.choose)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def _on_tables(self) -> None:
        dialog = QFileDialog(self.window(), "Choose the folder of Syzygy tables", self._engine.syzygy)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._engine.set_syzygy)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def _on_no_tables(self) -> None:
        self._engine.set_syzygy("")
