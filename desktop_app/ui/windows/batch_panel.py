"""The batch dock: one line when collapsed, workers and queue when open. Non-modal; alive while a job is.

Main thread; shows `BatchSnapshot`s of `BatchController` and hands it what the user wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.batch import Stage
from desktop_app.domain.counting import counted
from desktop_app.domain.work import ItemState, JobState
from desktop_app.ui.controllers.batch_controller import LIVE_STATES
from desktop_app.ui.models.queue_model import QueueModel, WorkerModel, speed
from desktop_app.ui.runtime import theme
from desktop_app.ui.widgets.elided import ElidedLabel
from desktop_app.ui.windows.parts import label, refresh_tools, restyle, set_tool, shape_table, tool
from desktop_app.ui.windows.words import duration

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QShowEvent

    from desktop_app.domain.batch import BatchSnapshot, QueueRow
    from desktop_app.ui.controllers.batch_controller import BatchController

_BODY_PX = 120
_ANY_PX = 16_777_215
_TITLES = {
    JobState.PAUSED: "Paused",
    JobState.DONE: "Analysis done",
    JobState.CANCELLED: "Cancelled",
    JobState.FAILED: "Analysis failed",
}
_STAGES = {Stage.FIRST_LOOK: "First look at all games", Stage.CLOSER: "Looking closer"}
_MOST_WORKERS = 64
_NUMBER_PX, _REMOTE_NAME_PX = 60, 120
_BAR_UNITS = 10_000


class BatchPanel(QFrame):
    """Overall bar, time left, speed; below it workers and queue.

    Signals: `game_opened(id)` from a row; `expanded_changed(bool)` when the user wants the details, or not;
    `unfolded(bool)` when they appear or go for whatever reason.
    """

    game_opened = Signal(object)
    expanded_changed = Signal(bool)
    unfolded = Signal(bool)

    def __init__(self, batch: BatchController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("panel", "bar")
        self._batch = batch
        self._last: tuple[JobState | None, int, Stage | None] = (None, 0, None)
        self._calm = False
        self._wanted_open = False
        self.workers_model, self.queue_model = WorkerModel(self), QueueModel(self)
        self._workers = shape_table(QTableView(), self.workers_model, "Workers")
        self._queue = shape_table(QTableView(), self.queue_model, "Queue")
        self._shape_columns()
        self._build_line()
        self._body = QWidget()
        self._build_body()
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 4, 8, 4)
        box.setSpacing(4)
        box.addLayout(self._line)
        box.addWidget(self._body)
        self._connect()
        self.set_expanded(expanded=False)
        self.hide()

    def _build_line(self) -> None:
        self._fold = tool("chevron-up", "Show workers and queue")
        self._title = label("Analysis", strength="title")
        self._bar = QProgressBar(maximum=_BAR_UNITS, textVisible=False)
        self._bar.setAccessibleName("Progress of the analysis")
        self._figures = label(strength="2")
        self._figures.setFont(theme.ui_font())
        self._pause = tool("pause", "Pause")
        self._cancel = tool("stop", "Cancel the analysis; what is done stays")
        self._line = QHBoxLayout()
        self._line.setSpacing(8)
        for widget, stretch in (
            (self._fold, 0),
            (self._title, 0),
            (self._bar, 1),
            (self._figures, 0),
            (self._pause, 0),
            (self._cancel, 0),
        ):
            self._line.addWidget(widget, stretch)

    def _build_body(self) -> None:
        self._count = QSpinBox(minimum=1, maximum=_MOST_WORKERS)
        self._count.setToolTip("Engines that run at once")
        self._count.setAccessibleName("Workers")
        self._retry = QPushButton("Retry failed")
        self._retry.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._front = tool("front", "This one next")
        self._up, self._down = tool("up", "Earlier"), tool("down", "Later")
        self._remove = tool("trash", "Take out of the queue")
        left_bar, right_bar = QHBoxLayout(), QHBoxLayout()
        self._speed = label(strength="2")
        workers = label("Workers", strength="2")
        left_bar.addWidget(workers)
        left_bar.addWidget(self._count)
        left_bar.addWidget(self._speed)
        left_bar.addStretch(1)
        self._connection = ElidedLabel()
        self._connection.setProperty("strength", "2")
        self._connection.setAccessibleName("Connection to the analysis server")
        self._connection.hide()
        self._queue_title = label("Queue", strength="2")
        right_bar.addWidget(self._queue_title)
        right_bar.addStretch(1)
        for widget in (self._retry, self._front, self._up, self._down, self._remove):
            right_bar.addWidget(widget)
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        for bar, table in ((left_bar, self._workers), (right_bar, self._queue)):
            side = QWidget()
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(4)
            column.addLayout(bar)
            if table is self._workers:
                column.addWidget(self._connection)
            column.addWidget(table, 1)
            split.addWidget(side)
        split.setSizes([480, 560])
        box = QVBoxLayout(self._body)
        box.setContentsMargins(0, 0, 0, 4)
        box.addWidget(split)
        self._body.setMinimumHeight(_BODY_PX)

    def _shape_columns(self) -> None:
        stretch, fixed = QHeaderView.ResizeMode.Stretch, QHeaderView.ResizeMode.Fixed
        workers, queue = self._workers.horizontalHeader(), self._queue.horizontalHeader()
        workers.setSectionResizeMode(1, stretch)
        for column, width in ((0, _NUMBER_PX), (2, 64), (3, 88)):
            workers.setSectionResizeMode(column, fixed)
            workers.resizeSection(column, width)
        queue.setSectionResizeMode(0, stretch)
        for column, width in ((1, 96), (2, 150)):
            queue.setSectionResizeMode(column, fixed)
            queue.resizeSection(column, width)

    def _connect(self) -> None:
        self._fold.clicked.connect(self._on_fold)
        self._pause.clicked.connect(self.toggle_pause)
        self._cancel.clicked.connect(self._on_cancel)
        self._retry.clicked.connect(self._batch.retry_failed)
        self._front.clicked.connect(self._on_front)
        self._up.clicked.connect(self._on_up)
        self._down.clicked.connect(self._on_down)
        self._remove.clicked.connect(self._on_remove)
        self._count.valueChanged.connect(self._batch.set_workers)
        self._queue.doubleClicked.connect(self._on_queue_opened)
        self._workers.doubleClicked.connect(self._on_worker_opened)
        self._queue.selectionModel().selectionChanged.connect(self._refresh_buttons)
        self._batch.snapshot_changed.connect(self.show_snapshot)

    @property
    def expanded(self) -> bool:
        """Whether workers and queue show while a batch is alive."""
        return self._wanted_open

    def set_expanded(self, *, expanded: bool) -> None:
        """Show or hide workers and queue."""
        changed, self._wanted_open = self._wanted_open != expanded, expanded
        self._calm = False
        self._unfold(expanded)
        if changed:
            self.expanded_changed.emit(expanded)

    def set_calm(self, *, calm: bool) -> None:
        """Stay one line whatever happens, for the focus mode; afterwards as before."""
        self._calm = calm
        self._fold_or_unfold()

    def _fold_or_unfold(self) -> None:
        """Nothing is left to steer once all went well: the room goes back to board and list."""
        over = self._last[0] is not None and self._last[0] not in LIVE_STATES
        self._unfold(self._wanted_open and not self._calm and (not over or self._last[1] > 0))

    def _unfold(self, expanded: bool) -> None:
        self._body.setVisible(expanded)
        upright = QSizePolicy.Policy.Preferred if expanded else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Preferred, upright)
        self.setMaximumHeight(_ANY_PX if expanded else self.sizeHint().height())
        verb = "Hide" if expanded else "Show"
        set_tool(self._fold, "chevron-down" if expanded else "chevron-up", f"{verb} workers and queue")
        self.unfolded.emit(expanded)

    def showEvent(self, event: QShowEvent) -> None:
        """It takes its room when it appears."""
        super().showEvent(event)
        self.unfolded.emit(not self._body.isHidden())

    @Slot(object)
    def show_snapshot(self, snapshot: BatchSnapshot) -> None:
        """Draw the batch as it is now."""
        if snapshot.job_id is None:
            self.hide()
            return
        self.show()
        self._bar.setValue(round(_BAR_UNITS * snapshot.progress))
        self._figures.setText(figures(snapshot))
        running = snapshot.state is JobState.RUNNING and snapshot.nodes_per_second
        self._speed.setText(speed(snapshot.nodes_per_second) if running else "")
        self._connection.setText(snapshot.connection)
        self._connection.setVisible(bool(snapshot.connection))
        remote = any(row.remote for row in snapshot.worker_rows)
        self._workers.horizontalHeader().resizeSection(0, _REMOTE_NAME_PX if remote else _NUMBER_PX)
        self.workers_model.put(snapshot.worker_rows)
        self.queue_model.put(snapshot.queue_rows)
        waiting = f", {counted(len(snapshot.waiting_jobs), 'job')} behind" if snapshot.waiting_jobs else ""
        self._queue_title.setText(f"Queue: {snapshot.items_queued:,} waiting{waiting}")
        if not self._count.hasFocus() and snapshot.wanted_workers:
            self._count.blockSignals(True)
            self._count.setValue(snapshot.wanted_workers)
            self._count.blockSignals(False)
        self._retry.setVisible(snapshot.items_failed > 0)
        self._retry.setText(f"Retry {snapshot.items_failed:,} failed")
        if (snapshot.state, snapshot.items_failed, snapshot.stage) != self._last:
            self._last = snapshot.state, snapshot.items_failed, snapshot.stage
            self._show_state(snapshot)
            self._fold_or_unfold()
        self._refresh_buttons()

    def _show_state(self, snapshot: BatchSnapshot) -> None:
        state = snapshot.state
        paused, over = state is JobState.PAUSED, state not in (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)
        running = "Analysing" if snapshot.stage is None else _STAGES[snapshot.stage]
        self._title.setText(_TITLES.get(state or JobState.RUNNING, running))
        self._title.setToolTip(snapshot.error)
        set_tool(self._pause, "play" if paused else "pause", "Go on" if paused else "Pause")
        self._pause.setVisible(not over)
        close = ("cancel", "Close") if over else ("stop", "Cancel the analysis; what is done stays")
        set_tool(self._cancel, *close)
        self._bar.setProperty("state", _bar_colour(snapshot))
        self._figures.setProperty("strength", "warning" if snapshot.items_failed else "2")
        restyle(self._figures)
        restyle(self._bar)

    def _selected(self) -> QueueRow | None:
        rows = self._queue.selectionModel().selectedRows()
        return self.queue_model.row(rows[0].row()) if rows else None

    @Slot()
    def _refresh_buttons(self) -> None:
        row = self._selected()
        movable = row is not None and row.state is ItemState.QUEUED
        for button in (self._front, self._up, self._down, self._remove):
            button.setEnabled(movable)

    @Slot()
    def _on_fold(self) -> None:
        self.set_expanded(expanded=self._body.isHidden())

    @Slot()
    def toggle_pause(self) -> None:
        """Pause, or go on."""
        if self._last[0] is JobState.PAUSED:
            self._batch.resume()
        else:
            self._batch.pause()

    @Slot()
    def _on_cancel(self) -> None:
        if self._last[0] in LIVE_STATES:
            self._batch.cancel()
        else:
            self.hide()

    @Slot()
    def _on_front(self) -> None:
        if row := self._selected():
            self._batch.move_to_front(row.game_id)

    @Slot()
    def _on_up(self) -> None:
        self._move(-1)

    @Slot()
    def _on_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        row = self._selected()
        queued = [item.game_id for item in self.queue_model.rows() if item.state is ItemState.QUEUED]
        if row is None or row.game_id not in queued:
            return
        place = queued.index(row.game_id)
        target = max(0, min(len(queued) - 1, place + by))
        queued.insert(target, queued.pop(place))
        self._batch.reorder(queued)

    @Slot()
    def _on_remove(self) -> None:
        if row := self._selected():
            self._batch.remove(row.game_id)

    @Slot(QModelIndex)
    def _on_queue_opened(self, index: QModelIndex) -> None:
        self.game_opened.emit(self.queue_model.row(index.row()).game_id)

    @Slot(QModelIndex)
    def _on_worker_opened(self, index: QModelIndex) -> None:
        game = self.workers_model.row(index.row()).game_id
        if game is not None:
            self.game_opened.emit(game)

    def select_game(self, game: int) -> None:
        """Select a game's row in the queue."""
        for number, row in enumerate(self.queue_model.rows()):
            if row.game_id == game:
                self._queue.selectionModel().setCurrentIndex(
                    self.queue_model.index(number, 0),
                    QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
                )

    def changeEvent(self, event: QEvent) -> None:
        """A new palette needs icons of its own colour."""
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange and hasattr(self, "_remove"):
            refresh_tools(self)


