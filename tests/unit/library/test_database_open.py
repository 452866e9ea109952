"""Opening a library: new, existing, and everything that is not one."""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest

from desktop_app.errors import LibraryCorruptError, LibraryError, LibraryReadOnlyError, LibraryTooNewError
from desktop_app.library.database import Database
from desktop_app.library.sqlite_backend import APPLICATION_ID
from desktop_app.library.tables import metadata
from desktop_app.library.upgrade import CURRENT
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.library.library import Library

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions work differently there")

NOISE = bytes(range(255, 0, -1)) * 200


def _pragma(path: Path, name: str) -> object:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]
    finally:
        connection.close()


def test_new_library_is_complete_and_signed(database: Database, path: Path) -> None:
    """A new file has every table, our application id, the schema number and WAL."""
    with database.read() as connection:
        names = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    assert set(metadata.tables) <= names
    assert _pragma(path, "application_id") == APPLICATION_ID
    assert _pragma(path, "user_version") == int(CURRENT.head)
    assert _pragma(path, "journal_mode") == "wal"


def test_every_connection_keeps_foreign_keys(database: Database) -> None:
    """Foreign keys are enforced for the writer and for readers."""

    def ask(connection: object) -> int:
        return int(connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one())  # type: ignore[attr-defined]

    assert database.write(ask) == 1
    with database.read() as connection:
        assert ask(connection) == 1


def test_missing_folders_are_made(tmp_path: Path) -> None:
    """A library in folders that do not exist yet is created with them."""
    with Database.open(tmp_path / "a" / "b" / "games.kibitz") as database:
        assert database.path.exists()


def test_missing_library_is_refused_without_create(path: Path) -> None:
    """`create=False` says that there is none, and makes none."""
    with pytest.raises(LibraryError, match="no library at"):
        Database.open(path, create=False)
    assert not path.exists()


@pytest.mark.parametrize("name", ["with space.kibitz", "100%.kibitz", "what?.kibitz", "a#b.kibitz", "Zürich ♞.kibitz"])
def test_odd_file_names(tmp_path: Path, name: str) -> None:
    """Characters that mean something in a URL are only characters here."""
    Database.open(tmp_path / name).close()
    Database.open(tmp_path / name, create=False).close()
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_sqlite_url(path: Path) -> None:
    """An sqlite:/// URL names the same file as its path."""
    Database.open(path).close()
    with Database.open(f"sqlite:///{path}", create=False) as database:
        assert database.path == path


@pytest.mark.parametrize(
    "url",
    [
        "mysql://localhost/games",
        "postgresql+psycopg://localhost:1/games",
        "sqlite://",
        "sqlite:///:memory:",
        "wrong url://",
    ],
)
def test_urls_we_cannot_open(url: str) -> None:
    """Other systems, libraries without a file and nonsense are refused in words."""
    with pytest.raises(LibraryError) as caught:
        Database.open(url)
    assert caught.value.action


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    """A folder is named as what it is."""
    with pytest.raises(LibraryError, match="is a folder"):
        Database.open(tmp_path)


def test_file_in_place_of_a_folder(tmp_path: Path) -> None:
    """A path through a file gives a sentence, not a traceback."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(LibraryError) as caught:
        Database.open(tmp_path / "file" / "games.kibitz")
    assert caught.value.action


def test_empty_file_becomes_a_library(path: Path) -> None:
    """A zero-byte file, all that a crash during creation can leave, is taken as new."""
    path.touch()
    with Database.open(path) as database:
        assert database.check() == []


@pytest.mark.parametrize("content", [NOISE, b"x", b"SQLite format 3", b'[Event "A"]\n\n1. e4 *\n'])
def test_other_files_are_refused_untouched(path: Path, content: bytes) -> None:
    """Binary, short and text files are no libraries; they keep every byte."""
    path.write_bytes(content)
    with pytest.raises(LibraryCorruptError, match="not a Kibitz library"):
        Database.open(path)
    assert path.read_bytes() == content
    assert len(list(path.parent.iterdir())) == 1


def test_garbage_behind_the_right_magic(path: Path) -> None:
    """A file that only begins like SQLite is refused as damaged or foreign."""
    path.write_bytes(b"SQLite format 3\0" + NOISE)
    with pytest.raises(LibraryCorruptError):
        Database.open(path)


def test_another_programs_database(path: Path) -> None:
    """An SQLite file of another program is refused untouched."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE game (id INTEGER PRIMARY KEY)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LibraryCorruptError, match="another program"):
        Database.open(path)
    assert path.read_bytes() == before


def _filled(file_library: Library) -> None:
    file_library.games.add(None, make_records(300))
    file_library.close()


@pytest.mark.parametrize("keep", [0.05, 0.5, 0.95])
def test_truncated_library(file_library: Library, path: Path, keep: float) -> None:
    """A file that lost its end is called damaged, with what to do, and is not changed."""
    _filled(file_library)
    content = path.read_bytes()[: int(path.stat().st_size * keep)]
    path.write_bytes(content)
    with pytest.raises(LibraryCorruptError, match="damaged") as caught:
        Database.open(path).close()
    assert "backup" in caught.value.action
    assert path.read_bytes() == content


def test_damaged_page_is_reported_when_met(file_library: Library, path: Path) -> None:
    """Damage inside is found by the check, and reading it gives the known error."""
    _filled(file_library)
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'game_text'").fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : (page - 1) * 4096 + 200] = bytes(200)
    path.write_bytes(content)
    with Database.open(path) as database:
        try:
            found = database.check()
        except LibraryCorruptError as error:
            found = [error.text]
        with pytest.raises(LibraryCorruptError), database.read() as connection:
            connection.exec_driver_sql("SELECT sum(length(pgn)) FROM game_text").scalar_one()
    assert found


def test_newer_schema_is_refused_untouched(database: Database, path: Path) -> None:
    """A library of a later Kibitz is refused in words that name both versions; not a byte changes."""
    database.write(
        lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'").rowcount
    )
    database.close()
    before = path.read_bytes()
    with pytest.raises(LibraryTooNewError, match=rf"9999.*{CURRENT.head}") as caught:
        Database.open(path)
    assert "Update Kibitz" in caught.value.action
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 1


@pytest.mark.usefixtures("ordinary_user")
def test_read_only_folder(tmp_path: Path) -> None:
    """No library can be made in, or opened from, a folder that cannot be written."""
    folder = tmp_path / "locked"
    folder.mkdir()
    Database.open(folder / "old.kibitz").close()
    folder.chmod(0o555)
    for name in ("new.kibitz", "old.kibitz"):
        with pytest.raises(LibraryReadOnlyError, match="read-only") as caught:
            Database.open(folder / name)
        assert caught.value.action
    with pytest.raises(LibraryReadOnlyError):
        Database.open(folder / "deeper" / "new.kibitz")
    assert [file.name for file in folder.iterdir()] == ["old.kibitz"]
    folder.chmod(0o755)


@pytest.mark.usefixtures("ordinary_user")
def test_read_only_file(path: Path) -> None:
    """A file that cannot be written is refused at opening, before anybody's work depends on it."""
    Database.open(path).close()
    path.chmod(0o444)
    with pytest.raises(LibraryReadOnlyError):
        Database.open(path)
