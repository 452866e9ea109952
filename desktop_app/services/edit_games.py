"""Edits the tags of games, one or a hundred thousand, as one thing that can be undone; and merges players' names.

Blocking; any thread but the GUI's. Everything goes in steps of a few hundred games, each committed on its own, so that
other writers get their turn; stopping keeps what was done, and a killed process leaves an edit that can be undone.
Called by the window and by `cli.edit_command`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from desktop_app.domain.edits import ROSTER, Edit, EditKind, TagChanges, checked_changes
from desktop_app.domain.names import ascii_lower
from desktop_app.errors import KibitzError, UsageError
from desktop_app.library.edits import EditableGame, EditedGame
from desktop_app.pgn.retag import changed_tags, retagged
from desktop_app.services.changes import Changes
from desktop_app.services.watch import QUIET, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_app.domain.edits import EditId
    from desktop_app.domain.game import GameId
    from desktop_app.library.library import Library

INITIATOR = "edit"
_STEP_GAMES = 250
"""So many games are rewritten in about a fifth of a second, which another writer gladly waits."""

_TAGS_NAMED = 3
_SHOWN = {"ECO": "eco", "Opening": "opening"}
"""Tags that stand in the list as the opening found by position, until somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class EditReport:
    """What an edit did.

    Attributes:
        edit: as the library remembers it; None where nothing had to be changed.
        games: asked for.
        changed: that were changed.
        cancelled: whether it was stopped before the end.
    """

    edit: Edit | None
    games: int
    changed: int
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What undoing an edit did: games changed back, and games that stay since they were changed again later."""

    edit: Edit
    changed: int
    stayed: int
    cancelled: bool = False


def edit_headers(
    library: Library, ids: Sequence[GameId], changes: Mapping[str, str | None], *, watch: Watch = QUIET
) -> EditReport:
    """Give these games these tags; None takes a tag away. Other tags, moves and comments stay as they are.

    Raises UsageError with a sentence where a value cannot be; nothing is changed then.
    """
    wanted = checked_changes(changes)
    title = f"{_tags_in_words(wanted)} of {_games(len(ids))}"
    detail = {"tags": wanted}
    return _edit(library, ids, _Plan(EditKind.HEADERS, title, detail, lambda found: _changed(found, wanted)), watch)


def merge_players(library: Library, names: Sequence[str], into: str, *, watch: Watch = QUIET) -> EditReport:
    """Write `into` for all of these players' names (case does not matter) in all their games, as one edit.

    The library remembers that the names are one person's, so that games imported later are found too.
    """
    (into_value,) = checked_changes({"White": into}).values()
    into = str(into_value)
    keys = {ascii_lower(name.strip()) for name in names if name.strip()}
    if not into or into in ROSTER.values() or not keys - {ascii_lower(into)}:
        raise UsageError("Name at least one other name of the player, and the name that all games shall have.")
    others = sorted({name.strip() for name in names if ascii_lower(name.strip()) in keys - {ascii_lower(into)}})
    ids = library.edits.games_of_players([into, *others])
    person = library.people.of(into)
    known = list(person.names) if person else []
    detail = {"names": others, "into": into, "known": known}
    listed = ", ".join(others[:_TAGS_NAMED]) + (
        f" and {len(others) - _TAGS_NAMED} more" if len(others) > _TAGS_NAMED else ""
    )
    plan = _Plan(EditKind.MERGE, f"{listed} to {into}", detail, lambda found: _renamed(found, keys, into))
    library.people.add_names([into, *others])
    return _edit(library, ids, plan, watch)


def undo_edit(library: Library, edit_id: EditId | int, *, watch: Watch = QUIET) -> UndoReport:
    """Change back what an edit changed. Games whose tags were changed again since stay as they are.

    Raises NotFoundError, and KibitzError for an edit that is undone already or still running.
    """
    edit = library.edits.get(edit_id)
    if not edit.can_be_undone:
        why = "is still being made" if edit.state == "running" else "was undone before"
        raise KibitzError(f"The edit {edit.id} ({edit.title}) {why}.")
    changed = stayed = last = 0
    while True:
        done, kept, last = library.edits.undo(edit.id, last, _STEP_GAMES, _restored)
        if not last:
            break
        changed, stayed = changed + len(done), stayed + kept
        watch.announce(Changes(games=frozenset(done), initiator=INITIATOR))
        watch.tell(changed + stayed, edit.games, f"Undoing: {changed:,} games")
        if watch.cancelled:
            return UndoReport(library.edits.get(edit.id), changed, stayed, cancelled=True)
    if edit.kind is EditKind.MERGE:
        _forget_names(library, edit.detail)
    library.edits.mark_undone(edit.id)
    return UndoReport(library.edits.get(edit.id), changed, stayed)


@dataclass(frozen=True, slots=True)
class _Plan:
    kind: EditKind
    title: str
    detail: dict[str, Any]
    change: Callable[[EditableGame], EditedGame | None]


def _edit(library: Library, ids: Sequence[GameId], plan: _Plan, watch: Watch) -> EditReport:
    ids = list(dict.fromkeys(ids))
    edit_id = library.edits.begin(plan.kind, plan.title, plan.detail)
    changed = 0
    cancelled = False
    try:
        for start in range(0, len(ids), _STEP_GAMES):
            if cancelled := watch.cancelled:
                break
            done = library.edits.change(edit_id, ids[start : start + _STEP_GAMES], plan.change)
            changed += len(done)
            watch.announce(Changes(games=frozenset(done), initiator=INITIATOR))
            watch.tell(min(start + _STEP_GAMES, len(ids)), len(ids), f"Editing: {changed:,} games")
    finally:
        edit = library.edits.finish(edit_id)
    return EditReport(edit, len(ids), changed, cancelled=cancelled)


def _forget_names(library: Library, detail: dict[str, Any]) -> None:
    """The names are nobody's again that the merge brought together."""
    known = {ascii_lower(name) for name in detail["known"]}
    for name in [*detail["names"], detail["into"]]:
        if ascii_lower(name) not in known:
            library.people.remove_name(name)


