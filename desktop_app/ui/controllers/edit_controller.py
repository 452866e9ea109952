"""Edits the tags of games and merges players' names; every edit can be taken back by Undo, and later in the history.

Main thread; the services run in `runtime.operations`. Used by `windows.care_commands` and its dialogs.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from desktop_app.domain.edits import EditKind
from desktop_app.services.edit_games import edit_headers, merge_players, undo_edit
from desktop_app.services.watch import Watch
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_app.domain.edits import Edit, EditId
    from desktop_app.domain.game import GameId
    from desktop_app.domain.people import NameCount
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.changes import Changes
    from desktop_app.services.edit_games import EditReport, UndoReport
    from desktop_app.ui.controllers.desk import Desk
    from desktop_app.ui.controllers.undo_stack import UndoStack

T = TypeVar("T")
_MOST_EDITS = 500
_MOST_READ = 500


class EditController(QObject):
    """What people change in games. Signals: `started(Operation)`; `changed()` when the history is different now."""

    started = Signal(object)
    changed = Signal()
    _facts_changed = Signal(object)

    def __init__(self, desk: Desk, undo: UndoStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk, self._undo = desk, undo
        self._facts_changed.connect(self._on_facts_changed)

    # -- editing ---------------------------------------------------------------------------------------------------

    def load_tags(self, ids: Sequence[GameId], done: Callable[[dict[GameId, dict[str, str]]], None]) -> None:
        """The tags of these games, for the form; of the first few hundred where there are more."""
        edits = self._desk.library.edits
        self._desk.operations.read("Reading tags", lambda: edits.tags(ids[:_MOST_READ]), done)

    def edit(self, ids: Sequence[GameId], changes: Mapping[str, str | None]) -> None:
        """Give these games these tags; None takes one away."""
        library, games, wanted = self._desk.library, tuple(ids), dict(changes)

        def call(cancel: CancelToken, progress: ProgressSink) -> EditReport:
            return edit_headers(library, games, wanted, watch=self._watch(cancel, progress))

        self._run(f"Editing {_counted(len(games))}", call, self._on_edited)

    def undo(self, edit_id: EditId) -> None:
        """Change back what an edit changed."""
        library = self._desk.library

        def call(cancel: CancelToken, progress: ProgressSink) -> UndoReport:
            return undo_edit(library, edit_id, watch=self._watch(cancel, progress))

        self._run("Undoing the edit", call, self._on_undone)

    def load_history(self, done: Callable[[list[Edit]], None]) -> None:
        """The edits, newest first."""
        edits = self._desk.library.edits
        self._desk.operations.read("Reading the edits", lambda: edits.history(_MOST_EDITS), done)

    # -- players ---------------------------------------------------------------------------------------------------

    def merge(self, names: Sequence[str], into: str) -> None:
        """Write `into` for these names in all their games."""
        library, others = self._desk.library, tuple(names)

        def call(cancel: CancelToken, progress: ProgressSink) -> EditReport:
            return merge_players(library, others, into, watch=self._watch(cancel, progress))

        self._run(f"Merging into {into}", call, self._on_edited)

    def load_suggestions(self, done: Callable[[list[tuple[NameCount, ...]]], None]) -> None:
        """Groups of names that may be one player's."""
        people = self._desk.library.people
        self._desk.operations.read("Comparing players' names", people.suggestions, done)

    def load_similar(self, name: str, done: Callable[[tuple[int, list[NameCount]]], None]) -> None:
        """How many games a name has, and other names that may be the same player's."""
        library = self._desk.library

        def call() -> tuple[int, list[NameCount]]:
            return len(library.edits.games_of_players([name])), library.people.similar(name)

        self._desk.operations.read("Looking for a player", call, done)

    # -- answers ---------------------------------------------------------------------------------------------------

    def _on_edited(self, report: EditReport) -> None:
        edit = report.edit
        if edit is None:
            self._desk.notices.post("There was nothing to change.")
            return
        what = "merge of players" if edit.kind is EditKind.MERGE else f"edit of {_counted(report.changed)}"
        step = self._undo.push(what, partial(self.undo, edit.id))

        def take_back() -> None:
            self._undo.take_back(step)

        merged = f": {edit.title}" if edit.kind is EditKind.MERGE else ""
        text = f"{_counted(report.changed)} changed{merged}"
        notices = self._desk.notices
        notice = notices.post(
            f"Stopped. {text}" if report.cancelled else text,
            NoticeKind.WARNING if report.cancelled else NoticeKind.DONE,
            action_text="Undo",
            action=take_back,
        )
        self._undo.when_gone(step, partial(notices.withdraw, notice))

    def _on_undone(self, report: UndoReport) -> None:
        text = f"{_counted(report.changed)} changed back"
        if report.stayed:
            text += f"; {_counted(report.stayed)} stay, since they were changed again"
        self._desk.notices.post(text, NoticeKind.WARNING if report.stayed else NoticeKind.DONE)

    def _run(self, title: str, call: Callable[[CancelToken, ProgressSink], T], done: Callable[[T], None]) -> None:
        operation = self._desk.operations.run(title, call, done=done)
        operation.finished.connect(self.changed)
        self.started.emit(operation)

    def _watch(self, cancel: CancelToken, progress: ProgressSink) -> Watch:
        return Watch(progress, cancel, self._facts_changed.emit)

    @Slot(object)
    def _on_facts_changed(self, changes: Changes) -> None:
        self._desk.events.broadcast(changes)


def _counted(number: int) -> str:
    return "1 game" if number == 1 else f"{number:,} games"
