"""What the library remembers of an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.receipt import Problem, ProblemKind, Receipt
from desktop_app.domain.rows import BatchState
from desktop_app.errors import NotFoundError
from desktop_app.library.library import Library
from tests.unit.library.processes import run_script
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from pathlib import Path

REJECTED = Problem("a.pgn", 3, 40, 1200, ProblemKind.REJECTED, "no moves", {"White": "Ž"}, '[White "Ž"]\n\udcff')
REPAIRED = Problem("a.pgn", 4, 50, 1500, ProblemKind.REPAIRED, "result was missing")
STRAY = Problem("a.pgn", None, 1, 0, ProblemKind.REJECTED, "text between games", text="hello")


def test_a_batch_from_begin_to_receipt(library: Library) -> None:
    """A batch runs, gathers games and problems, and ends with its receipt."""
    batch = library.imports.begin("a.pgn")
    assert library.imports.get(batch).state is BatchState.RUNNING
    library.games.add(batch, make_records(3))
    library.imports.add_problems(batch, [REJECTED, REPAIRED])
    library.imports.finish(
        batch, Receipt(imported=3, duplicates=0, rejected=1, repaired=1, seconds=1.0, bytes_unaccounted=0)
    )
    done = library.imports.get(batch)
    assert (done.source, done.state, done.read, done.imported) == ("a.pgn", BatchState.DONE, 4, 3)
    assert done.finished_at is not None
    assert done.finished_at >= done.started_at
    assert library.imports.problems(batch) == (REJECTED, REPAIRED)
    assert library.imports.problems(batch, limit=1) == (REJECTED,)


def test_counts_are_right_at_every_commit(library: Library) -> None:
    """Before any receipt, the batch's figures already add up; stray text is told but is no game."""
    batch = library.imports.begin("a.pgn")
    library.games.add(batch, [make_record(), make_record("d2d4"), make_record()], [REJECTED, STRAY, REPAIRED])
    found = library.imports.get(batch)
    assert (found.read, found.imported, found.duplicates, found.rejected, found.repaired) == (4, 2, 1, 1, 1)
    assert library.games.count(GameQuery(parse_filter(f"batch:{batch}"))) == 2


def test_newest_first(library: Library) -> None:
    """The list of imports begins with the latest."""
    first, second = library.imports.begin("a"), library.imports.begin("b")
    assert [batch.id for batch in library.imports.list()] == [second, first]


def test_unknown_batches(library: Library) -> None:
    """A batch that does not exist is named as such."""
    with pytest.raises(NotFoundError):
        library.imports.get(7)
    with pytest.raises(NotFoundError):
        library.imports.finish(7, Receipt(0, 0, 0, 0, 0.0, 0))


_BEGIN = """
import os, sys
from desktop_app.library.library import Library
library = Library.open(sys.argv[1])
print(library.imports.begin("dies"))
sys.stdout.flush()
os._exit(0)
"""


def test_only_the_dead_are_interrupted(path: Path) -> None:
    """At opening, a batch of a dead process is marked interrupted; one that this process runs stays running."""
    dead = int(run_script(_BEGIN, path))
    with Library.open(path) as library:
        assert library.imports.get(dead).state is BatchState.INTERRUPTED
        assert library.interrupted_imports == (dead,)
        alive = library.imports.begin("lives")
        with Library.open(path) as second:
            assert second.imports.get(alive).state is BatchState.RUNNING
            assert second.imports.get(dead).finished_at is not None
            assert second.interrupted_imports == (), "it is told once"


def test_a_failed_opening_leaves_nothing_open(path: Path) -> None:
    """A library that cannot be opened leaves no connection behind (the leak detector watches)."""
    path.write_text("no library")
    with pytest.raises(Exception, match="not a Kibitz library"):
        Library.open(path)
