"""Jobs and their items as rows, and as values. Inside the caller's transaction. Called by `library.jobs`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from desktop_app.domain.game import GameId
from desktop_app.domain.profile import Profile, SearchSpec
from desktop_app.domain.work import ItemState, JobId, JobItemId, JobState, Owner
from desktop_app.library.tables import job, job_item

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as stored. `items` counts its games; `owner` is the process that runs it, None while nobody does."""

    id: JobId
    state: JobState
    engine_path: str
    spec: SearchSpec
    workers: int
    owner: Owner | None
    error: str
    items: int


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One game of a job. `title` names the players. For a done item `error` is why it was skipped."""

    id: JobItemId
    game_id: GameId
    state: ItemState
    attempts: int
    error: str
    plies_total: int
    plies_done: int
    title: str


def jobs_where(connection: Connection, condition: Any) -> list[StoredJob]:
    """The jobs of which `condition` holds, oldest first."""
    items = (
        select(func.count()).select_from(job_item).where(job_item.c.job_id == job.c.id).correlate(job).scalar_subquery()
    )
    rows = connection.execute(select(job, items.label("items")).where(condition).order_by(job.c.id))
    return [
        StoredJob(
            id=JobId(row.id),
            state=JobState(row.state),
            engine_path=row.engine_path,
            spec=SearchSpec(Profile(row.profile), row.limit_nodes, row.reproducible),
            workers=row.workers,
            owner=Owner(row.owner_host, row.owner_pid, row.owner_started) if row.owner_host is not None else None,
            error=row.error or "",
            items=row.items,
        )
        for row in rows
    ]


def item_of(row: Row[Any]) -> StoredItem:
    """The item in a row that names its players, too."""
    return StoredItem(
        id=JobItemId(row.id),
        game_id=GameId(row.game_id),
        state=ItemState(row.state),
        attempts=row.attempts,
        error=row.error or "",
        plies_total=row.plies_total,
        plies_done=row.plies_done,
        title=f"{row.white or '?'} - {row.black or '?'}",
    )
