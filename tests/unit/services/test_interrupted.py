"""Imports and position indexing that are killed, cancelled or left without room, at random moments, again and again."""

from __future__ import annotations

import os
import random
import threading
from typing import TYPE_CHECKING

import chess
import psutil
import pytest

from desktop_app.domain.filters import GameQuery
from desktop_app.domain.rows import BatchState
from desktop_app.errors import DiskFullError
from desktop_app.library.library import Library
from desktop_app.services.find_position import find_position
from desktop_app.services.import_games import import_sources, import_text
from desktop_app.services.index_positions import index_positions
from tests.unit.library.processes import DEADLINE_S, script

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.services.changes import Changes

GAMES = 18_000
FILLER = 1000
KILLS = 4
SEED = 20261123

IMPORT = """
import sys
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources, import_text
with Library.open(sys.argv[1]) as library:
    import_sources(library, [sys.argv[2]], workers=0, on_changes=lambda _: print("stored", flush=True))
print("done", flush=True)
"""
INDEX = """
import sys
from desktop_app.library.library import Library
from desktop_app.services.index_positions import index_positions
with Library.open(sys.argv[1]) as library:
    index_positions(library, on_stored=lambda _: print("stored", flush=True))
print("done", flush=True)
"""
"""With processes that hash; `-c` gives those no main module to run again."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no kill -9")


def games_text(count: int, *, filler: int = FILLER) -> str:
    """Games that differ in their players alone, each with a comment of that many bytes."""
    return "".join(
        f'[Event "Night"]\n[White "Player {number}"]\n[Black "B"]\n[Result "1-0"]\n\n'
        f"1. e4 {{{'x' * filler}}} e5 2. Nf3 1-0\n\n"
        for number in range(count)
    )


def killed_after(code: str, stored: int, *arguments: object) -> bool:
    """Run this and kill it once it said so often that it stored something; False where it was done before."""
    with script(code, *arguments) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(stored)]
        children = psutil.Process(process.pid).children() if process.poll() is None else []
        process.kill()
        process.wait(DEADLINE_S)
        rest = process.stdout.read()
    assert not psutil.wait_procs(children, timeout=DEADLINE_S)[1], "a process outlived the one it worked for"
    assert set(said) <= {"stored", "done", ""}
    return "done" not in said and "done" not in rest


def test_an_import_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    """After each kill -9 batches are whole and told apart, and importing again adds only what is missing."""
    source, where = tmp_path / "night.pgn", tmp_path / "l.kibitz"
    source.write_text(games_text(GAMES), encoding="utf-8")
    Library.open(where).close()
    draw = random.Random(SEED)  # noqa: S311 - moments of killing
    before = kills = 0
    for _ in range(KILLS):
        killed_after(IMPORT, draw.randint(1, 3), where, source)
        with Library.open(where) as library:
            assert library.check() == []
            now = library.games.count(GameQuery())
            batch = library.imports.list()[0]
            assert batch.imported == now - before
            before = now
            if batch.state is BatchState.DONE:  # it was faster than the kill
                assert now == GAMES
                break
            assert batch.state is BatchState.INTERRUPTED
            assert batch.imported > 0
            kills += 1
    assert kills, "it was done before it was killed: this test needs more games"
    with Library.open(where) as library:
        rest = import_sources(library, [source], workers=0)
        assert (rest.read, rest.duplicates, rest.bytes_unaccounted) == (GAMES, before, 0)
        assert library.games.count(GameQuery()) == GAMES
        assert library.check() == []


def test_indexing_killed_again_and_again_goes_on_where_it_was(tmp_path: Path) -> None:
    """Killed while it indexes positions, it keeps whole segments, loses none, and finds every game in the end."""
    source, where = tmp_path / "night.pgn", tmp_path / "l.kibitz"
    source.write_text(games_text(3 * 4096 + 100, filler=1), encoding="utf-8")
    with Library.open(where) as library:
        games = import_sources(library, [source], workers=0).imported
    covered = kills = 0
    for _ in range(KILLS):
        if not killed_after(INDEX, 1, where):
            break
        kills += 1
        with Library.open(where) as library:
            assert library.check() == []
            coverage = library.positions.coverage()
            assert coverage.indexed >= covered
            covered = coverage.indexed
            found = find_position(library, chess.Board(), limit=1)
            assert found.total <= games
    assert kills, "it was done before it was killed: this test needs more segments"
    with Library.open(where) as library:
        assert index_positions(library).complete
        assert find_position(library, chess.Board(), limit=1).total == games
        assert library.check() == []


@pytest.mark.parametrize("moment", range(3))
def test_an_import_cancelled_at_a_random_moment_adds_up(tmp_path: Path, moment: int) -> None:
    """Whenever it is cancelled: what was counted is there, and the next import brings the rest."""
    source = tmp_path / "night.pgn"
    source.write_text(games_text(3000), encoding="utf-8")
    stop = threading.Event()
    draw = random.Random(SEED + moment)  # noqa: S311 - moments of cancelling
    asked_before = draw.randint(1, 60)

    class Later:
        """Cancelled once it was asked often enough."""

        asked = 0

        def cancelled(self) -> bool:
            self.asked += 1
            return self.asked > asked_before or stop.is_set()

    with Library.open(tmp_path / "l.kibitz") as library:
        receipt = import_sources(library, [source], workers=moment, cancel=Later())
        there = library.games.count(GameQuery())
        assert receipt.imported == there
        assert receipt.read == receipt.imported + receipt.duplicates + receipt.rejected
        rest = import_sources(library, [source], workers=0)
        assert rest.imported == 3000 - there


def test_an_import_that_finds_the_disk_full_keeps_what_it_had(tmp_path: Path) -> None:
    """A clear error; the games committed before are there, the library is sound, and with room the rest comes."""
    source, where = tmp_path / "night.pgn", tmp_path / "l.kibitz"
    source.write_text(games_text(GAMES), encoding="utf-8")
    with Library.open(where) as library:
        seen: list[Changes] = []

        def fill(changes: Changes) -> None:
            if not seen:
                _limit(library, 0)
            seen.append(changes)

        with pytest.raises(DiskFullError):
            import_sources(library, [source], workers=0, on_changes=fill)
        committed = library.games.count(GameQuery())
        assert 0 < committed < GAMES
        _limit(library, None)
        assert library.check() == []
        rest = import_sources(library, [source], workers=0)
        assert (rest.imported, rest.duplicates) == (GAMES - committed, committed)


def test_a_disk_full_at_the_last_write_leaves_no_import_running(tmp_path: Path) -> None:
    """All games are stored when the room ends: the import is closed, even where the planner's figures find no place."""
    text = games_text(1_500, filler=10)
    with Library.open(tmp_path / "games.kibitz") as library:

        def fill(_changes: Changes) -> None:
            if library.games.count(GameQuery()) == 1_500:
                _limit(library, 0)

        receipt = import_text(library, text, workers=0, on_changes=fill)
        assert receipt.imported == 1_500
        (batch,) = library.imports.list()
        assert (batch.state, batch.imported) == (BatchState.DONE, 1_500)
        assert library.check() == []


def _limit(library: Library, extra: int | None) -> None:
    """Let the file grow by so many pages more, or as far as it likes."""

    def set_limit(connection: object) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()  # type: ignore[attr-defined]
        most = 2**30 if extra is None else pages + extra
        connection.exec_driver_sql(f"PRAGMA max_page_count={most}")  # type: ignore[attr-defined]

    library.database.write(set_limit)
