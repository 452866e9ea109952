"""The move list: rows, clicks, highlight, and games that fill in while one looks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_app.domain.evaluation import Cp
from desktop_app.domain.judgement import Judgement
from desktop_app.ui.widgets.move_list import MoveList
from desktop_app.ui.widgets.move_rows import MoveCell, MoveListModel, MoveRow, NoteKind, NoteRow, rows_of
from desktop_app.ui.widgets.scores import figurine
from tests.ui.widgets.gallery_scenes import cells
from tests.ui.widgets.sample_game import evergreen, long_game

if TYPE_CHECKING:
    from pytestqt.modeltest import ModelTester
    from pytestqt.qtbot import QtBot


@pytest.fixture
def moves(qtbot: QtBot) -> MoveList:
    """The sample game in a list that cannot show all of it at once."""
    widget = MoveList()
    qtbot.addWidget(widget)
    widget.resize(380, 300)
    widget.set_game(cells(evergreen()), opening="C52 Evans Gambit", result="1-0")
    widget.show()
    return widget


def test_comments_break_the_columns() -> None:
    """A comment after White's move puts Black's move on a numbered line of its own."""
    game = cells(evergreen())[:4]
    game[2] = replace(game[2], comment="best by test", variations=("2. f4 exf4",))
    rows = rows_of(game, opening="C20", comment="before", result="*")
    kinds = [row.kind if isinstance(row, NoteRow) else row.number for row in rows]
    assert kinds == [
        NoteKind.OPENING, NoteKind.COMMENT, 1, 2, NoteKind.COMMENT, NoteKind.VARIATION, 2, NoteKind.RESULT,
    ]  # fmt: skip
    assert rows[6] == MoveRow(2, None, game[3])


def test_game_may_start_with_black() -> None:
    """A game from a position with Black to move starts with an open left column."""
    first = MoveCell(ply=1, san="Kd7", number=30, black=True)
    second = MoveCell(ply=2, san="Kb2", number=31, black=False)
    assert rows_of([first, second]) == [MoveRow(30, None, first), MoveRow(31, second, None)]


def test_model_keeps_qt_rules(qtmodeltester: ModelTester) -> None:
    """The model passes Qt's own tester, and says moves in words."""
    model = MoveListModel()
    model.set_rows(rows_of(cells(evergreen()), opening="C52"))
    qtmodeltester.check(model)
    words = model.index(15).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Qf5, blunder, 3.68 pawns for White" in words


@pytest.mark.parametrize("ply", [1, 2, 7])
def test_click_goes_to_the_ply(qtbot: QtBot, moves: MoveList, ply: int) -> None:
    """A click on a move tells its ply: White's at the left, Black's at the right."""
    with qtbot.waitSignal(moves.ply_clicked) as heard:
        QTest.mouseClick(moves.viewport(), Qt.MouseButton.LeftButton, pos=moves.move_rect(ply).center())
    assert heard.args == [ply]


def test_click_beside_a_move_does_nothing(moves: MoveList) -> None:
    """The number column is no move."""
    heard: list[int] = []
    moves.ply_clicked.connect(heard.append)
    point = moves.move_rect(1).center()
    point.setX(4)
    QTest.mouseClick(moves.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert heard == []


def test_current_move_stays_visible(moves: MoveList) -> None:
    """Wherever the current ply is, its cell is inside the viewport; the start shows the top."""
    for ply in (47, 20, 33, 1):
        moves.set_current_ply(ply)
        assert moves.viewport().rect().contains(moves.move_rect(ply).center())
    moves.set_current_ply(0)
    assert moves.verticalScrollBar().value() == 0


def test_current_move_is_highlighted(moves: MoveList) -> None:
    """The ground of the current move, and of no other, is tinted."""
    moves.set_current_ply(3)
    image = moves.viewport().grab().toImage()
    ratio = image.devicePixelRatio()

    def ground(ply: int) -> int:
        corner = moves.move_rect(ply).bottomRight()
        return image.pixel(round((corner.x() - 20) * ratio), round((corner.y() - 3) * ratio))

    assert ground(3) != ground(4)
    assert ground(1) == ground(4)


def test_verdicts_arrive_without_scrolling(moves: MoveList) -> None:
    """New scores and judgements change cells in place: no reset, the scroll position stays."""
    resets: list[bool] = []
    moves.model().modelReset.connect(lambda: resets.append(True))
    moves.verticalScrollBar().setValue(120)
    game = cells(evergreen())
    game[20] = replace(game[20], judgement=Judgement.MISTAKE, score=Cp(-300))
    moves.set_game(game, opening="C52 Evans Gambit", result="1-0")
    moves.update_cell(replace(game[21], provisional=True))
    assert resets == []
    assert moves.verticalScrollBar().value() == 120
    row = moves.model().data(moves.model().index(11), MoveListModel.RowRole)
    assert isinstance(row, MoveRow)
    assert row.white is not None
    assert row.white.judgement is Judgement.MISTAKE


def test_250_moves_are_rows_not_widgets(qtbot: QtBot) -> None:
    """A long game makes no child widgets and paints only what is visible."""
    widget = MoveList()
    qtbot.addWidget(widget)
    widget.resize(300, 400)
    widget.show()
    before = len(widget.findChildren(object))
    game = long_game()
    widget.set_game(cells(game))
    widget.set_current_ply(game[-1].ply)
    assert widget.model().rowCount() >= 240
    assert len(widget.findChildren(object)) == before
    assert not widget.grab().isNull()


def test_figurines_touch_moves_alone() -> None:
    """Piece letters of moves become figures; words keep their letters."""
    assert figurine("Best was Be4, Refutation of Rad1: Nbxd2+, e8=Q, N@f3") == (
        "Best was ♗e4, Refutation of ♖ad1: ♘bxd2+, e8=♕, ♘@f3"
    )
