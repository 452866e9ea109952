"""The window comes back as it was left, even when it was killed; and small sentences where a guess would be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, QSettings, Qt
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.game import GameState
from desktop_app.domain.profile import Profile
from desktop_app.domain.receipt import Problem, ProblemKind
from desktop_app.ui.models.library_model import Column
from desktop_app.ui.models.problems_model import ProblemsModel, short_names
from desktop_app.ui.runtime.notices import NoticeKind
from desktop_app.ui.widgets.summary_panel import SummaryState
from desktop_app.ui.windows.line_cards import summary_view
from tests.ui.windows.test_main_window import ANALYSE_MS, import_file, start_analysis

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application, Places


def test_the_game_and_the_move_come_back(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path, stop: Callable[[Application], None]
) -> None:
    """The next start shows the game that was on the board, at its move, and selects it in the list."""
    app = open_app()
    import_file(qtbot, app, games_file)
    qtbot.waitUntil(lambda: len(app.window.workspace.library.selected_ids()) == 4, timeout=5000)
    third = app.bench.games.ids()[2]
    app.window.workspace.library.select_game(third)
    qtbot.waitUntil(lambda: app.bench.cursor.view is not None and app.bench.cursor.view.id == third, timeout=5000)
    app.bench.cursor.go_to(5)
    stop(app)
    again = open_app()
    cursor = again.bench.cursor
    qtbot.waitUntil(lambda: cursor.view is not None and cursor.view.id == third, timeout=5000)
    qtbot.waitUntil(lambda: cursor.ply == 5, timeout=5000)
    assert again.window.workspace.library.selected_ids() == [third]


def test_a_file_named_at_the_start_goes_before_what_was_open(
    qtbot: QtBot,
    open_app: Callable[..., Application],
    games_file: Path,
    stop: Callable[[Application], None],
    tmp_path: Path,
) -> None:
    """Who opens a file wants to see it, not the game of yesterday."""
    app = open_app()
    import_file(qtbot, app, games_file)
    qtbot.waitUntil(lambda: app.bench.cursor.last_ply > 0, timeout=5000)
    app.bench.cursor.go_to(3)
    stop(app)
    more = tmp_path / "more.pgn"
    more.write_text('[White "New"]\n[Black "Comer"]\n[Result "1-0"]\n\n1. e4 e5 2. Qh5 1-0\n', encoding="utf-8")
    again = open_app(str(more))
    qtbot.waitUntil(
        lambda: again.bench.cursor.view is not None and again.bench.cursor.view.white == "New", timeout=20_000
    )


@pytest.mark.engine
@pytest.mark.usefixtures("stockfish")
def test_the_sheet_offers_what_was_chosen_last(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path, stop: Callable[[Application], None]
) -> None:
    """Depth and number of workers are asked for once, not every evening."""
    app = open_app()
    import_file(qtbot, app, games_file)
    sheet = app.window.review_sheet
    workers = sheet.workers.value() + 1
    sheet.profile.setCurrentIndex(sheet.profile.findData(Profile.DEEP))
    with qtbot.waitSignal(app.bench.batch.finished, timeout=ANALYSE_MS):
        start_analysis(qtbot, app, workers=workers)
    stop(app)
    again = open_app().window.review_sheet
    assert again.profile.currentData() == Profile.DEEP
    assert again.workers.value() == workers


def test_a_killed_window_kept_its_layout(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path, places: Places
) -> None:
    """Changes are written a moment after they happen, not only when the window is closed."""
    app = open_app()
    import_file(qtbot, app, games_file)
    app.window.actions_by_name["library_below"].setChecked(True)

    def written() -> bool:
        return bool(QSettings(str(places.state_file), QSettings.Format.IniFormat).value("workspace/below", False, bool))

    qtbot.waitUntil(written, timeout=5000)


def test_toasts_stand_over_the_list_and_never_on_the_transport(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """At the bottom left, above the batch; without the list, above the buttons that move in the game."""
    app = open_app()
    import_file(qtbot, app, games_file)
    window, space = app.window, app.window.workspace
    toasts = window._toasts
    app.bench.desk.notices.post("Something that takes a whole sentence to be said, and a little more", NoticeKind.ERROR)

    def place() -> QRect:
        return QRect(toasts.mapTo(window, QPoint(0, 0)), toasts.size())

    def rect(widget: QWidget) -> QRect:
        return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())

    qtbot.waitUntil(lambda: toasts.height() > 0 and rect(space.library).contains(place()), timeout=5000)
    assert not place().intersects(rect(space.board.transport))
    window.actions_by_name["library_below"].setChecked(True)
    qtbot.waitUntil(lambda: rect(space.library).contains(place()), timeout=5000)
    window.actions_by_name["focus"].setChecked(True)
    qtbot.waitUntil(lambda: place().bottom() < rect(space.board.transport).top(), timeout=5000)
    window.actions_by_name["focus"].setChecked(False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1", "single position (FEN)"),
        ("https://lichess.org/abcdefgh", "does not open links"),
        ("a shopping list", "no games on the clipboard"),
    ],
)
def test_what_cannot_be_pasted_is_told_with_what_to_do(
    open_app: Callable[..., Application], text: str, said: str
) -> None:
    """A position, a link or a text: one sentence, and the clipboard stays as it is."""
    app = open_app()
    QGuiApplication.clipboard().setText(text)
    posted: list[str] = []
    app.bench.desk.notices.posted.connect(lambda notice: posted.append(notice.text))
    app.window.actions_by_name["paste"].trigger()
    assert len(posted) == 1
    assert said in posted[0]
    assert QGuiApplication.clipboard().text() == text


@pytest.mark.engine
@pytest.mark.usefixtures("stockfish")
def test_games_too_short_or_too_long_say_so(qtbot: QtBot, open_app: Callable[..., Application], tmp_path: Path) -> None:
    """Under five half-moves no accuracy shows anywhere; beyond three hundred the summary says where Lichess stops."""
    shuffle = "Nf3 Nf6 Ng1 Ng8"
    long = " ".join([shuffle] * 3 + ["a4 a5"] + [shuffle] * 73)
    file = tmp_path / "lengths.pgn"
    file.write_text(
        f'[White "Short"]\n[Result "0-1"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n\n[White "Long"]\n[Result "*"]\n\n{long} *\n',
        encoding="utf-8",
    )
    app = open_app()
    import_file(qtbot, app, file)
    model, cursor, library = app.bench.games, app.bench.cursor, app.window.workspace.library
    qtbot.waitUntil(lambda: len(library.selected_ids()) == 2, timeout=5000)
    short_id, long_id = model.ids()
    library.select_game(long_id)
    qtbot.waitUntil(lambda: cursor.view is not None and cursor.view.id == long_id, timeout=5000)
    assert len(cursor.view.plies) > 300
    assert summary_view(cursor.view).remark.startswith("Beyond Lichess's limit")
    library.select_game(short_id)
    with qtbot.waitSignal(app.bench.batch.finished, timeout=ANALYSE_MS):
        start_analysis(qtbot, app, workers=1)
    qtbot.waitUntil(lambda: cursor.view.id == short_id and cursor.view.state is GameState.ANALYSED, timeout=5000)
    assert cursor.view.summary.white.accuracy is not None or cursor.view.summary.black.accuracy is not None
    shown = summary_view(cursor.view)
    assert (shown.state, shown.white.accuracy, shown.black.accuracy) == (SummaryState.DONE, None, None)
    assert shown.remark == "Too short for an accuracy."
    assert shown.white.blunders == 1
    assert shown.source.endswith("grading: Lichess")
    qtbot.waitUntil(lambda: model.known(short_id).state is GameState.ANALYSED, timeout=5000)
    assert model.index(0, Column.WHITE_ACCURACY).data() in {"", "\N{EN DASH}"}


def test_a_reason_comes_before_the_path() -> None:
    """A sentence that begins with a long path would show nothing but the path in its column."""
    path = "/home/me/very/deep/folders/of/games/club.pgn"
    problem = Problem(path, None, 1, 0, ProblemKind.REJECTED, f"{path} cannot be read: permission denied.")
    model = ProblemsModel()
    model.show([problem])
    assert model.index(0, 3).data() == "club.pgn cannot be read: permission denied."
    assert model.index(0, 5).data() == "club.pgn"
    assert model.index(0, 5).data(Qt.ItemDataRole.ToolTipRole) == path


def test_files_are_named_by_what_tells_them_apart() -> None:
    """Folders all files share say nothing; a single file is its name."""
    assert short_names(["/home/me/chess/2024/club.pgn"]) == {"/home/me/chess/2024/club.pgn": "club.pgn"}
    names = short_names(["/home/me/2024/club.pgn", "/home/me/2025/club.pgn", "/home/me/all.zip/x/club.pgn"])
    assert list(names.values()) == ["2024/club.pgn", "2025/club.pgn", "all.zip/x/club.pgn"]
    assert short_names(["C:\\chess\\a.pgn", "C:\\chess\\b.pgn"]) == {
        "C:\\chess\\a.pgn": "a.pgn",
        "C:\\chess\\b.pgn": "b.pgn",
    }
