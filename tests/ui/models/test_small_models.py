"""Queue, workers, imports and problems: rows replaced as a whole, selection and rules of item models kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPersistentModelIndex

from desktop_app.domain.batch import QueueRow, WorkerRow, WorkerState
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.receipt import Problem, ProblemKind
from desktop_app.domain.work import ItemState, JobItemId
from desktop_app.ui.models.problems_model import ProblemsModel
from desktop_app.ui.models.queue_model import QueueModel, WorkerModel

if TYPE_CHECKING:
    from pytestqt.modeltest import ModelTester
    from pytestqt.qtbot import QtBot


def queue_row(number: int, state: ItemState = ItemState.QUEUED, done: int = 0) -> QueueRow:
    """A queued game."""
    return QueueRow(JobItemId(number), GameId(number), f"Game {number}", state, done, 80, 1, "")


def test_the_queue_survives_every_kind_of_change(qtmodeltester: ModelTester) -> None:
    """Progress, reordering, growth and shrinking keep the model sound; a selected game stays the same game."""
    model = QueueModel()
    qtmodeltester.check(model)
    model.put([queue_row(number) for number in range(1, 6)])
    kept = QPersistentModelIndex(model.index(3, 0))
    for order in ([1, 2, 3, 4, 5], [4, 1, 2, 3, 5], [4, 5, 1], [9, 8, 4, 1], [4], [1, 4, 7, 6]):
        model.put([queue_row(number) for number in order])
        assert [row.item_id for row in model.rows()] == order
        assert kept.isValid()
        assert model.row(kept.row()).item_id == 4
    model.put([])
    assert not kept.isValid()


def test_progress_redraws_only_the_rows_that_moved(qtbot: QtBot) -> None:
    """Equal rows are left alone: a batch of hundreds costs nothing while one game advances."""
    model = QueueModel()
    model.put([queue_row(number) for number in range(1, 101)])
    changed: list[int] = []
    model.dataChanged.connect(lambda first, _last: changed.append(first.row()))
    model.put([queue_row(number, done=1 if number == 42 else 0) for number in range(1, 101)])
    assert changed == [41]


def test_a_worker_row_reads_like_a_sentence(qtmodeltester: ModelTester) -> None:
    """Game, the move it stands at, speed."""
    model = WorkerModel()
    qtmodeltester.check(model)
    model.put([WorkerRow(0, WorkerState.SEARCHING, GameId(1), "Anand - Carlsen", Ply(24), 8, 80, 1_240_000)])
    assert [model.index(0, column).data() for column in range(4)] == ["1", "Anand - Carlsen", "12…", "1.24 M/s"]


def test_problems_show_where_and_why(qtmodeltester: ModelTester) -> None:
    """Game number from one, line, reason, players, file."""
    model = ProblemsModel()
    qtmodeltester.check(model)
    headers = {"White": "A", "Black": "B"}
    model.show([Problem("x.pgn", 4, 120, 5000, ProblemKind.REJECTED, "illegal move", headers, "1. e5")])
    cells = [model.index(0, column).data() for column in range(6)]
    assert cells == ["rejected", "5", "120", "illegal move", "A \N{EN DASH} B", "x.pgn"]
