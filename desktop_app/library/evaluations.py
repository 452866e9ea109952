"""Evaluations of the library: facts, keyed by analysis (game, engine with options, limits) and ply.

Blocking; any thread but the GUI's. A chunk is stored in one short transaction together with everything that follows
from it: the item's progress, the game's state and its summary. Called by `services.analyse_games` and the views.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select, update

from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation, Mate, Over, Score
from desktop_app.domain.game import GameId, GameState, Ply, PositionKey
from desktop_app.domain.judgement import RULES_VERSION
from desktop_app.domain.profile import AnalysisKey, Profile, SearchSpec
from desktop_app.domain.work import ItemState
from desktop_app.library.backend import in_set
from desktop_app.library.tables import analysis, engine, evaluation, game, job_item

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from desktop_app.domain.judgement import GameSummary
    from desktop_app.domain.work import JobItemId
    from desktop_app.library.database import Database

_KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class GameAnalysis:
    """One analysis of a game, as far as it is stored.

    Attributes:
        complete: every position with a legal move is evaluated.
        reused: plies whose evaluation was copied from an equal position.
        updated_at: UTC seconds since 1970.
    """

    game_id: GameId
    engine: EngineIdentity
    spec: SearchSpec
    complete: bool
    evaluations: dict[Ply, Evaluation]
    reused: frozenset[Ply]
    updated_at: float


@dataclass(frozen=True, slots=True)
class StoredPosition:
    """One evaluation on its way into the library.

    Attributes:
        key: under which other games may use it; None where it may not be shared.
        reused: it was copied from an equal position, not searched.
    """

    ply: Ply
    evaluation: Evaluation
    key: PositionKey | None
    reused: bool = False


@dataclass(frozen=True, slots=True)
class ChunkToStore:
    """Everything one transaction writes.

    Attributes:
        item_id, game_id: whose positions these are.
        key: which analysis they belong to.
        positions: may be empty (an analysis found complete).
        positions_total: how many evaluations make the analysis complete.
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


@dataclass(frozen=True, slots=True)
class GameSize:
    """How much there is to evaluate of a game, and how much is stored under one certain key."""

    game_id: GameId
    plies: int
    variant: str
    not_judged: str | None
    stored: int


