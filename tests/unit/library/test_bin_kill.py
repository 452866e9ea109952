"""Killed in the middle: every game is in the library or in the bin, whole, and the same command goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.filters import GameQuery
from desktop_app.domain.receipt import Receipt
from desktop_app.domain.rows import BatchState
from desktop_app.library.library import Library
from desktop_app.services.bin_games import delete_games, restore, undo_import
from tests.unit.library.processes import script
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from desktop_app.domain.rows import BatchId

GAMES = 600
STEPS = 3
_RUN = """
import sys
from desktop_app.domain.filters import GameQuery
from desktop_app.library.library import Library
from desktop_app.services import bin_games
from desktop_app.services.watch import Watch

bin_games._STEP_GAMES = 20
with Library.open(sys.argv[1]) as library:
    watch = Watch(on_changes=lambda changes: print(len(changes.games), flush=True))
    print("ready", flush=True)
    if sys.argv[2] == "delete":
        bin_games.delete_games(library, library.games.ids(GameQuery()), watch=watch)
    elif sys.argv[2] == "undo":
        bin_games.undo_import(library, 1, watch=watch)
    else:
        bin_games.restore(library, library.bin.entries()[0].id, watch=watch)
"""


def killed(location: str, action: str) -> None:
    """Do it in a process that is killed after a few steps, wherever it is by then."""
    with script(_RUN, location, action) as process:
        assert process.stdout is not None
        for _ in range(1 + STEPS):
            assert process.stdout.readline()
        process.kill()


def filled(location: str) -> BatchId:
    """A library of one import."""
    with Library.open(location) as library:
        batch = library.imports.begin("club.pgn")
        library.games.add(batch, make_records(GAMES, plies=4))
        library.imports.finish(batch, Receipt(GAMES, 0, 0, 0, 1.0, 0))
        return batch


def divided(library: Library) -> tuple[int, int]:
    """How many games are in the library and in the bin; each is whole, wherever it is."""
    assert library.check() == []
    here, gone = library.games.count(GameQuery()), library.bin.count()
    entries = library.bin.entries()
    assert sum(len(library.bin.games(entry.id, limit=GAMES)) for entry in entries) == gone
    assert here + gone == GAMES
    return here, gone


@pytest.mark.parametrize("action", ["delete", "undo"])
def test_a_killed_removal_goes_on(location: str, action: str) -> None:
    """What was moved can be restored at once; repeating moves the rest, an import into the entry it has."""
    batch = filled(location)
    killed(location, action)
    with Library.open(location) as library:
        _, gone = divided(library)
        assert gone >= STEPS * 20
        assert library.imports.get(batch).state is BatchState.DONE or gone == GAMES
        if action == "delete":
            delete_games(library, [*library.games.ids(GameQuery())])  # type: ignore[list-item]  # plain numbers
        else:
            undo_import(library, batch)
            assert len(library.bin.entries()) == 1
            assert library.imports.get(batch).state is BatchState.UNDONE
        assert divided(library) == (0, GAMES)
        for entry in library.bin.entries():
            restore(library, entry.id)
        assert divided(library) == (GAMES, 0)
        assert library.bin.entries() == []


def test_a_killed_restoring_goes_on(location: str) -> None:
    """The entry holds what is not back yet, and restoring it again brings the rest."""
    batch = filled(location)
    with Library.open(location) as library:
        undo_import(library, batch)
    killed(location, "restore")
    with Library.open(location) as library:
        here, _ = divided(library)
        assert here >= STEPS * 20
        for entry in library.bin.entries():
            restore(library, entry.id)
        assert divided(library) == (GAMES, 0)
        assert library.imports.get(batch).state is BatchState.DONE
