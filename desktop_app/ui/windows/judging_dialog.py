"""The page on judging: which grading is in force, thresholds of the user's own, and what they would say of this game.

Main thread. Values come from `GradingController`; whatever is chosen here is shown on the board at once and put in
force only by the button. Opened by `judging_commands`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.domain.judgement import LONGEST_OWN_NAME, Grading, OwnThresholds, spoken
from desktop_app.ui.windows.parts import label

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent

    from desktop_app.domain.game_view import GameView
    from desktop_app.domain.judgement import SideSummary
    from desktop_app.ui.controllers.grading_controller import GradingController
    from desktop_app.ui.models.game_cursor import GameCursor

_NEW = "New thresholds …"
_WIDTH, _HEIGHT = 520, 460
_UNIT = " % points"


class JudgingDialog(QDialog):
    """Choose a grading, or make one."""

    def __init__(self, gradings: GradingController, cursor: GameCursor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Judging")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(_WIDTH, _HEIGHT)
        self._gradings, self._cursor = gradings, cursor
        self.choice = QComboBox()
        self.meaning = label("", strength="2", wrap=True)
        self.counts = label("", wrap=True)
        self.problem = label("", strength="error", wrap=True)
        self.name = QLineEdit(maxLength=LONGEST_OWN_NAME)
        self.inaccuracy, self.mistake, self.blunder = (_threshold() for _ in range(3))
        self.choice.setAccessibleName("Grading")
        self.own_box = QWidget()
        self.use_button = QPushButton("Judge by this", autoDefault=True, default=True)
        self.remove_button = QPushButton("Remove", autoDefault=False)
        self._lay_out()
        self._fill()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        form = QFormLayout(self.own_box)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(8)
        for text, field in (
            ("Name", self.name),
            ("Inaccuracy from", self.inaccuracy),
            ("Mistake from", self.mistake),
            ("Blunder from", self.blunder),
        ):
            form.addRow(text, field)
        close = QPushButton("Close", autoDefault=False)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.remove_button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self.use_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 16)
        box.setSpacing(12)
        for widget in (self.choice, self.meaning, self.own_box, self.problem, self.counts):
            box.addWidget(widget)
        note = (
            "All analysed games are judged again from what is stored: no engine runs, and nothing that it found is "
            "lost. Choose the earlier grading to have its verdicts back."
        )
        box.addWidget(label(note, strength="3", wrap=True))
        box.addStretch(1)
        box.addLayout(buttons)

    def _fill(self) -> None:
        self.choice.blockSignals(True)
        self.choice.clear()
        for grading in self._gradings.choices:
            self.choice.addItem(spoken(grading.name), grading)
        self.choice.addItem(_NEW, None)
        names = [grading.name for grading in self._gradings.choices]
        self.choice.setCurrentIndex(names.index(self._gradings.in_force.name))
        self.choice.blockSignals(False)
        self._put_thresholds()

    def _connect(self) -> None:
        self.choice.currentIndexChanged.connect(self._on_choice)
        self.name.textChanged.connect(self._show)
        for field in (self.inaccuracy, self.mistake, self.blunder):
            field.valueChanged.connect(self._show)
        self.use_button.clicked.connect(self._on_use)
        self.remove_button.clicked.connect(self._on_remove)
        self._cursor.view_changed.connect(self._on_view)

    # -- what is chosen --------------------------------------------------------------------------------------------

    @property
    def _chosen(self) -> Grading | None:
        found = self.choice.currentData()
        return found if isinstance(found, Grading) else None

    def _thresholds(self) -> OwnThresholds:
        """What the fields say. Raises ValueError with a sentence."""
        values = (round(field.value(), 1) for field in (self.inaccuracy, self.mistake, self.blunder))
        return OwnThresholds(self.name.text().strip(), *values)

    @Slot()
    def _on_choice(self) -> None:
        self._put_thresholds()
        self._show()
        self.adjustSize()

    def _put_thresholds(self) -> None:
        """Own thresholds into the fields; new ones begin as those in force."""
        chosen = self._chosen
        points = (chosen or self._gradings.in_force).points
        for field, value in zip((self.inaccuracy, self.mistake, self.blunder), points, strict=True):
            field.blockSignals(True)
            field.setValue(value)
            field.blockSignals(False)
        self.name.blockSignals(True)
        self.name.setText(chosen.name if chosen else "My own")
        self.name.blockSignals(False)

    @Slot()
    def _show(self) -> None:
        """Say what is chosen, and show the game on the board by it."""
        chosen, problem = self._chosen, ""
        own = chosen is None or chosen.own
        if own:
            try:
                chosen = self._thresholds().grading
            except ValueError as error:
                chosen, problem = None, f"This cannot be used: {error}."
        self.own_box.setVisible(own)
        self.remove_button.setVisible(bool(self._chosen and self._chosen.own))
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.meaning.setText(chosen.meaning if chosen else "")
        in_force = chosen == self._gradings.in_force
        self.use_button.setEnabled(chosen is not None and not in_force)
        self.use_button.setText("In force" if in_force else "Judge by this")
        self._gradings.preview(chosen)
        self._on_view(self._cursor.view)

    @Slot(object)
    def _on_view(self, view: GameView | None) -> None:
        if view is None or view.summary is None:
            self.counts.setText("Open an analysed game to see what changes.")
            return
        sides = "\n".join(
            f"{name}: {_counts(side)}"
            for name, side in ((view.white or "White", view.summary.white), (view.black or "Black", view.summary.black))
        )
        self.counts.setText(f"The game on the board, by this grading:\n{sides}")

    # -- what is done ----------------------------------------------------------------------------------------------

    @Slot()
    def _on_use(self) -> None:
        chosen = self._chosen
        if chosen is None or chosen.own:
            own = self._thresholds()
            self._gradings.keep_own(own)
            chosen = own.grading
        self._gradings.choose(chosen)
        self._fill()
        self._show()

    @Slot()
    def _on_remove(self) -> None:
        if self._chosen is not None:
            self._gradings.forget_own(self._chosen.name)
        self._fill()
        self._show()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The board goes back to the grading in force."""
        self._gradings.preview(None)
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes it like the button."""
        self.close()

    def changeEvent(self, event: QEvent) -> None:
        """Another font makes other heights."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self.adjustSize()


def _threshold() -> QDoubleSpinBox:
    field = QDoubleSpinBox(decimals=1, minimum=0.1, maximum=99.9, singleStep=0.5, suffix=_UNIT)
    field.setToolTip("Percentage points of win % that a move loses, by Lichess's curve")
    return field


def _counts(side: SideSummary) -> str:
    words = [(side.inaccuracies, "inaccuracy", "inaccuracies"), (side.mistakes, "mistake", "mistakes")]
    words.append((side.blunders, "blunder", "blunders"))
    return ", ".join(f"{number} {one if number == 1 else many}" for number, one, many in words)
