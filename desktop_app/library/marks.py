"""The two best lines of positions, from searches apart from every analysis; what marks beside verdicts are made of.

Any thread (never the GUI's). Written by `services.mark_moves`. These are facts; the rule is `analysis.overlay`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from desktop_app.domain.evaluation import Cp, Mate, Score
from desktop_app.domain.game import Ply
from desktop_app.library.chunk_store import add_engine, engine_id_of
from desktop_app.library.tables_evidence import position_lines

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.domain.game import GameId
    from desktop_app.library.database import Database


@dataclass(frozen=True, slots=True)
class StoredLines:
    """Two lines of the position at `ply`: moves in UCI, White's scores; no second where one move is legal."""

    ply: Ply
    best: str
    best_score: Score
    second: str | None
    second_score: Score | None
    depth: int
    nodes: int


class Marks:
    """Second lines of one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_game(self, game_id: GameId) -> dict[Ply, StoredLines]:
        """What is stored of a game, by ply of the position."""
        with self._database.read() as connection:
            rows = connection.execute(select(position_lines).where(position_lines.c.game_id == game_id)).all()
        return {
            Ply(row.ply): StoredLines(
                Ply(row.ply),
                row.best,
                _score(row.best_cp, row.best_mate),
                row.second,
                _score(row.second_cp, row.second_mate) if row.second else None,
                row.depth,
                row.nodes,
            )
            for row in rows
        }

    def store(self, game_id: GameId, searcher: EngineIdentity, limit_nodes: int, lines: StoredLines) -> None:
        """Put the lines of a position in place of older ones."""

        def run(connection: Connection) -> None:
            found = engine_id_of(connection, searcher) or add_engine(connection, searcher)
            mine = (position_lines.c.game_id == game_id) & (position_lines.c.ply == lines.ply)
            connection.execute(delete(position_lines).where(mine))
            best, second = lines.best_score, lines.second_score
            values = {
                "game_id": game_id,
                "ply": lines.ply,
                "engine_id": found,
                "limit_nodes": limit_nodes,
                "best": lines.best,
                "best_cp": best.white_cp if isinstance(best, Cp) else None,
                "best_mate": best.white_mate if isinstance(best, Mate) else None,
                "second": lines.second,
                "second_cp": second.white_cp if isinstance(second, Cp) else None,
                "second_mate": second.white_mate if isinstance(second, Mate) else None,
                "depth": lines.depth,
                "nodes": lines.nodes,
            }
            connection.execute(insert(position_lines), values)

        self._database.write(run)


def _score(cp: int | None, mate: int | None) -> Score:
    return Mate(mate) if mate is not None else Cp(cp or 0)
