"""What judging games again needs of the library, and the summaries that come of it; nothing else is read.

Any thread (never the GUI's). Used by `services.rejudge_games` alone. A game whose analysis changed between reading and
storing keeps what it has: whoever changed it judged it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, func, or_, select, update

from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.judgement import LICHESS, RULES_VERSION
from desktop_app.library.backend import in_set
from desktop_app.library.evaluations import summary_columns
from desktop_app.library.tables import analysis, evaluation, game

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

    from desktop_app.domain.judgement import GameSummary, Grading
    from desktop_app.library.database import Database

ScoreRow = tuple[int, int | None, int | None, int | None, str | None]
"""Ply, White's centipawns, White's mate, over (1, 0, -1), best move."""

_WITH_ANALYSIS = [state.value for state in GameState if state is not GameState.UNANALYSED]


@dataclass(frozen=True, slots=True)
class JudgedGame:
    """A game's own part of judging.

    Attributes:
        moves: packed (`domain.moves`).
        updated_at: when its analysis was last stored, to tell whether it changed since.
        scores: all evaluations of the analysis it shows.
    """

    id: GameId
    analysis_id: int
    start_fen: str | None
    variant: str
    moves: bytes
    updated_at: float
    scores: tuple[ScoreRow, ...]


class Gradings:
    """By which grading and rules the summaries of one library were made.

    Attributes:
        in_force: by what this process judges the library's games; whoever opens it says so. Any thread may read it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.in_force: Grading = LICHESS

    def counts(self) -> dict[tuple[str, int], int]:
        """Games with a summary, by the stamp of the grading and the version of the rules that made it."""
        statement = (
            select(game.c.grading, game.c.rules_version, func.count())
            .where(game.c.state.in_(_WITH_ANALYSIS), game.c.analysis_id.is_not(None))
            .group_by(game.c.grading, game.c.rules_version)
        )
        with self._database.read() as connection:
            return {(stamp or "", rules or 0): count for stamp, rules, count in connection.execute(statement)}

    def stale(self, grading: Grading) -> int:
        """How many games were judged by another grading, or by older rules."""
        wanted = (grading.stamp, RULES_VERSION)
        return sum(count for judged_by, count in self.counts().items() if judged_by != wanted)

    def stale_games(self, grading: Grading, *, after: int, limit: int) -> list[JudgedGame]:
        """The next games with an id above `after` that were judged otherwise, by id."""
        statement = (
            select(
                game.c.id,
                game.c.analysis_id,
                game.c.start_fen,
                game.c.variant,
                game.c.moves,
                analysis.c.updated_at,
            )
            .join(analysis, analysis.c.id == game.c.analysis_id)
            .where(game.c.id > after, game.c.state.in_(_WITH_ANALYSIS), _otherwise(grading))
            .order_by(game.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            found: dict[int, list[ScoreRow]] = {row.analysis_id: [] for row in rows}
            columns = (evaluation.c[name] for name in ("ply", "white_cp", "white_mate", "over", "best"))
            scores = select(evaluation.c.analysis_id, *columns).where(in_set(evaluation.c.analysis_id, found))
            for analysis_id, *score in connection.execute(scores):
                ply, white_cp, white_mate, over, best = score
                found[analysis_id].append((ply, white_cp, white_mate, over, best))
        return [
            JudgedGame(
                GameId(row.id),
                row.analysis_id,
                row.start_fen,
                row.variant,
                row.moves,
                row.updated_at,
                tuple(found[row.analysis_id]),
            )
            for row in rows
        ]

    def store(
        self, grading: Grading, games: Sequence[JudgedGame], summaries: Mapping[GameId, GameSummary | None]
    ) -> int:
        """Put these summaries in place of the old ones, in one transaction; returns how many were.

        Games that changed since they were read are left as they are.
        """
        if not games:
            return 0
        names = summary_columns(None)
        unchanged = select(analysis.c.updated_at).where(analysis.c.id == game.c.analysis_id).scalar_subquery()
        statement = (
            update(game)
            .where(
                game.c.id == bindparam("of_game"),
                game.c.analysis_id == bindparam("of_analysis"),
                unchanged == bindparam("read_at"),
            )
            .values(
                {"grading": grading.stamp, "rules_version": RULES_VERSION} | {n: bindparam(f"new_{n}") for n in names}
            )
        )
        values: list[dict[str, object]] = [
            {"of_game": one.id, "of_analysis": one.analysis_id, "read_at": one.updated_at}
            | {f"new_{name}": value for name, value in summary_columns(summaries[one.id]).items()}
            for one in games
        ]
        return self._database.write(lambda connection: connection.execute(statement, values).rowcount)


def _otherwise(grading: Grading) -> ColumnElement[bool]:
    """Judged by anything else than this grading and the rules of now."""
    same = and_(game.c.grading == grading.stamp, game.c.rules_version == RULES_VERSION)
    return or_(game.c.grading.is_(None), game.c.rules_version.is_(None), ~same)
