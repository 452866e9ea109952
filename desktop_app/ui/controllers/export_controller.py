"""Writes annotated PGN files. Main thread; the service runs in `runtime.operations`. Used by the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.errors import CancelledError
from desktop_app.services.export_games import export_games, game_pgn
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.export_games import ExportReport
    from desktop_app.ui.controllers.desk import Desk


class ExportController(QObject):
    """Runs exports. Signals: `started(Operation)`."""

    started = Signal(object)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk

    def export(self, ids: Sequence[GameId], path: str, *, marks: bool = False) -> None:
        """Write these games, in this order, to a file that replaces an older one only when it is complete.

        `marks`: with the glyphs of great, brilliant and only moves.
        """
        library, games = self._desk.library, tuple(ids)

        def call(cancel: CancelToken, progress: ProgressSink) -> ExportReport:
            return export_games(library, games, path, progress=progress, cancel=cancel, marks=marks)

        operation = self._desk.operations.run(
            f"Exporting to {Path(path).name}", call, done=lambda report: self._on_done(report, path)
        )
        self.started.emit(operation)

    def copy(self, ids: Sequence[GameId], done: Callable[[str], None]) -> None:
        """The games as an export would write them, for the clipboard; `done` gets the text on the main thread."""
        library, games = self._desk.library, tuple(ids)

        def call(cancel: CancelToken, progress: ProgressSink) -> str:
            texts = []
            for number, game in enumerate(games):
                if cancel.cancelled():
                    raise CancelledError("The copying was stopped.")
                texts.append(game_pgn(library, game).strip())
                progress.progress(number + 1, len(games), "")
            return "\n\n".join(texts) + "\n"

        self.started.emit(self._desk.operations.run("Copying games", call, done=done))

    def _on_done(self, report: ExportReport, path: str) -> None:
        noun = "game" if report.games == 1 else "games"
        self._desk.notices.post(f"{report.games:,} {noun} written to {Path(path).name}", NoticeKind.DONE)
