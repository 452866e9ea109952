"""The list and the game, worked with mouse and keys as a reader works them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from desktop_app.domain.game import GameState
from desktop_app.domain.judgement import Judgement
from desktop_app.ui.models.library_model import Column
from tests.ui.windows.test_main_window import ANALYSE_MS, games_shown, import_file, start_analysis, states

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def opened(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> Application:
    """The application with four games, one of them on the board, and the keys."""
    app = open_app()
    import_file(qtbot, app, games_file)
    qtbot.waitUntil(lambda: len(app.window.workspace.library.selected_ids()) == 4, timeout=5000)
    qtbot.waitUntil(lambda: app.bench.cursor.last_ply > 0, timeout=5000)
    app.window.activateWindow()
    return app


def press(app: Application, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key, to whatever has the keys."""
    QTest.keyClick(app.window.focusWidget() or app.window, key, modifiers)


@pytest.mark.parametrize("column", list(Column))
def test_every_header_sorts_both_ways_and_keeps_the_selection(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path, column: Column
) -> None:
    """First click ascending, second descending; the selected game is the same one, wherever it went."""
    app = opened(qtbot, open_app, games_file)
    library, model = app.window.workspace.library, app.bench.games
    chosen = model.ids()[1]
    library.select_game(chosen)
    header = library.table.horizontalHeader()
    everything = set(model.ids())
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        library.table.horizontalScrollBar().setValue(header.sectionPosition(column))
        where = QPoint(header.sectionViewportPosition(column) + 12, header.height() // 2)
        with qtbot.waitSignal(app.bench.library.reloaded, timeout=5000):
            QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=where)
        assert header.sortIndicatorSection() == column
        assert header.sortIndicatorOrder() == order
        assert set(model.ids()) == everything
        assert library.selected_ids() == [chosen]
        assert app.bench.viewer.game_id == chosen


def test_copying_by_keys(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> None:
    """Ctrl+C copies the selected games as PGN, Ctrl+Shift+C the position on the board."""
    app = opened(qtbot, open_app, games_file)
    clipboard = QGuiApplication.clipboard()
    clipboard.clear()
    app.window.workspace.board.setFocus()
    press(app, Qt.Key.Key_C, CONTROL)
    qtbot.waitUntil(lambda: clipboard.text().count("[White ") == 4, timeout=5000)
    app.bench.cursor.go_to(2)
    press(app, Qt.Key.Key_C, CONTROL | SHIFT)
    assert clipboard.text() == app.bench.cursor.spot().fen


def test_exporting_writes_the_selection(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path, tmp_path: Path
) -> None:
    """The file holds the games asked for; it appears whole, with a line in the status bar while it is written."""
    app = opened(qtbot, open_app, games_file)
    target = tmp_path / "out.pgn"
    with qtbot.waitSignal(app.bench.exports.started, timeout=5000) as started:
        app.bench.exports.export(app.window.workspace.library.selected_ids()[:2], str(target))
    qtbot.waitSignal(started.args[0].finished, timeout=10_000).wait()
    assert target.read_text(encoding="utf-8").count("[White ") == 2


def test_pages_walk_through_the_games_from_the_board(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """PgDn is the next game of the list, PgUp the one before; the keys stay with the board."""
    app = opened(qtbot, open_app, games_file)
    ids, board, viewer = app.bench.games.ids(), app.window.workspace.board, app.bench.viewer
    board.setFocus()
    press(app, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: app.bench.cursor.view.id == ids[1], timeout=5000)
    press(app, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: app.bench.cursor.view.id == ids[2], timeout=5000)
    press(app, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: app.bench.cursor.view.id == ids[1], timeout=5000)
    assert viewer.game_id == ids[1]
    assert board.hasFocus()


def test_the_library_below_the_board_still_works(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """It has room there, keeps its selection, and a click in it shows that game."""
    app = opened(qtbot, open_app, games_file)
    library = app.window.workspace.library
    app.window.actions_by_name["library_below"].setChecked(True)
    qtbot.waitUntil(lambda: library.table.viewport().height() > 60, timeout=5000)
    assert library.mapTo(app.window, QPoint(0, 0)).y() > app.window.workspace.board.height() // 2
    assert len(library.selected_ids()) == 4
    where = library.table.visualRect(app.bench.games.index(2, Column.WHITE)).center()
    QTest.mouseClick(library.table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    qtbot.waitUntil(lambda: app.bench.cursor.view.id == app.bench.games.ids()[2], timeout=5000)
    assert games_shown(app) == 4


@pytest.mark.engine
@pytest.mark.usefixtures("stockfish")
def test_letters_and_chips_walk_through_the_errors(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """b, m, i go to the next error of that kind and with Shift to the one before; a chip walks one side's."""
    app = opened(qtbot, open_app, games_file)
    with qtbot.waitSignal(app.bench.batch.finished, timeout=ANALYSE_MS):
        start_analysis(qtbot, app, workers=2)
    assert set(states(app)) == {GameState.ANALYSED}
    cursor, review = app.bench.cursor, app.window.workspace.review
    app.window.workspace.library.select_game(app.bench.games.ids()[1])  # 1. f3 e5 2. g4 Qh4#
    qtbot.waitUntil(lambda: cursor.view.state is GameState.ANALYSED and cursor.last_ply == 4, timeout=5000)
    app.window.workspace.board.setFocus()
    keys = {Judgement.BLUNDER: Qt.Key.Key_B, Judgement.MISTAKE: Qt.Key.Key_M, Judgement.INACCURACY: Qt.Key.Key_I}
    for judgement, key in keys.items():
        places = [move.ply for move in cursor.view.plies if move.judgement is judgement]
        for modifiers, wanted in ((Qt.KeyboardModifier.NoModifier, places[:1]), (SHIFT, places[-1:])):
            cursor.go_to(0)
            press(app, key, modifiers)
            assert cursor.ply == (wanted or [0])[0]
    tabs = review.tabs
    tabs.setCurrentIndex(next(place for place in range(tabs.count()) if tabs.tabText(place) == "Summary"))
    chip = review.summary.chip(Judgement.BLUNDER, white=True)
    assert chip.isEnabled()
    cursor.go_to(0)
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert cursor.move.judgement is Judgement.BLUNDER
    assert cursor.move.white


def test_a_game_chosen_by_the_application_is_alone_whatever_keys_are_held(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """A reload or a click elsewhere selects its game only: Ctrl, held for something else, adds nothing to it."""
    app = opened(qtbot, open_app, games_file)
    library, ids = app.window.workspace.library, app.bench.games.ids()
    library.select_game(ids[0])
    QTest.keyPress(app.window, Qt.Key.Key_Control, CONTROL)
    try:
        assert QGuiApplication.keyboardModifiers() == CONTROL
        library.select_game(ids[2])
        assert library.selected_ids() == [ids[2]]
        library.step_game(1)
        assert library.selected_ids() == [ids[3]]
    finally:
        QTest.keyRelease(app.window, Qt.Key.Key_Control)
