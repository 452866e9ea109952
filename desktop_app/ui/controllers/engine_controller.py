"""Finds the engine and keeps what is known about it. Main thread; looking and asking runs in `runtime.operations`.

Used by the window (engine page), the batch controller (path and identity) and `application`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.engine.discovery import find_engine, identify
from desktop_app.errors import KibitzError

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.ui.runtime.operations import Operations


class EngineController(QObject):
    """The engine in use.

    Signals: `found(path, EngineIdentity)`; `missing(KibitzError)` with the words and the action for the user.
    """

    found = Signal(str, object)
    missing = Signal(object)

    def __init__(
        self,
        operations: Operations,
        override: str | None,
        remember: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        """`override` is the path asked for, None to look in the usual places; `remember(path)` keeps a chosen one."""
        super().__init__(parent)
        self._operations, self._override, self._remember = operations, override, remember
        self.path: str = ""
        self.identity: EngineIdentity | None = None
        self.error: KibitzError | None = None
        self._sequence = 0

    def check(self) -> None:
        """Look for the engine and ask it who it is."""
        self._look(self._override, chosen=False)

    def choose(self, path: str) -> None:
        """Use this file if it is an engine, and remember it."""
        self._look(path, chosen=True)

    def _look(self, override: str | None, *, chosen: bool) -> None:
        self._sequence += 1
        sequence = self._sequence

        def look() -> tuple[str, EngineIdentity]:
            path = str(find_engine(override))
            return path, identify(path)

        def done(answer: tuple[str, EngineIdentity]) -> None:
            if sequence == self._sequence:
                self._on_found(*answer, chosen=chosen)

        def failed(error: Exception) -> None:
            if sequence == self._sequence:
                self._on_missing(error)

        self._operations.read("Looking for the engine", look, done, failed)

    def _on_found(self, path: str, identity: EngineIdentity, *, chosen: bool) -> None:
        self.path, self.identity, self.error = path, identity, None
        if chosen:
            self._override = path
            self._remember(path)
        self.found.emit(path, identity)

    def _on_missing(self, error: Exception) -> None:
        known = error if isinstance(error, KibitzError) else KibitzError(f"The engine could not be asked: {error}.")
        self.error = known
        if not self.path:
            self.identity = None
        self.missing.emit(known)
