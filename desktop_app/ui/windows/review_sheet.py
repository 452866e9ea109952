"""The confirm sheet of an analysis: what will be done, how deep, and how long it will take. Main thread.

Opened by Ctrl+R; nothing starts before its button is pressed, and nothing behind it stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QPushButton, QSpinBox, QWidget

from desktop_app.domain.counting import counted
from desktop_app.domain.profile import EXPECTED_NODES, Profile, SearchSpec
from desktop_app.ui.windows.sheet import Sheet
from desktop_app.ui.windows.words import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.batch import CostEstimate
    from desktop_app.domain.game import GameId
    from desktop_app.ui.controllers.batch_controller import BatchController

_MOST_WORKERS = 64
_PROFILE_WORDS = {
    Profile.QUICK: "Quick: some doubt may remain",
    Profile.STANDARD: "Standard: little doubt remains",
    Profile.DEEP: "Deep: hardly any doubt remains",
}


class ReviewSheet(Sheet):
    """Games, positions, what can be reused, profile, workers, expected time.

    Signals: `confirmed(ids, SearchSpec, workers)`.
    """

    confirmed = Signal(object, object, int)

    def __init__(
        self, batch: BatchController, profile: Profile, workers: int, *, parent: QWidget, nodes: int | None = None
    ) -> None:
        """`nodes` overrides what the profiles search: the reproducible mode, for tests and the curious."""
        super().__init__("Analyse games", parent)
        self._batch, self._nodes = batch, nodes
        self._ids: tuple[GameId, ...] = ()
        self._token = -1
        self._games, self._positions, self._time = QLabel("…"), QLabel("…"), QLabel("…")
        self._note = QLabel(wordWrap=True)
        self._note.setProperty("strength", "2")
        self.profile = QComboBox()
        for name, words in _PROFILE_WORDS.items():
            self.profile.addItem(f"{words}  (about {EXPECTED_NODES[name] / 1000:,.0f} k nodes)", name)
        self.profile.setToolTip(
            "Nodes a position on average: every position gets a first look, those that could change a verdict get more"
        )
        self.profile.setCurrentIndex(max(0, self.profile.findData(profile)))
        self.workers = QSpinBox(minimum=1, maximum=_MOST_WORKERS, value=workers)
        self.workers.setToolTip("Engines that run at once, one core each")
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(10)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for title, field in (
            ("Games", self._games),
            ("Positions", self._positions),
            ("How deep", self.profile),
            ("Workers", self.workers),
            ("Expected time", self._time),
        ):
            label = QLabel(title)
            label.setProperty("strength", "2")
            form.addRow(label, field)
        self.start_button = QPushButton("Analyse", default=True)
        self.start_button.setProperty("role", "primary")
        cancel = QPushButton("Not now")
        self.buttons.addStretch(1)
        self.buttons.addWidget(cancel)
        self.buttons.addWidget(self.start_button)
        self.box.addLayout(form)
        self.box.addWidget(self._note)
        self.box.addLayout(self.buttons)
        self.setMinimumWidth(440)
        cancel.clicked.connect(self.close_sheet)
        self.start_button.clicked.connect(self._on_confirmed)
        self.profile.currentIndexChanged.connect(self._ask)
        self.workers.valueChanged.connect(self._ask)
        batch.estimated.connect(self._on_estimated)

    def ask_for(self, ids: Sequence[GameId]) -> None:
        """Open for these games."""
        self._ids = tuple(ids)
        self.set_title(f"Analyse {counted(len(self._ids), 'game')}")
        self._games.setText(f"{len(self._ids):,}")
        self._ask()
        self.open_sheet()
        self.start_button.setFocus()

    def override_nodes(self, nodes: int | None) -> None:
        """Search this many nodes a position, whatever the profile says; None for the profile's."""
        self._nodes = nodes

    def spec(self) -> SearchSpec:
        """What would be searched."""
        if self._nodes is not None:
            return SearchSpec.of_nodes(self._nodes)
        return SearchSpec.of_profile(Profile(self.profile.currentData()))

    @Slot()
    def _ask(self) -> None:
        self._positions.setText("counting …")
        self._time.setText("…")
        self._note.setText("The analysis runs in the background and survives closing the window.")
        self._token = self._batch.estimate(self._ids, self.spec(), self.workers.value())

    @Slot(int, object)
    def _on_estimated(self, token: int, cost: CostEstimate) -> None:
        if token != self._token:
            return
        more = "more have" if cost.games else "have"
        self._games.setText(
            f"{cost.games:,}" + (f"  ({cost.skipped:,} {more} nothing to analyse)" if cost.skipped else "")
        )
        extras = []
        if cost.already_stored:
            extras.append(f"{cost.already_stored:,} done before")
        if cost.reusable:
            extras.append(f"up to {cost.reusable:,} known from other games")
        self._positions.setText(f"{cost.positions:,}" + (f"  ({', '.join(extras)})" if extras else ""))
        self._time.setText(f"about {duration(cost.seconds)}" if cost.positions else "nothing left to do")
        if not cost.positions:
            if self.isVisible():
                self.setFocus()  # a button that is disabled would hand the keys to the filter
            if not cost.games:
                self._note.setText("Games without moves and variants other than chess and Chess960 are not judged.")
        self.start_button.setEnabled(cost.positions > 0)
        self.place()

    @Slot()
    def _on_confirmed(self) -> None:
        self.close_sheet()
        self.confirmed.emit(self._ids, self.spec(), self.workers.value())