# -- one game ------------------------------------------------------------------------------------------------------


def _changed(found: EditableGame, wanted: TagChanges) -> EditedGame | None:
    """The game with these tags; None where it has them already."""
    old = found.record.header_map
    changes = {name: value for name, value in wanted.items() if old.get(name) != value}
    return _rewritten(found, changes) if changes else None


def _renamed(found: EditableGame, keys: set[str], into: str) -> EditedGame | None:
    old = found.record.header_map
    colours = [
        name for name in ("White", "Black") if ascii_lower(old.get(name, "").strip()) in {*keys, ascii_lower(into)}
    ]
    return _changed(found, dict.fromkeys(colours, into)) if colours else None


def _rewritten(found: EditableGame, changes: TagChanges) -> EditedGame:
    record, order = found.record, [name for name, _ in found.record.headers]
    text = retagged(record.pgn, changes)
    old: TagChanges = {name: record.header_map.get(name) for name in changes}
    places = {name: order.index(name) for name in changes if name in order}
    before: dict[str, Any] = {"tags": [[name, old[name], value] for name, value in changes.items()], "places": places}
    shown = {_SHOWN[name]: value for name, value in changes.items() if name in _SHOWN and value}
    if _SHOWN.keys() & changes.keys():
        before["shown"] = {"eco": found.eco, "opening": found.opening}
    if retagged(text, old, places) != record.pgn:
        before["text"] = record.pgn[: len(record.pgn) - _same_end(record.pgn, text)]
        before["was"] = text[: len(text) - _same_end(record.pgn, text)]
    new = replace(record, headers=tuple(changed_tags(record.headers, changes)), pgn=text)
    return EditedGame(new, shown.get("eco"), shown.get("opening"), before)


def _restored(found: EditableGame, before: dict[str, Any]) -> EditedGame | None:
    """The game as it was before an edit; None where one of the edit's tags was changed again since."""
    record = found.record
    if any(record.header_map.get(name) != new for name, _, new in before["tags"]):
        return None
    changes = {name: old for name, old, _ in before["tags"]}
    if "text" in before and record.pgn.startswith(before["was"]):
        text = before["text"] + record.pgn[len(before["was"]) :]
    else:
        text = retagged(record.pgn, changes, before["places"])
    shown = before.get("shown", {})
    headers = tuple(changed_tags(record.headers, changes, before["places"]))
    return EditedGame(replace(record, headers=headers, pgn=text), shown.get("eco"), shown.get("opening"), {})


def _same_end(one: str, other: str) -> int:
    """How many characters two texts share at their end."""
    most = min(len(one), len(other))
    return next((count for count in range(most) if one[-1 - count] != other[-1 - count]), most)


def _tags_in_words(changes: TagChanges) -> str:
    names = list(changes)
    if len(names) > _TAGS_NAMED:
        return f"{', '.join(names[:_TAGS_NAMED])} and {len(names) - _TAGS_NAMED} more tags"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _games(count: int) -> str:
    return f"{count:,} game{'' if count == 1 else 's'}"
