"""The text an import could not take, to be mended: why it was refused, the place marked, a button that imports it.

Main thread. Values in, signals out; shown by `windows.imports_dialog`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QTextEdit, QVBoxLayout, QWidget

from desktop_app.ui.runtime import theme

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent

    from desktop_app.domain.receipt import Problem

_NO_TEXT = "This problem is about the whole file: there is no text of a game to show."
_LINE = re.compile(r"[Ll]ine (\d+)")
_QUOTED = re.compile(r'"([^"]{1,80})"')
_SHADE = 0.16


class ProblemEditor(QWidget):
    """Reason above, text below, buttons at the bottom. Signals: `import_requested(problem id, text)`."""

    import_requested = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._problem: Problem | None = None
        self.reason = QLabel(wordWrap=True)
        self.reason.setTextInteractionFlags(self.reason.textInteractionFlags().TextSelectableByMouse)
        self.text = QPlainTextEdit(lineWrapMode=QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(theme.mono_font())
        self.text.setAccessibleName("The text the problem speaks of")
        self.import_button = QPushButton("Import this text")
        self.import_button.setToolTip("Imports the text as it stands here, mended by you.")
        self._copy, self._reset = QPushButton("Copy text"), QPushButton("As it was")
        buttons = QHBoxLayout()
        for button in (self.import_button, self._reset, self._copy):
            buttons.addWidget(button)
        buttons.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        box.addWidget(self.reason)
        box.addWidget(self.text, 1)
        box.addLayout(buttons)
        self.text.textChanged.connect(self._on_changed)
        self.import_button.clicked.connect(self._on_import)
        self._copy.clicked.connect(self._on_copy)
        self._reset.clicked.connect(self._on_reset)
        self.show_problem(None, "")

    def show_problem(self, problem: Problem | None, reason: str) -> None:
        """Show a problem; `reason` is its reason as people read it. None shows nothing.

        A text that is being edited stays while the same problem is shown again.
        """
        same = problem is not None and self._problem is not None and problem.id == self._problem.id
        edited = same and self._edited()
        self._problem = problem
        if problem is None:
            self.reason.clear()
            self.text.setPlaceholderText("Choose a problem to see the text it speaks of.")
        else:
            mended = " Mended: this text was changed and imported since." if problem.mended else ""
            place = "" if _LINE.match(reason) else f"Line {problem.line}: "
            self.reason.setText(f"{place}{reason}{mended}\n{problem.source}")
            self.text.setPlaceholderText(_NO_TEXT)
        self.text.setReadOnly(problem is None or not problem.text)
        if not edited:
            self._on_reset()
        self._on_changed()

    def _edited(self) -> bool:
        return self._problem is not None and self.text.toPlainText() != self._plain(self._problem.text)

    @staticmethod
    def _plain(text: str) -> str:
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @Slot()
    def _on_reset(self) -> None:
        self.text.setPlainText("" if self._problem is None else self._problem.text)
        self._mark()

    @Slot()
    def _on_changed(self) -> None:
        has_text = bool(self.text.toPlainText().strip())
        self.import_button.setEnabled(has_text and self._problem is not None and self._problem.id is not None)
        self._copy.setEnabled(has_text)
        self._reset.setEnabled(self._edited())

    @Slot()
    def _on_import(self) -> None:
        if self._problem is not None and self._problem.id is not None:
            self.import_requested.emit(self._problem.id, self.text.toPlainText())

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def _mark(self) -> None:
        """Mark the line the reason names, and the word it quotes; go there."""
        problem = self._problem
        self.text.setExtraSelections([])
        if problem is None or not problem.text:
            return
        named = _LINE.search(problem.reason)
        line = max(0, int(named[1]) - problem.line) if named else 0
        block = self.text.document().findBlockByNumber(min(line, self.text.blockCount() - 1))
        marks = [self._selection(QTextCursor(block), full=True)]
        quoted = _QUOTED.search(problem.reason)
        if quoted and (place := block.text().find(quoted[1])) >= 0:
            word = QTextCursor(block)
            word.setPosition(block.position() + place)
            word.setPosition(block.position() + place + len(quoted[1]), QTextCursor.MoveMode.KeepAnchor)
            marks.append(self._selection(word, full=False))
        self.text.setExtraSelections(marks)
        cursor = QTextCursor(block)
        self.text.setTextCursor(cursor)
        self.text.centerCursor()

    @staticmethod
    def _selection(cursor: QTextCursor, *, full: bool) -> QTextEdit.ExtraSelection:
        look = theme.tokens()
        colour = QColor(look.warning)
        form = QTextCharFormat()
        if full:
            colour.setAlphaF(_SHADE)
            form.setProperty(QTextFormat.Property.FullWidthSelection, True)
            form.setBackground(colour)
        else:
            form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            form.setUnderlineColor(QColor(look.danger))
        selection = QTextEdit.ExtraSelection()
        selection.cursor = cursor
        selection.format = form
        return selection

    def changeEvent(self, event: QEvent) -> None:
        """The mark in the new theme's colours."""
        super().changeEvent(event)
        if event.type() is event.Type.PaletteChange and hasattr(self, "import_button"):
            self._mark()
