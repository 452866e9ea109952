"""The explorer's tables keep the rules of item models, and ask for more games once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QModelIndex

from desktop_app.domain.positions import Coverage, MoveCount
from desktop_app.services.explore_position import Exploration
from desktop_app.services.find_position import ExplorerMove
from desktop_app.ui.models.explorer_model import BEST, GAMES, LAST, RATING, RESULTS, ExplorerMoves, PositionGames

if TYPE_CHECKING:
    from pytestqt.modeltest import ModelTester
    from pytestqt.qtbot import QtBot


def _answer(*counts: tuple[str, MoveCount]) -> Exploration:
    moves = tuple(ExplorerMove(san, san.lower(), count) for san, count in counts)
    total = MoveCount()
    for _, count in counts:
        total.merge(count)
    return Exploration("fen", moves, total, None, Coverage(1, 1), 1.0, complete=True)


def test_moves_and_their_total(qtmodeltester: ModelTester) -> None:
    """Each move in words, the total last; a changed answer moves rows."""
    model = ExplorerMoves()
    model.show(_answer(("e4", MoveCount(1200, 600, 300, 300, 2000.0, 1, "2021.05.??", 93.6)), ("d4", MoveCount(1))))
    qtmodeltester.check(model)
    texts = [model.index(0, column).data() for column in (GAMES, RATING, LAST, BEST)]
    assert texts == ["1,200", "2000", "2021", "94%"]
    assert model.row(0).shares() == (0.5, 0.25, 0.25)
    assert model.row(1).shares() == (0.0, 0.0, 0.0)
    assert "White won 600 (50.0 %)" in (model.tip(model.row(0), RESULTS) or "")
    assert (model.row(2).uci, model.index(2, GAMES).data()) == ("", "1,201")
    model.show(_answer(("d4", MoveCount(3)), ("e4", MoveCount(2)), ("c4", MoveCount(1))))
    assert [model.row(row).san for row in range(3)] == ["d4", "e4", "c4"]
    model.show(None)
    assert model.rowCount() == 0


def _game(number: int) -> Any:
    row = SimpleNamespace(
        id=number, white="A", black="", white_elo=None, black_elo=2000, result="1/2-1/2", date="2020.??.??",
        event="", round="",
    )  # fmt: skip
    return SimpleNamespace(row=row, ply=3, next_san="")


def test_more_games_are_asked_for_once(qtbot: QtBot, qtmodeltester: ModelTester) -> None:
    """The end of the list asks for what follows, until nothing does."""
    model = PositionGames()
    model.show([_game(number) for number in range(3)], more=True)
    with qtbot.waitSignal(model.more_wanted):
        model.fetchMore(QModelIndex())
    assert not model.canFetchMore(QModelIndex())
    model.add([_game(3)], more=False)
    assert not model.canFetchMore(QModelIndex())
    assert cast("Any", model.game(3)).row.id == 3
    qtmodeltester.check(model)
    assert [model.index(3, column).data() for column in range(7)] == [
        "A",
        "",
        "?",
        "2000",
        "½\N{EN DASH}½",
        "2020",
        "end",
    ]
