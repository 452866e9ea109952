"""Every button of the batch panel, clicked with the mouse while a real Stockfish works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest

from desktop_app.domain.game import GameState
from desktop_app.domain.work import ItemState, JobState
from tests.fakes.fake_uci import fake_engine
from tests.ui.windows.test_main_window import ANALYSE_MS, import_file, start_analysis, states

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtWidgets import QAbstractButton
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application, Places

LONG_NODES = 400_000
"""So many that a batch is not over before it was steered."""

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("stockfish")]


def click(button: QAbstractButton) -> None:
    """Press and let go, as a hand does; a button that is hidden or off would not notice."""
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def queued(app: Application) -> list[int]:
    """Games that wait, in their order."""
    return [row.game_id for row in app.bench.batch.snapshot.queue_rows if row.state is ItemState.QUEUED]


def start_long(qtbot: QtBot, app: Application, games_file: Path, *, workers: int = 1) -> None:
    """A batch of four games that takes its time, with workers and queue unfolded."""
    import_file(qtbot, app, games_file)
    app.window.review_sheet.override_nodes(LONG_NODES)
    qtbot.waitUntil(lambda: len(app.window.workspace.library.selected_ids()) == 4, timeout=5000)
    start_analysis(qtbot, app, workers=workers)
    qtbot.waitUntil(lambda: app.bench.batch.snapshot.nodes_per_second > 0, timeout=30_000)
    app.window.actions_by_name["show_batch"].setChecked(True)
    assert app.window.workspace.batch.expanded


def test_cancel_ends_the_batch_and_the_same_button_then_closes_the_panel(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """What is stored stays, nothing is left queued, no worker lives on; a second click puts the panel away."""
    app = open_app()
    start_long(qtbot, app, games_file)
    panel = app.window.workspace.batch
    click(panel._cancel)
    qtbot.waitUntil(lambda: app.bench.batch.snapshot.state is JobState.CANCELLED, timeout=10_000)
    qtbot.waitUntil(lambda: panel._title.text() == "Cancelled", timeout=5000)
    assert GameState.QUEUED not in states(app)
    assert GameState.IN_PROGRESS not in states(app)
    qtbot.waitUntil(lambda: app.bench.batch._batch.snapshot().workers == 0, timeout=10_000)
    click(panel._cancel)
    assert panel.isHidden()


@pytest.mark.expects_log
def test_retry_failed_analyses_with_the_engine_that_works(
    qtbot: QtBot,
    open_app: Callable[..., Application],
    tmp_path: Path,
    stockfish: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An engine that crashes fails its game in words and warns in the bar; with a sound one, one click mends it."""
    monkeypatch.setenv("KIBITZ_ENGINE", fake_engine(tmp_path, "crash_at", 1))
    one = tmp_path / "one.pgn"
    one.write_text('[White "A"]\n[Black "B"]\n[Result "0-1"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n', encoding="utf-8")
    app = open_app()
    import_file(qtbot, app, one)
    panel = app.window.workspace.batch
    with qtbot.waitSignal(app.bench.batch.finished, timeout=ANALYSE_MS):
        start_analysis(qtbot, app, workers=1)
    qtbot.waitUntil(lambda: states(app) == [GameState.FAILED], timeout=5000)
    assert "1 failed" in panel._figures.text()
    assert panel._figures.property("strength") == "warning"
    assert panel._bar.property("state") == "warning"
    app.window.actions_by_name["show_batch"].setChecked(True)
    with qtbot.waitSignal(app.bench.engine.found, timeout=20_000):
        app.bench.engine.choose(stockfish)
    with qtbot.waitSignal(app.bench.batch.finished, timeout=ANALYSE_MS):
        click(panel._retry)
    assert states(app) == [GameState.ANALYSED]
    qtbot.waitUntil(lambda: panel._bar.property("state") == "", timeout=5000)
    assert panel._retry.isHidden()


