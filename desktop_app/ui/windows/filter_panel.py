"""The filter as a form below its button: players, ratings, results, dates and the rest, each writing the expression.

Main thread. The text in the field is the one truth: a control changes its own term of it and leaves the others alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from desktop_app.domain.filter_form import NOTHING, SLOTS, FilterForm, SlotKind, SlotValue
from desktop_app.domain.filters import parse_filter
from desktop_app.domain.names import NameKind
from desktop_app.domain.speed import Speed
from desktop_app.errors import FilterSyntaxError
from desktop_app.ui.widgets.flow import FlowLayout
from desktop_app.ui.widgets.popover import Popover
from desktop_app.ui.windows.name_completion import NameCompletion
from desktop_app.ui.windows.parts import label, restyle
from desktop_app.ui.windows.quick_filters import QUICK_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from desktop_app.ui.controllers.names_controller import NamesController

Choice = tuple[str, str]
"""What is shown, and the value written; "" asks for nothing."""

_ANY: Choice = ("Any", "")
_COLOURS: tuple[Choice, ...] = (("Either", "player"), ("White", "white"), ("Black", "black"))
_CHOICES: dict[str, tuple[Choice, ...]] = {
    "result": (_ANY, ("White won", "1-0"), ("Black won", "0-1"), ("Draw", "1/2-1/2"), ("No result", "*")),
    "speed": (_ANY, *((speed.value.capitalize(), speed.value) for speed in Speed)),
    "state": (
        _ANY,
        ("Not analysed", "unanalysed"),
        ("Queued", "queued"),
        ("Being analysed", "in_progress"),
        ("Analysed", "analysed"),
        ("Failed", "failed"),
    ),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the form: the slot, its label, what the fields show while empty, what completes them."""

    slot: str
    title: str
    hint: str = ""
    hint_to: str = ""
    kinds: tuple[NameKind, ...] = ()


_LEFT = (
    _Line("words", "Words", "in names, events, openings"),
    _Line("player", "Player", "Name", kinds=(NameKind.PLAYER,)),
    _Line("opponent", "Opponent", "Name", kinds=(NameKind.PLAYER,)),
    _Line("elo", "Rating", "from", "to"),
    _Line("result", "Result"),
    _Line("date", "Date", "from 2019", "to 2021.06"),
    _Line("event", "Event", "Name", kinds=(NameKind.EVENT,)),
    _Line("site", "Site", "lichess.org", kinds=(NameKind.SITE,)),
    _Line("opening", "Opening", "B90, or a name", kinds=(NameKind.OPENING,)),
    _Line("speed", "Speed"),
    _Line("moves", "Moves", "from", "to"),
)
_RIGHT = (
    _Line("state", "Review"),
    _Line("accuracy", "Accuracy %", "from", "to"),
    _Line("blunders", "Blunders ??", "from", "to"),
    _Line("mistakes", "Mistakes ?", "from", "to"),
    _Line("termination", "Ended by", "time, adjudication", kinds=(NameKind.TERMINATION,)),
    _Line("tag", "Tag"),
    _Line("batch", "Import"),
    _Line("comment", "Comments", "a word in them"),
    _Line("mine", "", "Only my games"),
)
_FIELD_PX, _COLOUR_PX = 220, 92


class _Control:
    """One control: reads and writes a `SlotValue`."""

    def __init__(self, line: _Line, changed: Callable[[str], None], names: NamesController) -> None:
        self.line = line
        self.widget = QWidget()
        box = QHBoxLayout(self.widget)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        self._parts: list[QLineEdit | QComboBox | QCheckBox] = []
        self._kind = SLOTS[line.slot].kind
        for part in self._make(line):
            part.setAccessibleName(line.title or line.hint)
            self._parts.append(part)
            narrow = line.slot == "player" and isinstance(part, QComboBox)
            if narrow:
                part.setFixedWidth(_COLOUR_PX)
                part.setAccessibleName("Colour of the player")
            box.addWidget(part, 0 if narrow else 1)
        for part in self._parts:
            if isinstance(part, QLineEdit):
                part.textEdited.connect(lambda _text: changed(line.slot))
                if line.kinds:
                    completion = NameCompletion(part, names, line.kinds)
                    completion.chosen.connect(lambda _name: changed(line.slot))
            elif isinstance(part, QComboBox):
                part.activated.connect(lambda _row: changed(line.slot))
            else:
                part.toggled.connect(lambda _on: changed(line.slot))
        self.widget.setFixedWidth(_FIELD_PX)

    def _make(self, line: _Line) -> Iterable[QLineEdit | QComboBox | QCheckBox]:
        if self._kind is SlotKind.SPAN:
            return (QLineEdit(placeholderText=line.hint), QLineEdit(placeholderText=line.hint_to))
        if self._kind is SlotKind.FLAG:
            return (QCheckBox(line.hint),)
        if line.slot == "player":
            return (QLineEdit(placeholderText=line.hint), _combo(_COLOURS))
        if self._kind is SlotKind.CHOICE or line.slot == "tag":
            return (_combo(_CHOICES.get(line.slot, (_ANY,))),)
        return (QLineEdit(placeholderText=line.hint, clearButtonEnabled=True),)

    @property
    def first(self) -> QWidget:
        """What a label points at."""
        return self._parts[0]

    @property
    def value(self) -> SlotValue:
        """What is chosen."""
        texts = [_text(part) for part in self._parts]
        if self._kind is SlotKind.NAME:
            return (texts[1] if len(texts) > 1 else "", texts[0])
        return (texts[0], texts[1] if len(texts) > 1 else "")

    def show(self, value: SlotValue) -> None:
        """Show a value; what has the keyboard is being typed and stays."""
        texts = [value[0], value[1]]
        if self._kind is SlotKind.NAME:
            texts = [value[1], value[0] or "player"]
        for part, text in zip(self._parts, texts, strict=False):
            blocker = QSignalBlocker(part)
            if isinstance(part, QLineEdit):
                if not part.hasFocus():
                    part.setText(text)
            elif isinstance(part, QComboBox):
                _choose(part, text)
            else:
                part.setChecked(bool(text))
            blocker.unblock()

    def offer(self, choices: Iterable[Choice]) -> None:
        """Other things to choose from."""
        part = self._parts[0]
        if isinstance(part, QComboBox):
            chosen = part.currentData()
            blocker = QSignalBlocker(part)
            part.clear()
            for text, value in (_ANY, *choices):
                part.addItem(text, value)
            _choose(part, chosen or "")
            blocker.unblock()

    def mark(self, *, wrong: bool) -> None:
        """A red frame around what cannot be read."""
        for part in self._parts:
            part.setProperty("invalid", "true" if wrong else "false")
            restyle(part)


