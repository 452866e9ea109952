"""What may be dropped or pasted: files, folders and PGN text, from a QMimeData. Main thread; for `main_window`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.ui.controllers.import_controller import looks_like_pgn

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

_FEN = re.compile(r"(?:[pnbrqkPNBRQK1-8]+/){7}[pnbrqkPNBRQK1-8]+(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Incoming:
    """Paths to import, or PGN text; both empty where there is nothing for us."""

    paths: tuple[str, ...] = ()
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.paths or self.text)

    @classmethod
    def of(cls, data: QMimeData) -> Incoming:
        """Read what was dropped or pasted; nothing is opened here."""
        paths = tuple(url.toLocalFile() for url in data.urls() if url.isLocalFile() and url.toLocalFile())
        if paths:
            return cls(paths=paths)
        text = data.text() if data.hasText() else ""
        return cls(text=text) if looks_like_pgn(text) else cls()

    @staticmethod
    def refusal(data: QMimeData) -> str:
        """Why there is nothing for us, and what to do instead; the clipboard is left as it is."""
        text = data.text().strip() if data.hasText() else ""
        if text.startswith(("http://", "https://", "www.")):
            return (
                "Kibitz does not open links. Copy the game's PGN on that page (Lichess: Share & export; "
                "chess.com: Share, PGN) and paste that, or drop the downloaded file."
            )
        if _FEN.match(text):
            return (
                "That is a single position (FEN): without moves there is nothing to review. "
                "Paste the whole game as PGN."
            )
        return "There are no games on the clipboard."

    @property
    def names(self) -> str:
        """What it is called, for the overlay."""
        return ", ".join(path.rstrip("/").rpartition("/")[2] for path in self.paths[:3])
