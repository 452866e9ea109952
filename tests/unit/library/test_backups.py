"""Backups: made while the library is in use, checked, kept by day and week, and put back; nothing half-made is left."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, update

from desktop_app.domain.filters import GameQuery
from desktop_app.errors import (
    CancelledError,
    KibitzError,
    LibraryCorruptError,
    LibraryLockedError,
    LibraryReadOnlyError,
    NotFoundError,
)
from desktop_app.library import backups, sqlite_backend
from desktop_app.library.backups import DAY_S, Backup
from desktop_app.library.library import Library
from desktop_app.library.tables_care import process_lease
from desktop_app.services.care import BackupPlan, back_up, back_up_if_due, list_backups, restore_backup
from tests.unit.library.processes import script
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from tests.postgres import Server

NOW = 1_795_000_000.0


def _count(library: Library) -> int:
    return library.games.count(GameQuery())


def _filled(path: Path, games: int = 20) -> Path:
    with Library.open(path) as library:
        library.games.add(None, make_records(games))
    return path


def test_a_backup_is_a_library_of_that_moment(file_library: Library, path: Path) -> None:
    """What was committed is in it, what comes later is not; it opens like any library and lies in one file."""
    file_library.games.add(None, make_records(20))
    told: list[tuple[int, int]] = []
    made = backups.make(path, backups.usual_folder(path), told=lambda done, total: bool(told.append((done, total))))
    file_library.games.add(None, make_records(20, seed=2))
    assert told[-1][0] == told[-1][1] > 0
    assert [one.path for one in backups.listed(path, backups.usual_folder(path))] == [made.path]
    with Library.open(made.path) as copy:
        assert _count(copy) == 20
        assert copy.check() == []
    assert _count(file_library) == 40


def test_it_is_made_while_others_write(file_library: Library, path: Path) -> None:
    """Writing between its steps neither waits for a backup nor spoils it."""
    file_library.games.add(None, make_records(400))
    seeds = iter(range(2, 1000))

    def write_on(_done: int, _total: int) -> bool:
        file_library.games.add(None, make_records(5, seed=next(seeds)))
        return False

    made = backups.make(path, path.parent / "b", told=write_on)
    with Library.open(made.path) as copy:
        assert _count(copy) == 400
    assert _count(file_library) > 400


def test_stopping_leaves_nothing(file_library: Library, path: Path) -> None:
    """A backup that is stopped is none."""
    file_library.games.add(None, make_records(5))
    with pytest.raises(CancelledError):
        backups.make(path, path.parent / "b", told=lambda _done, _total: True)
    assert list((path.parent / "b").iterdir()) == []


_BACK_UP = """
import sys
from pathlib import Path
from desktop_app.library import backups, sqlite_backend
def told(done, total):
    print(done, flush=True)
    return not sys.stdin.readline()
backups.make(Path(sys.argv[1]), Path(sys.argv[2]), told=told)
"""


def test_a_killed_backup_is_cleared_away(path: Path) -> None:
    """After kill -9 no backup is listed, the library is sound, and the next backup removes what was left."""
    folder = path.parent / "b"
    _filled(path)
    with script(_BACK_UP, path, folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.kill()
        process.wait(60)
    assert backups.listed(path, folder) == []
    assert [file.name for file in folder.iterdir() if file.name.endswith(".part")]
    with Library.open(path) as library:
        made = back_up(library, BackupPlan(str(folder)))
        assert library.check() == []
    assert list(folder.iterdir()) == [made.path]


def test_which_backups_are_kept() -> None:
    """One of each of the last seven days and four weeks that have one, newest first, within the budget."""
    every_six_hours = [Backup(Path(f"b{number}"), NOW - number * DAY_S / 4, 100) for number in range(200)]
    stay, go = backups.kept(every_six_hours, now=NOW, budget_bytes=10**9)
    assert 7 <= len(stay) <= 11
    assert len(stay) + len(go) == 200
    assert stay[0].path.name == "b0"
    assert NOW - stay[-1].made_at > 14 * DAY_S
    small, _ = backups.kept(every_six_hours, now=NOW, budget_bytes=350)
    assert len(small) == 3
    assert [one.path.name for one in backups.kept(every_six_hours, now=NOW, budget_bytes=1)[0]] == ["b0"]
    upgrade = Backup(Path("u"), NOW - 400 * DAY_S, 10**10, before_upgrade=True)
    assert upgrade not in backups.kept([*every_six_hours, upgrade], now=NOW, budget_bytes=350)[1]


def test_a_backup_is_due_after_a_day_with_changes(path: Path) -> None:
    """Not twice a day, and not where nothing was written since the last one."""
    _filled(path)
    folder = backups.usual_folder(path)
    assert backups.is_due(path, folder)
    with Library.open(path) as library:
        assert back_up_if_due(library) is not None
        assert back_up_if_due(library) is None
    os.utime(path, (NOW, NOW))
    assert not backups.is_due(path, folder, now=time.time() + 3 * DAY_S)
    later = time.time() + DAY_S / 2
    os.utime(path, (later, later))
    assert backups.is_due(path, folder, now=time.time() + DAY_S)
    assert not backups.is_due(path, folder, now=time.time() + DAY_S / 2)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of folders mean something else")
@pytest.mark.expects_log
def test_trouble_is_told_once(tmp_path: Path, ordinary_user: None) -> None:
    """A folder that cannot be written is told of at the first try, not at every start; success forgets it."""
    assert ordinary_user is None
    path, folder = tmp_path / "games.kibitz", tmp_path / "sealed"
    folder.mkdir(mode=0o555)
    plan = BackupPlan(str(folder))
    with Library.open(path) as library:
        library.games.add(None, make_records(2))
        with pytest.raises(LibraryReadOnlyError):
            back_up_if_due(library, plan)
        assert back_up_if_due(library, plan) is None
        folder.chmod(0o755)
        assert back_up_if_due(library, plan) is not None


def test_restoring_keeps_what_was_there(path: Path) -> None:
    """The backup takes the library's place; what that had is a backup now, and can be restored in turn."""
    _filled(path)
    with Library.open(path) as library:
        made = back_up(library)
        library.games.add(None, make_records(10, seed=2))
    shutil.move(made.path, made.path.with_name("games-20200101T000000Z.kibitz"))
    (older,) = list_backups(str(path))
    kept_at = restore_backup(str(path), older.path)
    with Library.open(path) as library:
        assert _count(library) == 20
    assert len(list_backups(str(path))) == 2
    restore_backup(str(path), kept_at)
    with Library.open(path) as library:
        assert _count(library) == 30


