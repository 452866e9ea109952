"""The main job as one story, in a real event loop with a real Stockfish: forty games, two workers, a closed lid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from desktop_app.bench.data import write_multiples
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.work import ItemState, JobState
from desktop_app.services.show_game import show_game

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

GAMES = 40
IMPORT_MS = 60_000
FIRST_MS = 40_000
ALL_MS = 240_000


def _drop(app: Application, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(app.window, QDragEnterEvent(QPoint(60, 60), actions, data, buttons, keys))
    QApplication.sendEvent(app.window, QDropEvent(QPointF(60, 60), actions, data, buttons, keys))


def _start_batch(qtbot: QtBot, app: Application, workers: int) -> None:
    qtbot.waitUntil(lambda: app.bench.batch.ready, timeout=20_000)
    app.window.workspace.library.table.selectAll()
    app.window.actions_by_name["analyse"].trigger()
    sheet = app.window.review_sheet
    with qtbot.waitSignal(app.bench.batch.estimated, timeout=10_000):
        sheet.workers.setValue(workers)
    sheet.start_button.click()


def _engines() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if "stockfish" in child.name().lower()]


def _positions_needed(app: Application) -> int:
    """Positions of all games that an engine has to search: those that the rules do not end."""
    library = app.bench.desk.library
    needed = 0
    for number in library.games.ids(GameQuery()):
        view = show_game(library, GameId(number))
        finished = sum(1 for ply in view.plies if ply.score is not None and ply.depth == 0)
        needed += len(view.plies) + 1 - finished
    return needed


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("source", ["samples", pytest.param("corpus", marks=pytest.mark.corpus)])
def test_a_night_of_games(
    qtbot: QtBot,
    open_app: Callable[..., Application],
    stop: Callable[[Application], None],
    stockfish: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    source: str,
) -> None:
    """Drop forty games, review them, read along, steer, close, come back: all is done, nothing twice."""
    games = tmp_path / "night.pgn"
    if source == "corpus":
        corpus = request.getfixturevalue("corpus")
        games.write_bytes((corpus / "evals" / "lichess_db_2021-10_evaluated_40.pgn").read_bytes())
    else:
        write_multiples(games, GAMES)
    app = open_app()
    with qtbot.waitSignal(app.bench.imports.finished, timeout=IMPORT_MS) as imported:
        _drop(app, games)
    assert imported.args[0].imported == GAMES
    qtbot.waitUntil(lambda: app.window.workspace.library.table.model().rowCount() == GAMES, timeout=10_000)

    _start_batch(qtbot, app, workers=2)
    batch = app.bench.batch
    qtbot.waitUntil(lambda: batch.snapshot.positions_done > 8, timeout=FIRST_MS)
    qtbot.waitUntil(lambda: batch.snapshot.workers == 2, timeout=FIRST_MS)

    # Open a game that still waits: it is next, and fills in while it is looked at.
    waiting = [row for row in batch.snapshot.queue_rows if row.state is ItemState.QUEUED][-1]
    app.bench.viewer.open(waiting.game_id)
    qtbot.waitUntil(lambda: app.bench.cursor.view is not None and app.bench.cursor.view.id == waiting.game_id)
    qtbot.waitUntil(lambda: any(ply.score is not None for ply in app.bench.cursor.view.plies), timeout=FIRST_MS)
    still = [row.game_id for row in batch.snapshot.queue_rows if row.state is ItemState.QUEUED]
    assert len(still) > GAMES // 2, "the opened game did not jump the queue"

    batch.set_workers(1)
    qtbot.waitUntil(lambda: batch.snapshot.workers == 1, timeout=FIRST_MS)
    batch.set_workers(2)
    qtbot.waitUntil(lambda: batch.snapshot.workers == 2, timeout=FIRST_MS)

    batch.pause()
    qtbot.waitUntil(lambda: batch.snapshot.state is JobState.PAUSED, timeout=5000)
    qtbot.wait(300)
    held = batch.snapshot.counters.positions
    qtbot.wait(700)
    assert batch.snapshot.counters.positions - held <= 16, "a paused batch went on"
    batch.resume()
    qtbot.waitUntil(lambda: batch.snapshot.positions_done > held + 24, timeout=FIRST_MS)

    stop(app)
    assert _engines() == []
    first = app.bench.batch._batch.counters()
    assert first.positions > 0

    again = open_app()
    qtbot.waitUntil(lambda: again.bench.batch.snapshot.state is JobState.DONE, timeout=ALL_MS)
    rows = again.bench.desk.library.games.page(GameQuery(), 0, 100)
    assert {row.state for row in rows} == {GameState.ANALYSED}
    second = again.bench.batch.snapshot.counters
    assert first.positions + second.positions == _positions_needed(again), "a stored chunk was searched twice"
    stop(again)
    assert _engines() == []
