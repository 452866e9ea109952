"""Receipts opened again: all that is known of an import, and importing what was mended by hand of it.

Blocking; any thread but the GUI's. Called by the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.services.import_games import import_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.bin import BinEntry, Duplicate, EnrichmentId
    from desktop_app.domain.receipt import Problem, Receipt
    from desktop_app.domain.rows import BatchId, ImportBatch
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.changes import Changes

MOST_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class ImportAccount:
    """An import as its receipt shows it.

    Attributes:
        problems, duplicates: the first thousand of each.
        enrichable: stored games that duplicates could enrich still.
        enrichments: those made from this import that are in force, newest first.
        entry: where its games are in the bin, None where it is not undone.
    """

    batch: ImportBatch
    problems: tuple[Problem, ...]
    duplicates: tuple[Duplicate, ...]
    enrichable: int
    enrichments: tuple[EnrichmentId, ...]
    entry: BinEntry | None


def import_account(library: Library, batch_id: BatchId | int) -> ImportAccount:
    """All that is known of an import. Raises NotFoundError."""
    return ImportAccount(
        library.imports.get(batch_id),
        library.imports.problems(batch_id, limit=MOST_SHOWN),
        tuple(library.duplicates.listed(batch_id, limit=MOST_SHOWN)),
        library.duplicates.count_enrichable(batch_id),
        tuple(library.duplicates.enrichments(batch_id)),
        library.bin.entry_of_import(batch_id),
    )


def import_mended(
    library: Library,
    problem_id: int,
    text: str,
    *,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
    workers: int = 1,
    on_changes: Callable[[Changes], None] | None = None,
) -> Receipt:
    """Import the mended text of a problem, as an import of its own that names where the text is from.

    The problem counts as mended when every game of the text was taken, or was there already.
    """
    problem = library.imports.problem(problem_id)
    name = f"{problem.source}, line {problem.line}, mended"
    receipt = import_text(library, text, name, progress=progress, cancel=cancel, workers=workers, on_changes=on_changes)
    if receipt.batch_id is not None and receipt.imported + receipt.duplicates and not receipt.rejected:
        library.imports.mark_mended(problem_id, receipt.batch_id)
    return receipt
