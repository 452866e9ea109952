"""Removing games so that they can come back: deleting, undoing an import as one unit, restoring, emptying the bin.

Blocking; any thread but the GUI's. Everything goes in steps of a few hundred games, each committed on its own: other
writers get their turn in between, stopping keeps what was done, and a killed process leaves every game either in the
library or in the bin, where the same command goes on. Called by the window and by `cli.bin_command`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.domain.bin import BinReason
from desktop_app.domain.rows import BatchState
from desktop_app.errors import CancelledError, KibitzError
from desktop_app.library.owners import this_owner
from desktop_app.services.changes import Changes
from desktop_app.services.enrich_games import take_back
from desktop_app.services.watch import QUIET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from desktop_app.domain.bin import BinEntry, EntryId, Moved
    from desktop_app.domain.game import GameId
    from desktop_app.domain.rows import BatchId, ImportBatch
    from desktop_app.library.library import Library
    from desktop_app.services.watch import Watch

INITIATOR = "bin"
_STEP_GAMES = 1_000
"""So many games are moved in a tenth of a second; fewer at once would write the same pages again and again."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What removing did. `entry_id` is where the games are, None where none was moved."""

    games: int
    entry_id: EntryId | None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What restoring did: how many games are back, and how many stay in the bin since they were imported again."""

    games: int
    stayed: int
    cancelled: bool = False


def delete_games(
    library: Library,
    ids: Sequence[GameId],
    *,
    let_go: Callable[[Sequence[GameId]], None] | None = None,
    watch: Watch = QUIET,
) -> Removed:
    """Move these games into the bin, as one entry; games that are gone already are passed over.

    `let_go` is called with each step's games before they go: who analyses them in this process stops doing so. Raises
    JobOwnedElsewhereError where another process analyses one of them; what was moved before is in the bin.
    """
    steps = (ids[start : start + _STEP_GAMES] for start in range(0, len(ids), _STEP_GAMES))
    entry_id = library.bin.open_entry(BinReason.DELETED)
    return _remove(_Removal(library, entry_id, "Deleting", len(ids), watch), steps, let_go)


def undo_import(
    library: Library,
    batch_id: BatchId,
    *,
    let_go: Callable[[Sequence[GameId]], None] | None = None,
    watch: Watch = QUIET,
) -> Removed:
    """Move all games that an import brought, and that are still there, into the bin as one entry.

    What it enriched is taken back first. The import is marked undone when all are moved; calling this again goes on
    where it was stopped. Raises KibitzError while the import runs.
    """
    batch = library.imports.get(batch_id)
    refuse_running(batch)

    def steps() -> Iterator[Sequence[GameId]]:
        while some := library.bin.of_import(batch_id, _STEP_GAMES):
            yield some

    for enrichment_id in library.duplicates.enrichments(batch_id):
        if take_back(library, enrichment_id, watch=watch).cancelled:
            return Removed(0, None, cancelled=True)
    entry_id = library.bin.open_entry(BinReason.IMPORT_UNDONE, batch_id)
    return _remove(_Removal(library, entry_id, "Undoing the import", batch.imported, watch), steps(), let_go)


def refuse_running(batch: ImportBatch) -> None:
    """Raise KibitzError for an import that is not over."""
    if batch.state is BatchState.RUNNING:
        raise KibitzError("This import is still running.", action="Wait until it is done, or stop it; then undo it.")


@dataclass(frozen=True, slots=True)
class _Removal:
    library: Library
    entry_id: EntryId
    title: str
    total: int
    watch: Watch


def _remove(
    removal: _Removal, steps: Iterator[Sequence[GameId]], let_go: Callable[[Sequence[GameId]], None] | None
) -> Removed:
    library, watch = removal.library, removal.watch
    me, gone = this_owner(), 0
    stopped = False
    try:
        for some in steps:
            if let_go is not None:
                let_go(some)
            moved = library.bin.move(removal.entry_id, some, me)
            gone += len(moved.games)
            watch.announce(Changes(games=frozenset(moved.games), removed=True, initiator=INITIATOR))
            watch.tell(gone, removal.total, f"{removal.title}: {gone:,} games")
            if stopped := watch.cancelled:
                break
    except BaseException:
        if not gone:
            library.bin.drop_if_empty(removal.entry_id)
        raise
    if stopped:
        library.bin.drop_if_empty(removal.entry_id)
    else:
        library.bin.finish(removal.entry_id)
    return Removed(gone, removal.entry_id if gone else None, cancelled=stopped)


def restore(
    library: Library, entry_id: EntryId, *, ids: Sequence[GameId] | None = None, watch: Watch = QUIET
) -> Restored:
    """Put the games of an entry (or these of them) back as they were, under their ids.

    A game that was imported again meanwhile stays in the bin: the newer one is kept. With the last game of an undone
    import, the import is what it was before. Raises NotFoundError for an entry that is not there.
    """
    total = len(ids) if ids is not None else library.bin.entry(entry_id).games
    back = stayed = last = 0
    while True:
        moved: Moved = library.bin.put_back(entry_id, after=last, limit=_STEP_GAMES, ids=ids)
        if not moved.last_id:
            break
        last = moved.last_id
        back, stayed = back + len(moved.games), stayed + moved.stayed
        if moved.games:
            watch.announce(Changes(games=frozenset(moved.games), added=True, initiator=INITIATOR))
        watch.tell(back + stayed, total, f"Restoring: {back:,} games")
        if watch.cancelled:
            return Restored(back, stayed, cancelled=True)
    library.bin.close_entry(entry_id)
    return Restored(back, stayed)


def empty_bin(
    library: Library, entries: Sequence[EntryId] | None = None, *, older_than_days: float = 0.0, watch: Watch = QUIET
) -> int:
    """Remove games for good: those of these entries, or of all that are older; returns how many. There is no way back.

    Raises CancelledError when stopped; what was removed before is gone.
    """
    limit = time.time() - older_than_days * 86_400
    chosen: list[BinEntry] = [
        entry for entry in library.bin.entries() if (entries is None or entry.id in entries) and entry.made_at <= limit
    ]
    total, gone = sum(entry.games for entry in chosen), 0
    for entry in chosen:
        while (went := library.bin.destroy(entry.id, _STEP_GAMES)) == _STEP_GAMES:
            gone += went
            watch.tell(gone, total, f"Emptying the bin: {gone:,} games")
            if watch.cancelled:
                raise CancelledError("Emptying the bin was stopped.")
        gone += went
    return gone
