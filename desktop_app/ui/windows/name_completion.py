"""Offers names below a field while one types: into a control of the form, or into the filter's expression. Main thread.

The names come from the library's dictionary through `NamesController`, a moment after the last key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStringListModel, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView

from desktop_app.domain.filter_pieces import quoted
from desktop_app.domain.names import NameKind

if TYPE_CHECKING:
    from desktop_app.ui.controllers.names_controller import NamesController

_PAUSE_MS = 150
_SHORTEST = 2
_ROWS = 8
_PLAYER, _EVENT, _OPENING = (NameKind.PLAYER,), (NameKind.EVENT,), (NameKind.OPENING,)
FIELD_KINDS: dict[str, tuple[NameKind, ...]] = {
    "player": _PLAYER,
    "players": _PLAYER,
    "white": _PLAYER,
    "black": _PLAYER,
    "opponent": _PLAYER,
    "won": _PLAYER,
    "lost": _PLAYER,
    "drew": _PLAYER,
    "event": _EVENT,
    "site": (NameKind.SITE,),
    "opening": _OPENING,
    "termination": (NameKind.TERMINATION,),
    "": (NameKind.PLAYER, NameKind.EVENT, NameKind.OPENING),
}
"""Which names a field of the expression takes; "" is a bare word."""

_WORD = re.compile(r"""(?P<before>^|[\s(\-])(?:(?P<field>[A-Za-z_]+)(?P<op>[:=]))?(?P<value>"[^"]*|[^\s()"]*)$""")


class NameCompletion(QObject):
    """Completes the whole text of a field. Signals: `chosen(str)` after a name was taken over."""

    chosen = Signal(str)

    def __init__(self, field: QLineEdit, names: NamesController, kinds: tuple[NameKind, ...]) -> None:
        """Lives as long as its field."""
        super().__init__(field)
        self._field, self._names, self._kinds = field, names, kinds
        self._model = QStringListModel(self)
        self._completer = QCompleter(self._model, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setMaxVisibleItems(_ROWS)
        self._completer.setWidget(field)
        self._list = QListView()
        self._list.setAccessibleName("Names that fit")
        self._list.setProperty("role", "completion")
        self._completer.setPopup(self._list)
        self._completer.activated.connect(self._on_chosen)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        field.textEdited.connect(self._on_edited)

    def close(self) -> None:
        """The text is fine as it is."""
        self._pause.stop()
        self._list.hide()

    @property
    def offered(self) -> list[str]:
        """The names to choose from at the moment."""
        return self._model.stringList() if self._list.isVisible() else []

    @property
    def choosing(self) -> bool:
        """Whether Enter would take a name rather than the text as it is."""
        return self._list.isVisible() and self._list.currentIndex().isValid()

    def wanted(self) -> tuple[tuple[NameKind, ...], str]:
        """Which kinds of names are typed at the moment, and what of one; "" for nothing to complete."""
        return self._kinds, self._field.text().strip().removeprefix("=").strip()

    def take(self, name: str) -> None:
        """Put a name where it belongs."""
        self._field.setText(name)

    @Slot(str)
    def _on_edited(self, _text: str) -> None:
        self._pause.start()

    @Slot()
    def _ask(self) -> None:
        kinds, text = self.wanted()
        if len(text) < _SHORTEST or not self._field.hasFocus():
            self._list.hide()
            return
        self._names.ask(kinds, text, self._offer)

    def _offer(self, names: list[str]) -> None:
        _, text = self.wanted()
        fitting = [name for name in names if name.casefold() != text.casefold()]
        if not fitting or not self._field.hasFocus() or not self._field.isVisible():
            self._list.hide()
            return
        self._model.setStringList(fitting)
        self._completer.complete()

    @Slot(str)
    def _on_chosen(self, name: str) -> None:
        self.take(name)
        self.chosen.emit(name)


class ExpressionCompletion(NameCompletion):
    """Completes the value at the cursor of a filter expression, between quotation marks where it needs them."""

    def __init__(self, field: QLineEdit, names: NamesController) -> None:
        super().__init__(field, names, FIELD_KINDS[""])

    def wanted(self) -> tuple[tuple[NameKind, ...], str]:
        """The word before the cursor, and the names its field takes."""
        found = self._word()
        if found is None:
            return (), ""
        kinds = FIELD_KINDS.get((found["field"] or "").lower())
        return (kinds, found["value"].lstrip('"')) if kinds else ((), "")

    def take(self, name: str) -> None:
        """Replace the word before the cursor; a bare word is kept bare, so that it goes on meaning any name."""
        found, text, cursor = self._word(), self._field.text(), self._field.cursorPosition()
        if found is not None:
            start = found.start("value")
            before, after = text[:start] + quoted(name), text[cursor:].removeprefix('"')
            self._field.setText(
                f"{before}{after}" if after.startswith((" ", ")")) or not after else f"{before} {after}"
            )
            self._field.setCursorPosition(len(before))

    def _word(self) -> re.Match[str] | None:
        return _WORD.search(self._field.text()[: self._field.cursorPosition()])
