"""The system's file dialogs and the words about Kibitz, none of which blocks the window's loop. Main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from desktop_app import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

_FILTERS = "Chess games (*.pgn *.pgn.gz *.pgn.bz2 *.pgn.zst *.zip);;All files (*)"


def ask_for_games(parent: QWidget, done: Callable[[list[str]], None]) -> None:
    """Choose files to import."""
    dialog = QFileDialog(parent, "Open games", _documents(), _FILTERS)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(done)
    _open(dialog)


def ask_for_folder(parent: QWidget, done: Callable[[list[str]], None]) -> None:
    """Choose a folder to import."""
    dialog = QFileDialog(parent, "Open a folder of games", _documents())
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.filesSelected.connect(done)
    _open(dialog)


def ask_where_to_export(parent: QWidget, title: str, done: Callable[[str], None]) -> None:
    """Choose a file to write; an existing one is only replaced after a question."""
    dialog = QFileDialog(parent, title, f"{_documents()}/games.pgn", "PGN (*.pgn)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("pgn")
    dialog.fileSelected.connect(done)
    _open(dialog)


def _documents() -> str:
    """Where a player's files are: not the folder Kibitz happened to be started in."""
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)


def _open(dialog: QFileDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()


def tell_about(parent: QWidget) -> None:
    """What Kibitz is, and whom it thanks."""
    box = QMessageBox(parent)
    box.setWindowTitle("About Kibitz")
    box.setText(f"Kibitz {__version__}")
    box.setInformativeText(
        "Reviews your games with Stockfish while you click through them. Free software, GPL-3.0-or-later.\n\n"
        "Opening names: Open Chess Names (CC BY 4.0). Pieces: Colin M.L. Burnett, from python-chess."
    )
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
