"""Indexes that a big import leaves out: they come back whatever happens, and nothing is found wrongly meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.filters import SORTS, GameQuery, parse_filter
from desktop_app.library import indexes
from desktop_app.library.indexes import DEFERRED
from desktop_app.library.library import Library
from desktop_app.services.import_games import _Pace, import_sources
from tests.unit.library.processes import DEADLINE_S, script
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.services.changes import Changes

ALL = {str(index.name) for index in DEFERRED}
FILTERS = ("", "player:carlsen", "result:1-0 date:2000..2010", "white:so", "-black:ding elo>1", "event:club moves<9")


@pytest.fixture(autouse=True)
def _small_imports_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "LEAST_GAMES", 10)


def _answers(library: Library) -> list[list[int]]:
    """First pages of everything: each sort both ways, each filter."""
    queries = [GameQuery(sort=sort, descending=down) for sort in SORTS for down in (False, True)]
    queries += [GameQuery(parse_filter(text), sort=sort) for text in FILTERS for sort in ("id", "date", "white")]
    found = [[int(row.id) for row in library.games.page(query, 3, 20)] for query in queries]
    return found + [[int(number) for number in library.games.ids(query)] for query in queries]


def test_everything_is_found_the_same_without_them(file_library: Library) -> None:
    """With the indexes, without them, and when they are built again: the same games in the same order."""
    file_library.games.add(None, make_records(120))
    there = _answers(file_library)
    assert file_library.indexes.missing() == []
    assert file_library.indexes.defer(1_000)
    assert _answers(file_library) == there
    assert set(file_library.indexes.missing()) == ALL
    file_library.indexes.restore().result(DEADLINE_S)
    assert file_library.indexes.missing() == []
    assert _answers(file_library) == there
    assert file_library.check() == []


def test_games_that_come_meanwhile_are_in_them(file_library: Library) -> None:
    """What is stored while they are left out is found through them afterwards."""
    assert file_library.indexes.defer(1_000)
    file_library.games.add(None, make_records(60))
    file_library.indexes.restore().result(DEADLINE_S)
    with file_library.database.read() as connection:
        for index in ALL:
            counted = connection.exec_driver_sql(f"SELECT count(*) FROM game INDEXED BY {index}")  # noqa: S608 -- ours
            assert counted.scalar_one() == 60


def test_few_games_leave_them_alone(file_library: Library) -> None:
    """A small import, or a big one into a library that is bigger still, keeps them up."""
    assert not file_library.indexes.defer(9)
    file_library.games.add(None, make_records(100))
    assert not file_library.indexes.defer(20)
    assert file_library.indexes.missing() == []


def test_a_server_keeps_them(library: Library) -> None:
    """Asked of a server's library nothing is left out, and restoring finds nothing to do."""
    if library.path is None:
        assert not library.indexes.defer(1_000_000)
    library.indexes.restore().result(DEADLINE_S)
    assert library.indexes.missing() == []


def test_a_running_import_is_not_disturbed(file_library: Library) -> None:
    """While an import of a living process runs, they are not built; its end builds them."""
    batch = file_library.imports.begin("long")
    file_library.indexes.defer(1_000)
    file_library.indexes.restore().result(DEADLINE_S)
    assert set(file_library.indexes.missing()) == ALL
    file_library.database.write(
        lambda connection: (
            connection.exec_driver_sql("UPDATE import_batch SET state = 'done' WHERE id = ?", (int(batch),)).rowcount
        )
    )
    file_library.indexes.restore().result(DEADLINE_S)
    assert file_library.indexes.missing() == []


def test_others_write_in_between(file_library: Library) -> None:
    """One index a transaction: what is written after the first was asked for does not wait for the last."""
    file_library.indexes.defer(1_000)
    order: list[str] = []
    file_library.database.submit(lambda _: order.append("before"))
    done = file_library.indexes.restore()
    done.add_done_callback(lambda _: order.append("all built"))
    file_library.database.write(lambda _: order.append("written"))
    done.result(DEADLINE_S)
    assert order == ["before", "written", "all built"]


def test_closing_in_the_middle_leaves_the_rest_for_the_next_opening(path: Path) -> None:
    """The answer comes though the library closes; opened again, it builds what is missing by itself."""
    with Library.open(path) as library:
        library.games.add(None, make_records(30))
        there = _answers(library)
        library.indexes.defer(1_000)
        done = library.indexes.restore()
    assert done.done()
    with Library.open(path) as library:
        library.indexes.restore().result(DEADLINE_S)
        assert library.indexes.missing() == []
        assert _answers(library) == there
        assert library.check() == []