def _bar_colour(snapshot: BatchSnapshot) -> str:
    """The style sheet's name for what the bar has to say."""
    if snapshot.state is JobState.PAUSED:
        return "paused"
    if snapshot.state is JobState.FAILED:
        return "failed"
    return "warning" if snapshot.items_failed else ""


def figures(snapshot: BatchSnapshot) -> str:
    """The one line: games done, failures, positions per second, what was copied, time left."""
    if snapshot.stage is Stage.FIRST_LOOK:
        parts = [f"{snapshot.items_looked:,} of {snapshot.items_total:,} games looked at"]
    elif snapshot.stage is Stage.CLOSER:
        parts = [f"{snapshot.items_done:,} of {snapshot.items_total:,} games settled"]
    else:
        parts = [f"{snapshot.items_done:,} of {snapshot.items_total:,} games"]
    if snapshot.items_failed:
        parts.append(f"{snapshot.items_failed:,} failed")
    if reused := snapshot.counters.searches_reused:
        parts.append(f"{reused:,} known already")
    if snapshot.state is JobState.RUNNING:
        if snapshot.positions_per_second:
            parts.append(f"{snapshot.positions_per_second:.1f} positions/s")
        left = duration(snapshot.eta_s)
        parts.append(f"{left} left" if left else "estimating …")
    return "   ".join(parts)
