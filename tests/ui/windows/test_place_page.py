"""The page "Where to analyse": a server is tried out in sentences, saved, and does the work; the token stays secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desktop_app.domain.engine_setup import EngineSetup
from desktop_app.domain.profile import SearchSpec
from desktop_app.domain.work import JobState
from desktop_app.remote.token_store import Keeping, TokenStore
from desktop_app.ui.windows.place_page import PlacePage
from tests.unit.remote.fake_server import TOKEN, FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

LONG_MS = 60_000


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """Listening, with honest workers."""
    made = FakeServer()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def app(open_app: Callable[..., Application], games_file: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    """A window with four games, on a computer without a keyring."""
    monkeypatch.setattr(TokenStore, "keyring_problem", lambda _self: "This computer has no keyring.")
    return open_app(str(games_file))


@pytest.fixture
def page(app: Application) -> PlacePage:
    """The page, open, with a server chosen."""
    app.window.actions_by_name["place"].trigger()
    found = app.window.findChild(PlacePage)
    assert isinstance(found, PlacePage)
    assert found.isVisible()
    found.choices["server"].setChecked(True)
    return found


def fill(qtbot: QtBot, page: PlacePage, url: str, token: str) -> None:
    """Type both, to be kept until the program ends."""
    page.server.setText(url)
    page.token.setText(token)
    qtbot.waitUntil(lambda: page.keeping.findData(Keeping.KEYRING) < 0, timeout=LONG_MS)
    page.keeping.setCurrentIndex(page.keeping.findData(Keeping.SESSION))


def test_the_test_button_says_what_is_there_and_what_is_wrong(
    qtbot: QtBot, page: PlacePage, server: FakeServer
) -> None:
    """Version, engine and workers of a good one; a sentence with what to do for a token nobody knows."""
    fill(qtbot, page, server.url, TOKEN)
    qtbot.mouseClick(page.test, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Kibitz analysis server 9.9" in page.answer.text(), timeout=LONG_MS)
    assert "2 workers with 2 engines" in page.answer.text()
    page.token.setText("kbz_wrong")
    qtbot.mouseClick(page.test, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "does not know this token" in page.answer.text(), timeout=LONG_MS)


def test_an_address_that_is_none_is_not_saved(qtbot: QtBot, page: PlacePage, tmp_path: Path) -> None:
    """The page stays, says why, and nothing is written."""
    fill(qtbot, page, "ftp://nowhere", TOKEN)
    qtbot.mouseClick(page.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "no address" in page.answer.text(), timeout=LONG_MS)
    assert page.isVisible()
    assert "ftp" not in (tmp_path / "settings.json").read_text() if (tmp_path / "settings.json").exists() else True


def test_a_saved_server_analyses_and_its_token_is_written_nowhere(
    qtbot: QtBot, app: Application, page: PlacePage, server: FakeServer, tmp_path: Path
) -> None:
    """The server's workers do all of a job; rows name them; neither settings nor any other file has the token."""
    fill(qtbot, page, server.url, TOKEN)
    with qtbot.waitSignal(app.bench.place.saved, timeout=LONG_MS):
        qtbot.mouseClick(page.save, Qt.MouseButton.LeftButton)
    assert not page.isVisible()
    batch = app.bench.batch
    qtbot.waitUntil(lambda: batch.ready and len(app.bench.games.ids()) == 4, timeout=LONG_MS)
    qtbot.waitUntil(lambda: batch._in_use[1] is not None and batch._in_use[1].name == "Fake", timeout=LONG_MS)
    server.gate.clear()
    batch.start(app.bench.games.ids(), app.window.review_sheet.spec(), 1)
    qtbot.waitUntil(lambda: any(row.remote for row in batch.snapshot.worker_rows), timeout=LONG_MS)
    server.gate.set()
    server.go_on()
    qtbot.waitUntil(lambda: batch.snapshot.state is JobState.DONE, timeout=LONG_MS)
    assert server.searched
    assert batch.snapshot.items_done == 4
    for file in tmp_path.rglob("*.json"):
        assert TOKEN not in file.read_text()


@pytest.mark.engine
def test_a_job_begun_while_the_engine_changes_goes_on_with_the_new_one(qtbot: QtBot, app: Application) -> None:
    """Before anything is seen to run, the engine is found anew, twice: the job is neither lost nor run twice."""
    batch = app.bench.batch
    qtbot.waitUntil(lambda: batch.ready and len(app.bench.games.ids()) == 4, timeout=LONG_MS)
    path, identity = batch.engine_here
    assert identity is not None
    batch.start(app.bench.games.ids(), SearchSpec.of_nodes(2_000), 1)
    for value in ("10", "20"):
        batch.set_engine(path, identity, EngineSetup(options=(("Move Overhead", value),)))
    qtbot.waitUntil(lambda: batch.snapshot.state is JobState.DONE, timeout=LONG_MS)
    assert batch.snapshot.items_done == 4
    assert [job.state for job in app.bench.desk.library.jobs.unfinished()] == []
