"""The grading in force: chosen here, told to everybody who judges, and the library judged again behind the window.

Main thread; judging again runs in `runtime.operations` and in processes of its own. Used by `windows.judging_dialog`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop_app.domain.judgement import GRADINGS, Grading, OwnThresholds
from desktop_app.services.changes import Changes
from desktop_app.services.rejudge_games import Rejudged, rejudge_games
from desktop_app.settings import cores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.runtime.operations import Operation

_START_MS = 1_500
"""The window comes first: games that were judged otherwise are looked for when it stands."""


class GradingController(QObject):
    """Which grading everything is judged by.

    Signals: `grading_changed(Grading)` when another one is in force; `previewed(Grading | None)` when the game on the
    board shall be shown by another one for now; `started(Operation)`; `preferences_changed(dict)` to be remembered;
    `regraded()` when counts changed, so that lists filtered or sorted by them hold other games now.
    """

    grading_changed = Signal(object)
    previewed = Signal(object)
    started = Signal(object)
    preferences_changed = Signal(object)
    regraded = Signal()

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.own: tuple[OwnThresholds, ...] = ()
        self._operation: Operation | None = None
        self._again = False
        self._fresh: set[GameId] = set()
        self._delay = QTimer(self, singleShot=True, interval=_START_MS)
        self._delay.setObjectName("grading start")
        self._delay.timeout.connect(self._regrade)

    @property
    def in_force(self) -> Grading:
        """The grading everything is judged by."""
        return self._desk.library.gradings.in_force

    @property
    def choices(self) -> list[Grading]:
        """All gradings: those Kibitz brings, then the user's own."""
        return [*GRADINGS.values(), *(own.grading for own in self.own)]

    @property
    def running(self) -> bool:
        """Whether games are being judged again."""
        return self._operation is not None

    def set_preferences(self, grading: Grading, own: Sequence[OwnThresholds]) -> None:
        """What the settings say."""
        self._desk.library.gradings.in_force = grading
        self.own = tuple(own)

    def start(self) -> None:
        """Judge what an earlier run, another program or older rules judged otherwise, soon."""
        self._delay.start()

    def choose(self, grading: Grading) -> None:
        """Judge everything by this from now on; choosing the earlier one again brings its verdicts back."""
        self.previewed.emit(None)
        if grading == self.in_force:
            return
        self._desk.library.gradings.in_force = grading
        self.preferences_changed.emit({"own_gradings": self.own, "grading": grading.name})
        self.grading_changed.emit(grading)
        self._regrade()

    def keep_own(self, own: OwnThresholds) -> None:
        """Keep thresholds of the user's own under their name; those in force are put in force as they are now."""
        self.own = (*(one for one in self.own if one.name != own.name), own)
        if self.in_force.name == own.name:
            self.choose(own.grading)
        self.preferences_changed.emit({"own_gradings": self.own})

    def forget_own(self, name: str) -> None:
        """Remove own thresholds; Lichess's grading follows where they were in force."""
        self.own = tuple(one for one in self.own if one.name != name)
        if self.in_force.name == name:
            self.choose(GRADINGS["lichess"])
        self.preferences_changed.emit({"own_gradings": self.own, "grading": self.in_force.name})

    def preview(self, grading: Grading | None) -> None:
        """Show the game on the board by this grading, without judging anything else; None ends it."""
        self.previewed.emit(None if grading == self.in_force else grading)

    @Slot()
    def _regrade(self) -> None:
        if self._operation is not None:
            self._again = True
            self._operation.cancel()
            return
        library, grading, fresh = self._desk.library, self.in_force, self._fresh
        if library.read_only:
            return

        def call(cancel: CancelToken, progress: ProgressSink) -> Rejudged:
            return rejudge_games(
                library, grading, progress=progress, cancel=cancel, workers=max(1, cores() - 1), stored=fresh.update
            )

        self._again = False
        self._operation = self._desk.operations.run(f"Judging games as {grading.name}", call, done=self._on_done)
        self._operation.finished.connect(self._on_finished)
        self.started.emit(self._operation)

    def _on_done(self, done: Rejudged) -> None:
        if done.left and self._desk.library.gradings.in_force.stamp == done.grading and done.regraded:
            self._again = True  # their analysis went on meanwhile

    @Slot()
    def _on_finished(self) -> None:
        self._operation = None
        fresh, self._fresh = frozenset(self._fresh), set()
        if fresh:
            self._desk.events.broadcast(Changes(games=fresh, initiator="grading"))
            self.regraded.emit()
        if self._again:
            self._regrade()
