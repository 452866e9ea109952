"""`kibitz backup` and `kibitz compact`: looking after the library's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app import paths
from desktop_app.cli import output
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.opening import open_library
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.library.backups import Backup
    from desktop_app.services.care import BackupPlan

_MEGABYTE = 1 << 20


def run_backup(arguments: Namespace) -> int:
    """Make a backup, list those there are, or put one back."""
    location = paths.library_location(arguments.library)
    plan = _plan(arguments)
    if arguments.what == "list":
        return _list(location, plan, as_json=arguments.json)
    if arguments.what == "restore":
        return _restore(location, plan, arguments)
    from desktop_app.services.care import back_up

    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments, reads=True) as library,
    ):
        made = back_up(library, plan, progress=line, cancel=interrupt)
    if arguments.json:
        output.print_json(_backup_json(made))
    else:
        print(f"Backed up to {made.path} ({_size(made.size)}).")
    return 0


def _plan(arguments: Namespace) -> BackupPlan:
    from desktop_app.services.care import BackupPlan
    from desktop_app.settings import SettingsStore

    settings = SettingsStore(paths.settings_file()).current
    return BackupPlan(arguments.folder or settings.backup_folder, settings.backup_budget_mb)


def _list(location: str, plan: BackupPlan, *, as_json: bool) -> int:
    from desktop_app.library.holders import clock
    from desktop_app.services.care import list_backups

    found = list_backups(location, plan)
    if as_json:
        output.print_json([_backup_json(one) for one in found])
    elif not found:
        print("There are no backups yet. `kibitz backup` makes one.")
    else:
        rows = [
            (clock(one.made_at), _size(one.size), "upgrade" if one.before_upgrade else "", one.path) for one in found
        ]
        print(output.table(("made", "size", "", "file"), rows, right=frozenset({1})))
    return 0


def _restore(location: str, plan: BackupPlan, arguments: Namespace) -> int:
    from desktop_app.services.care import list_backups, restore_backup

    if not arguments.file:
        raise UsageError("Name the backup to restore.", action="`kibitz backup list` shows them.")
    named = Path(arguments.file)
    inside = [one.path for one in list_backups(location, plan) if one.path.name == named.name]
    file = named if named.exists() else inside[0] if inside else named
    with output.ProgressLine() as line, Interrupt() as interrupt:
        kept_at = restore_backup(location, file.absolute(), plan, progress=line, cancel=interrupt)
    if arguments.json:
        output.print_json({"restored": str(file), "kept_at": str(kept_at)})
    else:
        print(f"Restored {file.name}. What was there is kept at {kept_at}.")
    return 0


def run_compact(arguments: Namespace) -> int:
    """Give back the room that removed games left."""
    from desktop_app.services.care import compact_library

    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments) as library,
    ):
        done = compact_library(library, progress=line, cancel=interrupt)
    if arguments.json:
        output.print_json({"bytes_before": done.before, "bytes_after": done.after, "bytes_won": done.won})
    else:
        print(f"The library takes {_size(done.after)} now, {_size(done.won)} less than before.")
    return 0


def _backup_json(backup: Backup) -> dict[str, object]:
    return {
        "path": str(backup.path),
        "made_at": backup.made_at,
        "bytes": backup.size,
        "before_upgrade": backup.before_upgrade,
    }


def _size(size: int) -> str:
    return f"{size / _MEGABYTE:,.1f} MB"
