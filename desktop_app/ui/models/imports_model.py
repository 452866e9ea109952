"""Imports the library remembers, newest first, as a table. Main thread; shown by `windows.imports_dialog`."""

from __future__ import annotations

import time

from desktop_app.domain.rows import ImportBatch
from desktop_app.ui.models.table_rows import TableRows


class ImportsModel(TableRows[ImportBatch]):
    """One row for each import."""

    titles = ("When", "What", "Read", "Imported", "Already here", "Rejected", "Repaired", "")

    def key(self, row: ImportBatch) -> object:
        """Its id."""
        return row.id

    def text(self, row: ImportBatch, column: int) -> str:
        """Local time, source, counts, state."""
        return (
            time.strftime("%Y-%m-%d %H:%M", time.localtime(row.started_at)),
            row.source.replace("\\", "/").rstrip("/").rpartition("/")[2] or row.source,
            f"{row.read:,}",
            f"{row.imported:,}",
            f"{row.duplicates:,}",
            f"{row.rejected:,}",
            f"{row.repaired:,}",
            str(row.state),
        )[column]

    def tip(self, row: ImportBatch, column: int) -> str | None:
        """The whole source."""
        return row.source if column == 1 else None
