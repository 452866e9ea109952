"""Deletions in the bin, and the games of one, as tables. Main thread; shown by `windows.bin_dialog`."""

from __future__ import annotations

import time

from desktop_app.domain.bin import BinEntry, BinnedGame, BinReason
from desktop_app.ui.models.table_rows import TableRows


def words_for(entry: BinEntry) -> str:
    """What was removed: the import, or the players of one game and how many others."""
    if entry.reason is BinReason.IMPORT_UNDONE:
        name = entry.source.replace("\\", "/").rstrip("/").rpartition("/")[2] or entry.source
        return f"Undone import: {name}"
    others = entry.games - 1
    return entry.title + (f" and {others:,} more" if others > 0 else "")


class BinModel(TableRows[BinEntry]):
    """One row for each deletion, newest first."""

    titles = ("When", "Games", "What")

    def key(self, row: BinEntry) -> object:
        """Its id."""
        return row.id

    def text(self, row: BinEntry, column: int) -> str:
        """Local time, number of games, what it was."""
        return (time.strftime("%Y-%m-%d %H:%M", time.localtime(row.made_at)), f"{row.games:,}", words_for(row))[column]

    def tip(self, row: BinEntry, column: int) -> str | None:
        """The whole source of an import."""
        return (row.source or None) if column == 2 else None


class BinnedGamesModel(TableRows[BinnedGame]):
    """One row for each game of a deletion."""

    titles = ("White", "Black", "Result", "Date", "Event", "Moves", "")

    def key(self, row: BinnedGame) -> object:
        """Its id."""
        return row.id

    def text(self, row: BinnedGame, column: int) -> str:
        """Players, result, date, event, moves, and whether the same game is in the library again."""
        return (
            row.white or "?",
            row.black or "?",
            row.result,
            row.date,
            row.event,
            str((row.ply_count + 1) // 2),
            "imported again" if row.again is not None else "",
        )[column]

    def tip(self, row: BinnedGame, column: int) -> str | None:  # noqa: ARG002 -- the whole row says the same
        """Why a game cannot come back."""
        if row.again is None:
            return None
        return f"The library has this game again, as number {row.again}; that one is kept, and this one stays here."
