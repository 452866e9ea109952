"""What one finished chunk changes, in one transaction: evaluations, the item's progress, the game's state and figures.

On the library's writer thread, for `library.evaluations`.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, select, update

from desktop_app.domain.game import GameState
from desktop_app.domain.judgement import RULES_VERSION
from desktop_app.domain.work import ItemState
from desktop_app.library.evaluation_rows import StoredPosition, row_of
from desktop_app.library.tables import analysis, engine, evaluation, game, job_item

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.game import GameId
    from desktop_app.domain.judgement import GameSummary
    from desktop_app.domain.profile import AnalysisKey, SearchSpec
    from desktop_app.domain.work import JobItemId


@dataclass(frozen=True, slots=True)
class ChunkToStore:
    """Everything one transaction writes.

    Attributes:
        item_id, game_id: whose positions these are.
        key: which analysis they belong to.
        positions: may be empty (an analysis found complete).
        positions_total: how many evaluations make the analysis complete.
        settled: whether the stopping rule of an anytime profile is met; a search of fixed limits has none to meet.
        summary: derived from all evaluations of this analysis so far, these included; None leaves the columns empty.
        grading: name of the rules the summary was made by.
    """

    item_id: JobItemId
    game_id: GameId
    key: AnalysisKey
    positions: tuple[StoredPosition, ...]
    positions_total: int
    summary: GameSummary | None
    grading: str
    settled: bool = True


def store(connection: Connection, chunk: ChunkToStore) -> bool:
    """Write a chunk and what follows from it. Returns whether the analysis is complete now."""
    if connection.execute(select(game.c.id).where(game.c.id == chunk.game_id)).scalar() is None:
        return False  # it was removed while the engine thought about it
    engine_id = engine_id_of(connection, chunk.key.engine) or add_engine(connection, chunk.key.engine)
    analysis_id = _analysis_id(connection, chunk.game_id, engine_id, chunk.key.spec)
    if chunk.positions:
        plies = [position.ply for position in chunk.positions]
        connection.execute(
            delete(evaluation).where(evaluation.c.analysis_id == analysis_id, evaluation.c.ply.in_(plies))
        )
        connection.execute(
            insert(evaluation),
            [row_of(position, analysis_id, engine_id) for position in chunk.positions],
        )
    stored: int = connection.execute(
        select(func.count()).select_from(evaluation).where(evaluation.c.analysis_id == analysis_id)
    ).scalar_one()
    complete = stored >= chunk.positions_total and chunk.settled
    connection.execute(
        update(analysis).where(analysis.c.id == analysis_id).values(complete=complete, updated_at=time.time())
    )
    live = connection.execute(
        update(job_item)
        .where(job_item.c.id == chunk.item_id, job_item.c.state.in_([ItemState.QUEUED.value, ItemState.RUNNING.value]))
        .values(
            state=(ItemState.DONE if complete else ItemState.RUNNING).value,
            plies_done=stored,
            plies_total=chunk.positions_total,
            error=None,
        )
    ).rowcount
    if live:
        _update_game(connection, chunk, analysis_id, stored=stored, complete=complete)
    return complete


def _update_game(connection: Connection, chunk: ChunkToStore, analysis_id: int, *, stored: int, complete: bool) -> None:
    values: dict[str, Any] = {
        "analysis_id": analysis_id,
        "evaluated": stored,
        "state": (GameState.ANALYSED if complete else GameState.IN_PROGRESS).value,
        "error": None,
        "grading": chunk.grading,
        "rules_version": RULES_VERSION,
        **summary_columns(chunk.summary),
    }
    statement = update(game).where(game.c.id == chunk.game_id).values(values)
    if not complete:
        statement = statement.where(game.c.state != GameState.ANALYSED.value)
    connection.execute(statement)


def summary_columns(summary: GameSummary | None) -> dict[str, float | int | None]:
    """The summary's columns on `game`; all empty for None."""
    sides = (("white", summary and summary.white), ("black", summary and summary.black))
    names = ("accuracy", "acpl", "inaccuracies", "mistakes", "blunders")
    return {f"{colour}_{name}": getattr(side, name) if side else None for colour, side in sides for name in names}


def is_search(engine_id: int, spec: SearchSpec) -> ColumnElement[bool]:
    """The analyses that this engine made just so, of whatever game."""
    return and_(
        analysis.c.engine_id == engine_id,
        analysis.c.profile == spec.profile.value,
        analysis.c.limit_nodes == spec.limit_nodes,
        analysis.c.reproducible.is_(spec.reproducible),
    )


def is_analysis(game_id: GameId, engine_id: int, spec: SearchSpec) -> ColumnElement[bool]:
    """The one analysis of a game that this engine made just so."""
    return and_(analysis.c.game_id == game_id, is_search(engine_id, spec))


def engine_id_of(connection: Connection, identity: EngineIdentity) -> int | None:
    """The stored engine with exactly this build and these options; None before it has said anything here."""
    return connection.execute(
        select(engine.c.id).where(
            engine.c.name == identity.name,
            engine.c.build == identity.build,
            engine.c.options == _options_text(identity),
        )
    ).scalar_one_or_none()


def add_engine(connection: Connection, identity: EngineIdentity) -> int:
    """Store an engine that has not said anything here yet; returns its id."""
    values = {"name": identity.name, "build": identity.build, "options": _options_text(identity)}
    return int(connection.execute(insert(engine).values(values).returning(engine.c.id)).scalar_one())


def _options_text(identity: EngineIdentity) -> str:
    return json.dumps([list(option) for option in identity.options])


def _analysis_id(connection: Connection, game_id: GameId, engine_id: int, spec: SearchSpec) -> int:
    found = connection.execute(select(analysis.c.id).where(is_analysis(game_id, engine_id, spec))).scalar_one_or_none()
    if found is not None:
        return int(found)
    values = {
        "game_id": game_id,
        "engine_id": engine_id,
        "profile": spec.profile.value,
        "limit_nodes": spec.limit_nodes,
        "reproducible": spec.reproducible,
        "complete": False,
        "updated_at": time.time(),
    }
    return int(connection.execute(insert(analysis).values(values).returning(analysis.c.id)).scalar_one())
