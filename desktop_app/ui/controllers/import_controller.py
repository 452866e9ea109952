"""From a drop, a paste or a chosen file to games in the library; one import at a time, the others wait in line.

Main thread; the service runs in `runtime.operations`. Used by the window and by `application` (paths handed over).
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.services.changes import Changes
from desktop_app.services.import_games import import_sources, import_text
from desktop_app.services.receipts import import_account, import_mended
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.receipt import Receipt
    from desktop_app.domain.rows import ImportBatch
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.receipts import ImportAccount
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.runtime.operations import Operation

_TAG_LINE = re.compile(r'^\s*\[\s*[A-Za-z0-9_]+\s+"', re.MULTILINE)
_FIRST_MOVE = re.compile(r"(?:^|\s)1\s*\.\s*(?:[a-hNBRQKO])")


def looks_like_pgn(text: str) -> bool:
    """Whether pasted text is worth handing to the reader: it has a tag line or a first move."""
    return bool(_TAG_LINE.search(text) or _FIRST_MOVE.search(text))


class ImportController(QObject):
    """Runs imports.

    Signals: `started(Operation)`, `finished(Receipt, first_offer: bool)`; the flag asks the window to offer analysis.
    `interrupted(ImportBatch)`: an import that a dead process left, found when the library was opened.
    """

    started = Signal(object)
    finished = Signal(object, bool)
    interrupted = Signal(object)
    _facts_changed = Signal(object)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._waiting: deque[tuple[str, Callable[[CancelToken, ProgressSink], Receipt], bool]] = deque()
        self.operation: Operation | None = None
        self._facts_changed.connect(self._on_facts_changed)

    def start(self) -> None:
        """The window stands: tell of imports that were cut off when the program was, the last time."""
        library = self._desk.library
        left = library.interrupted_imports
        if left:
            self._desk.operations.read(
                "Reading interrupted imports", lambda: [library.imports.get(one) for one in left], self._on_left
            )

    def _on_left(self, batches: Sequence[ImportBatch]) -> None:
        for batch in batches:
            self.interrupted.emit(batch)

    def import_paths(self, paths: Sequence[str], *, offer: bool = False) -> None:
        """Import files and folders."""
        names = list(paths)
        if not names:
            return
        library, announce = self._desk.library, self._facts_changed.emit
        label = names[0].rstrip("/").rpartition("/")[2] if len(names) == 1 else f"{len(names)} files"

        def call(cancel: CancelToken, progress: ProgressSink) -> Receipt:
            return import_sources(library, names, progress=progress, cancel=cancel, on_changes=announce)

        self._enqueue(f"Importing {label}", call, offer=offer)

    def import_text(self, text: str, name: str = "pasted text") -> bool:
        """Import PGN text. Returns False, and says so, when it does not look like PGN."""
        if not looks_like_pgn(text):
            self._desk.notices.post("That is no PGN: no tags and no moves were found.", NoticeKind.WARNING)
            return False
        library, announce = self._desk.library, self._facts_changed.emit

        def call(cancel: CancelToken, progress: ProgressSink) -> Receipt:
            return import_text(library, text, name, progress=progress, cancel=cancel, on_changes=announce)

        self._enqueue(f"Importing {name}", call, offer=False)
        return True

    def load_batches(self, done: Callable[[list[ImportBatch]], None]) -> None:
        """All imports the library remembers, newest first."""
        self._desk.operations.read("Reading the imports", self._desk.library.imports.list, done)

    @Slot(int, str)
    def import_mended(self, problem_id: int, text: str) -> None:
        """Import the text of a problem as it was mended by hand."""
        if not looks_like_pgn(text):
            self._desk.notices.post("That is no PGN: no tags and no moves were found.", NoticeKind.WARNING)
            return
        library, announce = self._desk.library, self._facts_changed.emit

        def call(cancel: CancelToken, progress: ProgressSink) -> Receipt:
            return import_mended(library, problem_id, text, progress=progress, cancel=cancel, on_changes=announce)

        self._enqueue("Importing the mended text", call, offer=False)

    def load_account(self, batch_id: int, done: Callable[[ImportAccount], None]) -> None:
        """All that is known of an import: problems with their texts, duplicates, where its games are."""
        library = self._desk.library
        self._desk.operations.read("Reading an import", lambda: import_account(library, batch_id), done)

    def _enqueue(self, title: str, call: Callable[[CancelToken, ProgressSink], Receipt], *, offer: bool) -> None:
        self._waiting.append((title, call, offer))
        if self.operation is None:
            self._start_next()

    def _start_next(self) -> None:
        if not self._waiting:
            self.operation = None
            return
        title, call, offer = self._waiting.popleft()
        self.operation = self._desk.operations.run(
            title, call, done=lambda receipt: self._on_done(receipt, offer=offer)
        )
        self.operation.finished.connect(self._on_finished)
        self.started.emit(self.operation)

    def _on_done(self, receipt: Receipt, *, offer: bool) -> None:
        self._desk.events.broadcast(Changes(added=True, initiator="import"))
        self.finished.emit(receipt, offer)

    @Slot()
    def _on_finished(self) -> None:
        self._start_next()

    @Slot(object)
    def _on_facts_changed(self, changes: Changes) -> None:
        self._desk.events.broadcast(changes)


def receipt_sentence(receipt: Receipt) -> str:
    """The receipt in one line: what was read and what became of it."""
    parts = [f"{receipt.imported:,} imported"]
    if receipt.duplicates:
        parts.append(f"{receipt.duplicates:,} already here")
    if receipt.completed:
        parts.append(f"{receipt.completed:,} of them completed")
    if receipt.rejected:
        parts.append(f"{receipt.rejected:,} rejected")
    games = "game" if receipt.read == 1 else "games"
    return f"{receipt.read:,} {games} read: {', '.join(parts)}"
