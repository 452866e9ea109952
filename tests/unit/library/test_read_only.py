"""Libraries that cannot be written: opened for reading where that was allowed, whatever SQLite left beside them."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.filters import GameQuery
from desktop_app.errors import LibraryError, LibraryReadOnlyError
from desktop_app.library import sqlite_backend
from desktop_app.library.database import Database
from desktop_app.library.library import Library
from desktop_app.library.upgrade import CURRENT, Schema
from tests.unit.library.processes import script
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres import Server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions of folders mean something else")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A library of ten games, closed, in a folder of its own."""
    folder = tmp_path / "archive"
    folder.mkdir()
    path = folder / "games.kibitz"
    with Library.open(path) as library:
        library.games.add(None, make_records(10))
    return path


@pytest.fixture
def sealed(archive: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """That library for somebody who may read it and its folder, and write neither."""
    archive.chmod(0o444)
    archive.parent.chmod(0o555)
    request.getfixturevalue("ordinary_user")
    yield archive
    with _as_owner():
        archive.parent.chmod(0o755)


@contextmanager
def _as_owner() -> Iterator[None]:
    """Be whoever owns the library for a moment."""
    me = os.geteuid()
    os.seteuid(os.getuid())
    try:
        yield
    finally:
        os.seteuid(me)


def _count(library: Library) -> int:
    return library.games.count(GameQuery())


def test_it_opens_for_reading_and_refuses_writing_in_words(sealed: Path) -> None:
    """Games are listed and read; writing says why not and what to do; nothing appears in the folder."""
    before = sorted(sealed.parent.iterdir())
    with Library.open(sealed, allow_read_only=True) as library:
        assert library.read_only
        assert _count(library) == 10
        assert library.games.get(1).record.moves
        assert library.check() == []
        with pytest.raises(LibraryReadOnlyError, match="open for reading only") as caught:
            library.games.add(None, [make_record()])
        assert "copy it to a folder of your own" in caught.value.action
        assert sorted(sealed.parent.iterdir()) == before
    assert sorted(sealed.parent.iterdir()) == before


def test_without_being_allowed_it_is_refused(sealed: Path) -> None:
    """A command that wants to write is told at once, not at its first write."""
    with pytest.raises(LibraryReadOnlyError, match="cannot be written"):
        Library.open(sealed)


def test_one_that_can_be_written_is_not_read_only(archive: Path) -> None:
    """Being allowed to read only changes nothing where writing is possible, nor where nothing is yet."""
    for path in (archive, archive.with_name("new.kibitz")):
        with Library.open(path, allow_read_only=True) as library:
            assert not library.read_only
            library.games.add(None, [make_record()])


_WRITE = """
import sys
from desktop_app.library.library import Library
from tests.unit.library.records import make_records
with Library.open(sys.argv[1]) as library:
    print("open", flush=True)
    while seed := int(sys.stdin.readline()):
        library.games.add(None, make_records(5, seed=seed))
        print("stored", flush=True)
"""


def test_what_another_user_writes_is_seen(sealed: Path) -> None:
    """A folder that we cannot write may be written by others: what they store shows at the next look."""
    with Library.open(sealed, allow_read_only=True) as library:
        assert _count(library) == 10
        with ExitStack() as stack:
            with _as_owner():
                sealed.parent.chmod(0o755)
                sealed.chmod(0o644)
                writer = stack.enter_context(script(_WRITE, sealed))
            assert writer.stdin is not None
            assert writer.stdout is not None
            assert writer.stdout.readline() == "open\n"
            for number, seed in enumerate((7, 8), start=1):
                writer.stdin.write(f"{seed}\n")
                writer.stdin.flush()
                assert writer.stdout.readline() == "stored\n"
                assert _count(library) == 10 + 5 * number
            writer.stdin.write("0\n")
            writer.stdin.flush()
            assert writer.wait(60) == 0
        assert _count(library) == 20


def test_an_interrupted_writers_leavings_are_explained(archive: Path, tmp_path: Path) -> None:
    """Where the last changes still lie in the log beside a file that cannot be written, it says what to copy."""
    with Library.open(archive) as library:
        library.games.add(None, [make_record()])
        copy = tmp_path / "copy"
        copy.mkdir()
        for name in (archive.name, f"{archive.name}-wal"):
            shutil.copy(archive.with_name(name), copy / name)
    backend = sqlite_backend.SqliteBackend(copy / archive.name)
    backend.read_only = True
    with pytest.raises(LibraryReadOnlyError, match="left unfinished") as caught:
        backend.installed_version()
    assert "Copy games.kibitz and the files beside it" in caught.value.action
    with Library.open(copy / archive.name) as mended:
        assert _count(mended) == 11


def test_an_older_schema_cannot_be_brought_up_to_date(sealed: Path) -> None:
    """A library that would have to be upgraded first says so."""
    newer = Schema(f"{int(CURRENT.head) + 1:04}", CURRENT.versions)
    with pytest.raises(LibraryError, match="older Kibitz") as caught:
        Database.open(sealed, allow_read_only=True, schema=newer)
    assert "Copy it" in caught.value.action


def test_a_server_that_only_lets_us_read(postgres: Server) -> None:
    """A user of the server without the right to write opens its library for reading."""
    url = postgres.database()
    name = url.rpartition("/")[2]
    with Library.open(url) as library:
        library.games.add(None, make_records(3))
    role = f"reader_of_{name}"
    postgres.run(f"CREATE ROLE {role} LOGIN")
    postgres.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}", name)
    with Library.open(url.replace("postgres@", f"{role}@"), allow_read_only=True) as library:
        assert library.read_only
        assert _count(library) == 3
        with pytest.raises(LibraryReadOnlyError, match="lets this user only read"):
            library.games.add(None, [make_record()])


def test_network_folders_do_without_shared_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network file system the library is kept in the mode that several computers can share, and says so."""
    with Library.open(path) as library:
        library.games.add(None, make_records(2))
        assert library.remarks == []
    monkeypatch.setattr(sqlite_backend, "network_kind", lambda _path: "nfs4")
    with Library.open(path) as library:
        library.games.add(None, make_records(2, seed=9))
        assert _count(library) == 4
        assert not path.with_name(f"{path.name}-wal").exists()
        with library.database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "delete"
        (remark,) = library.remarks
        assert "network folder (nfs4)" in remark
