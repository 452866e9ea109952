"""The lazy table of games: pages on demand, live rows without a reset, stale answers dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.rows import GameRow
from desktop_app.domain.sets import Tag, TagId
from desktop_app.ui.models.library_model import GAME_ROLE, PAGE_ROWS, TAGS_ROLE, Column, LibraryModel

if TYPE_CHECKING:
    from pytestqt.modeltest import ModelTester
    from pytestqt.qtbot import QtBot


def make_row(number: int, **changes: object) -> GameRow:
    """A game with recognisable values."""
    row = GameRow(
        id=GameId(number), white=f"White {number}", black="Black", white_elo=2500, black_elo=None,
        result="1/2-1/2", date="2021.10.??", event="Event", site="", round="", time_control="", termination="",
        eco="B90", opening="Sicilian Defense", ply_count=41, variant="chess", state=GameState.UNANALYSED, error=None,
        not_judged=None, partial=None, batch_id=None, evaluated=0, white_accuracy=None, black_accuracy=None,
        white_acpl=None, black_acpl=None, white_inaccuracies=None, white_mistakes=None, white_blunders=None,
        black_inaccuracies=None, black_mistakes=None, black_blunders=None,
    )  # fmt: skip
    return replace(row, **changes)


@pytest.fixture
def model(qtmodeltester: ModelTester) -> LibraryModel:
    """A model of 250 games whose rows are served at once, watched by the model tester."""
    model = LibraryModel()
    model.rows_wanted.connect(lambda ids, generation: model.put_rows([make_row(game) for game in ids], generation))
    model.set_ids(range(1, 251))
    return model


def test_the_model_keeps_the_rules_of_item_models(model: LibraryModel, qtmodeltester: ModelTester) -> None:
    """QAbstractItemModelTester finds nothing, through insertion, reset and live changes."""
    for row in range(model.rowCount()):
        model.index(row, 0).data()
    qtmodeltester.check(model)
    model.set_ids(range(1, 301))
    model.set_ids([7, 3, 5])
    model.stale([3])
    assert model.rowCount() == 3


def test_rows_are_fetched_by_page_and_only_when_looked_at(qtbot: QtBot) -> None:
    """Looking at one row asks for its page once; the placeholder stands in until the answer comes."""
    model, asked = LibraryModel(), []
    model.rows_wanted.connect(lambda ids, generation: asked.append((ids, generation)))
    model.set_ids(range(1, 1001))
    cell = model.index(PAGE_ROWS + 3, Column.WHITE)
    assert cell.data() == "…"
    assert cell.data() == "…"
    assert len(asked) == 1
    ids, generation = asked[0]
    assert ids == tuple(range(PAGE_ROWS + 1, 2 * PAGE_ROWS + 1))
    with qtbot.waitSignal(model.dataChanged):
        model.put_rows([make_row(game) for game in ids], generation)
    assert cell.data() == f"White {PAGE_ROWS + 4}"


def test_an_answer_of_an_older_order_is_dropped() -> None:
    """Rows fetched for a query that was replaced change nothing."""
    model, asked = LibraryModel(), []
    model.rows_wanted.connect(lambda ids, generation: asked.append((ids, generation)))
    model.set_ids(range(1, 11))
    model.index(0, Column.WHITE).data()
    model.set_ids([5, 6])
    model.put_rows([make_row(5)], asked[0][1])
    assert model.index(0, Column.WHITE).data() == "…"


def test_a_changed_game_is_redrawn_in_place(model: LibraryModel, qtbot: QtBot) -> None:
    """Only rows at hand are fetched again, no reset happens, and only their rows are announced."""
    model.index(0, Column.WHITE).data()
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    changed: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: changed.append((first.row(), last.row())))
    model.stale([3, 4, 240])
    assert changed == [(2, 3)]
    assert not resets


def test_longer_lists_are_insertions(model: LibraryModel, qtbot: QtBot) -> None:
    """Games that come at the end are inserted; what was there keeps its place and its rows."""
    model.index(0, Column.WHITE).data()
    with qtbot.assertNotEmitted(model.modelReset), qtbot.waitSignal(model.rowsInserted):
        model.set_ids(range(1, 261))
    assert model.index(0, 0).data(GAME_ROLE).id == 1


def test_cells_say_what_players_expect(model: LibraryModel) -> None:
    """Draws, dates, lengths and errors are written as players write them."""
    figures = {"white_inaccuracies": 1, "white_mistakes": 0, "white_blunders": 2, "white_accuracy": 91.4}
    row = make_row(9, state=GameState.ANALYSED, **figures)
    model.index(0, 0).data()
    model.put_rows([row], model.generation)
    line = [model.index(8, column).data() for column in Column]
    assert line[Column.RESULT] == "½\N{EN DASH}½"
    assert line[Column.DATE] == "2021.10"
    assert line[Column.MOVES] == "21"
    assert line[Column.WHITE_ACCURACY] == "91%"
    assert line[Column.WHITE_ERRORS] == "1  0  2"
    assert line[Column.BLACK_ERRORS] == ""


def test_a_failed_game_says_why(model: LibraryModel) -> None:
    """The state's tooltip carries the reason and the way out."""
    model.index(0, 0).data()
    model.put_rows([make_row(1, state=GameState.FAILED, error="engine hung twice")], model.generation)
    tip = model.index(0, Column.STATE).data(Qt.ItemDataRole.ToolTipRole)
    assert "engine hung twice" in tip
    assert "try again" in tip


def test_rows_come_with_their_tags_and_lose_them_again() -> None:
    """A game's tags are told by name and colour; a row that is read again without them has none."""
    model = LibraryModel()
    model.set_ids([1, 2])
    cell = model.index(0, Column.WHITE)
    assert cell.data(TAGS_ROLE) is None
    red, blue = Tag(TagId(7), "Sharp", "red", 1), Tag(TagId(8), "Study", "blue", 1)
    model.set_tags([red, blue])
    model.put_rows([make_row(1), make_row(2)], model.generation, {GameId(1): (red.id, blue.id)})
    assert cell.data(TAGS_ROLE) == (red, blue)
    assert cell.data(Qt.ItemDataRole.ToolTipRole) == "White 1\nTags: Sharp, Study"
    assert model.index(1, Column.WHITE).data(TAGS_ROLE) == ()
    model.set_tags([blue])
    assert cell.data(TAGS_ROLE) == (blue,)
    model.put_rows([make_row(1)], model.generation, {})
    assert cell.data(TAGS_ROLE) == ()


def test_figures_that_may_change_have_a_tilde(model: LibraryModel) -> None:
    """A first look's accuracy stands after a tilde, and hovering over it says why; a settled one stands alone."""
    figures = {"white_inaccuracies": 1, "white_mistakes": 0, "white_blunders": 2, "white_accuracy": 91.4}
    row = make_row(9, state=GameState.IN_PROGRESS, evaluated=10_000, **figures)
    model.index(0, 0).data()
    model.put_rows([row], model.generation)
    cell = model.index(8, Column.WHITE_ACCURACY)
    assert cell.data() == "~91%"
    assert "may still change" in cell.data(Qt.ItemDataRole.ToolTipRole)
