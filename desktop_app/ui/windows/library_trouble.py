"""The dialog of a library that cannot be opened: what is wrong, what to do, and buttons that do it.

Main thread. Shown by `desktop` at the start, where there is no window yet, or over the window when another library was
to be opened. It decides nothing: its answer is a `Choice`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.errors import (
    DiskFullError,
    KibitzError,
    LibraryCorruptError,
    LibraryLockedError,
    LibraryMissingError,
    LibraryReadOnlyError,
    LibraryTooNewError,
)
from desktop_app.ui.controllers.care_controller import size_text
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import icon
from desktop_app.ui.windows.care_dialogs import when
from desktop_app.ui.windows.choose_library import ask_for_file, ask_for_new, ask_for_server
from desktop_app.ui.windows.parts import label, restyle, shape_table

if TYPE_CHECKING:
    from desktop_app.library.backups import Backup

_ICON = QSize(32, 32)
_WIDTH_PX = 620
_TABLE_PX = 128


class Answer(StrEnum):
    """What people chose."""

    TRY_AGAIN = "try again"
    OPEN = "open another"
    MAKE = "make a new one"
    RESTORE = "restore a backup"
    LEAVE = "leave it"


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer, with the library or the backup it is about."""

    answer: Answer
    place: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a library cannot be opened, and what there is instead.

    Attributes:
        location: the library's path or URL.
        error: what was raised.
        backups: backups that could take its place, newest first; none where that would not help.
        others: other libraries' paths and URLs.
        staying: whether a window stays open on another library, so that leaving it does not end the program.
    """

    location: str
    error: KibitzError
    backups: tuple[Backup, ...] = ()
    others: tuple[str, ...] = ()
    staying: bool = False

    @property
    def headline(self) -> str:
        """What is wrong, in a few words."""
        for kind, words in _HEADLINES.items():
            if isinstance(self.error, kind):
                return words
        return "The library cannot be opened"

    @property
    def advice(self) -> str:
        """What to do."""
        if isinstance(self.error, LibraryMissingError) and "://" not in self.location:
            restore = "Or restore a backup of it." if self.backups else "Nothing was made in its place."
            return (
                "It may lie on a disk or in a network folder that is not connected, or somebody moved or renamed it. "
                f"Bring it back and try again, or open it where it is now. {restore}"
            )
        if self.backups:
            return "Restore a backup of it; what is there now is kept beside it. Or open another library."
        # The command line has an option where this dialog has buttons.
        return self.error.action.replace(" with --library", "")


_HEADLINES: dict[type[KibitzError], str] = {
    LibraryMissingError: "The library is not there",
    LibraryLockedError: "The library is in use",
    LibraryTooNewError: "The library needs a newer Kibitz",
    LibraryCorruptError: "The library cannot be read",
    LibraryReadOnlyError: "The library cannot be written",
    DiskFullError: "There is no room left",
}


def backups_help(error: KibitzError) -> bool:
    """Whether putting a backup in the library's place would mend this."""
    return isinstance(error, LibraryMissingError | LibraryCorruptError)


