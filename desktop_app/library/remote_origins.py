"""Which games of a job have evaluations by an analysis server, so that they can be thrown away when it lied.

Blocking; any thread but the GUI's. Kept among the library's own settings, one row a game, since a job's few rows go
with it. Called by `services.lane_desk`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.work import ItemState
from desktop_app.errors import NotFoundError
from desktop_app.library.backend import in_set
from desktop_app.library.chunk_store import engine_id_of, summary_columns
from desktop_app.library.tables import analysis, evaluation, game, job, job_item, setting

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from desktop_app.domain.profile import AnalysisKey
    from desktop_app.domain.work import JobId
    from desktop_app.library.database import Database


class RemoteOrigins:
    """Repository of where evaluations came from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def job_key(self, job_id: JobId) -> str:
        """A name for the job that no other job has, of whichever library. Raises NotFoundError."""
        with self._database.read() as connection:
            created = connection.execute(select(job.c.created_at).where(job.c.id == job_id)).scalar_one_or_none()
        if created is None:
            raise NotFoundError(f"There is no job {job_id}.")
        text = f"{self._database.location}\n{job_id}\n{created!r}"
        return f"job-{hashlib.sha256(text.encode()).hexdigest()[:32]}"

    def note(self, job_id: JobId, game_id: GameId) -> None:
        """Evaluations of this game are about to come from a server. Safe to repeat."""
        name = _name(job_id, game_id)

        def run(connection: Connection) -> None:
            connection.execute(delete(setting).where(setting.c.name == name))
            connection.execute(insert(setting), {"name": name, "value": "server"})

        self._database.write(run)

    def games(self, job_id: JobId) -> frozenset[GameId]:
        """The job's games noted so far."""
        with self._database.read() as connection:
            return _noted(connection, job_id)

    def throw_away(self, job_id: JobId, key: AnalysisKey) -> frozenset[GameId]:
        """Delete the job's analyses that servers took part in, and those with copies from them; queue their games.

        One transaction. Returns the games.
        """

        def run(connection: Connection) -> frozenset[GameId]:
            engine_id = engine_id_of(connection, key.engine)
            noted = _noted(connection, job_id)
            if engine_id is None or not noted:
                return frozenset()
            games = noted | _copied_from(connection, job_id, noted, engine_id)
            gone = list(
                connection.execute(
                    select(analysis.c.id).where(in_set(analysis.c.game_id, games), analysis.c.engine_id == engine_id)
                ).scalars()
            )
            connection.execute(
                update(game)
                .where(in_set(game.c.id, games), in_set(game.c.analysis_id, gone))
                .values(
                    analysis_id=None, evaluated=0, state=GameState.QUEUED.value, error=None, **summary_columns(None)
                )
            )
            connection.execute(delete(evaluation).where(in_set(evaluation.c.analysis_id, gone)))
            connection.execute(delete(analysis).where(in_set(analysis.c.id, gone)))
            connection.execute(
                update(job_item)
                .where(
                    job_item.c.job_id == job_id,
                    in_set(job_item.c.game_id, games),
                    job_item.c.state != ItemState.CANCELLED.value,
                )
                .values(state=ItemState.QUEUED.value, plies_done=0, attempts=0, error=None)
            )
            connection.execute(delete(setting).where(setting.c.name.like(f"{_prefix(job_id)}%")))
            return games

        return self._database.write(run)


def _prefix(job_id: JobId) -> str:
    return f"remote:{job_id}:"


def _name(job_id: JobId, game_id: GameId) -> str:
    return f"{_prefix(job_id)}{game_id}"


def _noted(connection: Connection, job_id: JobId) -> frozenset[GameId]:
    prefix = _prefix(job_id)
    names = connection.execute(select(setting.c.name).where(setting.c.name.like(f"{prefix}%"))).scalars()
    return frozenset(GameId(int(name.removeprefix(prefix))) for name in names)


def _copied_from(connection: Connection, job_id: JobId, games: frozenset[GameId], engine_id: int) -> frozenset[GameId]:
    """Games of the job with a copied evaluation of a position that these games have, too."""
    theirs = (
        select(evaluation.c.position_key)
        .join(analysis, analysis.c.id == evaluation.c.analysis_id)
        .where(
            in_set(analysis.c.game_id, games),
            evaluation.c.engine_id == engine_id,
            evaluation.c.position_key.is_not(None),
        )
    )
    rows = connection.execute(
        select(analysis.c.game_id)
        .join(evaluation, evaluation.c.analysis_id == analysis.c.id)
        .join(job_item, job_item.c.game_id == analysis.c.game_id)
        .where(
            job_item.c.job_id == job_id,
            evaluation.c.reused,
            evaluation.c.engine_id == engine_id,
            evaluation.c.position_key.in_(theirs),
        )
        .distinct()
    )
    return frozenset(GameId(found) for found in rows.scalars())
