"""Which names are mine: the players with most games to tick, and a field for another one. Main thread.

Opened from "My games" while nobody said who they are; knows no library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop_app.domain.counting import counted
from desktop_app.domain.names import NameKind
from desktop_app.ui.widgets.popover import Popover
from desktop_app.ui.windows.name_completion import NameCompletion
from desktop_app.ui.windows.parts import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent

    from desktop_app.domain.people import NameCount
    from desktop_app.ui.controllers.names_controller import NamesController

_WIDTH_PX = 320


class MePopover(Popover):
    """Signals: `saved(list[str])`: these names are mine."""

    saved = Signal(object)

    def __init__(self, names: NamesController, host: QWidget) -> None:
        super().__init__("Who am I", host)
        self._boxes: dict[str, QCheckBox] = {}
        self.field = QLineEdit(placeholderText="Another name, as games have it")
        self.field.setAccessibleName("Another name of mine")
        completion = NameCompletion(self.field, names, (NameKind.PLAYER,))
        completion.chosen.connect(self._add_typed)
        self.field.returnPressed.connect(self._on_entered)
        self._ticks = QVBoxLayout()
        self._ticks.setSpacing(4)
        save = QPushButton("Show my games")
        save.setProperty("role", "primary")
        save.clicked.connect(self._on_saved)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(save)
        self.box.addWidget(label("Which of these is you?", strength="title"))
        hint = "Tick every name you have played under. “My games” are the games of all of them."
        self.box.addWidget(label(hint, strength="2", wrap=True))
        self.box.addLayout(self._ticks)
        self.box.addWidget(self.field)
        self.box.addLayout(foot)
        self.setFixedWidth(_WIDTH_PX)

    def show_names(self, mine: Sequence[str], likely: Sequence[NameCount]) -> None:
        """Names that are mine already, and players who may be me."""
        while (item := self._ticks.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._boxes.clear()
        self.field.clear()
        games = {one.name: one.games for one in likely}
        for name in dict.fromkeys([*mine, *games]):
            self._add(name, f"{name}   {counted(games[name], 'game')}" if name in games else name, on=name in mine)

    def first_field(self) -> QWidget:
        """The first name."""
        return next(iter(self._boxes.values()), self.field)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter on a name is enough."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_saved()
        super().keyPressEvent(event)

    def _add(self, name: str, text: str, *, on: bool) -> None:
        box = QCheckBox(text)
        box.setChecked(on)
        self._boxes[name] = box
        self._ticks.addWidget(box)

    @Slot(str)
    def _add_typed(self, name: str) -> None:
        clean = " ".join(name.split())
        if clean in self._boxes:
            self._boxes[clean].setChecked(True)
        elif clean:
            self._add(clean, clean, on=True)
            self.resize(self.width(), self.sizeHint().height())
        self.field.clear()

    @Slot()
    def _on_entered(self) -> None:
        if self.field.text().strip():
            self._add_typed(self.field.text())
        else:
            self._on_saved()

    @Slot()
    def _on_saved(self) -> None:
        if self.field.text().strip():
            self._add_typed(self.field.text())
        names = [name for name, box in self._boxes.items() if box.isChecked()]
        self.close_popover()
        self.saved.emit(names)
