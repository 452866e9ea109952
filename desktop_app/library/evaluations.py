"""Evaluations of the library: facts, keyed by analysis (game, engine with options, limits) and ply.

Blocking; any thread but the GUI's. A chunk is stored in one short transaction together with everything that follows
from it: the item's progress, the game's state and its summary. Called by `services.analyse_games` and the views.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from desktop_app.domain.analyses import StoredAnalysis
from desktop_app.domain.evaluation import EngineIdentity, Evaluation
from desktop_app.domain.game import GameId, GameState, Ply, PositionKey
from desktop_app.domain.profile import AnalysisKey, Profile, SearchSpec
from desktop_app.library.backend import in_set
from desktop_app.library.chunk_store import (
    ChunkToStore,
    engine_id_of,
    is_analysis,
    is_search,
    store,
    summary_columns,
)
from desktop_app.library.evaluation_rows import StoredPosition, evaluation_of
from desktop_app.library.tables import analysis, engine, evaluation, game

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Row

    from desktop_app.library.database import Database

__all__ = [
    "ChunkToStore",
    "Evaluations",
    "Evidence",
    "GameAnalysis",
    "GameSize",
    "StoredPosition",
    "evaluation_of",
    "summary_columns",
]

_KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class GameAnalysis:
    """One analysis of a game, as far as it is stored.

    Attributes:
        complete: every position with a legal move is evaluated and, of an anytime profile, its stopping rule is met.
        reused: plies whose evaluation was copied from an equal position.
        updated_at: UTC seconds since 1970.
        asked: nodes each position's deepest search was limited to; a search may end below (a mate is proved).
    """

    game_id: GameId
    engine: EngineIdentity
    spec: SearchSpec
    complete: bool
    evaluations: dict[Ply, Evaluation]
    reused: frozenset[Ply]
    updated_at: float
    asked: dict[Ply, int] = field(default_factory=dict)

    @property
    def nodes_each(self) -> int:
        """Nodes asked for a position; of an anytime profile, what a position took on average, all its searches."""
        if not self.spec.anytime:
            return self.spec.limit_nodes
        spent = [found.nodes_spent for found in self.evaluations.values() if found.nodes]
        return round(sum(spent) / len(spent)) if spent else 0


@dataclass(frozen=True, slots=True)
class GameSize:
    """How much there is to evaluate of a game, and how much is stored under one certain key."""

    game_id: GameId
    plies: int
    variant: str
    not_judged: str | None
    stored: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """An evaluation found elsewhere; `asked` is the number of nodes its search was limited to."""

    evaluation: Evaluation
    asked: int


_ASKED = func.coalesce(evaluation.c.asked, analysis.c.limit_nodes).label("limit")


class Evaluations:
    """Repository of analyses and their evaluations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_game(self, game_id: GameId) -> GameAnalysis | None:
        """The analysis the game shows (the last complete one, else the one in progress), None before any."""
        shown = select(game.c.analysis_id).where(game.c.id == game_id).scalar_subquery()
        with self._database.read() as connection:
            return _read(connection, analysis.c.id == shown)

    def of_id(self, game_id: GameId, analysis_id: int) -> GameAnalysis | None:
        """One certain analysis of the game; None when it has no such analysis."""
        with self._database.read() as connection:
            return _read(connection, and_(analysis.c.id == analysis_id, analysis.c.game_id == game_id))

    def all_of_game(self, game_id: GameId) -> tuple[StoredAnalysis, ...]:
        """Every analysis of the game that holds something, by whatever engine; the newest last."""
        stored = (
            select(func.count()).where(evaluation.c.analysis_id == analysis.c.id).correlate(analysis).scalar_subquery()
        )
        statement = (
            select(
                analysis, engine.c.name, engine.c.build, engine.c.options, stored.label("stored"), game.c.analysis_id
            )
            .join(engine, engine.c.id == analysis.c.engine_id)
            .join(game, game.c.id == analysis.c.game_id)
            .where(analysis.c.game_id == game_id)
            .order_by(analysis.c.updated_at, analysis.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return tuple(
            StoredAnalysis(
                id=row.id,
                engine=_identity_of(row),
                spec=SearchSpec(Profile(row.profile), row.limit_nodes, row.reproducible),
                complete=row.complete,
                positions=row.stored,
                updated_at=row.updated_at,
                shown=row.id == row.analysis_id,
            )
            for row in rows
            if row.stored
        )

    def of_key(self, game_id: GameId, key: AnalysisKey) -> GameAnalysis | None:
        """What is stored of one certain analysis, None when nothing is."""
        with self._database.read() as connection:
            engine_id = engine_id_of(connection, key.engine)
            return None if engine_id is None else _read(connection, is_analysis(game_id, engine_id, key.spec))

    def known_plies(self, game_id: GameId, key: AnalysisKey) -> frozenset[Ply]:
        """Plies stored already for this analysis; they are never searched again."""
        found = self.of_key(game_id, key)
        return frozenset(found.evaluations) if found else frozenset()

    def analysed_games(self, game_ids: Iterable[GameId], key: AnalysisKey) -> frozenset[GameId]:
        """Those of the games that are analysed and show exactly this analysis: nothing is left to do for them."""
        with self._database.read() as connection:
            engine_id = engine_id_of(connection, key.engine)
            if engine_id is None:
                return frozenset()
            rows = connection.execute(
                select(game.c.id)
                .join(analysis, analysis.c.id == game.c.analysis_id)
                .where(
                    in_set(game.c.id, game_ids),
                    game.c.state == GameState.ANALYSED.value,
                    analysis.c.complete,
                    is_search(engine_id, key.spec),
                )
            )
            return frozenset(GameId(value) for value in rows.scalars())

    def sizes(self, game_ids: Iterable[GameId], key: AnalysisKey) -> list[GameSize]:
        """How much of these games is evaluated under this key already."""
        with self._database.read() as connection:
            engine_id = engine_id_of(connection, key.engine) or 0
            stored = (
                select(func.count())
                .select_from(evaluation)
                .join(analysis, analysis.c.id == evaluation.c.analysis_id)
                .where(analysis.c.game_id == game.c.id, is_search(engine_id, key.spec))
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
    ) -> dict[PositionKey, Evidence]:
        """Evaluations by this very engine and options that were asked for at least `min_nodes`, by position.

        Of several the one with most nodes, then the oldest. A search may end below its limit (a mate was proved), so
        the limit counts as well as the nodes.
        """
        wanted = list(dict.fromkeys(keys))
        found: dict[PositionKey, Evidence] = {}
        with self._database.read() as connection:
            engine_id = engine_id_of(connection, searcher)
            if engine_id is None:
                return {}
            for start in range(0, len(wanted), _KEYS_AT_ONCE):
                rows = connection.execute(
                    select(evaluation, _ASKED)
                    .join(analysis, analysis.c.id == evaluation.c.analysis_id)
                    .where(
                        in_set(evaluation.c.position_key, wanted[start : start + _KEYS_AT_ONCE]),
                        evaluation.c.engine_id == engine_id,
                        evaluation.c.over.is_(None),
                        or_(evaluation.c.nodes >= min_nodes, min_nodes <= _ASKED),
                    )
                    .order_by(evaluation.c.nodes, evaluation.c.analysis_id.desc())
                )
                found.update((PositionKey(row.position_key), Evidence(evaluation_of(row), row.limit)) for row in rows)
        return found

    def of_other_analyses(self, game_id: GameId, key: AnalysisKey) -> dict[Ply, Evidence]:
        """What this very engine and options said of the game's positions in its other analyses, the deepest of each.

        The same ply of the same game has the same history, so these hold where a position may not be shared, too.
        """
        with self._database.read() as connection:
            engine_id = engine_id_of(connection, key.engine)
            if engine_id is None:
                return {}
            rows = connection.execute(
                select(evaluation, _ASKED)
                .join(analysis, analysis.c.id == evaluation.c.analysis_id)
                .where(
                    analysis.c.game_id == game_id,
                    analysis.c.engine_id == engine_id,
                    ~is_search(engine_id, key.spec),
                    evaluation.c.over.is_(None),
                )
                .order_by(evaluation.c.nodes, evaluation.c.analysis_id.desc())
            )
            return {Ply(row.ply): Evidence(evaluation_of(row), row.limit) for row in rows}

    def nodes_per_second(self, searcher: EngineIdentity, *, sample: int = 500) -> float | None:
        """Speed of this engine here, from its latest evaluations; None before there are any."""
        with self._database.read() as connection:
            engine_id = engine_id_of(connection, searcher)
            if engine_id is None:
                return None
            latest = (
                select(evaluation)
                .where(evaluation.c.engine_id == engine_id, evaluation.c.engine_ms > 0, evaluation.c.reused.is_(False))
                .order_by(evaluation.c.analysis_id.desc())
                .limit(sample)
            )
            found = [evaluation_of(row) for row in connection.execute(latest)]
        engine_ms = sum(one.engine_ms for one in found)
        return sum(one.nodes_spent for one in found) * 1000 / engine_ms if engine_ms else None

    def store_chunk(self, chunk: ChunkToStore) -> bool:
        """Store positions and all that follows from them in one transaction. Safe to repeat.

        The item becomes running, or done when this completes the analysis (and settles it, where it is anytime); a
        game that is not `analysed` yet becomes `in_progress`, or `analysed`. A game analysed before keeps its old
        analysis until the new one is complete.

        Returns:
            Whether the analysis is complete now.
        """
        return self._database.write(lambda connection: store(connection, chunk))


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
        engine=_identity_of(head),
        spec=SearchSpec(Profile(head.profile), head.limit_nodes, head.reproducible),
        complete=head.complete,
        evaluations={Ply(row.ply): evaluation_of(row) for row in rows},
        reused=frozenset(Ply(row.ply) for row in rows if row.reused),
        updated_at=head.updated_at,
        asked={Ply(row.ply): head.limit_nodes if row.asked is None else row.asked for row in rows},
    )


def _identity_of(row: Row[Any]) -> EngineIdentity:
    return EngineIdentity(row.name, row.build, tuple((name, value) for name, value in json.loads(row.options)))
