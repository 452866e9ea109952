"""What may be dropped or pasted: files, folders and PGN text, from a QMimeData. Main thread; for `main_window`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.ui.controllers.import_controller import looks_like_pgn

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData


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

    @property
    def names(self) -> str:
        """What it is called, for the overlay."""
        return ", ".join(path.rstrip("/").rpartition("/")[2] for path in self.paths[:3])
