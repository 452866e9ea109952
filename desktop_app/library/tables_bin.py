"""Tables of what can be taken back: the bin, duplicates of imports, and what they enriched. Same metadata as `tables`.

A removed game's rows stand in tables of their own, so that no query on `game` has to look past them. What other tables
say of a game (tags, places in collections, edits) names it without a reference and stays where it is. They have the
columns of the tables they come from, and no index that only a search would need; a migration that gives `game`,
`game_text`, `analysis` or `evaluation` a column gives it to the copy too (test_upgrade tells who forgets).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, LargeBinary, Table

from desktop_app.library.tables import _text, analysis, evaluation, game, game_text, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

GAME_COLUMNS = tuple(column.name for column in game.columns)
TEXT_COLUMNS = tuple(column.name for column in game_text.columns if column.name != "game_id")
ANALYSIS_COLUMNS = tuple(column.name for column in analysis.columns if column.name not in {"id", "game_id"})
EVALUATION_COLUMNS = tuple(column.name for column in evaluation.columns if column.name != "analysis_id")
_BIN_GAME_FK = "bin_game.id"


def _copies(table: Table, names: tuple[str, ...]) -> Iterator[Column[Any]]:
    for name in names:
        column = table.c[name]
        yield Column(name, column.type, nullable=column.nullable)


# One deletion, restored as one.
bin_entry = Table(
    "bin_entry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made_at", Float, nullable=False),
    # domain.bin.BinReason
    Column("reason", _text(16), nullable=False),
    # the import that was undone, and its state before
    Column("batch_id", ForeignKey("import_batch.id", ondelete="SET NULL"), index=True),
    Column("batch_state", _text(16)),
    # right at every commit
    Column("games", Integer, nullable=False),
    # false while games are still being moved, and after a crash in between
    Column("finished", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

bin_game = Table(
    "bin_game",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("entry_id", ForeignKey("bin_entry.id", ondelete="CASCADE"), nullable=False, index=True),
    *_copies(game, GAME_COLUMNS[1:]),
)

bin_text = Table(
    "bin_text",
    metadata,
    Column("game_id", ForeignKey(_BIN_GAME_FK, ondelete="CASCADE"), primary_key=True),
    *_copies(game_text, TEXT_COLUMNS),
)

bin_analysis = Table(
    "bin_analysis",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("game_id", ForeignKey(_BIN_GAME_FK, ondelete="CASCADE"), nullable=False, index=True),
    # its id in `analysis`; another analysis may have got that since
    Column("stored_id", Integer, nullable=False),
    Column("engine_id", ForeignKey("engine.id"), nullable=False),
    *_copies(analysis, ANALYSIS_COLUMNS[1:]),
)

bin_evaluation = Table(
    "bin_evaluation",
    metadata,
    Column("analysis_id", ForeignKey("bin_analysis.id", ondelete="CASCADE"), primary_key=True),
    Column("ply", Integer, primary_key=True, autoincrement=False),
    *_copies(evaluation, EVALUATION_COLUMNS[1:]),
    sqlite_with_rowid=False,
)

# A rejected game that was mended by hand and imported again, by the import that took it.
import_mending = Table(
    "import_mending",
    metadata,
    Column("problem_id", ForeignKey("import_problem.id", ondelete="CASCADE"), primary_key=True),
    Column("batch_id", ForeignKey("import_batch.id", ondelete="SET NULL"), index=True),
)

import_duplicate = Table(
    "import_duplicate",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch_id", ForeignKey("import_batch.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("source", _text(), nullable=False),
    Column("game_index", Integer, nullable=False),
    # on which it begins, where the reader of plain games had counted
    Column("line", Integer),
    # the stored game it equals; no reference, since that may go to the bin and come back
    Column("game_id", Integer, nullable=False, index=True),
    # what it carries that the stored game lacks, words of domain.bin.Gain with blanks between, "" for nothing
    Column("gains", _text(), nullable=False),
    # its text where it carries more, as in game_text
    Column("pgn", LargeBinary),
    # the enrichment that took it over
    Column("enrichment_id", Integer),
)

# Games enriched at once, undone at once.
enrichment = Table(
    "enrichment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch_id", ForeignKey("import_batch.id", ondelete="SET NULL"), index=True),
    Column("made_at", Float, nullable=False),
    Column("games", Integer, nullable=False),
    sqlite_autoincrement=True,
)

enriched_game = Table(
    "enriched_game",
    metadata,
    Column("enrichment_id", ForeignKey("enrichment.id", ondelete="CASCADE"), primary_key=True),
    Column("game_id", Integer, primary_key=True, autoincrement=False),
    # JSON of the columns of `game` that changed, as they were
    Column("before", _text(), nullable=False),
    # game_text as it was
    Column("headers", LargeBinary, nullable=False),
    Column("pgn", LargeBinary, nullable=False),
    # digest of the text that was written: one edited since is not overwritten by undoing
    Column("written", LargeBinary(16), nullable=False),
)
