"""`kibitz delete`, `kibitz bin` and `kibitz undo-import`: removing games so that they can come back."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from desktop_app.cli import output
from desktop_app.cli.interrupt import EXIT_CODE as INTERRUPTED
from desktop_app.cli.interrupt import Interrupt
from desktop_app.cli.opening import open_library
from desktop_app.cli.selection import selected_games
from desktop_app.domain.counting import counted
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.domain.bin import BinEntry
    from desktop_app.library.library import Library

GAMES_SHOWN = 100


def run_delete(arguments: Namespace) -> int:
    """Move games into the bin."""
    from desktop_app.services.bin_games import delete_games
    from desktop_app.services.watch import Watch

    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments) as library,
    ):
        ids = selected_games(library, arguments)
        removed = delete_games(library, ids, watch=Watch(line, interrupt))
    if arguments.json:
        output.print_json({"deleted": removed.games, "entry": removed.entry_id, "cancelled": removed.cancelled})
    elif removed.entry_id is None:
        print("There was nothing to delete.")
    else:
        print(
            f"Moved {counted(removed.games, 'game')} into the bin; "
            f"`kibitz bin restore {removed.entry_id}` brings them back."
        )
    return INTERRUPTED if removed.cancelled else 0


def run_undo_import(arguments: Namespace) -> int:
    """Take a whole import back: its games go to the bin as one entry."""
    from desktop_app.domain.rows import BatchId
    from desktop_app.services.bin_games import undo_import
    from desktop_app.services.watch import Watch

    with (
        output.ProgressLine() as line,
        Interrupt() as interrupt,
        open_library(arguments) as library,
    ):
        removed = undo_import(library, BatchId(arguments.batch), watch=Watch(line, interrupt))
    if arguments.json:
        output.print_json({"deleted": removed.games, "entry": removed.entry_id, "cancelled": removed.cancelled})
    else:
        again = f"; `kibitz bin restore {removed.entry_id}` brings them back" if removed.entry_id else ""
        nothing = "" if removed.games else "; the library has none of them now"
        games = counted(removed.games, "game")
        print(f"Moved {games} of import {arguments.batch} into the bin{again}{nothing}.")
    return INTERRUPTED if removed.cancelled else 0


def run_bin(arguments: Namespace) -> int:
    """List, restore or empty."""
    action = {"list": _list, "restore": _restore, "empty": _empty}[arguments.action]
    reads = arguments.action == "list"
    with open_library(arguments, reads=reads) as library:
        return action(library, arguments)


def _list(library: Library, arguments: Namespace) -> int:
    if arguments.entry is not None:
        entry = library.bin.entry(arguments.entry)
        games = library.bin.games(entry.id, limit=GAMES_SHOWN)
        if arguments.json:
            output.print_json({**asdict(entry), "list": [asdict(game) for game in games]})
        else:
            rows = [(game.id, game.date, game.white, game.black, game.result, game.event) for game in games]
            print(output.table(("id", "date", "white", "black", "result", "event"), rows, right=frozenset({0})))
        return 0
    entries = library.bin.entries()
    if arguments.json:
        output.print_json({"games": library.bin.count(), "entries": [asdict(entry) for entry in entries]})
    elif entries:
        lines = [(entry.id, _when(entry), entry.games, _what(entry)) for entry in entries]
        print(output.table(("entry", "when", "games", "what"), lines, right=frozenset({0, 2})))
    else:
        print("The bin is empty.")
    return 0


def _restore(library: Library, arguments: Namespace) -> int:
    from desktop_app.services.bin_games import restore
    from desktop_app.services.watch import Watch

    if arguments.entry is None:
        raise UsageError("Which entry of the bin is to be restored?", action="See `kibitz bin list`.")
    with output.ProgressLine() as line, Interrupt() as interrupt:
        done = restore(library, library.bin.entry(arguments.entry).id, watch=Watch(line, interrupt))
    if arguments.json:
        output.print_json({"restored": done.games, "stayed": done.stayed, "cancelled": done.cancelled})
    else:
        print(f"Restored {counted(done.games, 'game')}.")
        if done.stayed:
            print(f"{counted(done.stayed, 'game')} stay in the bin: imported again since, the newer is kept.")
    return INTERRUPTED if done.cancelled else int(bool(done.stayed))


def _empty(library: Library, arguments: Namespace) -> int:
    from desktop_app.services.bin_games import empty_bin
    from desktop_app.services.watch import Watch

    entry = None if arguments.entry is None else library.bin.entry(arguments.entry)
    if not arguments.yes:
        count = library.bin.count() if entry is None else entry.games
        raise UsageError(
            f"This removes up to {counted(count, 'game')} for good; nothing can bring them back.",
            action="Say it with --yes if that is what you want.",
        )
    chosen = None if entry is None else [entry.id]
    with output.ProgressLine() as line, Interrupt() as interrupt:
        gone = empty_bin(library, chosen, older_than_days=arguments.older_than or 0, watch=Watch(line, interrupt))
    if arguments.json:
        output.print_json({"removed": gone})
    else:
        print(f"Removed {counted(gone, 'game')} for good.")
    return 0


def _when(entry: BinEntry) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.made_at))


def _what(entry: BinEntry) -> str:
    """What was removed, in a few words."""
    if entry.batch_id is not None:
        return f"{entry.reason} {entry.batch_id}: {entry.source}"
    more = f" and {counted(entry.games - 1, 'other game')}" if entry.games > 1 else ""
    return f"{entry.reason}: {entry.title}{more}"
