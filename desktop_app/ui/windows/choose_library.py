"""Asks which library: a new file, one that is there, a database on a server. Main thread; nothing waits.

Used by the Library menu and by the dialog of a library that cannot be opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QWidget

from desktop_app import paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FILTERS = "Kibitz libraries (*.kibitz);;All files (*)"


def ask_for_new(parent: QWidget, taken: Callable[[str], object], *, suggested: Path | None = None) -> None:
    """Ask where a new library is to be; `taken` gets the path. `suggested`: a file that need not be there."""
    dialog = QFileDialog(parent, "New library", _nearest_folder(suggested), _FILTERS)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("kibitz")
    # An existing one is opened, never written over.
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
    if suggested is not None:
        dialog.selectFile(suggested.name)
    _ask(dialog, taken)


def ask_for_file(parent: QWidget, taken: Callable[[str], object], *, beside: Path | None = None) -> None:
    """Ask for a library that is there; `taken` gets the path."""
    dialog = QFileDialog(parent, "Open library", _nearest_folder(beside), _FILTERS)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    _ask(dialog, taken)


def ask_for_server(parent: QWidget, taken: Callable[[str], object]) -> None:
    """Ask for the address of a PostgreSQL database; `taken` gets it."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle("Open a library on a server")
    dialog.setLabelText("Address of a PostgreSQL database:")
    dialog.setTextEchoMode(QLineEdit.EchoMode.Normal)
    dialog.setTextValue("postgresql+psycopg://user@host/database")
    dialog.textValueSelected.connect(taken)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def _ask(dialog: QFileDialog, taken: Callable[[str], object]) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(taken)
    dialog.open()


def _nearest_folder(file: Path | None) -> str:
    """The folder of a file where it is there, else our own: a disk that is not connected has none."""
    return str(file.parent if file is not None and file.parent.is_dir() else paths.data_dir())