@pytest.mark.expects_log
def test_retry_failed_after_a_restart_asks_with_numbers(
    qtbot: QtBot,
    open_app: Callable[..., Application],
    stop: Callable[[Application], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The job of an earlier run is over: the menu offers the failed games of the library on the sheet."""
    monkeypatch.setenv("KIBITZ_ENGINE", fake_engine(tmp_path, "crash_at", 1))
    one = tmp_path / "one.pgn"
    one.write_text('[White "A"]\n[Black "B"]\n[Result "0-1"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n', encoding="utf-8")
    app = open_app()
    import_file(qtbot, app, one)
    with qtbot.waitSignal(app.bench.batch.finished, timeout=ANALYSE_MS):
        start_analysis(qtbot, app, workers=1)
    stop(app)
    monkeypatch.delenv("KIBITZ_ENGINE")
    again = open_app()
    qtbot.waitUntil(lambda: again.bench.batch.ready, timeout=20_000)
    again.window.actions_by_name["retry_failed"].trigger()
    qtbot.waitUntil(again.window.review_sheet.isVisible, timeout=5000)
    again.window.review_sheet.close_sheet()


def test_the_queue_is_steered_by_its_buttons(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """Later, earlier, next and remove do what they say to the selected game, which stays selected."""
    app = open_app()
    start_long(qtbot, app, games_file)
    panel = app.window.workspace.batch
    click(panel._pause)
    qtbot.waitUntil(lambda: app.bench.batch.snapshot.state is JobState.PAUSED, timeout=5000)
    assert app.bench.batch.snapshot.nodes_per_second == 0 or panel._speed.text() == ""
    first, second, third = queued(app)
    panel.select_game(first)
    click(panel._down)
    qtbot.waitUntil(lambda: queued(app) == [second, first, third], timeout=5000)
    assert panel._selected().game_id == first
    click(panel._up)
    qtbot.waitUntil(lambda: queued(app) == [first, second, third], timeout=5000)
    panel.select_game(third)
    click(panel._front)
    qtbot.waitUntil(lambda: queued(app) == [third, first, second], timeout=5000)
    click(panel._remove)
    qtbot.waitUntil(lambda: queued(app) == [first, second], timeout=5000)
    click(panel._pause)
    qtbot.waitUntil(lambda: app.bench.batch.snapshot.state is JobState.RUNNING, timeout=5000)


def test_the_spinner_changes_the_workers_while_they_run(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """One more key press, one more engine; and back. Paused workers show no speed, busy ones always a move."""
    app = open_app()
    start_long(qtbot, app, games_file)
    panel = app.window.workspace.batch
    panel._count.setFocus()
    QTest.keyClick(panel._count, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: panel.workers_model.rowCount() == 2, timeout=20_000)
    searching = [row for row in panel.workers_model.rows() if row.title]
    assert all(panel.workers_model.text(row, 2) for row in searching)
    QTest.keyClick(panel._count, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: panel.workers_model.rowCount() == 1, timeout=30_000)
    click(panel._pause)
    qtbot.waitUntil(lambda: app.bench.batch.snapshot.state is JobState.PAUSED, timeout=5000)
    qtbot.waitUntil(
        lambda: {panel.workers_model.text(row, 3) for row in panel.workers_model.rows()} == {"paused"}, timeout=10_000
    )


def test_focus_mode_stays_calm_while_a_batch_starts(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """Workers and queue stay folded in focus mode, whatever starts; leaving it gives them back."""
    app = open_app()
    import_file(qtbot, app, games_file)
    window, space = app.window, app.window.workspace
    window.actions_by_name["show_batch"].setChecked(True)
    window.review_sheet.override_nodes(LONG_NODES)
    window.actions_by_name["focus"].setChecked(True)
    start_analysis(qtbot, app, workers=1)
    qtbot.waitUntil(lambda: app.bench.batch.snapshot.state is JobState.RUNNING, timeout=20_000)
    qtbot.waitUntil(space.batch.isVisible, timeout=5000)
    assert space.batch._body.isHidden()
    assert space.library.isHidden()
    window.actions_by_name["focus"].setChecked(False)
    assert not space.library.isHidden()
    assert not space.batch._body.isHidden()
    assert window.actions_by_name["show_batch"].isChecked()


def test_the_queue_gets_the_height_that_was_dragged(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path, places: Places
) -> None:
    """Dragging the edge above the batch makes room for more of the queue; folding and a kill do not forget it."""
    app = open_app()
    app.window.resize(1300, 900)
    start_long(qtbot, app, games_file)
    panel = app.window.workspace.batch
    before, queue_before = panel.height(), panel._queue.height()
    handle = app.window.workspace._dock.handle(1)
    start = handle.rect().center()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(handle, start - QPoint(0, 90))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=start)
    qtbot.waitUntil(lambda: panel.height() > before + 60, timeout=5000)
    assert panel._queue.height() > queue_before + 60
    dragged = panel.height()
    click(panel._fold)
    qtbot.waitUntil(lambda: panel.height() < before, timeout=5000)
    click(panel._fold)
    qtbot.waitUntil(lambda: abs(panel.height() - dragged) <= 2, timeout=5000)

    def written() -> object:
        return QSettings(str(places.state_file), QSettings.Format.IniFormat).value("workspace/batch_height", 0, int)

    qtbot.waitUntil(lambda: written() == dragged, timeout=5000)


def test_the_menu_follows_the_fold_button(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> None:
    """The tick in View says what is shown, whichever of the two was used."""
    app = open_app()
    start_long(qtbot, app, games_file)
    panel, tick = app.window.workspace.batch, app.window.actions_by_name["show_batch"]
    click(panel._fold)
    assert not tick.isChecked()
    assert panel._body.isHidden()
    click(panel._fold)
    assert tick.isChecked()
    assert not panel._body.isHidden()
