"""The explorer in the real window: what was played here, followed on the board, over the games shown or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from desktop_app.ui.controllers.explorer_controller import coverage_words
from desktop_app.ui.windows.explorer_panel import ExplorerPanel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

IMPORT_MS = 30_000
ANSWER_MS = 20_000


def _import(qtbot: QtBot, app: Application, games_file: Path) -> None:
    with qtbot.waitSignal(app.bench.imports.finished, timeout=IMPORT_MS):
        app.bench.imports.import_paths([str(games_file)])
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 4, timeout=ANSWER_MS)


@pytest.fixture
def app(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> Application:
    """The application with four indexed games, the first on the board, and the explorer shown."""
    app = open_app()
    _import(qtbot, app, games_file)
    qtbot.waitUntil(lambda: app.bench.index.coverage.indexed == 4, timeout=ANSWER_MS)
    first = app.bench.games.ids()[0]
    app.bench.viewer.open(first, ply=0)
    qtbot.waitUntil(lambda: app.bench.cursor.view is not None and app.bench.cursor.view.id == first, timeout=ANSWER_MS)
    app.window.actions_by_name["explorer"].trigger()
    return app


def _panel(app: Application) -> ExplorerPanel:
    panel = app.window.workspace.review.tabs.currentWidget()
    assert isinstance(panel, ExplorerPanel)
    return panel


def _moves(app: Application) -> dict[str, int]:
    return {row.san: row.count.games for row in _panel(app).moves.rows() if row.uci}


def _wait_for(qtbot: QtBot, app: Application, moves: dict[str, int]) -> None:
    qtbot.waitUntil(lambda: _moves(app) == moves and not _panel(app).waiting, timeout=ANSWER_MS)


def _choose(qtbot: QtBot, app: Application, san: str) -> None:
    panel = _panel(app)
    row = [row.san for row in panel.moves.rows()].index(san)
    panel.move_table.setCurrentIndex(panel.moves.index(row, 0))
    qtbot.keyClick(panel.move_table, Qt.Key.Key_Return)


def test_moves_are_followed_on_the_board(qtbot: QtBot, app: Application) -> None:
    """The game's own move steps on in it; another one is a line beside the game, which Esc leaves."""
    cursor = app.bench.cursor
    _wait_for(qtbot, app, {"e4": 2, "d4": 1, "f3": 1})
    _choose(qtbot, app, "e4")
    assert (cursor.ply, cursor.line) == (1, None)
    _wait_for(qtbot, app, {"e5": 1, "c5": 1})
    _choose(qtbot, app, "c5")
    assert cursor.line is not None
    assert (cursor.line.explored, cursor.line.sans) == (True, ("c5",))
    _wait_for(qtbot, app, {"Nf3": 1})
    assert "Sicilian" in _panel(app)._opening.text()
    app.window.actions_by_name["previous"].trigger()
    _wait_for(qtbot, app, {"e5": 1, "c5": 1})
    qtbot.keyClick(app.window, Qt.Key.Key_Escape)
    assert (cursor.ply, cursor.line) == (1, None)
    assert len(cursor.view.plies) == 7


def test_pointing_at_a_move_shows_its_arrow(qtbot: QtBot, app: Application) -> None:
    """An arrow while the pointer is there, none afterwards; the total has none."""
    _wait_for(qtbot, app, {"e4": 2, "d4": 1, "f3": 1})
    board, panel = app.window.workspace.board.board, _panel(app)
    panel.move_table.pointed.emit(0)
    assert [uci for uci, _ in board._arrows] == ["e2e4"]
    panel.move_table.pointed.emit(3)
    assert not board._arrows
    panel.move_table.pointed.emit(1)
    panel.move_table.pointed.emit(-1)
    assert not board._arrows


def test_over_the_games_shown_or_all(qtbot: QtBot, app: Application) -> None:
    """A filter of the list narrows the answer, until all games are asked for."""
    _wait_for(qtbot, app, {"e4": 2, "d4": 1, "f3": 1})
    app.bench.library.set_filter("result:1-0")
    _wait_for(qtbot, app, {"e4": 2})
    qtbot.waitUntil(lambda: _panel(app).games.rowCount() == 2, timeout=ANSWER_MS)
    _panel(app)._scopes.button(1).click()
    _wait_for(qtbot, app, {"e4": 2, "d4": 1, "f3": 1})
    _panel(app)._scopes.button(0).click()
    _wait_for(qtbot, app, {"e4": 2})


