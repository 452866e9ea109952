"""Jobs of the library: what the user asked to be analysed, in which order, how far it is, and which process runs it.

Blocking; any thread but the GUI's. Every method is one short transaction that changes jobs, items and game states
together, so that a killed process leaves nothing half-told. Called by `services.analyse_games`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, select, update

from desktop_app.domain.game import GameId, GameLine, GameState
from desktop_app.domain.work import ItemState, JobId, JobItemId, JobState, Owner
from desktop_app.errors import JobOwnedElsewhereError, NotFoundError
from desktop_app.library import owners
from desktop_app.library.backend import in_set
from desktop_app.library.evaluations import summary_columns
from desktop_app.library.job_rows import StoredItem, StoredJob, item_of, jobs_where
from desktop_app.library.leases import is_running
from desktop_app.library.tables import game, job, job_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from desktop_app.domain.profile import SearchSpec
    from desktop_app.library.database import Database

__all__ = ["Jobs", "StoredItem", "StoredJob", "live_among", "owned_elsewhere", "refuse_live_items"]

_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value, JobState.PAUSED.value)
_LIVE_ITEMS = (ItemState.QUEUED.value, ItemState.RUNNING.value)


class Jobs:
    """Repository of jobs and their items."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, game_ids: Sequence[GameId], *, engine_path: str, spec: SearchSpec, workers: int) -> JobId:
        """Store a new job, queued, its games in this order. Games not analysed yet become `queued`."""

        def run(connection: Connection) -> JobId:
            values = {
                "state": JobState.QUEUED.value,
                "engine_path": engine_path,
                "profile": spec.profile.value,
                "limit_nodes": spec.limit_nodes,
                "reproducible": spec.reproducible,
                "workers": workers,
                "created_at": time.time(),
            }
            job_id = JobId(connection.execute(insert(job).values(values).returning(job.c.id)).scalar_one())
            _add_items(connection, job_id, game_ids)
            return job_id

        return self._database.write(run)

    def add_games(self, job_id: JobId, game_ids: Sequence[GameId]) -> None:
        """Append games that are not in the job yet."""
        self._database.write(lambda connection: _add_items(connection, job_id, game_ids))

    def get(self, job_id: JobId) -> StoredJob:
        """One job. Raises NotFoundError."""
        with self._database.read() as connection:
            found = jobs_where(connection, job.c.id == job_id)
        if not found:
            raise NotFoundError(f"There is no job {job_id}.")
        return found[0]

    def unfinished(self) -> list[StoredJob]:
        """Jobs queued, running or paused, oldest first."""
        with self._database.read() as connection:
            return jobs_where(connection, job.c.state.in_(_UNFINISHED))

    def items(self, job_id: JobId) -> list[StoredItem]:
        """The job's games in queue order."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(job_item, game.c.white, game.c.black)
                .join(game, game.c.id == job_item.c.game_id)
                .where(job_item.c.job_id == job_id)
                .order_by(job_item.c.position, job_item.c.id)
            )
            return [item_of(row) for row in rows]

    def line(self, game_id: GameId) -> GameLine:
        """The game's start and moves. Raises NotFoundError."""
        columns = (game.c.variant, game.c.start_fen, game.c.moves, game.c.ply_count, game.c.not_judged)
        with self._database.read() as connection:
            row = connection.execute(select(*columns).where(game.c.id == game_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no game {game_id}.")
        return GameLine(game_id, row.variant, row.start_fen, row.moves, row.ply_count, row.not_judged)

    def live_games(self) -> frozenset[GameId]:
        """Games that unfinished jobs have still to analyse, or analyse now."""
        unfinished = select(job.c.id).where(job.c.state.in_(_UNFINISHED))
        with self._database.read() as connection:
            return frozenset(_games(connection, job_item.c.job_id.in_(unfinished) & job_item.c.state.in_(_LIVE_ITEMS)))

    def recover(self, me: Owner) -> list[StoredJob]:
        """Free what dead processes held, and what this one left behind: jobs and running items are queued again.

        Returns:
            Unfinished jobs that a living process elsewhere owns.
        """

        def run(connection: Connection) -> list[StoredJob]:
            elsewhere = []
            for found in jobs_where(connection, job.c.state.in_(_UNFINISHED)):
                if _runs_elsewhere(found, me, self._database):
                    elsewhere.append(found)
                else:
                    _release(connection, found.id)
            return elsewhere

        return self._database.write(run)

    def claim(self, job_id: JobId, me: Owner) -> None:
        """Make this process the owner and the job running.

        Raises JobOwnedElsewhereError when a living process runs this job or another one of this library.
        """

        def run(connection: Connection) -> None:
            for found in jobs_where(connection, job.c.state.in_(_UNFINISHED)):
                if _runs_elsewhere(found, me, self._database):
                    raise owned_elsewhere(found)
            values = {
                "state": JobState.RUNNING.value,
                "owner_host": me.host,
                "owner_pid": me.pid,
                "owner_started": me.started,
                "error": None,
                "finished_at": None,
            }
            connection.execute(update(job).where(job.c.id == job_id).values(values))

        self._database.write(run)

    def release(self, job_id: JobId) -> None:
        """Give the job up unfinished: no owner, running items queued again, a running job queued, a paused one not."""
        self._database.write(lambda connection: _release(connection, job_id))

    def set_state(self, job_id: JobId, state: JobState, *, error: str = "") -> None:
        """Change the job's state; the end of a job also ends its ownership."""
        values: dict[str, Any] = {"state": state.value, "error": error or None}
        if state.value not in _UNFINISHED:
            values |= {"finished_at": time.time(), "owner_host": None, "owner_pid": None, "owner_started": None}
        self._database.write(
            lambda connection: connection.execute(update(job).where(job.c.id == job_id).values(values))
        )

    def set_workers(self, job_id: JobId, workers: int) -> None:
        """Remember how many workers the user wants."""
        self._database.write(
            lambda connection: connection.execute(update(job).where(job.c.id == job_id).values(workers=workers))
        )

    def set_attempts(self, item_id: JobItemId, attempts: int, error: str) -> None:
        """Count a fault of an item that goes on."""
        values = {"attempts": attempts, "error": error}
        self._database.write(
            lambda connection: connection.execute(update(job_item).where(job_item.c.id == item_id).values(values))
        )

    def fail_item(self, item_id: JobItemId, *, attempts: int, error: str) -> None:
        """The item and its game fail with this reason. A game analysed before stays analysed, as it was."""

        def run(connection: Connection) -> None:
            values = {"state": ItemState.FAILED.value, "attempts": attempts, "error": error}
            connection.execute(update(job_item).where(job_item.c.id == item_id).values(values))
            connection.execute(
                update(game)
                .where(_game_of(item_id), game.c.state != GameState.ANALYSED.value)
                .values(state=GameState.FAILED.value, error=error, **summary_columns(None))
            )

        self._database.write(run)

    def finish_items(self, item_ids: Iterable[JobItemId]) -> None:
        """Items whose games were analysed just so before are done at once."""
        values = {"state": ItemState.DONE.value, "error": None, "plies_done": job_item.c.plies_total}
        statement = update(job_item).where(in_set(job_item.c.id, item_ids)).values(values)
        self._database.write(lambda connection: connection.execute(statement))

    def skip_item(self, item_id: JobItemId, reason: str) -> None:
        """The item is done without analysis, for this reason; its game stays unanalysed and marked as not judged."""

        def run(connection: Connection) -> None:
            values = {"state": ItemState.DONE.value, "error": reason}
            connection.execute(update(job_item).where(job_item.c.id == item_id).values(values))
            connection.execute(
                update(game)
                .where(_game_of(item_id), game.c.state != GameState.ANALYSED.value)
                .values(
                    state=GameState.UNANALYSED.value, error=None, not_judged=func.coalesce(game.c.not_judged, reason)
                )
            )

        self._database.write(run)

    def cancel_items(self, job_id: JobId, item_ids: Iterable[JobItemId] | None = None) -> list[GameId]:
        """Cancel unfinished items (all of the job for None); what they stored stays. Returns their games."""

        def run(connection: Connection) -> list[GameId]:
            condition = (job_item.c.job_id == job_id) & job_item.c.state.in_(_LIVE_ITEMS)
            if item_ids is not None:
                condition &= in_set(job_item.c.id, item_ids)
            games = _games(connection, condition)
            connection.execute(update(job_item).where(condition).values(state=ItemState.CANCELLED.value))
            _let_go(connection, games)
            return games

        return self._database.write(run)

    def reorder(self, job_id: JobId, item_ids: Sequence[JobItemId]) -> None:
        """Put these items first, in this order; the others follow as they were."""

        def run(connection: Connection) -> None:
            first = connection.execute(
                select(func.min(job_item.c.position)).where(job_item.c.job_id == job_id)
            ).scalar_one_or_none()
            start = (first or 0) - len(item_ids)
            for offset, item_id in enumerate(item_ids):
                connection.execute(
                    update(job_item)
                    .where(job_item.c.id == item_id, job_item.c.job_id == job_id)
                    .values(position=start + offset)
                )

        self._database.write(run)

    def retry_failed(self, job_id: JobId) -> list[GameId]:
        """Queue the job's failed items again with fresh attempts. Returns their games."""

        def run(connection: Connection) -> list[GameId]:
            condition = (job_item.c.job_id == job_id) & (job_item.c.state == ItemState.FAILED.value)
            games = _games(connection, condition)
            values = {"state": ItemState.QUEUED.value, "attempts": 0, "error": None}
            connection.execute(update(job_item).where(condition).values(values))
            _queue_games(connection, games)
            return games

        return self._database.write(run)


def owned_elsewhere(found: StoredJob) -> JobOwnedElsewhereError:
    """The error that names a job's living owner."""
    owner = found.owner
    who = f"process {owner.pid} on {owner.host}" if owner else "another process"
    return JobOwnedElsewhereError(
        f"This library is being analysed by {who} (job {found.id}).",
        action="Wait until it is done, or stop it there; then try again.",
    )


def live_among(connection: Connection, game_ids: Sequence[GameId]) -> frozenset[GameId]:
    """Those of these games that unfinished jobs have still to analyse, or analyse now."""
    unfinished = select(job.c.id).where(job.c.state.in_(_UNFINISHED))
    live = in_set(job_item.c.game_id, game_ids) & job_item.c.state.in_(_LIVE_ITEMS)
    return frozenset(_games(connection, live & job_item.c.job_id.in_(unfinished)))


def refuse_live_items(connection: Connection, game_ids: Sequence[GameId], me: Owner, database: Database) -> None:
    """Raise JobOwnedElsewhereError where a living process other than `me` has one of these games still to analyse."""
    waiting = (
        select(job_item.c.job_id)
        .where(in_set(job_item.c.game_id, game_ids), job_item.c.state.in_(_LIVE_ITEMS))
        .distinct()
    )
    for found in jobs_where(connection, job.c.state.in_(_UNFINISHED) & job.c.id.in_(waiting)):
        if _runs_elsewhere(found, me, database):
            raise owned_elsewhere(found)


def _runs_elsewhere(found: StoredJob, me: Owner, database: Database) -> bool:
    owner = found.owner
    return owner is not None and not owners.is_same(owner, me) and is_running(database, owner)


def _games(connection: Connection, condition: Any) -> list[GameId]:
    return [GameId(found) for found in connection.execute(select(job_item.c.game_id).where(condition)).scalars()]


def _game_of(item_id: JobItemId) -> Any:
    return game.c.id == select(job_item.c.game_id).where(job_item.c.id == item_id).scalar_subquery()


def _add_items(connection: Connection, job_id: JobId, game_ids: Sequence[GameId]) -> None:
    sizes = connection.execute(select(game.c.id, game.c.ply_count).where(in_set(game.c.id, game_ids)))
    plies: dict[int, int] = {row.id: row.ply_count for row in sizes}
    there = set(connection.execute(select(job_item.c.game_id).where(job_item.c.job_id == job_id)).scalars())
    last = connection.execute(
        select(func.max(job_item.c.position)).where(job_item.c.job_id == job_id)
    ).scalar_one_or_none()
    wanted = [game_id for game_id in dict.fromkeys(game_ids) if game_id in plies and game_id not in there]
    rows = [
        {
            "job_id": job_id,
            "game_id": game_id,
            "position": position,
            "state": ItemState.QUEUED.value,
            "plies_total": plies[game_id] + 1,
        }
        for position, game_id in enumerate(wanted, start=0 if last is None else last + 1)
    ]
    if rows:
        connection.execute(insert(job_item), rows)
        _queue_games(connection, wanted)


def _queue_games(connection: Connection, game_ids: Sequence[GameId]) -> None:
    connection.execute(
        update(game)
        .where(
            in_set(game.c.id, game_ids),
            game.c.state.in_([GameState.UNANALYSED.value, GameState.FAILED.value]),
            game.c.not_judged.is_(None),
        )
        .values(state=GameState.QUEUED.value, error=None)
    )


def _let_go(connection: Connection, game_ids: Sequence[GameId]) -> None:
    """Games nobody analyses any more are unanalysed again, unless another job still has them queued.

    A game with a whole first look keeps its figures, which are provisional; parts of a game say nothing of it.
    """
    waiting = (
        select(job_item.c.game_id)
        .join(job, job.c.id == job_item.c.job_id)
        .where(job.c.state.in_(_UNFINISHED), job_item.c.state.in_(_LIVE_ITEMS))
    )
    underway = game.c.state.in_([GameState.QUEUED.value, GameState.IN_PROGRESS.value])
    mine = in_set(game.c.id, game_ids)
    alone = and_(mine, underway, game.c.id.not_in(waiting))
    partly = alone & (game.c.evaluated <= game.c.ply_count)
    connection.execute(update(game).where(partly).values(**summary_columns(None)))
    connection.execute(update(game).where(alone).values(state=GameState.UNANALYSED.value))
    connection.execute(update(game).where(mine, underway, game.c.id.in_(waiting)).values(state=GameState.QUEUED.value))


def _release(connection: Connection, job_id: JobId) -> None:
    running = (job_item.c.job_id == job_id) & (job_item.c.state == ItemState.RUNNING.value)
    games = select(job_item.c.game_id).where(running)
    connection.execute(
        update(game)
        .where(game.c.id.in_(games), game.c.state == GameState.IN_PROGRESS.value)
        .values(state=GameState.QUEUED.value)
    )
    connection.execute(update(job_item).where(running).values(state=ItemState.QUEUED.value))
    connection.execute(
        update(job).where(job.c.id == job_id, job.c.state == JobState.RUNNING.value).values(state=JobState.QUEUED.value)
    )
    connection.execute(
        update(job).where(job.c.id == job_id).values(owner_host=None, owner_pid=None, owner_started=None)
    )
