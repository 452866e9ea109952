"""A library that cannot be opened: what the dialog says, what its buttons do, and that nothing is made in its place."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import qasync
from PySide6.QtWidgets import QApplication, QFileDialog

from desktop_app import paths
from desktop_app.bootstrap import last_library
from desktop_app.domain.filters import GameQuery
from desktop_app.errors import (
    DiskFullError,
    KibitzError,
    LibraryError,
    LibraryLockedError,
    LibraryMissingError,
    LibraryReadOnlyError,
)
from desktop_app.library.library import Library
from desktop_app.services.care import back_up
from desktop_app.services.import_games import import_text
from desktop_app.settings import SettingsStore
from desktop_app.ui.desktop import Desktop
from desktop_app.ui.windows.library_trouble import LibraryTroubleDialog, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path
    from typing import Any

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

DEADLINE_S = 60
FAULTY = "the library cannot be opened"


@pytest.fixture
def run(qapp: QApplication) -> Iterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Runs a coroutine in Qt's loop, as the program does."""
    qapp.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qapp)) as runner:
        yield runner.run
    qapp.setQuitOnLastWindowClosed(True)


@pytest.fixture
def club(tmp_path: Path, games_text: str) -> Path:
    """A library with four games that the window has had open before."""
    path = tmp_path / "club.kibitz"
    with Library.open(path) as library:
        import_text(library, games_text, "club")
    SettingsStore(paths.settings_file()).update(last_library=str(path), recent_libraries=(str(path),))
    return path


async def _until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"not in time: {what}"
        await asyncio.sleep(0.02)


def _shown() -> LibraryTroubleDialog | None:
    """The dialog that is shown now."""
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, LibraryTroubleDialog) and widget.isVisible():
            return widget
    return None


async def _dialog(headline: str) -> LibraryTroubleDialog:
    def there() -> bool:
        dialog = _shown()
        return dialog is not None and dialog.headline.text() == headline

    await _until(there, headline)
    dialog = _shown()
    assert dialog is not None
    return dialog


async def _window(desktop: Desktop, location: Path, games: int) -> Application:
    """The window on that library, with its games shown."""

    def stands() -> bool:
        now = desktop._application
        return now is not None and now.bench.care.location == str(location) and now.bench.games.rowCount() == games

    await _until(stands, f"{games} games of {location}")
    assert desktop._application is not None
    return desktop._application


@pytest.mark.expects_log(FAULTY)
def test_one_that_vanished_is_told_and_not_made_anew(qapp: QApplication, run: Callable[..., None], club: Path) -> None:
    """The last library is gone at the start: the dialog says so; brought back, Try again opens it with its games."""
    away = club.rename(club.with_name("elsewhere.kibitz"))
    assert last_library() == str(club)

    async def story() -> None:
        desktop = Desktop(qapp, str(club), [], None)
        running = asyncio.ensure_future(desktop.run())
        dialog = await _dialog("The library is not there")
        assert str(club) in dialog.text.text()
        assert list(club.parent.glob("club*")) == []
        dialog.again_button.click()
        dialog = await _dialog("The library is not there")
        away.rename(club)
        dialog.again_button.click()
        (await _window(desktop, club, 4)).window.close()
        assert await running == 0

    run(story())


@pytest.mark.expects_log(FAULTY)
def test_leaving_ends_the_start_and_so_does_the_session(
    qapp: QApplication, run: Callable[..., None], club: Path
) -> None:
    """Quit in the dialog ends with 3, since nothing was opened; a SIGTERM meanwhile ends it as anywhere else."""
    club.unlink()

    async def story() -> None:
        running = asyncio.ensure_future(Desktop(qapp, str(club), [], None).run())
        (await _dialog("The library is not there")).leave_button.click()
        assert await running == 3
        desktop = Desktop(qapp, str(club), [], None)
        running = asyncio.ensure_future(desktop.run())
        await _dialog("The library is not there")
        desktop._on_quit_asked()
        assert await running == 0

    run(story())
    assert not club.exists()


