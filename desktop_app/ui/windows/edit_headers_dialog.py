"""The tags of one game, or of many at once: only what is changed is written. Main thread; opened with Ctrl+H."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.counting import counted
from desktop_app.domain.edits import RESULTS, ROSTER, trouble_with
from desktop_app.ui.windows.parts import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.ui.controllers.edit_controller import EditController

_USUAL = ("White", "WhiteElo", "Black", "BlackElo", "Result", "Date", "Event", "Site", "Round", "ECO")
_NAMES = {"WhiteElo": "White's rating", "BlackElo": "Black's rating"}
_FIXED = frozenset({"FEN", "SetUp", "Variant", "PlyCount", "KibitzAnalysis"})
_SEVERAL = "several values"
_WIDTH_PX = 560


class EditHeadersDialog(QDialog):
    """A form of tags. `fields` are the editors by tag."""

    def __init__(self, controller: EditController, ids: Sequence[GameId], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller, self._ids = controller, tuple(ids)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        many = len(self._ids) > 1
        self.setWindowTitle(f"Edit {counted(len(self._ids), 'game')}" if many else "Edit game")
        self.resize(_WIDTH_PX, 560)
        self.fields: dict[str, QLineEdit] = {}
        self.result_box = QComboBox()
        self._old: dict[str, str | None] = {}
        self._form = QFormLayout(fieldGrowthPolicy=QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._form.setSpacing(8)
        self.trouble = label(strength="error", wrap=True)
        self.trouble.setAccessibleName("What is wrong")
        self.new_name, self.add_button = QLineEdit(placeholderText="Another tag, such as Annotator"), QPushButton("Add")
        self.save_button = QPushButton("Save", default=True)
        self.save_button.setEnabled(False)
        self._note = label("Reading …", strength="2", wrap=True)
        self._lay_out()
        controller.load_tags(self._ids, self._on_tags)

    def _lay_out(self) -> None:
        inside = QWidget()
        inside.setLayout(self._form)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(inside)
        adding = QHBoxLayout()
        adding.addWidget(self.new_name, 1)
        adding.addWidget(self.add_button)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.save_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.setSpacing(10)
        box.addWidget(self._note)
        box.addWidget(area, 1)
        box.addLayout(adding)
        box.addWidget(self.trouble)
        box.addLayout(buttons)
        self.save_button.clicked.connect(self._on_save)
        self.add_button.clicked.connect(self._on_add)
        self.add_button.setAutoDefault(False)
        self.new_name.textChanged.connect(self._on_changed)

    def _on_tags(self, found: dict[GameId, dict[str, str]]) -> None:
        games = list(found.values())
        if not games:
            self._note.setText("These games are not in the library any more.")
            return
        self._note.setText(
            f"What you change here is written into all {counted(len(self._ids), 'game')}; fields you leave alone "
            "stay as they are in each."
            if len(games) > 1
            else "Empty a field to take its tag away. Moves and comments are not touched; Ctrl+Z takes the edit back."
        )
        others = dict.fromkeys(name for tags in games for name in tags if name not in _USUAL and name not in _FIXED)
        for name in (*_USUAL, *others):
            values = {tags.get(name) for tags in games}
            self._add_field(
                name, _SEVERAL if len(values) > 1 else None, next(iter(values)) if len(values) == 1 else None
            )
        self.fields["White"].setFocus()
        self._on_changed()

    def _add_field(self, name: str, placeholder: str | None, value: str | None) -> None:
        shown = "" if value is None or value == ROSTER.get(name) != "*" else value
        field = QLineEdit(shown)
        field.setAccessibleName(_NAMES.get(name, name))
        field.setPlaceholderText(placeholder or "")
        self.fields[name] = field
        self._old[name] = None if placeholder else shown
        if name == "Result":
            self.result_box.addItems([*([placeholder] if placeholder else []), *RESULTS])
            self.result_box.setCurrentText(placeholder or (value if value in RESULTS else "*"))
            self.result_box.setAccessibleName("Result")
            self._old[name] = None if placeholder else self.result_box.currentText()
            self.result_box.currentTextChanged.connect(self._on_changed)
            self._form.addRow(name, self.result_box)
            return
        field.textChanged.connect(self._on_changed)
        self._form.addRow(_NAMES.get(name, name), field)

    def changes(self) -> dict[str, str | None]:
        """What is different from what the games have."""
        found: dict[str, str | None] = {}
        for name, field in self.fields.items():
            text = self.result_box.currentText() if name == "Result" else field.text().strip()
            old = self._old[name]
            untouched = text == (old or "") if old is not None else text in {"", _SEVERAL}
            if not untouched:
                found[name] = text or None
        return found

    @Slot()
    def _on_changed(self) -> None:
        changes = self.changes()
        troubles = [said for name, value in changes.items() if (said := trouble_with(name, value))]
        self.trouble.setText(" ".join(troubles))
        self.trouble.setVisible(bool(troubles))
        self.save_button.setEnabled(bool(changes) and not troubles)
        self.add_button.setEnabled(bool(self.new_name.text().strip()))

    @Slot()
    def _on_add(self) -> None:
        name = self.new_name.text().strip()
        if said := trouble_with(name, "x" if name not in {"Date", "ECO", "Result"} else None):
            self.trouble.setText(said)
            self.trouble.setVisible(True)
            return
        if name not in self.fields:
            self._add_field(name, None, None)
        self.new_name.clear()
        self.fields[name].setFocus()

    @Slot()
    def _on_save(self) -> None:
        self._controller.edit(self._ids, self.changes())
        self.accept()