_IMPORT = """
import sys
from desktop_app.library import indexes
from desktop_app.library.library import Library
from tests.unit.library.records import make_records
library = Library.open(sys.argv[1])
batch = library.imports.begin("endless")
library.games.add(batch, make_records(20))
indexes.LEAST_GAMES = 10
library.indexes.defer(1_000)
library.games.add(batch, make_records(20, seed=2))
print("stored", flush=True)
sys.stdin.readline()
"""


def test_kill_between_leaves_a_library_that_mends_itself(path: Path) -> None:
    """Killed with -9 while they are out: every committed game is found at once, and opening builds them."""
    with script(_IMPORT, path) as importer:
        assert importer.stdout is not None
        assert importer.stdout.readline() == "stored\n"
        with Library.open(path) as library:
            assert set(library.indexes.missing()) == ALL
            assert library.games.count(GameQuery()) == 40
            assert len(library.games.page(GameQuery(sort="white"), 0, 100)) == 40
        importer.kill()
        importer.wait(DEADLINE_S)
    with Library.open(path) as library:
        library.indexes.restore().result(DEADLINE_S)
        assert library.imports.list()[0].state == "interrupted"
        assert library.indexes.missing() == []
        assert library.check() == []


def test_no_room_for_them_is_not_the_end(file_library: Library) -> None:
    """A disk that is full when they are built leaves a library that works; with room again they are built."""
    file_library.games.add(None, make_records(200))
    file_library.indexes.defer(10_000)

    def limit(pages: int) -> None:
        file_library.database.write(
            lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar_one()
        )

    file_library.database.write(lambda connection: connection.exec_driver_sql("PRAGMA incremental_vacuum").rowcount)
    free = "SELECT freelist_count FROM pragma_freelist_count"
    filler = "INSERT INTO setting VALUES ('filler', zeroblob(?))"
    with file_library.database.read() as connection:
        pages = connection.exec_driver_sql(free).scalar_one()
        used = connection.exec_driver_sql("SELECT page_count FROM pragma_page_count").scalar_one()
    file_library.database.write(lambda connection: connection.exec_driver_sql(filler, (4096 * pages,)).rowcount)
    limit(used)
    file_library.indexes.restore().result(DEADLINE_S)
    assert file_library.indexes.missing()
    assert len(file_library.games.page(GameQuery(sort="date"), 0, 500)) == 200
    limit(1_000_000)
    file_library.indexes.restore().result(DEADLINE_S)
    assert file_library.indexes.missing() == []


def test_a_big_import_leaves_them_out_and_builds_them(
    file_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that is foreseen to be big defers them by itself, and has them built behind its receipt."""
    monkeypatch.setattr("desktop_app.services.import_games._BEHIND_OTHERS", _Pace(250, 0.15))
    monkeypatch.setattr("desktop_app.services.import_games._FORESEEN_GAMES", 250)
    for number in range(60):
        games = (
            f'[Event "E"]\n[Site "?"]\n[Date "2020.01.01"]\n[White "W{number:02}{index:02}"]\n[Black "B"]\n'
            f'[Result "1-0"]\n\n1. e4 e5 2. Nf3 1-0\n\n'
            for index in range(100)
        )
        (tmp_path / f"{number:02}.pgn").write_text("".join(games), encoding="utf-8")
    seen: list[int] = []
    receipt = import_sources(
        file_library, sorted(tmp_path.glob("*.pgn")), workers=0,
        on_changes=lambda _: seen.append(len(file_library.indexes.missing())),
    )  # fmt: skip
    assert receipt.imported == 6_000
    assert max(seen) == len(ALL)
    file_library.indexes.restore().result(DEADLINE_S)
    assert file_library.indexes.missing() == []
    assert [row.white for row in file_library.games.page(GameQuery(sort="white", descending=True), 0, 1)] == ["W5999"]
    assert file_library.check() == []


def test_the_last_of_several_imports_builds_them(file_library: Library, tmp_path: Path) -> None:
    """A small import that ends after the big one that left them out builds them too."""
    (tmp_path / "a.pgn").write_text('[White "A"]\n[Result "1-0"]\n\n1. e4 1-0\n', encoding="utf-8")

    def big_one_ends(_: Changes) -> None:
        file_library.indexes.defer(1_000)
        file_library.indexes.restore().result(DEADLINE_S)
        assert set(file_library.indexes.missing()) == ALL

    import_sources(file_library, [tmp_path / "a.pgn"], workers=0, on_changes=big_one_ends)
    file_library.indexes.restore().result(DEADLINE_S)
    assert file_library.indexes.missing() == []
