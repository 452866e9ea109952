"""Tables of further evidence about positions: the two best lines, for marks beside the verdicts.

Part of `tables.metadata`, so that a new library has them; imported by `upgrade`. See `marks`. Evaluations that came
with imported games need no table: they are read from the game's own text (docs/decisions/0022).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table

from desktop_app.library.tables import _text, metadata

# The two best moves of a position of a game, by one search with two lines; never part of an analysis or its counts.
position_lines = Table(
    "position_lines",
    metadata,
    Column("game_id", ForeignKey("game.id", ondelete="CASCADE"), primary_key=True),
    # the position searched: that before the move which may be marked
    Column("ply", Integer, primary_key=True, autoincrement=False),
    Column("engine_id", ForeignKey("engine.id"), nullable=False),
    Column("limit_nodes", BigInteger, nullable=False),
    Column("best", _text(8), nullable=False),
    # White's side; one of the two is null
    Column("best_cp", Integer),
    Column("best_mate", Integer),
    # null where the position has one legal move only
    Column("second", _text(8)),
    Column("second_cp", Integer),
    Column("second_mate", Integer),
    Column("depth", Integer, nullable=False),
    Column("nodes", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
