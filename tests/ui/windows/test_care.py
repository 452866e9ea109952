"""The Library menu and Ctrl+H: editing, players, backups, checking, read-only libraries, several libraries."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import qasync
from PySide6.QtCore import Qt

from desktop_app import paths
from desktop_app.bootstrap import last_library
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameId
from desktop_app.library.library import Library
from desktop_app.library.sqlite_backend import SqliteBackend
from desktop_app.services.care import back_up, list_backups
from desktop_app.services.edit_games import edit_headers
from desktop_app.services.import_games import import_text
from desktop_app.settings import SettingsStore
from desktop_app.ui.application import Application, Places
from desktop_app.ui.controllers.care_controller import shown_name
from desktop_app.ui.desktop import Desktop
from desktop_app.ui.windows.care_dialogs import BackupsDialog, CheckDialog, EditsDialog
from desktop_app.ui.windows.edit_headers_dialog import EditHeadersDialog
from desktop_app.ui.windows.merge_dialog import MergeDialog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

DEADLINE_MS = 20_000


@pytest.fixture
def app(open_app: Callable[..., Application], games_text: str, tmp_path: Path) -> Application:
    """The application on a library of four games."""
    with Library.open(tmp_path / "games.kibitz") as library:
        import_text(library, games_text, "club")
    return open_app()


def _white(app: Application, game: int) -> str:
    return app.bench.desk.library.games.get(GameId(game)).row.white


def _dialog(app: Application, qtbot: QtBot, kind: type, action: str) -> object:
    """Trigger an action and wait for its dialog."""
    app.window.actions_by_name[action].trigger()
    qtbot.waitUntil(lambda: app.window.findChild(kind) is not None, timeout=DEADLINE_MS)
    return app.window.findChild(kind)


def _edit_dialog(app: Application, qtbot: QtBot, *games: int) -> EditHeadersDialog:
    table = app.window.workspace.library
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 4, timeout=DEADLINE_MS)
    if len(games) > 1:
        table.table.selectAll()
    else:
        table.select_game(GameId(games[0]))
    dialog = _dialog(app, qtbot, EditHeadersDialog, "edit_headers")
    assert isinstance(dialog, EditHeadersDialog)
    qtbot.waitUntil(lambda: "White" in dialog.fields, timeout=DEADLINE_MS)
    return dialog


def test_editing_a_game_and_undo(app: Application, qtbot: QtBot) -> None:
    """Only a valid change can be saved; the list shows it, and Ctrl+Z takes it back."""
    dialog = _edit_dialog(app, qtbot, 1)
    assert not dialog.save_button.isEnabled()
    dialog.fields["Date"].setText("2021.13.01")
    assert "no day of the calendar" in dialog.trouble.text()
    assert not dialog.save_button.isEnabled()
    dialog.fields["Date"].setText("2021")
    dialog.fields["White"].setText("Annegret")
    assert dialog.changes() == {"White": "Annegret", "Date": "2021"}
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _white(app, 1) == "Annegret", timeout=DEADLINE_MS)
    qtbot.waitUntil(lambda: app.bench.undo.text == "edit of 1 game", timeout=DEADLINE_MS)
    app.window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: _white(app, 1) == "Anna", timeout=DEADLINE_MS)


def test_many_games_change_only_what_was_typed(app: Application, qtbot: QtBot) -> None:
    """Fields with several values stay as they are in each game unless something is typed."""
    dialog = _edit_dialog(app, qtbot, 1, 2, 3, 4)
    assert dialog.fields["White"].placeholderText() == "several values"
    assert dialog.fields["Event"].text() == "Club"
    dialog.fields["Event"].setText("Club 2021")
    assert dialog.changes() == {"Event": "Club 2021"}
    dialog.new_name.setText("Annotator")
    qtbot.mouseClick(dialog.add_button, Qt.MouseButton.LeftButton)
    dialog.fields["Annotator"].setText("Me")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    games = app.bench.desk.library.games
    query = GameQuery(filter=parse_filter('event:"club 2021"'))
    qtbot.waitUntil(lambda: games.count(query) == 4, timeout=DEADLINE_MS)
    assert {games.get(GameId(number)).row.white for number in range(1, 5)} == {"Anna", "Clara", "Emil", "Gerd"}
    assert games.get(GameId(2)).record.header("Annotator") == "Me"


def test_undoing_from_the_history_after_a_restart(
    app: Application, qtbot: QtBot, open_app: Callable[..., Application], stop: Callable[[Application], None]
) -> None:
    """What was edited before the program was left can still be taken back."""
    edit_headers(app.bench.desk.library, [GameId(1)], {"White": "Annegret"})
    stop(app)
    again = open_app()
    dialog = _dialog(again, qtbot, EditsDialog, "edit_history")
    assert isinstance(dialog, EditsDialog)
    qtbot.waitUntil(dialog.undo_button.isEnabled, timeout=DEADLINE_MS)
    assert dialog.rows.item(0, 1).text() == "White of 1 game"
    qtbot.mouseClick(dialog.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _white(again, 1) == "Anna", timeout=DEADLINE_MS)
    qtbot.waitUntil(lambda: dialog.rows.item(0, 3).text() == "undone", timeout=DEADLINE_MS)
    assert not dialog.undo_button.isEnabled()


def test_merging_players(app: Application, qtbot: QtBot) -> None:
    """Names that may be one player's are offered with counts; merging writes the fullest name into all games."""
    library = app.bench.desk.library
    edit_headers(library, [GameId(1)], {"White": "Carlsen, Magnus"})
    edit_headers(library, [GameId(2)], {"Black": "Carlsen, M"})
    dialog = _dialog(app, qtbot, MergeDialog, "players")
    assert isinstance(dialog, MergeDialog)
    qtbot.waitUntil(lambda: dialog.names.rowCount() == 2, timeout=DEADLINE_MS)
    assert dialog.into.currentText() == "Carlsen, Magnus"
    qtbot.mouseClick(dialog.merge_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: library.games.get(GameId(2)).row.black == "Carlsen, Magnus", timeout=DEADLINE_MS)
    qtbot.waitUntil(lambda: dialog.suggested.rowCount() == 0, timeout=DEADLINE_MS)
    dialog.search.setText("Carlsen, Magnus")
    qtbot.mouseClick(dialog.find_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: dialog.names.item(0, 1) is not None and dialog.names.item(0, 1).text() == "2", timeout=DEADLINE_MS
    )