class FilterPanel(Popover):
    """Signals: `expression_changed(str)`, `save_requested()`."""

    expression_changed = Signal(str)
    save_requested = Signal()

    def __init__(self, names: NamesController, host: QWidget) -> None:
        super().__init__("Filter", host)
        self._expression = ""
        self._controls: dict[str, _Control] = {}
        self._problem = label(strength="error", wrap=True)
        self._problem.hide()
        self._count = label(strength="2")
        ready = FlowLayout(spacing=6)
        for entry in QUICK_FILTERS:
            if entry is not None and entry[1]:
                ready.addWidget(self._ready_made(*entry))
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        for side, lines in enumerate((_LEFT, _RIGHT)):
            for row, line in enumerate(one for one in lines if one.slot in SLOTS):
                self._add(grid, row, side * 3, _Control(line, self._on_changed, names))
        grid.setColumnMinimumWidth(2, 12)
        self.box.addLayout(ready)
        self.box.addLayout(grid)
        self.box.addWidget(self._problem)
        self.box.addLayout(self._foot())

    def _add(self, grid: QGridLayout, row: int, column: int, control: _Control) -> None:
        title = QLabel(control.line.title)
        title.setProperty("strength", "2")
        title.setBuddy(control.first)
        grid.addWidget(title, row, column)
        grid.addWidget(control.widget, row, column + 1)
        self._controls[control.line.slot] = control

    def _ready_made(self, text: str, words: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", "chip")
        button.setToolTip(words)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._write(words))
        return button

    def _foot(self) -> QHBoxLayout:
        clear, save, close = QPushButton("Clear all"), QPushButton("Save as collection"), QPushButton("Done")
        for button in (clear, save):
            button.setProperty("role", "quiet")
        close.setProperty("role", "primary")
        clear.clicked.connect(lambda: self._write(""))
        save.clicked.connect(self._on_save)
        close.clicked.connect(self.close_popover)
        foot = QHBoxLayout()
        foot.addWidget(self._count, 1)
        for button in (clear, save, close):
            foot.addWidget(button)
        return foot

    def first_field(self) -> QWidget:
        """The player's name: what people look for first."""
        return self._controls["player"].first

    def set_expression(self, expression: str) -> None:
        """Show what the field says."""
        self._expression = expression
        try:
            form = FilterForm.read(expression)
        except FilterSyntaxError as error:
            self._say(f"The text of the filter cannot be read: {error.text} Clear it to begin anew.")
            return
        self._say("")
        for name, control in self._controls.items():
            control.show(form.values.get(name, NOTHING))
            control.mark(wrong=False)

    def set_count(self, text: str) -> None:
        """How many games it leaves."""
        self._count.setText(text)

    def offer(self, slot: str, choices: Iterable[Choice]) -> None:
        """What a choice offers beside "any"."""
        if slot in self._controls:
            self._controls[slot].offer(choices)

    def _on_changed(self, name: str) -> None:
        control = self._controls[name]
        try:
            form = FilterForm.read(self._expression)
            value = control.value
            if name == "opponent":
                value = (form.opponent_field(), value[1])
            changed = form.changed(name, value)
            parse_filter(changed)
        except FilterSyntaxError as error:
            control.mark(wrong=True)
            self._say(f"{error.text} {error.action}".strip())
            return
        control.mark(wrong=False)
        self._say("")
        self._expression = changed
        self.expression_changed.emit(changed)

    def _write(self, words: str) -> None:
        self.setFocus()
        self.set_expression(words)
        self.expression_changed.emit(words)

    @Slot()
    def _on_save(self) -> None:
        self.close_popover()
        self.save_requested.emit()

    def _say(self, text: str) -> None:
        self._problem.setText(text)
        self._problem.setVisible(bool(text))


def _combo(choices: Iterable[Choice]) -> QComboBox:
    combo = QComboBox()
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(4)
    for text, value in choices:
        combo.addItem(text, value)
    return combo


def _choose(combo: QComboBox, value: str) -> None:
    """Show the choice of this value; one nobody offers is offered from now on, so that nothing asked is hidden."""
    place = combo.findData(value)
    if place < 0:
        combo.addItem(value, value)
        place = combo.count() - 1
    combo.setCurrentIndex(place)


def _text(part: QLineEdit | QComboBox | QCheckBox) -> str:
    if isinstance(part, QLineEdit):
        return part.text()
    if isinstance(part, QComboBox):
        return str(part.currentData() or "")
    return "yes" if part.isChecked() else ""
