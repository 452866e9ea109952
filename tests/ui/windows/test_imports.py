"""Receipts in the window: opened again, mended and imported, enriched, undone and redone as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QPushButton

from desktop_app.domain.filters import GameQuery
from desktop_app.ui.windows.imports_dialog import ImportsDialog
from tests.unit.library.processes import run_script

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application
    from desktop_app.ui.widgets.toast import Toast

WAIT_MS = 60_000
BROKEN = '[White "Ines"]\n[Black "Jan"]\n[Result "1-0"]\n\n1. Qh8 e5 1-0\n'
RICHER = '[Event "Club"]\n[White "Clara"]\n[Black "David"]\n[Result "0-1"]\n\n1. f3 { Oh. } 1... e5 2. g4 Qh4# 0-1\n'


def count(app: Application) -> int:
    """Games in the library."""
    return app.bench.desk.library.games.count(GameQuery())


def bring(qtbot: QtBot, app: Application, text: str) -> None:
    """Paste games and wait for the receipt."""
    with qtbot.waitSignal(app.bench.imports.finished, timeout=WAIT_MS):
        assert app.bench.imports.import_text(text)


def dialog_of(qtbot: QtBot, app: Application) -> ImportsDialog:
    """File > Imports, with the newest import shown."""
    app.window.actions_by_name["imports"].trigger()
    dialog = next(child for child in app.window.findChildren(ImportsDialog) if child.isVisible())
    qtbot.waitUntil(lambda: " read = " in dialog.headline.text(), timeout=WAIT_MS)
    return dialog


def test_a_rejected_game_is_mended_and_imported(
    qtbot: QtBot, open_app: Callable[..., Application], games_text: str
) -> None:
    """The refused text stands there with its line marked; changed and imported, it counts as mended."""
    app = open_app()
    bring(qtbot, app, games_text + "\n" + BROKEN)
    assert count(app) == 4
    dialog = dialog_of(qtbot, app)
    assert dialog.headline.text() == "5 read = 4 imported + 0 already here + 1 rejected."
    editor = dialog.editor
    assert "1. Qh8" in editor.text.textCursor().block().text()
    assert len(editor.text.extraSelections()) == 2  # the line, and the move in it
    assert "Qh8" in editor.reason.text()
    editor.text.setPlainText(BROKEN.replace("Qh8", "e4"))
    with qtbot.waitSignal(app.bench.imports.finished, timeout=WAIT_MS):
        editor.import_button.click()
    assert count(app) == 5
    qtbot.waitUntil(lambda: dialog.problems.text(dialog.problems.row(0), 0) == "mended", timeout=WAIT_MS)
    assert dialog.batches.rowCount() == 2


def test_an_import_is_undone_and_redone(qtbot: QtBot, open_app: Callable[..., Application], games_text: str) -> None:
    """The button takes all games of the import away as one, and brings them back; the receipt stays."""
    app = open_app()
    bring(qtbot, app, games_text)
    dialog = dialog_of(qtbot, app)
    dialog.undo_button.click()
    qtbot.waitUntil(lambda: dialog.undo_button.text() == "Redo import", timeout=WAIT_MS)
    assert count(app) == 0
    dialog.undo_button.click()
    qtbot.waitUntil(lambda: dialog.undo_button.text() == "Undo import", timeout=WAIT_MS)
    assert count(app) == 4


def test_the_toast_of_a_receipt_undoes_the_import(
    qtbot: QtBot, open_app: Callable[..., Application], games_text: str
) -> None:
    """Undo stands beside Details in the toast, and in the menu until it was used."""
    app = open_app()
    bring(qtbot, app, games_text)
    assert app.bench.undo.text == "import of 4 games"
    buttons = app.window._toasts.toasts()[-1].findChildren(QPushButton)
    assert [button.text() for button in buttons] == ["Details", "Undo"]
    buttons[1].click()
    qtbot.waitUntil(lambda: count(app) == 0, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: app.bench.undo.text == "undoing the import", timeout=WAIT_MS)


def test_games_that_are_gone_are_selected_no_more(
    qtbot: QtBot, open_app: Callable[..., Application], games_text: str
) -> None:
    """The status line counts what was imported and selected; with the import undone it says nothing."""
    app = open_app()
    bring(qtbot, app, games_text)
    status = app.window.status_label
    qtbot.waitUntil(lambda: status.text().startswith("4 games selected"), timeout=WAIT_MS)
    app.window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: count(app) == 0, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: status.text() == "", timeout=WAIT_MS)


_BEGUN = """
import os, sys
from desktop_app.library.library import Library
Library.open(sys.argv[1]).imports.begin("/home/anna/club.pgn")
os._exit(0)
"""


def test_an_import_that_was_cut_off_is_told_at_the_next_start(
    qtbot: QtBot, open_app: Callable[..., Application], tmp_path: Path
) -> None:
    """The program was killed while it imported: a warning that stays says so, what to do, and opens the receipt."""
    run_script(_BEGUN, tmp_path / "games.kibitz")
    app = open_app()

    def told() -> list[Toast]:
        return [one for one in app.window._toasts.toasts() if "club was interrupted" in one.news.text]

    qtbot.waitUntil(lambda: len(told()) == 1, timeout=WAIT_MS)
    (toast,) = told()
    assert "import it again" in toast.news.text
    (details,) = toast.findChildren(QPushButton)
    details.click()
    dialog = next(child for child in app.window.findChildren(ImportsDialog) if child.isVisible())
    qtbot.waitUntil(lambda: dialog.batches.rowCount() == 1, timeout=WAIT_MS)


def test_duplicates_that_carry_more_are_offered(
    qtbot: QtBot, open_app: Callable[..., Application], games_text: str
) -> None:
    """The receipt lists what was there already, offers to enrich it, and takes that back."""
    app = open_app()
    bring(qtbot, app, games_text)
    plain = app.bench.desk.library.games.get(2).record.pgn
    bring(qtbot, app, RICHER)
    dialog = dialog_of(qtbot, app)
    assert dialog.tabs.currentIndex() == 1
    assert dialog.duplicates.text(dialog.duplicates.row(0), 1) == "Clara - David (number 2)"
    assert dialog.duplicates.text(dialog.duplicates.row(0), 2) == "comments"
    assert dialog.enrich_button.text() == "Enrich 1 game"
    dialog.enrich_button.click()
    qtbot.waitUntil(lambda: dialog.enrich_button.text() == "Take enrichment back", timeout=WAIT_MS)
    assert "Oh." in app.bench.desk.library.games.get(2).record.pgn
    dialog.enrich_button.click()
    qtbot.waitUntil(lambda: dialog.enrich_button.text() == "Enrich 1 game", timeout=WAIT_MS)
    assert app.bench.desk.library.games.get(2).record.pgn == plain
