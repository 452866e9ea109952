"""Bring games in, take them out: open, paste, drop, samples, receipts, export. Main thread; for `main_window`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot

from desktop_app.domain.counting import counted
from desktop_app.domain.rows import BatchId
from desktop_app.ui.controllers.import_controller import receipt_sentence
from desktop_app.ui.models.sidebar_model import import_title
from desktop_app.ui.runtime.notices import NoticeKind
from desktop_app.ui.windows.clipboard import Clipboard
from desktop_app.ui.windows.command_group import CommandGroup
from desktop_app.ui.windows.dialogs import ask_for_folder, ask_for_games, ask_where_to_export
from desktop_app.ui.windows.imports_dialog import ImportsDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.receipt import Receipt
    from desktop_app.domain.rows import ImportBatch
    from desktop_app.ui.controllers.undo_stack import UndoStep
    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.incoming import Incoming
    from desktop_app.ui.windows.main_window import MainWindow


class ImportCommands(CommandGroup):
    """Files and the clipboard. Signals: `analysis_offered(ids)` for games that came to be judged."""

    analysis_offered = Signal(object)

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(window, bench)
        self._clipboard = Clipboard(bench, self._space.library, self.take, self)
        self._space.empty_action.connect(self._on_empty_action)
        bench.imports.started.connect(window.progress.watch)
        bench.imports.finished.connect(self._on_imported)
        bench.imports.interrupted.connect(self._on_interrupted)
        bench.exports.started.connect(window.progress.watch)

    def handlers(self) -> dict[str, Callable[..., object]]:
        """Opening, pasting, copying, exporting."""
        return {
            "open": self._on_open,
            "open_folder": self._on_open_folder,
            "paste": self._clipboard.paste,
            "samples": self._on_samples,
            "export": self._on_export,
            "export_marks": lambda: self._on_export(marks=True),
            "imports": self._on_imports,
            "copy_pgn": self._clipboard.copy_pgn,
            "copy_fen": self._clipboard.copy_fen,
        }

    def take(self, incoming: Incoming) -> bool:
        """Import what was dropped or pasted. Returns False where there is nothing for us."""
        if incoming.paths:
            self._bench.imports.import_paths(incoming.paths)
        elif incoming.text:
            self._bench.imports.import_text(incoming.text)
        return bool(incoming)

    def _on_open(self) -> None:
        ask_for_games(self._window, self._bench.imports.import_paths)

    def _on_open_folder(self) -> None:
        ask_for_folder(self._window, self._bench.imports.import_paths)

    def _on_samples(self) -> None:
        self._bench.imports.import_paths([self._window.samples], offer=True)

    @Slot(str)
    def _on_empty_action(self, name: str) -> None:
        {"open": self._on_open, "paste": self._clipboard.paste, "samples": self._on_samples}[name]()

    def _on_imports(self) -> None:
        self.show_receipt(None)

    def show_receipt(self, batch_id: int | None) -> None:
        """Open the list of imports, at this one; at the newest for None or 0."""
        ImportsDialog(self._bench.imports, self._bench.bin, batch_id or None, self._window).show()

    def _on_export(self, *, marks: bool = False) -> None:
        ids = self._space.library.selected_ids() or self._bench.games.ids()
        if not ids:
            return
        title = f"Export {counted(len(ids), 'game')}{' with marks' if marks else ''}"
        ask_where_to_export(self._window, title, lambda path: self._bench.exports.export(ids, path, marks=marks))

    @Slot(object, bool)
    def _on_imported(self, receipt: Receipt, offer: bool) -> None:
        batch_id = receipt.batch_id
        kind = NoticeKind.WARNING if receipt.problems else NoticeKind.DONE
        text = receipt_sentence(receipt)
        step, stack, notices = None, self._bench.undo, self._bench.desk.notices
        if batch_id is not None and receipt.imported:
            step = self._bench.bin.offer_import_undo(BatchId(batch_id), receipt.imported)
        notice = notices.post(
            f"Stopped. {text}" if receipt.cancelled else text,
            kind,
            action_text="Details",
            action=lambda: self.show_receipt(batch_id),
            second=None if step is None else ("Undo", partial(self._undo, step)),
        )
        if step is not None:
            stack.when_gone(step, partial(notices.withdraw, notice))
        if batch_id is not None and receipt.enrichable:
            self._offer_to_enrich(BatchId(batch_id), receipt.enrichable)
        if batch_id is not None and receipt.imported:
            self._bench.library.ids_of_import(batch_id, lambda ids: self._on_import_read(ids, offer=offer))

    @Slot(object)
    def _on_interrupted(self, batch: ImportBatch) -> None:
        self._bench.desk.notices.post(
            f"The import of {import_title(batch.source)} was interrupted after {counted(batch.read, 'game')}. "
            "They are kept; import it again to add what is missing.",
            NoticeKind.WARNING,
            action_text="Details",
            action=lambda: self.show_receipt(batch.id),
        )

    def _undo(self, step: UndoStep) -> None:
        self._bench.undo.take_back(step)

    def _offer_to_enrich(self, batch_id: BatchId, games: int) -> None:
        self._bench.desk.notices.post(
            f"{counted(games, 'game')} already here could be enriched: the file has comments, clocks or the like",
            action_text=f"Enrich {counted(games, 'game')}",
            action=lambda: self._bench.bin.enrich(batch_id),
        )

    def _on_import_read(self, ids: Sequence[int], *, offer: bool) -> None:
        """What came in is selected, so that one key analyses it; a reader in the middle of a game keeps it."""
        self._space.library.select_games_soon(ids, show=self._bench.cursor.ply == 0)
        if offer:
            self.analysis_offered.emit([*ids])
