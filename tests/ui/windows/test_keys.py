"""What a first user stumbled over: letters swallowed by a field, keys of the list, counts that did not add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_app.domain.batch import BatchSnapshot
from desktop_app.domain.filters import parse_filter
from desktop_app.domain.work import JobState
from desktop_app.ui.windows.batch_panel import figures
from desktop_app.ui.windows.quick_filters import QUICK_FILTERS
from tests.ui.windows.test_main_window import games_shown, import_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application


def test_a_sheet_gives_the_keys_back(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> None:
    """After the first import and after any sheet, letters go to the game and not into the filter."""
    app = open_app()
    import_file(qtbot, app, games_file)
    app.window.activateWindow()
    library = app.window.workspace.library
    assert not library.filter.hasFocus()
    library.table.setFocus()
    app.window.actions_by_name["keys"].trigger()
    assert not library.table.hasFocus()
    QTest.keyClick(app.window.focusWidget(), Qt.Key.Key_Escape)
    assert library.table.hasFocus()


def test_escape_leaves_the_filter(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> None:
    """Esc in the filter goes to the list; what was typed stays."""
    app = open_app()
    import_file(qtbot, app, games_file)
    app.window.activateWindow()
    library = app.window.workspace.library
    app.window.actions_by_name["filter"].trigger()
    QTest.keyClicks(library.filter, "emil")
    assert library.filter.hasFocus()
    QTest.keyClick(library.filter, Qt.Key.Key_Escape)
    assert library.table.hasFocus()
    assert library.filter.text() == "emil"
    qtbot.waitUntil(lambda: games_shown(app) == 1, timeout=5000)


def test_home_and_end_in_the_list_choose_games(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """With the focus in the list, End goes to its last game and Home to its first."""
    app = open_app()
    import_file(qtbot, app, games_file)
    table = app.window.workspace.library.table
    QTest.keyClick(table, Qt.Key.Key_End)
    assert table.currentIndex().row() == games_shown(app) - 1
    assert table.horizontalScrollBar().value() == 0
    QTest.keyClick(table, Qt.Key.Key_Home)
    assert table.currentIndex().row() == 0


def test_games_that_arrive_while_one_is_read(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path, tmp_path: Path
) -> None:
    """They are selected for the one key that analyses them; the game on the board stays, at its move."""
    app = open_app()
    import_file(qtbot, app, games_file)
    cursor = app.bench.cursor
    qtbot.waitUntil(lambda: cursor.last_ply > 0, timeout=5000)
    cursor.go_to(3)
    shown = app.bench.viewer.game_id
    more = tmp_path / "more.pgn"
    more.write_text('[White "New"]\n[Black "Comer"]\n[Result "1-0"]\n\n1. e4 e5 2. Qh5 1-0\n', encoding="utf-8")
    import_file(qtbot, app, more)
    library = app.window.workspace.library
    qtbot.waitUntil(lambda: len(library.selected_ids()) == 1, timeout=5000)
    assert library.selected_ids() != [shown]
    assert (app.bench.viewer.game_id, cursor.ply) == (shown, 3)


def test_ready_made_filters_can_be_read() -> None:
    """Every entry of the menu writes something the filter understands."""
    for entry in QUICK_FILTERS:
        if entry is not None:
            parse_filter(entry[1])


def test_skipped_games_are_counted_once() -> None:
    """Two games ended, one of them skipped, three failed: the line says two of five, not three."""
    snapshot = BatchSnapshot(state=JobState.DONE, items_total=5, items_done=2, items_skipped=1, items_failed=3)
    assert figures(snapshot) == "2 of 5 games   3 failed"
