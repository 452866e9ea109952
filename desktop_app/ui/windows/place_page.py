"""The page "Where to analyse": this computer, a server or both; address, token, a test that explains itself.

Main thread; a sheet over the window, opened from the Analysis menu.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QWidget,
)

from desktop_app.remote.token_store import Keeping
from desktop_app.ui.controllers.place_controller import BOTH, HERE, SERVER, PlaceChoice
from desktop_app.ui.windows.parts import label, restyle
from desktop_app.ui.windows.sheet import Sheet

if TYPE_CHECKING:
    from desktop_app.ui.controllers.place_controller import KeptToken, PlaceController

_PLACES = (
    (HERE, "This computer"),
    (SERVER, "An analysis server"),
    (BOTH, "Both: this computer's engines and the server's work on the same games"),
)
_KEEPINGS = (
    (Keeping.KEYRING, "In this computer's keyring"),
    (Keeping.FILE, "In a file that only you can read"),
    (Keeping.SESSION, "Only until Kibitz ends"),
)
_WIDTH_PX = 560


class PlacePage(Sheet):
    """What is chosen, and what the server says."""

    def __init__(self, place: PlaceController, parent: QWidget) -> None:
        super().__init__("Where to analyse", parent)
        self._place = place
        self.choices: dict[str, QRadioButton] = {}
        group = QButtonGroup(self)
        for name, text in _PLACES:
            self.choices[name] = QRadioButton(text)
            group.addButton(self.choices[name])
            self.box.addWidget(self.choices[name])
        self.server = QLineEdit(placeholderText="https://chess.example.org")
        self.server.setAccessibleName("Address of the server")
        self.token = QLineEdit(echoMode=QLineEdit.EchoMode.Password)
        self.token.setAccessibleName("Token")
        self.keeping = QComboBox()
        self.keeping.setAccessibleName("Where the token is kept")
        for keeping, text in _KEEPINGS:
            self.keeping.addItem(text, keeping)
        form = QFormLayout()
        form.setSpacing(8)
        form.addRow("Server", self.server)
        form.addRow("Token", self.token)
        form.addRow("Keep the token", self.keeping)
        self.box.addLayout(form)
        self._hint = label(strength="2")
        self.answer = QLabel(wordWrap=True)
        self.answer.setAccessibleName("What the server says")
        for text_label in (self._hint, self.answer):
            text_label.setWordWrap(True)
            text_label.hide()
            self.box.addWidget(text_label)
        self.test = QPushButton("Test")
        self.close_button, self.save = QPushButton("Cancel"), QPushButton("Save")
        self.save.setProperty("role", "primary")
        self.buttons.addWidget(self.test)
        self.buttons.addStretch(1)
        self.buttons.addWidget(self.close_button)
        self.buttons.addWidget(self.save)
        self.box.addLayout(self.buttons)
        self.setMinimumWidth(_WIDTH_PX)
        self._connect(group)

    def _connect(self, group: QButtonGroup) -> None:
        group.buttonToggled.connect(self._refresh)
        self.server.editingFinished.connect(self._on_server_typed)
        self.test.clicked.connect(self._on_test)
        self.save.clicked.connect(self._on_save)
        self.close_button.clicked.connect(self.close_sheet)
        self._place.tested.connect(self._on_tested)
        self._place.token_known.connect(self._on_token_known)
        self._place.saved.connect(self.close_sheet)
        self._place.refused.connect(self._on_refused)

    def open_sheet(self) -> None:
        """As it is set now."""
        choice = self._place.choice
        self.choices[choice.place].setChecked(True)
        self.server.setText(choice.server)
        self.token.clear()
        self.token.setPlaceholderText("")
        self.answer.hide()
        self._refresh()
        self._place.look_up_token(choice.server)
        super().open_sheet()

    @property
    def _chosen(self) -> str:
        return next(name for name, button in self.choices.items() if button.isChecked())

    @Slot()
    def _refresh(self) -> None:
        used = any(button.isChecked() for button in self.choices.values()) and self._chosen != HERE
        for widget in (self.server, self.token, self.keeping, self.test):
            widget.setEnabled(used)

    @Slot()
    def _on_server_typed(self) -> None:
        if self.server.text().strip():
            self._place.look_up_token(self.server.text())

    @Slot(object)
    def _on_token_known(self, kept: KeptToken) -> None:
        words = {Keeping.KEYRING: "the keyring", Keeping.FILE: "a file", Keeping.SESSION: "memory until Kibitz ends"}
        self.token.setPlaceholderText(f"kept in {words[kept.keeping]}" if kept.keeping is not None else "kbz_…")
        keyring = self.keeping.findData(Keeping.KEYRING)
        if kept.keyring_problem and keyring >= 0:
            self.keeping.removeItem(keyring)
        wanted = kept.keeping or (Keeping.SESSION if kept.keyring_problem else Keeping.KEYRING)
        self.keeping.setCurrentIndex(max(0, self.keeping.findData(wanted)))
        self._hint.setText(
            f"{kept.keyring_problem} The token can be kept until Kibitz ends, or in a file that only you can read."
            if kept.keyring_problem
            else ""
        )
        self._hint.setVisible(bool(kept.keyring_problem))
        if self.isVisible():
            self.place()

    @Slot()
    def _on_test(self) -> None:
        self.test.setEnabled(False)
        self._say("Asking …", good=True)
        self._place.test(self.server.text(), self.token.text())

    @Slot(bool, str)
    def _on_tested(self, good: bool, text: str) -> None:
        self._say(text, good=good)
        self._refresh()

    @Slot(str)
    def _on_refused(self, text: str) -> None:
        self._say(text, good=False)
        self.save.setEnabled(True)

    def _say(self, text: str, *, good: bool) -> None:
        self.answer.setText(text)
        self.answer.setProperty("strength", "2" if good else "warning")
        restyle(self.answer)
        self.answer.show()
        if self.isVisible():
            self.place()

    @Slot()
    def _on_save(self) -> None:
        keeping = self.keeping.currentData()
        choice = PlaceChoice(self._chosen, self.server.text().strip())
        self._place.save(choice, self.token.text(), Keeping(keeping) if keeping else Keeping.SESSION)
