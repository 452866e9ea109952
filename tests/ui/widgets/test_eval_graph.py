"""Graph and bar: the right ply for every click, and White's share at White's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

from desktop_app.domain.evaluation import Cp, Mate, Over, Score
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.tokens import Mark
from desktop_app.ui.widgets.eval_bar import EvalBar
from desktop_app.ui.widgets.eval_graph import EvalGraph, PlyPoint
from desktop_app.ui.widgets.scores import clock_text, score_text, short_score, white_share
from tests.ui.widgets.events import wheel
from tests.ui.widgets.gallery_scenes import points
from tests.ui.widgets.sample_game import evergreen

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def graph(qtbot: QtBot) -> EvalGraph:
    """The sample game's graph."""
    widget = EvalGraph()
    qtbot.addWidget(widget)
    widget.resize(620, 140)
    widget.set_points(points(evergreen()))
    widget.show()
    return widget


@pytest.mark.parametrize("ply", [0, 1, 19, 46, 47])
def test_click_goes_to_the_nearest_ply(qtbot: QtBot, graph: EvalGraph, ply: int) -> None:
    """A click where a ply is drawn tells that ply."""
    with qtbot.waitSignal(graph.ply_clicked) as heard:
        QTest.mouseClick(graph, Qt.MouseButton.LeftButton, pos=QPoint(round(graph.x_of(ply)), 70))
    assert heard.args == [ply]


def test_clicks_at_the_edges_stay_in_the_game(graph: EvalGraph) -> None:
    """Beside the curve the first and the last ply answer."""
    heard: list[int] = []
    graph.ply_clicked.connect(heard.append)
    for x in (0, 619):
        QTest.mouseClick(graph, Qt.MouseButton.LeftButton, pos=QPoint(x, 70))
    assert heard == [0, 47]


def test_keys_and_wheel_move_through_the_game(graph: EvalGraph) -> None:
    """Arrows, Home and End ask for plies, the wheel for steps; nothing goes past the ends."""
    clicked: list[int] = []
    stepped: list[int] = []
    graph.ply_clicked.connect(clicked.append)
    graph.stepped.connect(stepped.append)
    graph.set_current_ply(0)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Home):
        QTest.keyClick(graph, key)
    wheel(graph, -120)
    assert clicked == [0, 1, 47, 0]
    assert stepped == [1]


def test_white_is_below_the_curve_and_gaps_stay_empty(graph: EvalGraph) -> None:
    """Where White wins the column is white; a position without a score shows the ground."""
    look = theme.tokens()
    graph.set_points(points(evergreen(), known_from=26))
    image = graph.grab().toImage()
    ratio = image.devicePixelRatio()

    def at(ply: int, y: int) -> str:
        return QColor(image.pixel(round(graph.x_of(ply) * ratio), round(y * ratio))).name()

    assert at(44, 100) == look.graph_white
    assert at(38, 40) == look.graph_black
    assert at(10, 100) == look.sunken


def test_judged_moves_are_marked_by_shape_and_colour(graph: EvalGraph) -> None:
    """The blunder's red is on the curve at its ply, and nowhere where nothing was judged."""
    image = graph.grab().toImage()
    fill = QColor(theme.tokens().marks[Mark.BLUNDER].fill).rgb()
    ratio = image.devicePixelRatio()

    def red_at(ply: int) -> bool:
        x = round(graph.x_of(ply) * ratio)
        return any(image.pixel(x, y) == fill for y in range(image.height()))

    assert red_at(37)
    assert not red_at(10)


def test_one_point_is_updated_in_place(graph: EvalGraph) -> None:
    """A position that arrives fills its gap; one that the graph does not have is passed over."""
    graph.set_points([PlyPoint(ply, None) for ply in range(5)])
    graph.update_point(PlyPoint(3, Cp(50), "2. Nf3"))
    graph.update_point(PlyPoint(99, Cp(50)))
    assert "1 of 5 positions evaluated" in graph.accessibleDescription()


def test_hover_tells_move_and_score(graph: EvalGraph) -> None:
    """The hover card names the move, its score and the verdict."""
    point = points(evergreen())[37]
    assert graph.hover_text(point) == "19. Rad1   \u22124.21  blunder"
    QTest.mouseMove(graph, QPoint(round(graph.x_of(37)), 70))
    assert not graph.grab().isNull()


def test_an_empty_graph_is_a_skeleton(graph: EvalGraph) -> None:
    """Without a game clicks ask for nothing."""
    heard: list[int] = []
    graph.ply_clicked.connect(heard.append)
    graph.set_points([])
    QTest.mouseClick(graph, Qt.MouseButton.LeftButton, pos=QPoint(100, 70))
    QTest.keyClick(graph, Qt.Key.Key_Right)
    assert heard == []
    assert not graph.grab().isNull()


def test_white_share_is_at_whites_end(qtbot: QtBot) -> None:
    """White's area is at the bottom, at the top after a flip, and as large as the winning chances."""
    bar = EvalBar()
    qtbot.addWidget(bar)
    bar.resize(28, 400)
    bar.set_score(Cp(300))
    share = white_share(Cp(300))
    assert share == pytest.approx(0.7511, abs=0.001)
    assert bar.white_rect().bottom() == 400
    assert bar.white_rect().height() == pytest.approx(400 * share)
    bar.set_flipped(flipped=True)
    assert bar.white_rect().top() == 0
    assert "3.00 pawns for White" in bar.accessibleDescription()


@pytest.mark.parametrize(
    ("score", "text", "short"),
    [
        (Cp(34), "+0.34", "0.3"),
        (Cp(-421), "\u22124.21", "4.2"),
        (Cp(0), "0.00", "0.0"),
        (Cp(1240), "+12.40", "12"),
        (Mate(5), "M5", "M5"),
        (Mate(-3), "\u2212M3", "M3"),
        (Over(winner=None), "½\u2013½", "½\u2013½"),
        (Over(winner=True), "1\u20130", "1\u20130"),
        (None, "", ""),
    ],
)
def test_scores_are_written_from_whites_side(score: Score | None, text: str, short: str) -> None:
    """Scores in lists carry their sign; the bar says it by its end."""
    assert score_text(score) == text
    assert short_score(score) == short


@pytest.mark.parametrize(
    ("seconds", "text"), [(5398, "1:29:58"), (245, "4:05"), (12.4, "0:12.4"), (0, "0:00"), (None, "")]
)
def test_clocks_are_short(seconds: float | None, text: str) -> None:
    """Hours only where there are any, tenths only near the end."""
    assert clock_text(seconds) == text
