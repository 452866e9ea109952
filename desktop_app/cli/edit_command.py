"""`kibitz edit`, `edits`, `undo-edit` and `merge-players`: changing the tags of games, so that it can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desktop_app.cli import output
from desktop_app.cli.interrupt import EXIT_CODE as INTERRUPTED
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.opening import open_library
from desktop_app.cli.selection import selected_games
from desktop_app.domain.counting import counted
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.domain.edits import Edit
    from desktop_app.services.edit_games import EditReport


def run_edit(arguments: Namespace) -> int:
    """Change tags of games."""
    from desktop_app.services.edit_games import edit_headers
    from desktop_app.services.watch import Watch

    changes = _changes(arguments)
    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments) as library,
    ):
        ids = selected_games(library, arguments)
        report = edit_headers(library, ids, changes, watch=Watch(line, interrupt))
    return _tell(report, as_json=arguments.json)


def run_merge_players(arguments: Namespace) -> int:
    """Give all games of a player one name, or say which names may be one player's."""
    from desktop_app.services.edit_games import merge_players
    from desktop_app.services.watch import Watch

    if arguments.suggest:
        return _suggest(arguments)
    if not arguments.names or not arguments.into:
        raise UsageError(
            "Name the player's other names, and with --into the one that stays.",
            action="`kibitz merge-players --suggest` lists names that may be one player's.",
        )
    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments) as library,
    ):
        report = merge_players(library, arguments.names, arguments.into, watch=Watch(line, interrupt))
    nothing = f"No game has {' or '.join(map(repr, arguments.names))} as a player: there was nothing to change."
    return _tell(report, as_json=arguments.json, nothing=nothing)


def _suggest(arguments: Namespace) -> int:
    with open_library(arguments, reads=True) as library:
        groups = library.people.suggestions()
    if arguments.json:
        output.print_json([[{"name": one.name, "games": one.games} for one in group] for group in groups])
        return 0
    for group in groups:
        print("; ".join(f"{one.name} ({counted(one.games, 'game')})" for one in group))
    if not groups:
        print("No names look like one player's.")
    return 0


def run_edits(arguments: Namespace) -> int:
    """List the edits, newest first."""
    with open_library(arguments, reads=True) as library:
        edits = library.edits.history()
    if arguments.json:
        output.print_json([_edit_json(edit) for edit in edits])
        return 0
    if not edits:
        print("Nothing was edited yet.")
        return 0
    from desktop_app.library.holders import clock

    rows = [(edit.id, clock(edit.made_at), edit.state, edit.games, edit.title) for edit in edits]
    print(output.table(("id", "when", "state", "games", "what"), rows, right=frozenset({0, 3})))
    return 0


def run_undo_edit(arguments: Namespace) -> int:
    """Take an edit back: the one named, else the newest that was not."""
    from desktop_app.services.edit_games import undo_edit
    from desktop_app.services.watch import Watch

    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments) as library,
    ):
        wanted = arguments.edit or next((edit.id for edit in library.edits.history() if edit.can_be_undone), None)
        if wanted is None:
            raise UsageError("There is no edit to undo.")
        report = undo_edit(library, wanted, watch=Watch(line, interrupt))
    if arguments.json:
        output.print_json({"edit": _edit_json(report.edit), "changed": report.changed, "stayed": report.stayed})
    else:
        stayed = f" {counted(report.stayed, 'game')} changed again since and stay." if report.stayed else ""
        print(f"Changed {counted(report.changed, 'game')} back.{stayed}")
    return INTERRUPTED if report.cancelled else 0


def _changes(arguments: Namespace) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    for pair in arguments.set or ():
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--set {pair!r} is no TAG=VALUE.", action="For example --set 'White=Carlsen, Magnus'.")
        changes[name.strip()] = value
    return changes | dict.fromkeys(arguments.remove or ())


def _tell(report: EditReport, *, as_json: bool, nothing: str = "There was nothing to change.") -> int:
    if as_json:
        edit = report.edit and _edit_json(report.edit)
        output.print_json({"edit": edit, "changed": report.changed, "cancelled": report.cancelled})
    elif report.edit is None:
        print(nothing)
    else:
        print(f"Changed {counted(report.changed, 'game')}; `kibitz undo-edit {report.edit.id}` changes them back.")
    return INTERRUPTED if report.cancelled else 0


def _edit_json(edit: Edit) -> dict[str, Any]:
    return {
        "id": edit.id,
        "kind": str(edit.kind),
        "title": edit.title,
        "made_at": edit.made_at,
        "state": str(edit.state),
        "games": edit.games,
    }
