"""Analysis > Mark only, great and brilliant moves, with a real Stockfish: result, cancelling, an engine that dies."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.game import GameState
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_text
from desktop_app.ui.runtime.notices import Notice, NoticeKind
from tests.ui.windows.test_main_window import start_analysis, states

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application
    from desktop_app.ui.runtime.operations import Operation

pytestmark = pytest.mark.engine

ANALYSE_MS = 60_000
SACRIFICE_PLY = 31
OPERA = """[Event "Paris"]
[White "Morphy"]
[Black "Consultants"]
[Result "1-0"]

1. e4 e5 2. Nf3 d6 3. d4 Bg4 4. dxe5 Bxf3 5. Qxf3 dxe5 6. Bc4 Nf6 7. Qb3 Qe7 8. Nc3 c6 9. Bg5 b5 10. Nxb5 cxb5
11. Bxb5+ Nbd7 12. O-O-O Rd8 13. Rxd7 Rxd7 14. Rd1 Qe6 15. Bxd7+ Nxd7 16. Qb8+ Nxb8 17. Rd8# 1-0

"""


@pytest.fixture
def engine(stockfish: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Choose an engine that notes its process's number before it begins; returns the file of those numbers."""
    numbers, script = tmp_path / "engines.txt", tmp_path / "engine.sh"
    script.write_text(f'#!/bin/sh\necho $$ >> "{numbers}"\nexec "{stockfish}"\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("KIBITZ_ENGINE", str(script))
    return numbers


@pytest.fixture
def app(qtbot: QtBot, engine: Path, open_app: Callable[..., Application], tmp_path: Path) -> Application:
    """The application on one analysed game, which is on the board."""
    assert engine.parent == tmp_path
    with Library.open(tmp_path / "games.kibitz") as library:
        import_text(library, OPERA, "opera", workers=0)
    app = open_app()
    qtbot.waitUntil(lambda: app.bench.cursor.last_ply > 0)
    start_analysis(qtbot, app, workers=1)
    qtbot.waitUntil(lambda: states(app) == [GameState.ANALYSED], timeout=ANALYSE_MS)
    qtbot.waitUntil(lambda: app.bench.cursor.view is not None and app.bench.cursor.view.state is GameState.ANALYSED)
    return app


@pytest.fixture
def notices(app: Application) -> list[Notice]:
    """What the application says from now on."""
    said: list[Notice] = []
    app.bench.desk.notices.posted.connect(said.append)
    return said


def begin(qtbot: QtBot, app: Application) -> Operation:
    """Choose the menu entry; the operation that starts."""
    with qtbot.waitSignal(app.bench.marks.started) as begun:
        app.window.actions_by_name["marks"].trigger()
    operation: Operation = begun.args[0]
    return operation


def mark_to_the_end(qtbot: QtBot, app: Application) -> None:
    """Run it and wait for it."""
    operation = begin(qtbot, app)
    with qtbot.waitSignal(operation.finished, timeout=ANALYSE_MS):
        pass


def marks_shown(app: Application) -> dict[int, str]:
    """The marks of the game on the board, by ply."""
    view = app.bench.cursor.view
    return {ply.ply: ply.mark.value for ply in view.plies if ply.mark} if view else {}


def test_marks_appear_on_the_board_and_are_counted(qtbot: QtBot, app: Application, notices: list[Notice]) -> None:
    """The sacrifice is marked where the game is shown, verdicts stay, and a notice says what was found."""
    view = app.bench.cursor.view
    assert view is not None
    verdicts = [ply.judgement for ply in view.plies]
    mark_to_the_end(qtbot, app)
    qtbot.waitUntil(lambda: SACRIFICE_PLY in marks_shown(app))
    assert marks_shown(app)[SACRIFICE_PLY] == "brilliant"
    assert [ply.judgement for ply in app.bench.cursor.view.plies] == verdicts
    assert [notice.kind for notice in notices if notice.text.startswith("1 analysed game: ")] == [NoticeKind.DONE]


def test_one_search_runs_at_a_time_and_a_cancelled_one_goes_on_later(
    qtbot: QtBot, app: Application, notices: list[Notice]
) -> None:
    """A second start is told so; cancelling ends without a word of error; the next start does the rest."""
    operation = begin(qtbot, app)
    app.window.actions_by_name["marks"].trigger()
    assert any("already" in notice.text for notice in notices)
    with qtbot.waitSignal(operation.finished, timeout=ANALYSE_MS):
        operation.cancel()
    assert not [notice for notice in notices if notice.kind is NoticeKind.ERROR]
    mark_to_the_end(qtbot, app)
    qtbot.waitUntil(lambda: SACRIFICE_PLY in marks_shown(app))


@pytest.mark.expects_log
def test_an_engine_that_dies_is_told_and_the_next_start_goes_on(
    qtbot: QtBot, app: Application, notices: list[Notice], engine: Path
) -> None:
    """Killed in the middle: an error in words, nothing half stored, and marking works again."""
    before = len(engine.read_text().split())
    operation = begin(qtbot, app)
    qtbot.waitUntil(lambda: len(engine.read_text().split()) > before)
    with qtbot.waitSignal(operation.finished, timeout=ANALYSE_MS):
        os.kill(int(engine.read_text().split()[-1]), signal.SIGKILL)
    assert [notice.kind for notice in notices if "engine" in notice.text.lower()] == [NoticeKind.ERROR]
    mark_to_the_end(qtbot, app)
    qtbot.waitUntil(lambda: SACRIFICE_PLY in marks_shown(app))


def test_games_without_an_analysis_are_named_as_such(
    qtbot: QtBot, engine: Path, open_app: Callable[..., Application], tmp_path: Path
) -> None:
    """Nothing to mark: the notice says what to do first."""
    assert engine.parent == tmp_path
    with Library.open(tmp_path / "games.kibitz") as library:
        import_text(library, OPERA, "opera", workers=0)
    app = open_app()
    qtbot.waitUntil(lambda: app.bench.batch.ready and app.bench.cursor.last_ply > 0)
    said: list[Notice] = []
    app.bench.desk.notices.posted.connect(said.append)
    mark_to_the_end(qtbot, app)
    assert any("Analyse them first" in notice.text for notice in said)
