"""Deleting games in the window: at once, without a question, and taken back as easily; the bin for all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton

from desktop_app.domain.filters import GameQuery
from desktop_app.services.import_games import import_text
from desktop_app.ui.windows.bin_dialog import BinDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

WAIT_MS = 20_000


def ids(app: Application) -> list[int]:
    """Every game of the library."""
    return [*app.bench.desk.library.games.ids(GameQuery())]


def opened(qtbot: QtBot, open_app: Callable[..., Application], text: str) -> Application:
    """The window on a library of four games, all shown."""
    app = open_app()
    import_text(app.bench.desk.library, text, workers=0)
    app.bench.library.reload()
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 4, timeout=WAIT_MS)
    return app


def dialog_of(qtbot: QtBot, app: Application) -> BinDialog:
    """The bin, opened from the menu, with what is in it."""
    app.window.actions_by_name["bin"].trigger()
    dialog = next(child for child in app.window.findChildren(BinDialog) if child.isVisible())
    qtbot.waitUntil(lambda: dialog.headline.text() != "Reading …", timeout=WAIT_MS)
    return dialog


def test_del_deletes_and_undo_brings_back(qtbot: QtBot, open_app: Callable[..., Application], games_text: str) -> None:
    """Del removes the selected games, chooses the next one, and Ctrl+Z restores them under their ids."""
    app = opened(qtbot, open_app, games_text)
    table = app.window.workspace.library.table
    before = ids(app)
    app.window.workspace.library.select_games(before[1:3])
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 2, timeout=WAIT_MS)
    assert ids(app) == [before[0], before[3]]
    assert app.window.workspace.library.selected_ids() == [before[3]]
    qtbot.waitUntil(lambda: app.bench.undo.text == "delete 2 games", timeout=WAIT_MS)
    assert app.window.actions_by_name["undo"].text() == "&Undo: delete 2 games"
    qtbot.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 4, timeout=WAIT_MS)
    assert ids(app) == before
    assert app.bench.undo.text == ""
    toasts = app.window._toasts
    qtbot.waitUntil(lambda: "2 games restored" in [one.news.text for one in toasts.toasts()], timeout=WAIT_MS)
    assert "2 games deleted" not in [one.news.text for one in toasts.toasts()]


def test_the_toast_undoes_its_own_deletion(qtbot: QtBot, open_app: Callable[..., Application], games_text: str) -> None:
    """The button of a deletion's toast restores that deletion, though another came after it."""
    app = opened(qtbot, open_app, games_text)
    first, second, *_ = ids(app)
    for number, game in enumerate((first, second), start=1):
        app.bench.bin.delete([game])  # type: ignore[list-item]  # the library hands ids out as plain numbers
        qtbot.waitUntil(lambda: len(app.window._toasts.toasts()) == number, timeout=WAIT_MS)  # noqa: B023 -- waited for
    button = app.window._toasts.toasts()[0].findChild(QPushButton)
    assert button is not None
    assert button.text() == "Undo"
    button.click()
    qtbot.waitUntil(lambda: first in ids(app), timeout=WAIT_MS)
    assert second not in ids(app)


def test_the_last_game_leaves_an_empty_board(
    qtbot: QtBot, open_app: Callable[..., Application], games_text: str
) -> None:
    """With everything deleted nothing is shown any more, and nothing complains."""
    app = opened(qtbot, open_app, games_text)
    app.window.actions_by_name["select_all"].trigger()
    app.window.actions_by_name["delete"].trigger()
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 0, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: app.bench.viewer.game_id is None, timeout=WAIT_MS)


def test_the_bin_restores_and_is_emptied_after_a_question(
    qtbot: QtBot, open_app: Callable[..., Application], games_text: str
) -> None:
    """The dialog lists deletions with their games, restores single ones, and asks before it removes for good."""
    app = opened(qtbot, open_app, games_text)
    before = ids(app)
    app.bench.bin.delete(before[:3])  # type: ignore[arg-type]  # the library hands ids out as plain numbers
    qtbot.waitUntil(lambda: bool(app.bench.undo.text), timeout=WAIT_MS)
    dialog = dialog_of(qtbot, app)
    qtbot.waitUntil(lambda: dialog.games.rowCount() == 3, timeout=WAIT_MS)
    assert dialog.headline.text() == "Anna - Boris and 2 more"
    dialog.game_table.selectRow(1)
    dialog.restore_games_button.click()
    qtbot.waitUntil(lambda: dialog.games.rowCount() == 2, timeout=WAIT_MS)
    assert ids(app) == [before[1], before[3]]
    dialog.empty_all.trigger()
    box = dialog.findChild(QMessageBox)
    assert box is not None
    next(button for button in box.buttons() if button.text() == "Remove for good").click()
    qtbot.waitUntil(lambda: dialog.headline.text() == "The bin is empty.", timeout=WAIT_MS)
    assert not dialog.restore_button.isEnabled()
    assert app.bench.desk.library.bin.count() == 0
