"""Looks names up while somebody types, off the main thread; only the newest question is answered. Main thread.

Used by `windows.name_completion`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.names import NameKind
    from desktop_app.ui.controllers.desk import Desk


class NamesController(QObject):
    """Answers questions for names."""

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._sequence = 0

    def ask(self, kinds: tuple[NameKind, ...], text: str, done: Callable[[list[str]], None]) -> None:
        """Names of these kinds that contain the text; an answer that was overtaken never comes."""
        self._sequence += 1
        sequence, suggestions = self._sequence, self._desk.library.suggestions

        def read() -> list[str]:
            found: list[str] = []
            for kind in kinds:
                found += [name for name in suggestions.names(kind, text) if name not in found]
            return found

        def answer(names: list[str]) -> None:
            if sequence == self._sequence:
                done(names)

        self._desk.operations.read("Looking names up", read, answer, lambda _error: None)