def test_a_damaged_library_is_put_aside_and_replaced(path: Path) -> None:
    """Restoring works where the library itself cannot be read any more; its file is kept as it is."""
    _filled(path)
    with Library.open(path) as library:
        made = back_up(library)
    path.write_bytes(b"SQLite format 3\0" + bytes(5000))
    broken = path.read_bytes()
    kept_at = restore_backup(str(path), made.path)
    assert kept_at.read_bytes() == broken
    with Library.open(path) as library:
        assert _count(library) == 20


def test_a_broken_backup_is_not_restored(path: Path) -> None:
    """A damaged backup, and a file that is none, are refused before anything is touched."""
    _filled(path)
    with Library.open(path) as library:
        made = back_up(library)
    data = bytearray(made.path.read_bytes())
    data[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    made.path.write_bytes(data)
    before = path.read_bytes()
    with pytest.raises(LibraryCorruptError):
        restore_backup(str(path), made.path)
    with pytest.raises(NotFoundError):
        restore_backup(str(path), path.with_name("nothing"))
    other = path.with_name("notes.txt")
    other.write_text("no library")
    with pytest.raises(LibraryCorruptError):
        restore_backup(str(path), other)
    assert path.read_bytes() == before


_HOLD = """
import sys
from desktop_app.library.library import Library
with Library.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="who has a file open is asked of the system")
def test_a_library_that_is_open_is_not_replaced(path: Path) -> None:
    """Restoring names the process that has the library open."""
    _filled(path)
    with Library.open(path) as library:
        made = back_up(library)
    with script(_HOLD, path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(LibraryLockedError, match=rf"process {holder.pid}\)"):
            restore_backup(str(path), made.path)


def test_a_library_that_is_opened_while_it_is_restored_is_not_replaced(path: Path) -> None:
    """Not even where the system does not say who has it open; nothing is lost of what is stored there."""
    _filled(path)
    with Library.open(path) as library:
        made = back_up(library)
    opened: list[Library] = []

    class Opens:
        def progress(self, _done: int, _total: int, _text: str) -> None:
            if not opened:
                opened.append(Library.open(path))
                opened[0].games.add(None, make_records(5, seed=2))

    with pytest.raises(LibraryLockedError, match="another program"):
        restore_backup(str(path), made.path, progress=Opens())
    (library,) = opened
    library.games.add(None, make_records(5, seed=3))
    library.close()
    with Library.open(path) as library:
        assert _count(library) == 30
        assert library.check() == []


def test_a_library_that_another_computer_uses_is_not_replaced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network folder those who gave a sign of life lately must close it; the vanished are not waited for."""
    monkeypatch.setattr(sqlite_backend, "network_kind", lambda _path: "nfs4")
    _filled(path)
    with Library.open(path) as library:
        made = back_up(library)
        seen = time.time()
        row = {"host": "club-pc", "pid": 12, "started": seen, "opened_at": seen, "seen_at": seen}
        library.database.write(lambda connection: connection.execute(insert(process_lease), row))
    with pytest.raises(LibraryLockedError, match="process 12 on club-pc"):
        restore_backup(str(path), made.path)
    with Library.open(path) as library:
        long_ago = update(process_lease).values(seen_at=seen - 1000)
        library.database.write(lambda connection: connection.execute(long_ago))
    restore_backup(str(path), made.path)


def test_servers_back_up_themselves(postgres: Server) -> None:
    """A library on a server says that its own tools do it, and is never due."""
    with Library.open(postgres.database()) as library:
        assert back_up_if_due(library) is None
        with pytest.raises(KibitzError, match="backed up there") as caught:
            back_up(library)
        assert "pg_dump" in caught.value.action
