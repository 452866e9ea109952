"""The window does the main job: drop or paste games, look at them, analyse them, close and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication

from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameState
from desktop_app.domain.work import JobState
from desktop_app.ui.models.library_model import GAME_ROLE, Column

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

IMPORT_MS = 30_000
ANALYSE_MS = 60_000


def drop(app: Application, data: QMimeData) -> QDropEvent:
    """Drag over the window and let go, as the window system does."""
    actions, buttons, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(app.window, QDragEnterEvent(QPoint(40, 40), actions, data, buttons, keys))
    event = QDropEvent(QPointF(40, 40), actions, data, buttons, keys)
    QApplication.sendEvent(app.window, event)
    return event


def games_shown(app: Application) -> int:
    """Rows of the table."""
    return app.window.workspace.library.table.model().rowCount()


def import_file(qtbot: QtBot, app: Application, path: Path) -> None:
    """Drop a file and wait until its games show."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    before = games_shown(app)
    with qtbot.waitSignal(app.bench.imports.finished, timeout=IMPORT_MS):
        assert drop(app, data).isAccepted()
    qtbot.waitUntil(lambda: games_shown(app) > before, timeout=5000)


def states(app: Application) -> list[GameState]:
    """Every game's state in the library."""
    return [row.state for row in app.bench.desk.library.games.page(GameQuery(), 0, 100)]


def start_analysis(qtbot: QtBot, app: Application, workers: int) -> None:
    """Ctrl+R, then the sheet's button."""
    qtbot.waitUntil(lambda: app.bench.batch.ready, timeout=20_000)
    app.window.actions_by_name["analyse"].trigger()
    sheet = app.window.review_sheet
    assert sheet.isVisible()
    with qtbot.waitSignal(app.bench.batch.estimated, timeout=10_000):
        sheet.workers.setValue(workers)
    sheet.start_button.click()


