"""The viewer keeps up: overtaken answers are dropped, news fills holes, commits replace it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.batch import PositionNews
from desktop_app.domain.evaluation import Cp, Evaluation, Mate
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.work import JobId
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_text
from desktop_app.ui.windows.view_cells import graph_points

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

IMPORT_MS = 30_000


def news(game: GameId, ply: int, white_cp: int, sequence: int) -> PositionNews:
    """What a worker says of a position."""
    evaluation = Evaluation(Cp(white_cp), 12, 2000, "a2a3", ("a2a3",))
    return PositionNews(JobId(1), game, 0, Ply(ply), evaluation, sequence)


def open_games(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> Application:
    """The application with four games imported."""
    app = open_app()
    with qtbot.waitSignal(app.bench.imports.finished, timeout=IMPORT_MS):
        app.bench.imports.import_paths([str(games_file)])
    qtbot.waitUntil(lambda: len(app.window.workspace.library.selected_ids()) == 4, timeout=5000)
    return app


def test_only_the_game_asked_for_last_is_shown(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """Walking fast through a list never ends on a game that was passed over."""
    app = open_games(qtbot, open_app, games_file)
    ids = app.bench.games.ids()
    qtbot.waitUntil(lambda: app.bench.cursor.view is not None, timeout=5000)
    shown: list[int] = []
    app.bench.cursor.view_changed.connect(lambda view: shown.append(view.id))
    for game in ids:
        app.bench.viewer.preview(game)
    qtbot.waitUntil(lambda: app.bench.cursor.view.id == ids[-1], timeout=5000)
    assert shown == [ids[-1]]


def test_news_shows_at_once_and_judges_when_both_sides_are_known(
    qtbot: QtBot, open_app: Callable[..., Application], games_file: Path
) -> None:
    """A position alone gives a score; with the one before it a verdict; both are marked as not stored yet."""
    app = open_games(qtbot, open_app, games_file)
    game, cursor, viewer = app.bench.games.ids()[0], app.bench.cursor, app.bench.viewer
    viewer.preview(game)
    qtbot.waitUntil(lambda: cursor.view is not None and cursor.view.id == game, timeout=5000)
    viewer.on_positions((news(game, 6, 900, 1),))
    qtbot.waitUntil(lambda: cursor.view.plies[5].score == Cp(900), timeout=5000)
    assert cursor.view.plies[5].judgement is None
    assert cursor.provisional == {6}
    viewer.on_positions((news(game, 5, 0, 2), news(GameId(game + 1), 1, 300, 3)))
    qtbot.waitUntil(lambda: cursor.view.plies[5].judgement == "blunder", timeout=5000)
    assert cursor.provisional == {5, 6}


def test_late_news_is_dropped(qtbot: QtBot, open_app: Callable[..., Application], games_file: Path) -> None:
    """News that was overtaken by newer news changes nothing."""
    app = open_games(qtbot, open_app, games_file)
    game, cursor, viewer = app.bench.games.ids()[0], app.bench.cursor, app.bench.viewer
    viewer.preview(game)
    qtbot.waitUntil(lambda: cursor.view is not None and cursor.view.id == game, timeout=5000)
    viewer.on_positions((news(game, 3, 50, 9),))
    viewer.on_positions((news(game, 3, -700, 4),))
    qtbot.waitUntil(lambda: cursor.view.plies[2].score is not None, timeout=5000)
    assert cursor.view.plies[2].score == Cp(50)


_FROM_A_FILE = """[Event "Old"]
[White "Ada"]
[Black "Bert"]
[Date "2019.05.01"]
[Result "1-0"]

1. e4 { [%eval 0.35,22] } e5 { [%eval -0.1] } 2. Qh5 { [%eval #-3] } Nc6 { [%eval 0.0] } 1-0
"""


def test_evaluations_of_the_file_are_shown_apart(
    open_app: Callable[..., Application], tmp_path: Path, qtbot: QtBot
) -> None:
    """What another engine said is a line of its own with its source and scale named, and no figure of ours."""
    with Library.open(tmp_path / "games.kibitz") as library:
        import_text(library, _FROM_A_FILE, "old")
    app = open_app()
    review, cursor = app.window.workspace.review, app.bench.cursor
    qtbot.waitUntil(lambda: cursor.view is not None, timeout=IMPORT_MS)
    cursor.go_to(1)
    qtbot.waitUntil(lambda: "+0.35" in review.file_note.text(), timeout=IMPORT_MS)
    assert review.file_note.isVisibleTo(review)
    assert "depth 22, unknown engine" in review.file_note.text()
    assert "another scale" in review.file_note.text()
    view = cursor.view
    assert view is not None
    assert view.summary is None
    assert all(move.score is None and move.judgement is None for move in view.plies)
    points = graph_points(view, frozenset())
    assert [point.score for point in points] == [None] * 5
    assert [point.file_score for point in points] == [None, Cp(35), Cp(-10), Mate(-3), Cp(0)]
    assert "in the file: +0.35" in review.graph.hover_text(points[1])
