"""The batch's queue and workers as tables. Main thread; fed from a `BatchSnapshot` by `windows.batch_panel`."""

from __future__ import annotations

from desktop_app.domain.batch import QueueRow, WorkerRow, WorkerState
from desktop_app.domain.work import ItemState
from desktop_app.ui.models.table_rows import TableRows

ITEM_WORDS = {
    ItemState.QUEUED: "queued",
    ItemState.RUNNING: "running",
    ItemState.DONE: "done",
    ItemState.FAILED: "failed",
    ItemState.CANCELLED: "cancelled",
}


class QueueModel(TableRows[QueueRow]):
    """Games of the job in queue order."""

    titles = ("Game", "Positions", "State")

    def key(self, row: QueueRow) -> object:
        """The item."""
        return row.item_id

    def text(self, row: QueueRow, column: int) -> str:
        """Title, progress, state; a failed game says why at once."""
        if column == 0:
            return row.title
        if column == 1:
            return f"{row.plies_done} / {row.plies_total}" if row.plies_total else ""
        if row.looked and row.state in {ItemState.QUEUED, ItemState.RUNNING}:
            return "looking closer" if row.state is ItemState.RUNNING else "first look done"
        if row.error:
            return f"{ITEM_WORDS[row.state]}: {row.error}"
        return ITEM_WORDS[row.state]

    def tip(self, row: QueueRow, column: int) -> str | None:
        """The reason of a failure, else the title."""
        return row.error or (row.title if column == 0 else None)


WORKER_WORDS = {
    WorkerState.WAITING: "waiting",
    WorkerState.SEARCHING: "searching",
    WorkerState.PAUSED: "paused",
    WorkerState.RETIRING: "finishing",
}


class WorkerModel(TableRows[WorkerRow]):
    """One row for each worker."""

    titles = ("Worker", "Game", "Move", "Speed")

    def key(self, row: WorkerRow) -> object:
        """The worker's number."""
        return row.worker

    def text(self, row: WorkerRow, column: int) -> str:
        """Number, game, the move it is at, nodes per second; who is paused has no speed."""
        if column == 0:
            return (row.name or "server") if row.remote else f"{row.worker + 1}"
        if column == 1:
            return row.title or WORKER_WORDS[row.state]
        if column == 2:
            return _move_number(row.ply) if row.title else ""
        if row.state is WorkerState.PAUSED:
            return WORKER_WORDS[row.state]
        return speed(row.nodes_per_second) if row.nodes_per_second else ""


def _move_number(ply: int | None) -> str:
    """The move that led to a position; None before the first one was heard of."""
    if not ply:
        return "…" if ply is None else "start"
    return f"{(ply + 1) // 2}{'.' if ply % 2 else '…'}"


def speed(nodes_per_second: int) -> str:
    """Nodes per second in words of three digits: "912 k/s", "1.24 M/s"."""
    if nodes_per_second >= 1_000_000:
        return f"{nodes_per_second / 1e6:.2f} M/s"
    return f"{nodes_per_second / 1e3:.0f} k/s"