@pytest.mark.expects_log(FAULTY)
def test_a_recent_one_that_vanished_leaves_the_window_as_it_is(
    qapp: QApplication, run: Callable[..., None], club: Path, tmp_path: Path
) -> None:
    """Open recent on a missing file: a dialog over the window, which stays; New library makes one there when asked."""
    other = tmp_path / "other.kibitz"
    SettingsStore(paths.settings_file()).update(recent_libraries=(str(club), str(other)))

    async def story() -> None:
        desktop = Desktop(qapp, str(club), [], None)
        running = asyncio.ensure_future(desktop.run())
        app = await _window(desktop, club, 4)
        app.window.library_wanted.emit(str(other))
        dialog = await _dialog("The library is not there")
        assert dialog.leave_button.text() == "Close"
        dialog.leave_button.click()
        await _until(lambda: desktop._switching is None, "the question is done with")
        assert desktop._application is app
        assert app.bench.games.rowCount() == 4
        assert not other.exists()
        app.window.library_wanted.emit(str(other))
        dialog = await _dialog("The library is not there")
        dialog.new_button.click()
        asked = dialog.findChild(QFileDialog)
        assert asked is not None
        assert asked.selectedFiles() == [str(other)]
        asked.accept()
        (await _window(desktop, other, 0)).window.close()
        assert await running == 0

    run(story())


@pytest.mark.expects_log(FAULTY)
def test_a_damaged_one_is_restored_from_its_backup(qapp: QApplication, run: Callable[..., None], club: Path) -> None:
    """A file that is no database any more: its backups are listed, one takes its place, the damaged file is kept."""
    with Library.open(club) as library:
        backup = back_up(library)
    club.write_bytes(b"not a database " * 1000)

    async def story() -> None:
        desktop = Desktop(qapp, str(club), [], None)
        running = asyncio.ensure_future(desktop.run())
        dialog = await _dialog("The library cannot be read")
        assert dialog.backups.isVisible()
        assert dialog.backups.model().index(0, 2).data() == backup.path.name
        dialog.restore_button.click()
        (await _window(desktop, club, 4)).window.close()
        assert await running == 0

    run(story())
    (kept,) = club.parent.glob("club-*.damaged")
    assert kept.read_bytes().startswith(b"not a database")


@pytest.mark.expects_log(FAULTY)
def test_another_is_opened_in_place_of_one_too_new(
    qapp: QApplication, run: Callable[..., None], club: Path, tmp_path: Path
) -> None:
    """A newer schema is refused untouched; another library chosen there is opened, answered for and remembered."""
    newer = tmp_path / "newer.kibitz"
    with Library.open(newer):
        pass
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = newer.read_bytes()

    async def story() -> None:
        desktop = Desktop(qapp, str(newer), [], None)
        running = asyncio.ensure_future(desktop.run())
        dialog = await _dialog("The library needs a newer Kibitz")
        (choice,) = [one for one in dialog.menu.actions() if one.text() == str(club)]
        choice.trigger()
        (await _window(desktop, club, 4)).window.close()
        assert await running == 0

    run(story())
    assert newer.read_bytes() == before
    assert SettingsStore(paths.settings_file()).current.last_library == str(club)
    with Library.open(club) as library:
        assert library.games.count(GameQuery()) == 4


@pytest.mark.parametrize(
    ("error", "headline"),
    [
        (LibraryLockedError("The library x is being written by kibitz (process 7).", action="Wait."), "in use"),
        (LibraryReadOnlyError("x", action="Choose another place with --library."), "cannot be written"),
        (DiskFullError("x", action="Free some space."), "no room"),
        (LibraryError("x", action="Check the server."), "cannot be opened"),
    ],
)
def test_every_kind_has_its_words(qtbot: QtBot, tmp_path: Path, error: KibitzError, headline: str) -> None:
    """What is wrong in a few words, the sentence that names it, and advice without the command line's options."""
    dialog = LibraryTroubleDialog(Trouble(str(tmp_path / "x.kibitz"), error))
    qtbot.addWidget(dialog)
    assert headline in dialog.headline.text()
    assert dialog.text.text() == error.text
    assert dialog.advice.text() == error.action.replace(" with --library", "")
    assert "--" not in dialog.advice.text()
    assert not dialog.backups.isVisibleTo(dialog)
    assert dialog.again_button.isVisibleTo(dialog)


def test_a_server_is_not_looked_for_on_disks() -> None:
    """The advice for a missing file is not given for an address."""
    missing = LibraryMissingError("There is no library.", action="Make the database first.")
    assert Trouble("postgresql+psycopg://a@b/c", missing).advice == "Make the database first."
    assert "disk" in Trouble("/a/b.kibitz", missing).advice