def test_files_dropped_anywhere_are_imported_and_selected(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """A drop imports, ends with a receipt, and what came in is selected for the one key that analyses it."""
    app = open_app()
    import_file(qtbot, app, games_file)
    assert games_shown(app) == 4
    library = app.window.workspace.library
    qtbot.waitUntil(lambda: len(library.selected_ids()) == 4, timeout=5000)


def test_what_is_not_ours_is_not_accepted(open_app: Callable[..., Application]) -> None:
    """Text that is no PGN is refused at the drop."""
    app = open_app()
    data = QMimeData()
    data.setText("a shopping list")
    event = drop(app, data)
    assert not event.isAccepted()


def test_pasting_games_imports_them_and_text_fields_keep_their_paste(
    qtbot: QtBot, open_app: Callable[..., Application], games_text: str
) -> None:
    """Ctrl+V with PGN on the clipboard imports; with the filter focused it pastes into the filter."""
    app = open_app()
    QGuiApplication.clipboard().setText(games_text)
    with qtbot.waitSignal(app.bench.imports.finished, timeout=IMPORT_MS) as caught:
        app.window.actions_by_name["paste"].trigger()
    assert caught.args[0].imported == 4
    QGuiApplication.clipboard().setText("Clara")
    field = app.window.workspace.library.filter
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert field.text() == "Clara"
    qtbot.waitUntil(lambda: games_shown(app) == 1, timeout=5000)


def test_a_filter_that_cannot_be_read_says_where(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """The list stays as it is, the field is marked, the sentence is shown; Esc-like clearing brings all back."""
    app = open_app()
    import_file(qtbot, app, games_file)
    panel = app.window.workspace.library
    with qtbot.waitSignal(app.bench.library.filter_failed):
        panel.filter.setText("elo>>")
    assert panel.filter.property("invalid") == "true"
    assert games_shown(app) == 4
    panel.filter.clear()
    qtbot.waitUntil(lambda: panel.filter.property("invalid") == "false", timeout=2000)


def test_keys_walk_through_a_game(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> None:
    """Arrows, Home and End move in the game; PgDn shows the next one; F turns the board."""
    app = open_app()
    import_file(qtbot, app, games_file)
    window, cursor = app.window, app.bench.cursor
    qtbot.waitUntil(lambda: len(window.workspace.library.selected_ids()) == 4, timeout=5000)
    qtbot.waitUntil(lambda: cursor.view is not None, timeout=5000)
    board = window.workspace.board
    board.setFocus()
    for _ in range(3):
        window.actions_by_name["next"].trigger()
    assert cursor.ply == 3
    qtbot.keyClick(board, Qt.Key.Key_End)
    assert cursor.ply == cursor.last_ply == 7
    qtbot.keyClick(board, Qt.Key.Key_Home)
    assert cursor.ply == 0
    shown = cursor.view.id
    qtbot.keyClick(board, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: cursor.view.id != shown, timeout=5000)
    assert not board.board.flipped
    window.actions_by_name["flip"].trigger()
    assert board.board.flipped


@pytest.mark.engine
@pytest.mark.usefixtures("stockfish")
def test_a_batch_is_analysed_live_by_two_workers(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """Every game ends analysed, rows change in place, the selection stays, verdicts reach the open game."""
    app = open_app()
    import_file(qtbot, app, games_file)
    library = app.window.workspace.library
    qtbot.waitUntil(lambda: len(library.selected_ids()) == 4, timeout=5000)
    model = app.bench.games
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    with qtbot.waitSignal(app.bench.batch.finished, timeout=ANALYSE_MS):
        start_analysis(qtbot, app, workers=2)
    assert set(states(app)) == {GameState.ANALYSED}
    assert len(library.selected_ids()) == 4
    assert resets == []
    qtbot.waitUntil(lambda: model.index(0, Column.STATE).data(GAME_ROLE).state is GameState.ANALYSED, timeout=5000)
    cursor = app.bench.cursor
    qtbot.waitUntil(lambda: cursor.view is not None and cursor.view.state is GameState.ANALYSED, timeout=5000)
    assert cursor.view.plies[5].judgement == "blunder"
    app.window.actions_by_name["next_blunder"].trigger()
    assert cursor.ply == 6
    assert cursor.view.plies[5].better is not None


@pytest.mark.engine
@pytest.mark.usefixtures("stockfish")
def test_closing_in_the_middle_loses_nothing_and_goes_on_at_the_next_start(
    qtbot: QtBot,
    open_app: Callable[..., Application],
    games_file: Path,
    stop: Callable[[Application], None],
) -> None:
    """The window closes at once while engines search; the next start resumes by itself and finishes."""
    app = open_app()
    import_file(qtbot, app, games_file)
    app.window.review_sheet.override_nodes(60_000)
    qtbot.waitUntil(lambda: len(app.window.workspace.library.selected_ids()) == 4, timeout=5000)
    start_analysis(qtbot, app, workers=1)
    qtbot.waitUntil(lambda: app.bench.batch.snapshot.state is JobState.RUNNING, timeout=10_000)
    qtbot.waitUntil(lambda: app.bench.batch.snapshot.nodes_per_second > 0, timeout=20_000)
    stop(app)
    again = open_app()
    with qtbot.waitSignal(again.bench.batch.resumed, timeout=20_000) as caught:
        pass
    assert caught.args[0] >= 1
    with qtbot.waitSignal(again.bench.batch.finished, timeout=ANALYSE_MS):
        pass
    assert set(states(again)) == {GameState.ANALYSED}


def test_panels_can_be_hidden_and_focus_mode_comes_back(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """Each switch hides its panel; focus mode leaves board, moves and graph; Escape ends it; the library can move."""
    app = open_app()
    import_file(qtbot, app, games_file)
    window, space = app.window, app.window.workspace
    for name, panel in (
        ("show_library", space.library),
        ("show_review", space.review),
        ("show_graph", space.review.graph),
    ):
        window.actions_by_name[name].setChecked(False)
        assert panel.isHidden()
        window.actions_by_name[name].setChecked(True)
        assert not panel.isHidden()
    window.actions_by_name["focus"].setChecked(True)
    assert space.library.isHidden()
    assert not space.review.isHidden()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not space.library.isHidden()
    window.actions_by_name["library_below"].setChecked(True)
    assert space.library_below
    window.actions_by_name["library_below"].setChecked(False)
    assert not space.library_below


def test_without_an_engine_a_page_says_what_to_do(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking for an analysis opens the page with the command that installs one, instead of a dead button."""
    monkeypatch.setenv("KIBITZ_ENGINE", str(games_file))
    app = open_app()
    qtbot.waitUntil(lambda: app.bench.engine.error is not None, timeout=20_000)
    import_file(qtbot, app, games_file)
    app.window.actions_by_name["analyse"].trigger()
    page = app.window.engine_page
    assert page.isVisible()
    assert page.command.isVisible()
    assert "tockfish" in page.command.text()
    page.close_sheet()


def test_copying_gives_pgn_and_fen(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> None:
    """Ctrl+C puts the selected games on the clipboard, Ctrl+Shift+C the position on the board."""
    app = open_app()
    import_file(qtbot, app, games_file)
    library = app.window.workspace.library
    qtbot.waitUntil(lambda: len(library.selected_ids()) == 4, timeout=5000)
    QGuiApplication.clipboard().clear()
    app.window.actions_by_name["copy_pgn"].trigger()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text().count("[White ") == 4, timeout=5000)
    qtbot.waitUntil(lambda: app.bench.cursor.view is not None, timeout=5000)
    app.bench.cursor.go_to(1)
    app.window.actions_by_name["copy_fen"].trigger()
    assert QGuiApplication.clipboard().text() == app.bench.cursor.spot().fen


def test_the_window_remembers_how_it_was(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path, stop: Callable[[Application], None]
) -> None:
    """Places and sizes come back at the next start."""
    app = open_app()
    import_file(qtbot, app, games_file)
    app.window.actions_by_name["library_below"].setChecked(True)
    stop(app)
    again = open_app()
    assert again.window.workspace.library_below
