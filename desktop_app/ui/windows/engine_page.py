"""The friendly page where there is no engine: what is missing, the command that installs it, and two ways on.

Main thread. Shown by the main window as a sheet when analysis is asked for without an engine, and from Help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from desktop_app.engine.discovery import install_command
from desktop_app.ui.runtime import theme
from desktop_app.ui.windows.sheet import Sheet

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.errors import KibitzError
    from desktop_app.ui.controllers.engine_controller import EngineController


class EnginePage(Sheet):
    """What is known of the engine, and what to do."""

    def __init__(self, engine: EngineController, parent: QWidget) -> None:
        super().__init__("Engine", parent)
        self._engine = engine
        self._text = QLabel(wordWrap=True)
        self._hint = QLabel(
            "Kibitz needs a chess engine to judge games. Stockfish is free and strong; install it with:"
        )
        self._hint.setWordWrap(True)
        self._hint.setProperty("strength", "2")
        self.command = QLineEdit(install_command(), readOnly=True)
        self.command.setFont(theme.mono_font())
        self.command.setAccessibleName("Command that installs Stockfish")
        self._copy = QPushButton("Copy")
        line = QHBoxLayout()
        line.addWidget(self.command, 1)
        line.addWidget(self._copy)
        self.check = QPushButton("Check again")
        self.check.setProperty("role", "primary")
        self._choose = QPushButton("Choose a file …")
        close = QPushButton("Close")
        self.buttons.addWidget(self._choose)
        self.buttons.addStretch(1)
        self.buttons.addWidget(close)
        self.buttons.addWidget(self.check)
        self.box.addWidget(self._text)
        self.box.addWidget(self._hint)
        self.box.addLayout(line)
        self.box.addLayout(self.buttons)
        self.setMinimumWidth(520)
        self._copy.clicked.connect(self._on_copy)
        self.check.clicked.connect(self._on_check)
        self._choose.clicked.connect(self._on_choose)
        close.clicked.connect(self.close_sheet)
        engine.found.connect(self._on_found)
        engine.missing.connect(self._on_missing)

    @Slot(str, object)
    def _on_found(self, path: str, identity: EngineIdentity) -> None:
        self.set_title(identity.name)
        self._text.setText(f"Ready to work: {path}\nBuild {identity.build}")
        self._show_help(shown=False)

    @Slot(object)
    def _on_missing(self, error: KibitzError) -> None:
        self.set_title("No engine yet")
        self._text.setText(error.text)
        self._show_help(shown=True)

    def _show_help(self, *, shown: bool) -> None:
        self.check.setEnabled(True)
        for widget in (self._hint, self.command, self._copy):
            widget.setVisible(shown)
        if self.isVisible():
            self.place()

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
    def _on_choose(self) -> None:
        dialog = QFileDialog(self.window(), "Choose a UCI engine")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._engine.choose)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
