"""A full disk, a lock held by another process, kill -9: what is said, and what is left."""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from desktop_app.errors import DiskFullError, LibraryLockedError, LibraryReadOnlyError
from desktop_app.library.database import Database
from desktop_app.library.tables import setting
from tests.unit.library.processes import DEADLINE_S, run_script, script
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from desktop_app.library.library import Library


def _put(connection: Connection, name: str, size: int = 1) -> None:
    connection.execute(insert(setting), {"name": name, "value": "x" * size})


def _names(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.exec_driver_sql("SELECT name FROM setting ORDER BY name").scalars())


def test_full_disk_rolls_back_and_recovers(database: Database) -> None:
    """When there is no room, the transaction is undone whole and told; with room again work goes on."""
    database.write(lambda connection: _put(connection, "before"))

    def limit(connection: Connection, pages: int) -> int:
        return int(connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar_one())

    used = database.write(lambda connection: int(connection.exec_driver_sql("PRAGMA page_count").scalar_one()))
    database.write(lambda connection: limit(connection, used + 2))

    def too_much(connection: Connection) -> None:
        _put(connection, "small")
        _put(connection, "big", 100_000)

    with pytest.raises(DiskFullError, match="no room") as caught:
        database.write(too_much)
    assert "Free some space" in caught.value.action
    assert _names(database) == ["before"]
    database.write(lambda connection: limit(connection, 1_000_000))
    database.write(lambda connection: _put(connection, "after", 100_000))
    assert _names(database) == ["after", "before"]
    assert database.check() == []


_LIMITED = """
import resource, sys
from desktop_app.errors import DiskFullError
from desktop_app.library.database import Database
database = Database.open(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
for number in range(1000):
    row = (str(number), "x" * 5000)
    try:
        database.write(lambda c: c.exec_driver_sql("INSERT INTO setting VALUES (?, ?)", row).rowcount)
    except DiskFullError as error:
        print(number)
        break
with database.read() as connection:
    print(connection.exec_driver_sql("SELECT count(*) FROM setting").scalar_one())
try:
    database.close()
except DiskFullError:
    pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_file_size_limit_is_a_full_disk(path: Path) -> None:
    """A quota shows as the same known error; everything committed before it is there and the file is sound."""
    failed_at, stored = map(int, run_script(_LIMITED, path).split())
    assert failed_at == stored
    assert stored > 10
    with Database.open(path) as database:
        assert len(_names(database)) == stored
        assert database.check() == []


_CREATE_LIMITED = """
import resource, sys
from desktop_app.errors import DiskFullError
from desktop_app.library.database import Database
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    Database.open(sys.argv[1])
except DiskFullError as error:
    print("full")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_no_room_for_a_new_library_leaves_none(path: Path) -> None:
    """A library that cannot be created whole is not there at all."""
    assert run_script(_CREATE_LIMITED, path).strip() == "full"
    assert list(path.parent.iterdir()) == []


_HOLD = """
import sys
from desktop_app.library.database import Database
database = Database.open(sys.argv[1])
def hold(connection):
    print("held", flush=True)
    sys.stdin.readline()
database.write(hold)
database.close()
"""


def test_lock_of_another_process_names_it(path: Path) -> None:
    """While another process holds the write lock, writing fails and names it, reading goes on; then all is well."""
    with Database.open(path, busy_timeout_ms=50) as database, script(_HOLD, path) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LibraryLockedError, match=rf"process {holder.pid}\)"):
            database.write(lambda connection: _put(connection, "mine"))
        assert _names(database) == []
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert holder.wait(DEADLINE_S) == 0
        database.write(lambda connection: _put(connection, "mine"))
        assert _names(database) == ["mine"]


def test_readers_cannot_write(database: Database) -> None:
    """A reading connection refuses to write, by SQLite's own guard."""
    with pytest.raises(LibraryReadOnlyError), database.read() as connection:
        connection.exec_driver_sql("DELETE FROM setting")


def test_bugs_are_not_dressed_up(database: Database) -> None:
    """Wrong SQL is a bug of ours: it arrives as it is, and nothing of the transaction stays."""

    def wrong(connection: Connection) -> None:
        _put(connection, "x")
        connection.exec_driver_sql("SELECT nonsense FROM nowhere")

    with pytest.raises(Exception, match="nowhere") as caught:
        database.write(wrong)
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    assert _names(database) == []


_IMPORT = """
import sys
from desktop_app.library.library import Library
from tests.unit.library.records import make_records
library = Library.open(sys.argv[1])
batch = library.imports.begin("endless")
print("started", flush=True)
for seed in range(1, 1000):
    outcome = library.games.add(batch, make_records(20, seed=seed))
    print(len(outcome.imported), flush=True)
"""


def test_kill_in_mid_write_keeps_what_was_committed(path: Path) -> None:
    """After kill -9 every batch that was reported is there whole, none in part, and the file is sound."""
    from desktop_app.library.library import Library  # noqa: PLC0415 -- named as a type above

    for killed_after in (1, 4):
        with script(_IMPORT, path) as importer:
            assert importer.stdout is not None
            assert importer.stdout.readline() == "started\n"
            for _ in range(killed_after):
                assert importer.stdout.readline()
            importer.kill()
            reported = killed_after + importer.stdout.read().count("\n")
            importer.wait(DEADLINE_S)
        with Library.open(path) as library:
            assert library.check() == []
            batch = library.imports.list()[0]
            assert batch.state == "interrupted"
            assert batch.imported + batch.duplicates in {reported * 20, (reported + 1) * 20}
            with library.database.read() as connection:
                counts = connection.exec_driver_sql(
                    "SELECT count(*), count(pgn) FROM game LEFT JOIN game_text ON id = game_id"
                )
                games, texts = counts.one()
            assert games == texts
            assert games % 20 == 0


_WRITE_MANY = """
import sys
from desktop_app.library.database import Database
from desktop_app.library.tables import setting
with Database.open(sys.argv[1], busy_timeout_ms=30_000) as database:
    for number in range(50):
        row = {"name": f"{sys.argv[2]}-{number}", "value": ""}
        database.write(lambda c: c.execute(setting.insert(), row).rowcount)
"""


def test_two_processes_write_side_by_side(library: Library, location: str) -> None:
    """Two processes and this one write at the same time, and this one reads: nothing is lost, nobody is locked out."""
    with script(_WRITE_MANY, location, "a") as first, script(_WRITE_MANY, location, "b") as second:
        for seed in range(1, 11):
            library.games.add(None, make_records(10, seed=seed))
            _names(library.database)
        for process in (first, second):
            _, err = process.communicate(timeout=DEADLINE_S)
            assert process.returncode == 0, err
    assert len(_names(library.database)) == 100
    assert library.check() == []


def test_two_processes_create_at_once(location: str) -> None:
    """Several processes that open a new library together all get the same, complete one."""
    with script(_WRITE_MANY, location, "a") as first, script(_WRITE_MANY, location, "b") as second:
        for process in (first, second):
            _, err = process.communicate(timeout=DEADLINE_S)
            assert process.returncode == 0, err
    with Database.open(location) as database:
        assert len(_names(database)) == 100