def test_games_open_where_they_have_the_position(qtbot: QtBot, app: Application) -> None:
    """A game of the list opens at the very ply."""
    app.bench.cursor.explore("e2e4")
    app.bench.cursor.explore("c7c5")
    _wait_for(qtbot, app, {"Nf3": 1})
    panel = _panel(app)
    qtbot.waitUntil(lambda: panel.games.rowCount() == 1, timeout=ANSWER_MS)
    panel.game_table.opened.emit(0)
    cursor, wanted = app.bench.cursor, app.bench.games.ids()[3]
    qtbot.waitUntil(lambda: cursor.view.id == wanted and cursor.ply == 2, timeout=ANSWER_MS)


def test_the_list_shows_the_games_with_the_position(qtbot: QtBot, app: Application) -> None:
    """From the board to the library: a filter that can be seen, changed and taken away."""
    app.bench.cursor.explore("e2e4")
    app.window.actions_by_name["position_games"].trigger()
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 2, timeout=ANSWER_MS)
    assert app.bench.library.expression.startswith('position:"rnbqkbnr/pppppppp/8/8/4P3/')


def test_a_position_nobody_had(qtbot: QtBot, app: Application) -> None:
    """Nothing found is said, not left blank."""
    app.bench.cursor.explore("a2a3")
    panel = _panel(app)
    qtbot.waitUntil(lambda: panel._note.text() == "No game has this position.", timeout=ANSWER_MS)
    assert panel.moves.rowCount() == panel.games.rowCount() == 0


def test_only_the_last_position_is_answered(qtbot: QtBot, app: Application) -> None:
    """Whoever steps fast sees the position he stopped at, and none that he passed."""
    _wait_for(qtbot, app, {"e4": 2, "d4": 1, "f3": 1})
    seen: list[str] = []
    app.bench.explorer.answered.connect(lambda answer: seen.append(answer.fen))
    for _ in range(4):
        app.window.actions_by_name["next"].trigger()
    _wait_for(qtbot, app, {"Bc4": 1})
    assert set(seen) == {app.bench.cursor.board().fen()}


def test_indexing_can_be_stopped_and_goes_on(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """Stopped, it stays stopped, and what is missing is told; a click goes on, and completes it."""
    app = open_app()
    index = app.bench.index
    index.set_paused(paused=True)
    _import(qtbot, app, games_file)
    assert not index.running
    app.window.actions_by_name["explorer"].trigger()
    panel = _panel(app)
    qtbot.waitUntil(lambda: "Positions indexed: 0 %" in panel._note.text(), timeout=ANSWER_MS)
    index.set_paused(paused=False)
    qtbot.waitUntil(lambda: index.coverage.indexed == 4, timeout=ANSWER_MS)
    assert coverage_words(index.coverage) == ""
    _wait_for(qtbot, app, {"e4": 2, "d4": 1, "f3": 1})
    assert panel._note.isHidden()


def test_what_an_earlier_run_left_is_indexed(
    qtbot: QtBot,
    open_app: Callable[..., Application],
    stop: Callable[[Application], None],
    games_file: Path,
) -> None:
    """The next start goes on by itself."""
    app = open_app()
    app.bench.index.set_paused(paused=True)
    _import(qtbot, app, games_file)
    stop(app)
    again = open_app()
    qtbot.waitUntil(lambda: again.bench.index.coverage.indexed == 4, timeout=ANSWER_MS)


@pytest.mark.expects_log  # the offscreen platform cannot grab the keyboard for a menu, and says so
def test_the_board_offers_its_games(qtbot: QtBot, app: Application) -> None:
    """The menu key on the board has the games with its position."""
    area = app.window.workspace.board
    area.customContextMenuRequested.emit(QPoint(5, 5))
    menu = next(child for child in area.children() if isinstance(child, QMenu))
    assert "position_games" in [action.objectName() for action in menu.actions()]
    app.bench.cursor.explore("e2e4")
    next(action for action in menu.actions() if action.objectName() == "position_games").trigger()
    menu.close()
    qtbot.waitUntil(lambda: app.bench.games.rowCount() == 2, timeout=ANSWER_MS)
