"""Copy and paste: games as PGN, the position as FEN, and a sentence for what cannot be pasted.

Main thread; made by `main_window`, which hangs it into its menus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop_app.ui.runtime.notices import NoticeKind
from desktop_app.ui.windows.incoming import Incoming

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QMimeData

    from desktop_app.ui.controllers.workbench import Workbench
    from desktop_app.ui.windows.library_panel import LibraryPanel


class Clipboard(QObject):
    """The system's clipboard, as the window uses it."""

    def __init__(
        self, bench: Workbench, library: LibraryPanel, take: Callable[[Incoming], bool], parent: QObject
    ) -> None:
        """`take` imports what was pasted; False where there is nothing in it."""
        super().__init__(parent)
        self._bench, self._library, self._take = bench, library, take

    def paste(self) -> None:
        """Import what is on the clipboard, or say why not."""
        data: QMimeData = QGuiApplication.clipboard().mimeData()
        if not self._take(Incoming.of(data)):
            self._bench.desk.notices.post(Incoming.refusal(data), NoticeKind.WARNING)

    def copy_pgn(self) -> None:
        """The selected games, else the one on the board."""
        shown = self._bench.viewer.game_id
        ids = self._library.selected_ids() or ([shown] if shown is not None else [])
        if ids:
            self._bench.exports.copy(ids, self._put)

    def copy_fen(self) -> None:
        """The position on the board."""
        QGuiApplication.clipboard().setText(self._bench.cursor.spot().fen)

    def _put(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._bench.desk.notices.post("Copied as PGN", NoticeKind.DONE)
