"""Edits the tags of games and merges players' names; every edit can be taken back by Undo, and later in the history.

Main thread; the services run in `runtime.operations`. Used by `windows.care_commands` and its dialogs.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop_app.domain.counting import counted
from desktop_app.domain.edits import EditKind
from desktop_app.services.edit_games import edit_headers, merge_players, undo_edit
from desktop_app.ui.controllers.changing import ChangingController
from desktop_app.ui.runtime.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_app.domain.edits import Edit, EditId
    from desktop_app.domain.game import GameId
    from desktop_app.domain.people import NameCount
    from desktop_app.ports import CancelToken, ProgressSink
    from desktop_app.services.edit_games import EditReport, UndoReport

_MOST_EDITS = 500
_MOST_READ = 500


class EditController(ChangingController):
    """What people change in games; `changed` when the history may be different."""

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

        self._run(f"Editing {counted(len(games), 'game')}", call, self._on_edited)

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
        what = "merge of players" if edit.kind is EditKind.MERGE else f"edit of {counted(report.changed, 'game')}"
        merged = f": {edit.title}" if edit.kind is EditKind.MERGE else ""
        text = f"{counted(report.changed, 'game')} changed{merged}"
        kind = NoticeKind.WARNING if report.cancelled else NoticeKind.DONE
        self._offer(partial(self.undo, edit.id), what, f"Stopped. {text}" if report.cancelled else text, kind)

    def _on_undone(self, report: UndoReport) -> None:
        text = f"{counted(report.changed, 'game')} changed back"
        if report.stayed:
            text += f"; {counted(report.stayed, 'game')} stay, since they were changed again"
        self._desk.notices.post(text, NoticeKind.WARNING if report.stayed else NoticeKind.DONE)