class Evaluations:
    """Repository of analyses and their evaluations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_game(self, game_id: GameId) -> GameAnalysis | None:
        """The analysis the game shows (the last complete one, else the one in progress), None before any."""
        shown = select(game.c.analysis_id).where(game.c.id == game_id).scalar_subquery()
        with self._database.read() as connection:
            return _read(connection, analysis.c.id == shown)

    def of_key(self, game_id: GameId, key: AnalysisKey) -> GameAnalysis | None:
        """What is stored of one certain analysis, None when nothing is."""
        with self._database.read() as connection:
            engine_id = _engine_id(connection, key.engine)
            return None if engine_id is None else _read(connection, _is_analysis(game_id, engine_id, key.spec))

    def known_plies(self, game_id: GameId, key: AnalysisKey) -> frozenset[Ply]:
        """Plies stored already for this analysis; they are never searched again."""
        found = self.of_key(game_id, key)
        return frozenset(found.evaluations) if found else frozenset()

    def analysed_games(self, game_ids: Iterable[GameId], key: AnalysisKey) -> frozenset[GameId]:
        """Those of the games that are analysed and show exactly this analysis: nothing is left to do for them."""
        with self._database.read() as connection:
            engine_id = _engine_id(connection, key.engine)
            if engine_id is None:
                return frozenset()
            rows = connection.execute(
                select(game.c.id)
                .join(analysis, analysis.c.id == game.c.analysis_id)
                .where(
                    in_set(game.c.id, game_ids),
                    game.c.state == GameState.ANALYSED.value,
                    analysis.c.complete,
                    _is_search(engine_id, key.spec),
                )
            )
            return frozenset(GameId(value) for value in rows.scalars())

    def sizes(self, game_ids: Iterable[GameId], key: AnalysisKey) -> list[GameSize]:
        """How much of these games is evaluated under this key already."""
        with self._database.read() as connection:
            engine_id = _engine_id(connection, key.engine) or 0
            stored = (
                select(func.count())
                .select_from(evaluation)
                .join(analysis, analysis.c.id == evaluation.c.analysis_id)
                .where(analysis.c.game_id == game.c.id, _is_search(engine_id, key.spec))
                .correlate(game)
                .scalar_subquery()
            )
            rows = connection.execute(
                select(game.c.id, game.c.ply_count, game.c.variant, game.c.not_judged, stored.label("stored")).where(
                    in_set(game.c.id, game_ids)
                )
            )
            return [GameSize(GameId(row.id), row.ply_count, row.variant, row.not_judged, row.stored) for row in rows]

    def reusable(
        self, keys: Iterable[PositionKey], searcher: EngineIdentity, min_nodes: int
    ) -> dict[PositionKey, Evaluation]:
        """Evaluations by this very engine and options that were asked for at least `min_nodes`, by position.

        Of several the one with most nodes, then the oldest. A search may end below its limit (a mate was proved), so
        the limit counts as well as the nodes.
        """
        wanted = list(dict.fromkeys(keys))
        found: dict[PositionKey, Evaluation] = {}
        with self._database.read() as connection:
            engine_id = _engine_id(connection, searcher)
            if engine_id is None:
                return {}
            for start in range(0, len(wanted), _KEYS_AT_ONCE):
                rows = connection.execute(
                    select(evaluation)
                    .join(analysis, analysis.c.id == evaluation.c.analysis_id)
                    .where(
                        in_set(evaluation.c.position_key, wanted[start : start + _KEYS_AT_ONCE]),
                        evaluation.c.engine_id == engine_id,
                        evaluation.c.over.is_(None),
                        or_(evaluation.c.nodes >= min_nodes, analysis.c.limit_nodes >= min_nodes),
                    )
                    .order_by(evaluation.c.nodes, evaluation.c.analysis_id.desc())
                )
                found.update((PositionKey(row.position_key), evaluation_of(row)) for row in rows)
        return found

    def nodes_per_second(self, searcher: EngineIdentity, *, sample: int = 2_000) -> float | None:
        """Speed of this engine here, from its latest evaluations; None before there are any."""
        with self._database.read() as connection:
            engine_id = _engine_id(connection, searcher)
            if engine_id is None:
                return None
            latest = (
                select(evaluation.c.nodes, evaluation.c.engine_ms)
                .where(evaluation.c.engine_id == engine_id, evaluation.c.engine_ms > 0, evaluation.c.reused.is_(False))
                .order_by(evaluation.c.analysis_id.desc())
                .limit(sample)
                .subquery()
            )
            nodes, engine_ms = connection.execute(select(func.sum(latest.c.nodes), func.sum(latest.c.engine_ms))).one()
            return float(nodes) * 1000 / float(engine_ms) if engine_ms else None

    def store_chunk(self, chunk: ChunkToStore) -> bool:
        """Store positions and all that follows from them in one transaction. Safe to repeat.

        The item becomes running, or done when this completes the analysis; a game that is not `analysed` yet becomes
        `in_progress`, or `analysed`. A game analysed before keeps its old analysis until the new one is complete.

        Returns:
            Whether the analysis is complete now.
        """
        return self._database.write(lambda connection: _store(connection, chunk))


def _store(connection: Connection, chunk: ChunkToStore) -> bool:
    if connection.execute(select(game.c.id).where(game.c.id == chunk.game_id)).scalar() is None:
        return False  # it was removed while the engine thought about it
    engine_id = _engine_id(connection, chunk.key.engine) or _add_engine(connection, chunk.key.engine)
    analysis_id = _analysis_id(connection, chunk.game_id, engine_id, chunk.key.spec)
    if chunk.positions:
        plies = [position.ply for position in chunk.positions]
        connection.execute(
            delete(evaluation).where(evaluation.c.analysis_id == analysis_id, evaluation.c.ply.in_(plies))
        )
        connection.execute(
            insert(evaluation),
            [_row_of(position, analysis_id, engine_id) for position in chunk.positions],
        )
    stored: int = connection.execute(
        select(func.count()).select_from(evaluation).where(evaluation.c.analysis_id == analysis_id)
    ).scalar_one()
    complete = stored >= chunk.positions_total
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


def evaluation_of(row: Row[Any]) -> Evaluation:
    """The evaluation in a row of the table."""
    return Evaluation(
        score=_score_of(row),
        depth=row.depth,
        nodes=row.nodes,
        best=row.best,
        pv=tuple(row.pv.split()),
        engine_ms=row.engine_ms,
    )


def _score_of(row: Row[Any]) -> Score:
    if row.over is not None:
        return Over(None if row.over == 0 else row.over > 0)
    return Mate(row.white_mate) if row.white_mate is not None else Cp(row.white_cp)


def _row_of(position: StoredPosition, analysis_id: int, engine_id: int) -> dict[str, Any]:
    found = position.evaluation
    match found.score:
        case Over(None):
            over: int | None = 0
        case Over(winner):
            over = 1 if winner else -1
        case _:
            over = None
    return {
        "analysis_id": analysis_id,
        "ply": position.ply,
        "position_key": position.key,
        "engine_id": engine_id,
        "white_cp": found.score.white_cp if isinstance(found.score, Cp) else None,
        "white_mate": found.score.white_mate if isinstance(found.score, Mate) else None,
        "over": over,
        "depth": found.depth,
        "nodes": found.nodes,
        "best": found.best,
        "pv": " ".join(found.pv),
        "engine_ms": found.engine_ms,
        "reused": position.reused,
    }


def _is_search(engine_id: int, spec: SearchSpec) -> Any:
    return and_(
        analysis.c.engine_id == engine_id,
        analysis.c.profile == spec.profile.value,
        analysis.c.limit_nodes == spec.limit_nodes,
        analysis.c.reproducible.is_(spec.reproducible),
    )


def _is_analysis(game_id: GameId, engine_id: int, spec: SearchSpec) -> Any:
    return and_(analysis.c.game_id == game_id, _is_search(engine_id, spec))


def _engine_id(connection: Connection, identity: EngineIdentity) -> int | None:
    return connection.execute(
        select(engine.c.id).where(
            engine.c.name == identity.name,
            engine.c.build == identity.build,
            engine.c.options == _options_text(identity),
        )
    ).scalar_one_or_none()


def _add_engine(connection: Connection, identity: EngineIdentity) -> int:
    values = {"name": identity.name, "build": identity.build, "options": _options_text(identity)}
    return int(connection.execute(insert(engine).values(values).returning(engine.c.id)).scalar_one())


def _options_text(identity: EngineIdentity) -> str:
    return json.dumps([list(option) for option in identity.options])


def _analysis_id(connection: Connection, game_id: GameId, engine_id: int, spec: SearchSpec) -> int:
    found = connection.execute(select(analysis.c.id).where(_is_analysis(game_id, engine_id, spec))).scalar_one_or_none()
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


def _read(connection: Connection, condition: Any) -> GameAnalysis | None:
    head = connection.execute(
        select(analysis, engine.c.name, engine.c.build, engine.c.options)
        .join(engine, engine.c.id == analysis.c.engine_id)
        .where(condition)
    ).one_or_none()
    if head is None:
        return None
    rows = connection.execute(
        select(evaluation).where(evaluation.c.analysis_id == head.id).order_by(evaluation.c.ply)
    ).all()
    return GameAnalysis(
        game_id=GameId(head.game_id),
        engine=EngineIdentity(head.name, head.build, tuple((name, value) for name, value in json.loads(head.options))),
        spec=SearchSpec(Profile(head.profile), head.limit_nodes, head.reproducible),
        complete=head.complete,
        evaluations={Ply(row.ply): evaluation_of(row) for row in rows},
        reused=frozenset(Ply(row.ply) for row in rows if row.reused),
        updated_at=head.updated_at,
    )
