"""The summary of a game: both players side by side, in every state a game can be in.

Main thread; assembled by `windows`. A frozen `SummaryView` in; clicks on counts, "Analyse" and "Retry" out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop_app.domain.judgement import Judgement
from desktop_app.ui.runtime import theme
from desktop_app.ui.runtime.icons import icon
from desktop_app.ui.runtime.tokens import GRID, Mark
from desktop_app.ui.widgets.chips import CountChip
from desktop_app.ui.widgets.elided import ElidedLabel
from desktop_app.ui.widgets.ring import AccuracyRing

_JUDGEMENTS = (Judgement.INACCURACY, Judgement.MISTAKE, Judgement.BLUNDER)
_DASH = "\u2013"


class SummaryState(StrEnum):
    """What the panel has to say."""

    NOT_ANALYSED = "not_analysed"
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FAILED = "failed"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True)
class SideFacts:
    """One player: accuracy 0…100 and ACPL as far as known, counts of judged moves."""

    name: str
    accuracy: float | None = None
    acpl: float | None = None
    inaccuracies: int = 0
    mistakes: int = 0
    blunders: int = 0

    def count(self, judgement: Judgement) -> int:
        """How many moves got that judgement."""
        return {"inaccuracy": self.inaccuracies, "mistake": self.mistakes, "blunder": self.blunders}[judgement.value]


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """Accuracy of both sides in one phase."""

    name: str
    white: float | None
    black: float | None


@dataclass(frozen=True, slots=True)
class SummaryView:
    """Everything the panel shows.

    Attributes:
        state: which face to show.
        white, black: the players.
        phases: accuracies by phase, in order; phases the game never reached are left out.
        source: who analysed and how deep ("Stockfish 17.1 · 250 000 nodes a position").
        evaluated, positions: how far the analysis is.
        reason: why it failed, or why the game is not judged, as a sentence.
        looked: the whole game has its first look; its figures are provisional until the analysis is settled.
        remark: what else to know of the numbers ("Too short for an accuracy.").
    """

    state: SummaryState
    white: SideFacts
    black: SideFacts
    phases: tuple[PhaseFacts, ...] = ()
    source: str = ""
    evaluated: int = 0
    positions: int = 0
    reason: str = ""
    remark: str = ""
    looked: bool = False


def _stopped(view: SummaryView) -> str:
    return "A first look only: verdicts may still change." if view.looked else "Not analysed yet."


def _waiting(view: SummaryView) -> str:
    if view.looked:
        return "A first look is done; waiting to be looked at more closely. Verdicts may still change."
    return "Waiting in the queue."


def _going_on(view: SummaryView) -> str:
    if view.looked:
        return "A first look is done. The engine looks closer where a verdict could still change."
    return f"Analysing: {view.evaluated} of {view.positions} positions. Verdicts may still change."


def percent(value: float | None) -> str:
    """An accuracy as printed."""
    return _DASH if value is None else f"{value:.0f}%"


class SummaryPanel(QWidget):
    """Summary of one game.

    Signals:
        count_clicked(bool, object): a count was clicked: True for White's, and the Judgement to walk through.
        analyse_clicked, retry_clicked: the button of a game without a result.
    """

    count_clicked = Signal(bool, object)
    analyse_clicked = Signal()
    retry_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Summary")
        self._view = SummaryView(SummaryState.NOT_ANALYSED, SideFacts("White"), SideFacts("Black"))
        self._names = {white: ElidedLabel() for white in (True, False)}
        self._rings = {white: AccuracyRing() for white in (True, False)}
        self._acpl = {white: QLabel() for white in (True, False)}
        self._chips = {(white, kind): CountChip(kind) for white in (True, False) for kind in _JUDGEMENTS}
        self._phase_labels: list[QLabel] = []
        self._phases = QGridLayout()
        self._note_icon = QLabel()
        self._note = QLabel()
        self._button = QPushButton()
        self._bar = QProgressBar()
        self._source = QLabel()
        self._build()
        for (white, kind), chip in self._chips.items():
            chip.clicked.connect(lambda _checked=False, side=white, what=kind: self.count_clicked.emit(side, what))
        self._button.clicked.connect(self._on_button)
        self.set_view(self._view)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        layout.setSpacing(2 * GRID)
        layout.addLayout(self._note_row())
        layout.addWidget(self._bar)
        sides = QHBoxLayout()
        sides.setSpacing(2 * GRID)
        for white in (True, False):
            sides.addLayout(self._side(white=white), 1)
        layout.addLayout(sides)
        self._phases.setHorizontalSpacing(2 * GRID)
        self._phases.setVerticalSpacing(4)
        layout.addLayout(self._phases)
        self._source.setWordWrap(True)
        self._source.setProperty("strength", "3")
        layout.addWidget(self._source)
        layout.addStretch(1)
        self._bar.setTextVisible(False)

    def _note_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self._note.setWordWrap(True)
        row.addWidget(self._note_icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._note, 1)
        row.addWidget(self._button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _side(self, *, white: bool) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(GRID)
        name = self._names[white]
        name.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        name.setFont(theme.ui_font(1.0, QFont.Weight.DemiBold))
        column.addWidget(name)
        column.addWidget(self._rings[white], 0, Qt.AlignmentFlag.AlignHCenter)
        acpl = self._acpl[white]
        acpl.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        acpl.setProperty("strength", "2")
        acpl.setToolTip("Average centipawns lost a move")
        column.addWidget(acpl)
        chips = QHBoxLayout()
        chips.setSpacing(4)
        chips.addStretch(1)
        for kind in _JUDGEMENTS:
            chips.addWidget(self._chips[white, kind])
        chips.addStretch(1)
        column.addLayout(chips)
        return column

    def set_view(self, view: SummaryView) -> None:
        """Shows a summary; values that are not known yet are dashes, never zeros."""
        self._view = view
        scored = view.state in {SummaryState.DONE, SummaryState.IN_PROGRESS} or view.looked
        for white, side in ((True, view.white), (False, view.black)):
            self._fill_side(side, white=white, scored=scored)
        self._fill_phases(view.phases if scored else ())
        self._source.setText(view.source if scored else "")
        self._source.setVisible(bool(self._source.text()))
        self._fill_note(view)

    def _fill_side(self, side: SideFacts, *, white: bool, scored: bool) -> None:
        label = self._names[white]
        label.setText(side.name)
        colour_name = "White" if white else "Black"
        partial = self._view.state is SummaryState.IN_PROGRESS or self._view.looked
        self._rings[white].set_accuracy(side.accuracy if scored else None, owner=colour_name, provisional=partial)
        self._acpl[white].setText(f"{side.acpl:.0f} ACPL" if scored and side.acpl is not None else f"{_DASH} ACPL")
        for kind in _JUDGEMENTS:
            self._chips[white, kind].set_count(side.count(kind) if scored else None, owner=colour_name)

    def _fill_phases(self, phases: tuple[PhaseFacts, ...]) -> None:
        while len(self._phase_labels) < 3 * len(phases):
            label = QLabel()
            index = len(self._phase_labels)
            row, column = divmod(index, 3)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            if column == 1:
                label.setProperty("strength", "2")
            self._phases.addWidget(label, row, column)
            self._phases.setColumnStretch(column, 2 if column == 1 else 3)
            self._phase_labels.append(label)
        for index, label in enumerate(self._phase_labels):
            row, column = divmod(index, 3)
            label.setVisible(row < len(phases))
            if row < len(phases):
                phase = phases[row]
                label.setText((percent(phase.white), phase.name, percent(phase.black))[column])

    def _fill_note(self, view: SummaryView) -> None:
        texts = {
            SummaryState.NOT_ANALYSED: ("info", _stopped(view), "Go on" if view.looked else "Analyse", "primary"),
            SummaryState.QUEUED: ("worker", _waiting(view), "", ""),
            SummaryState.IN_PROGRESS: ("engine", _going_on(view), "", ""),
            SummaryState.DONE: ("info" if view.remark else "", view.remark, "", ""),
            SummaryState.FAILED: ("warning", view.reason or "The analysis failed.", "Retry", ""),
            SummaryState.NOT_JUDGED: ("info", f"Not judged: {view.reason or 'nothing to analyse'}", "", ""),
        }
        name, text, action, role = texts[view.state]
        self._note.setText(text)
        self._note.setVisible(bool(text))
        self._note.setProperty("strength", "error" if view.state is SummaryState.FAILED else "2")
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self._button.setProperty("role", role)
        for widget in (self._note, self._button):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        self._bar.setVisible(view.state is SummaryState.IN_PROGRESS and not view.looked)
        self._bar.setRange(0, max(1, view.positions))
        self._bar.setValue(view.evaluated)
        self._tint(name)

    def _tint(self, name: str) -> None:
        look = theme.tokens()
        self._note_icon.setVisible(bool(name))
        if name:
            ink = look.danger if self._view.state is SummaryState.FAILED else look.text_2
            self._note_icon.setPixmap(icon(name, ink).pixmap(QSize(18, 18), self.devicePixelRatioF()))

    def _on_button(self) -> None:
        if self._view.state is SummaryState.FAILED:
            self.retry_clicked.emit()
        else:
            self.analyse_clicked.emit()

    def chip(self, judgement: Judgement, *, white: bool) -> CountChip:
        """The chip that counts one judgement of one side."""
        return self._chips[white, Judgement(Mark(judgement.value).value)]

    def changeEvent(self, event: QEvent) -> None:
        """Draws the icon in the new theme's colour."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_view"):
            self._fill_note(self._view)