def test_backing_up_and_checking(app: Application, qtbot: QtBot) -> None:
    """A backup made from the dialog is listed; a check says that all is well."""
    dialog = _dialog(app, qtbot, BackupsDialog, "backups")
    assert isinstance(dialog, BackupsDialog)
    qtbot.mouseClick(dialog.make_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.rows.rowCount() == 1, timeout=DEADLINE_MS)
    dialog.daily.setChecked(False)
    assert not app.bench.care.daily
    check = _dialog(app, qtbot, CheckDialog, "check_library")
    assert isinstance(check, CheckDialog)
    qtbot.waitUntil(lambda: check.headline.text() == "The library is sound.", timeout=DEADLINE_MS)


def test_compacting_is_told(app: Application, qtbot: QtBot) -> None:
    """Library > Compact says what it won."""
    texts: list[str] = []
    app.bench.desk.notices.posted.connect(lambda notice: texts.append(notice.text))
    app.window.actions_by_name["compact"].trigger()
    qtbot.waitUntil(lambda: any("less than before" in text for text in texts), timeout=DEADLINE_MS)


def test_a_library_that_can_only_be_read(
    qtbot: QtBot, tmp_path: Path, places: Places, games_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window shows the games, says that it is read only, and offers nothing that would write."""
    with Library.open(tmp_path / "archive.kibitz") as library:
        import_text(library, games_text, "club")
    monkeypatch.setattr(SqliteBackend, "cannot_be_written", lambda _self: True)
    app = Application(
        Library.open(tmp_path / "archive.kibitz", allow_read_only=True),
        SettingsStore(tmp_path / "settings.json"),
        places=places,
    )
    app.start()
    actions = app.window.actions_by_name
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 4, timeout=DEADLINE_MS)
    qtbot.waitUntil(lambda: not actions["edit_headers"].isEnabled(), timeout=DEADLINE_MS)
    assert app.window.windowTitle() == "archive (read only) - Kibitz"
    for name in ("delete", "analyse", "paste", "compact"):
        assert not actions[name].isEnabled()
    for name in ("export", "copy_pgn", "backups", "check_library"):
        assert actions[name].isEnabled()
    app.bench.viewer.open(GameId(1))
    qtbot.waitUntil(lambda: app.bench.cursor.view is not None, timeout=DEADLINE_MS)
    with qtbot.waitSignal(app.stopped, timeout=DEADLINE_MS):
        app.window.close()


def test_names_of_libraries() -> None:
    """The usual library has no name of its own; files go by theirs, servers by database and host, never a password."""
    assert shown_name("/home/a/library.kibitz", "/home/a/library.kibitz") == ""
    assert shown_name("/home/a/club.kibitz", "/home/a/library.kibitz") == "club"
    assert shown_name("postgresql+psycopg://me:***@db.club/games?x=y", "/l") == "games on db.club"


async def _until(holds: Callable[[], bool], what: str) -> None:
    """Let the loop run until it holds."""
    deadline = time.monotonic() + DEADLINE_MS / 1000
    while not holds():
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.02)


def _application(desktop: Desktop) -> Application | None:
    return desktop._application


async def _switch_and_restore(app: QApplication, club: Path, other: Path) -> list[str]:
    """Open a library, then another, then put a backup of that back; returns the titles seen."""
    desktop = Desktop(app, str(club), [], None)
    running = asyncio.ensure_future(desktop.run())
    titles = []

    def shows(location: Path, games: int) -> bool:
        now = _application(desktop)
        return now is not None and now.bench.care.location == str(location) and now.bench.games.rowCount() == games

    await _until(lambda: shows(club, 4), "the first library")
    first = _application(desktop)
    assert first is not None
    titles.append(first.window.windowTitle())
    first.window.library_wanted.emit(str(other))
    await _until(lambda: shows(other, 5), "the other library")
    second = _application(desktop)
    assert second is not None
    titles.append(second.window.windowTitle())
    assert first.bench.desk.library.database.closed
    (backup,) = list_backups(str(other))
    second.window.restore_wanted.emit(str(backup.path))
    await _until(lambda: shows(other, 4), "what the backup has")
    third = _application(desktop)
    assert third is not None
    third.window.close()
    assert await running == 0
    return titles


def test_switching_libraries_and_restoring(qapp: QApplication, tmp_path: Path, games_text: str) -> None:
    """Another library takes the first one's place in the same process, and a backup that one's; it is remembered."""
    club, other = tmp_path / "club.kibitz", tmp_path / "other.kibitz"
    for path in (club, other):
        with Library.open(path) as library:
            import_text(library, games_text, "club")
    with Library.open(other) as library:
        back_up(library)
        import_text(library, '[White "Later"]\n\n1. h4 h5 *\n', "later")
    qapp.setQuitOnLastWindowClosed(False)
    try:
        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qapp)) as runner:
            titles = runner.run(_switch_and_restore(qapp, club, other))
    finally:
        qapp.setQuitOnLastWindowClosed(True)
    assert titles == ["club - Kibitz", "other - Kibitz"]
    settings = SettingsStore(paths.settings_file()).current
    assert settings.last_library == str(other)
    assert settings.recent_libraries == (str(other), str(club))
    assert last_library() == str(other)
    other.unlink()
    assert last_library() == str(other), "it is for the window to say that it is gone"