class LibraryTroubleDialog(QDialog):
    """What is wrong with a library. Signals: `chosen(Choice)`, once; closing it by any other means is leaving."""

    chosen = Signal(object)

    def __init__(self, trouble: Trouble, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trouble = trouble
        self._answered = False
        self.setWindowTitle("Kibitz")
        self.setAccessibleName(trouble.headline)
        self._sign = QLabel()
        self.headline = label(trouble.headline, strength="title")
        self.headline.setFont(theme.ui_font(1.25))
        self.text, self.advice = label(trouble.error.text, wrap=True), label(trouble.advice, strength="2", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.again_button = QPushButton("Try again", autoDefault=False)
        self.open_button = QPushButton("Open another", autoDefault=False)
        self.new_button = QPushButton("New library …", autoDefault=False)
        self.restore_button = QPushButton("Restore", autoDefault=False)
        self.leave_button = QPushButton("Close" if trouble.staying else "Quit", autoDefault=False)
        self.backups = QTableView()
        self.menu = QMenu(self)
        self._lay_out()
        self._connect()
        self._tint()
        self.resize(_WIDTH_PX, self.sizeHint().height())

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(8)
        for line in (self.headline, self.text, self.advice):
            words.addWidget(line)
        top = QGridLayout()
        top.setHorizontalSpacing(16)
        top.setColumnStretch(1, 1)
        top.addWidget(self._sign, 0, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 0, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.leave_button)
        buttons.addStretch(1)
        for button in (self.new_button, self.open_button, self.again_button, self.restore_button):
            buttons.addWidget(button)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 20, 20, 16)
        box.setSpacing(16)
        box.addLayout(top)
        box.addWidget(self.backups, 1)
        box.addStretch(0)
        box.addLayout(buttons)
        self._fill_backups()
        self._fill_menu()
        first = self.again_button
        if isinstance(self._trouble.error, LibraryTooNewError | LibraryCorruptError):
            first = self.restore_button if self._trouble.backups else self.open_button
        first.setProperty("role", "primary")
        restyle(first)  # it may have been given its looks already
        first.setDefault(True)
        first.setFocus()

    def _fill_backups(self) -> None:
        found = self._trouble.backups
        self.backups.setVisible(bool(found))
        self.restore_button.setVisible(bool(found))
        rows = QStandardItemModel(0, 3, self)
        rows.setHorizontalHeaderLabels(["Backup made", "Size", "File"])
        for one in found:
            row = [QStandardItem(text) for text in (when(one.made_at), size_text(one.size), one.path.name)]
            row[2].setToolTip(str(one.path))
            rows.appendRow(row)
        shape_table(self.backups, rows, "Backups")
        self.backups.setMinimumHeight(_TABLE_PX)
        self.backups.setColumnWidth(0, 150)
        self.backups.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        if found:
            self.backups.setCurrentIndex(rows.index(0, 0))

    def _fill_menu(self) -> None:
        for place in self._trouble.others:
            self.menu.addAction(place).triggered.connect(partial(self._choose, Answer.OPEN, place))
        self.menu.addSeparator()
        self.menu.addAction("A &file …").triggered.connect(self._on_file)
        self.menu.addAction("On a &server …").triggered.connect(
            lambda: ask_for_server(self, partial(self._choose, Answer.OPEN))
        )
        self.open_button.setMenu(self.menu)

    def _connect(self) -> None:
        self.again_button.clicked.connect(lambda: self._choose(Answer.TRY_AGAIN))
        self.leave_button.clicked.connect(self.reject)
        self.new_button.clicked.connect(self._on_new)
        self.restore_button.clicked.connect(self._on_restore)
        self.backups.doubleClicked.connect(self._on_restore)
        self.rejected.connect(lambda: self._choose(Answer.LEAVE))

    @property
    def _file(self) -> Path | None:
        return None if "://" in self._trouble.location else Path(self._trouble.location)

    @Slot()
    def _on_file(self) -> None:
        ask_for_file(self, partial(self._choose, Answer.OPEN), beside=self._file)

    @Slot()
    def _on_new(self) -> None:
        missing = isinstance(self._trouble.error, LibraryMissingError)
        ask_for_new(self, partial(self._choose, Answer.MAKE), suggested=self._file if missing else None)

    @Slot()
    def _on_restore(self) -> None:
        row = self.backups.currentIndex().row()
        if 0 <= row < len(self._trouble.backups):
            self._choose(Answer.RESTORE, str(self._trouble.backups[row].path))

    def _choose(self, answer: Answer, place: str = "", *_checked: object) -> None:
        if not self._answered:
            self._answered = True
            self.hide()
            self.chosen.emit(Choice(answer, place))

    def _tint(self) -> None:
        ratio = self.devicePixelRatioF()
        self._sign.setPixmap(icon("warning", theme.tokens().warning).pixmap(_ICON, ratio))

    def changeEvent(self, event: QEvent) -> None:
        """Draws the sign in the new theme's colour."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_sign"):
            self._tint()
