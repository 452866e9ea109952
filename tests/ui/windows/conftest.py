"""A real application on a library of its own: real SQLite, real importer processes, a real Stockfish where one is."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from desktop_app.engine.discovery import find_engine
from desktop_app.errors import EngineNotFoundError
from desktop_app.library.library import Library
from desktop_app.settings import SettingsStore
from desktop_app.ui.application import Application, Places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


_STOP_BUDGET_MS = 20_000
_STOPPED_MS = 90_000


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a loaded machine a process may need seconds to go: what does not stop at all is found all the same."""
    monkeypatch.setattr("desktop_app.ui.application.STOP_BUDGET_MS", _STOP_BUDGET_MS)


@pytest.fixture
def games_text() -> str:
    """Four short games, two of them decided by mate."""
    return _GAMES


_GAMES = """[Event "Club"]
[White "Anna"]
[Black "Boris"]
[Result "1-0"]

1. e4 e5 2. Qh5 Nc6 3. Bc4 Nf6 4. Qxf7# 1-0

[Event "Club"]
[White "Clara"]
[Black "David"]
[Result "0-1"]

1. f3 e5 2. g4 Qh4# 0-1

[Event "Club"]
[White "Emil"]
[Black "Frida"]
[Result "1/2-1/2"]

1. d4 d5 2. c4 e6 3. Nc3 Nf6 4. Bg5 Be7 5. e3 O-O 6. Nf3 Nbd7 1/2-1/2

[Event "Club"]
[White "Gerd"]
[Black "Hanna"]
[Result "1-0"]

1. e4 c5 2. Nf3 d6 3. d4 cxd4 4. Nxd4 Nf6 5. Nc3 a6 6. Bg5 e6 7. f4 Be7 1-0
"""


@pytest.fixture
def stockfish() -> str:
    """The engine of this machine."""
    with suppress(EngineNotFoundError):
        return find_engine(None)
    pytest.skip("no Stockfish here (apt install stockfish)")


@pytest.fixture
def games_file(tmp_path: Path) -> Path:
    """Four short games, two of them decided by mate."""
    file = tmp_path / "club.pgn"
    file.write_text(_GAMES, encoding="utf-8")
    return file


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Where the window keeps its state in a test."""
    return Places(tmp_path / "window.ini", tmp_path / "samples.pgn")


@pytest.fixture
def open_app(
    qtbot: QtBot, tmp_path: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Application]]:
    """Open the application on `tmp_path/games.kibitz`, again and again; each is stopped at the latest at the end."""
    monkeypatch.setenv("KIBITZ_NODES", "2000")
    opened: list[Application] = []

    def open_one(*files: str) -> Application:
        library = Library.open(tmp_path / "games.kibitz")
        app = Application(library, SettingsStore(tmp_path / "settings.json"), places=places)
        opened.append(app)
        app.start(files)
        with qtbot.waitExposed(app.window):
            pass
        return app

    yield open_one
    for app in opened:
        _stop(qtbot, app)


@pytest.fixture
def stop(qtbot: QtBot) -> Callable[[Application], None]:
    """Close the window and wait until nothing of it is left."""
    return lambda app: _stop(qtbot, app)


def _stop(qtbot: QtBot, app: Application) -> None:
    if not app.running:
        return
    with qtbot.waitSignal(app.stopped, timeout=_STOPPED_MS):
        app.window.close()
