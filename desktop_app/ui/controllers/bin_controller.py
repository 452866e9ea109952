"""Removes games into the bin, brings them back, undoes whole imports; every removal can be taken back by Undo.

Main thread; the services run in `runtime.operations`. Used by `windows.bin_commands`, `bin_dialog`, `imports_dialog`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop_app.domain.counting import counted
from desktop_app.services.bin_games import delete_games, empty_bin, restore, undo_import
from desktop_app.services.enrich_games import enrich_import, take_back
from desktop_app.ui.controllers.changing import ChangingController
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QObject

    from desktop_app.domain.bin import BinEntry, BinnedGame, EnrichmentId, EntryId
    from desktop_app.domain.game import GameId
    from desktop_app.domain.rows import BatchId
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.bin_games import Removed, Restored
    from desktop_app.services.enrich_games import EnrichReport, TakenBack
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.controllers.undo_stack import UndoStack, UndoStep

_MOST_GAMES = 500


class BinController(ChangingController):
    """What goes to the bin and comes back; `changed` when what is in the bin may be different."""

    def __init__(
        self,
        desk: Desk,
        undo: UndoStack,
        let_go: Callable[[Sequence[GameId]], None],
        parent: QObject | None = None,
    ) -> None:
        """`let_go` is called on an operation's thread with games that nobody shall analyse any more."""
        super().__init__(desk, undo, parent)
        self._let_go = let_go
        self._imports: dict[int, UndoStep] = {}

    # -- removing --------------------------------------------------------------------------------------------------

    def delete(self, ids: Sequence[GameId]) -> None:
        """Move these games into the bin. No question is asked: a toast and Undo bring them back."""
        library, games, let_go = self._desk.library, tuple(ids), self._let_go
        if not games:
            return

        def call(cancel: CancelToken, progress: ProgressSink) -> Removed:
            return delete_games(library, games, let_go=let_go, watch=self._watch(cancel, progress))

        self._run(f"Deleting {counted(len(games), 'game')}", call, self._on_deleted)

    def undo_import(self, batch_id: BatchId) -> None:
        """Move all games of an import into the bin, and take back what it enriched."""
        library, let_go = self._desk.library, self._let_go
        if (step := self._imports.pop(int(batch_id), None)) is not None:
            self._undo.drop(step)

        def call(cancel: CancelToken, progress: ProgressSink) -> Removed:
            return undo_import(library, batch_id, let_go=let_go, watch=self._watch(cancel, progress))

        self._run("Undoing the import", call, self._on_import_undone)

    def offer_import_undo(self, batch_id: BatchId, games: int) -> UndoStep:
        """An import brought games: Undo takes it back. Returns the step, for the toast that offers it."""
        step = self._undo.push(f"import of {counted(games, 'game')}", partial(self.undo_import, batch_id))
        self._imports[int(batch_id)] = step
        return step

    def _on_deleted(self, removed: Removed) -> None:
        if removed.entry_id is None:
            return
        self._offer_undo(
            removed.entry_id, f"delete {counted(removed.games, 'game')}", f"{counted(removed.games, 'game')} deleted"
        )

    def _on_import_undone(self, removed: Removed) -> None:
        if removed.cancelled:
            text = f"Stopped: {counted(removed.games, 'game')} of the import are in the bin, the others are still here"
            self._desk.notices.post(text, NoticeKind.WARNING)
        elif removed.entry_id is None:
            self._desk.notices.post("Import undone: none of its games was left", NoticeKind.DONE)
        else:
            text = f"Import undone: {counted(removed.games, 'game')} went to the bin"
            self._offer_undo(removed.entry_id, "undoing the import", text)

    def _offer_undo(self, entry_id: EntryId, name: str, text: str) -> None:
        self._offer(partial(self.restore, entry_id), name, text)

    # -- enriching -------------------------------------------------------------------------------------------------

    def enrich(self, batch_id: BatchId) -> None:
        """Give stored games what duplicates of an import carry beyond them."""
        library = self._desk.library

        def call(cancel: CancelToken, progress: ProgressSink) -> EnrichReport:
            return enrich_import(library, batch_id, watch=self._watch(cancel, progress))

        self._run("Enriching games", call, self._on_enriched)

    def take_back(self, enrichment_id: EnrichmentId) -> None:
        """Make the games of an enrichment what they were."""
        library = self._desk.library

        def call(cancel: CancelToken, progress: ProgressSink) -> TakenBack:
            return take_back(library, enrichment_id, watch=self._watch(cancel, progress))

        def done(back: TakenBack) -> None:
            text = f"{counted(back.games, 'game')} as before"
            if back.stayed:
                text += f"; {counted(back.stayed, 'game')} stayed, changed again since"
            self._desk.notices.post(text, NoticeKind.WARNING if back.stayed else NoticeKind.DONE)

        self._run("Taking back", call, done)

    def _on_enriched(self, report: EnrichReport) -> None:
        if report.enrichment_id is None:
            self._desk.notices.post("The duplicates held nothing that could be taken over.")
            return
        undo = partial(self.take_back, report.enrichment_id)
        self._offer(undo, f"enrich {counted(report.games, 'game')}", f"{counted(report.games, 'game')} enriched")

    # -- the bin itself --------------------------------------------------------------------------------------------

    def load(self, done: Callable[[list[BinEntry]], None]) -> None:
        """All deletions, newest first."""
        self._desk.operations.read("Reading the bin", self._desk.library.bin.entries, done)

    def load_games(self, entry_id: EntryId, done: Callable[[list[BinnedGame]], None]) -> None:
        """The first games of a deletion."""
        bin_ = self._desk.library.bin
        self._desk.operations.read("Reading the bin", lambda: bin_.games(entry_id, limit=_MOST_GAMES), done)

    def restore(self, entry_id: EntryId, ids: Sequence[GameId] | None = None) -> None:
        """Bring back the games of a deletion, or these of them."""
        library = self._desk.library

        def call(cancel: CancelToken, progress: ProgressSink) -> Restored:
            return restore(library, entry_id, ids=ids, watch=self._watch(cancel, progress))

        self._run("Restoring games", call, self._on_restored)

    def empty(self, entries: Sequence[EntryId] | None = None, *, older_than_days: float = 0.0) -> None:
        """Remove games for good: those of these deletions, or all (of more than so many days ago)."""
        library = self._desk.library

        def call(cancel: CancelToken, progress: ProgressSink) -> int:
            return empty_bin(library, entries, older_than_days=older_than_days, watch=self._watch(cancel, progress))

        def done(gone: int) -> None:
            self._desk.notices.post(f"{counted(gone, 'game')} removed for good", NoticeKind.DONE)

        self._run("Emptying the bin", call, done)

    def _on_restored(self, done: Restored) -> None:
        text = f"{counted(done.games, 'game')} restored"
        if done.stayed:
            text += f"; {counted(done.stayed, 'game')} stayed in the bin, since newer imports brought the same"
        self._desk.notices.post(text, NoticeKind.WARNING if done.stayed else NoticeKind.DONE)
