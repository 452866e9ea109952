"""Schema versions: the first one, upgrades with a backup, and failures that leave everything as it was."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameId
from desktop_app.errors import LibraryCorruptError, LibraryError
from desktop_app.library.backend import backend_of
from desktop_app.library.database import Database
from desktop_app.library.library import Library
from desktop_app.library.sqlite_backend import SqliteBackend
from desktop_app.library.tables import metadata
from desktop_app.library.upgrade import CURRENT, MIGRATIONS, Schema, run_migrations
from desktop_app.services.bin_games import delete_games, restore
from tests.unit.library.processes import run_script, script
from tests.unit.library.records import make_record

if TYPE_CHECKING:
    from pathlib import Path

NEXT = f"{int(CURRENT.head) + 1:04}"
ADD_COLUMN = '''
"""Add a column and rebuild a table."""
import sqlalchemy as sa
from alembic import op
revision = "NEXT"
down_revision = "HEAD"

def upgrade():
    op.add_column("game", sa.Column("stars", sa.Integer()))
    with op.batch_alter_table("setting") as setting:
        setting.alter_column("value", existing_type=sa.Text(), nullable=True)
    op.execute("UPDATE game SET stars = 5")
'''.replace("NEXT", NEXT).replace("HEAD", CURRENT.head)
FAIL = ADD_COLUMN + '    raise ArithmeticError("on purpose")\n'
BREAK_REFERENCES = ADD_COLUMN.replace("UPDATE game SET stars = 5", "DELETE FROM game")


def _schema(tmp_path: Path, migration: str) -> Schema:
    folder = tmp_path / "versions"
    folder.mkdir()
    (folder / f"v{NEXT}_test.py").write_text(migration)
    return Schema(NEXT, (*CURRENT.versions, folder))


def _definitions(path: Path) -> dict[str, list[str]]:
    """Every table and index of a file with its SQL: the columns in order, then the constraints, which have none."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    finally:
        connection.close()
    found = {}
    for name, sql in rows:
        columns, *constraints = re.split(
            r", CONSTRAINT ", re.sub(r"\s+", " ", sql).replace("( ", "(").replace(" )", ")")
        )
        # A table that was made again has its name in quotes.
        columns = columns.replace(f'CREATE TABLE "{name}"', f"CREATE TABLE {name}")
        found[name] = [columns, *sorted(constraint.rstrip(")") for constraint in constraints)]
    return found


def _backups(path: Path) -> list[Path]:
    return [file for file in path.parent.iterdir() if "backup" in file.name]


@pytest.fixture
def old(path: Path) -> Path:
    """A library of the current schema with one game in it, closed."""
    with Library.open(path) as library:
        library.games.add(None, [make_record()])
    return path


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    """The numbered migrations, run from nothing, give exactly the tables a new library is created with."""
    (tmp_path / "migrated").touch()
    engine = SqliteBackend(tmp_path / "migrated").upgrade_engine()
    with engine.connect() as connection, connection.begin():
        run_migrations(connection, CURRENT)
    engine.dispose()
    Database.open(tmp_path / "created").close()
    created, migrated = _definitions(tmp_path / "created"), _definitions(tmp_path / "migrated")
    del created["alembic_version"], migrated["alembic_version"]
    assert migrated == created
    assert set(metadata.tables) <= set(created)


def test_head_is_the_newest_migration() -> None:
    """The number the program asks for is that of the last migration file."""
    numbers = sorted(file.name[1:5] for file in (MIGRATIONS / "versions").glob("v*.py"))
    assert numbers[-1] == CURRENT.head


def test_upgrade_keeps_data_and_leaves_a_backup(old: Path, tmp_path: Path) -> None:
    """An old library is upgraded in place; beside it lies a copy of what it was, with its version in the name."""
    before = _definitions(old)
    schema = _schema(tmp_path, ADD_COLUMN)
    with Database.open(old, schema=schema) as database, database.read() as connection:
        assert connection.exec_driver_sql("SELECT white, stars FROM game").all() == [("Carlsen, Magnus", 5)]
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == NEXT
        assert connection.exec_driver_sql("PRAGMA user_version").scalar_one() == int(NEXT)
        assert connection.exec_driver_sql("SELECT count(*) FROM game_text").scalar_one() == 1
    (backup,) = _backups(old)
    assert f"schema-{CURRENT.head}" in backup.name
    assert _definitions(backup) == before
    with Library.open(backup) as library:
        assert library.games.get(1).record == make_record()
    with Database.open(old, schema=schema):
        assert len(_backups(old)) == 1


@pytest.mark.parametrize("migration", [FAIL, BREAK_REFERENCES])
def test_failing_upgrade_changes_nothing(old: Path, tmp_path: Path, migration: str) -> None:
    """A migration that fails half-way is rolled back whole, the backup stays, and the old program can go on."""
    before = _definitions(old)
    with pytest.raises(LibraryError, match="it is as it was") as caught:
        Database.open(old, schema=_schema(tmp_path, migration))
    assert _definitions(old) == before
    (backup,) = _backups(old)
    assert str(backup) in caught.value.text
    assert _definitions(backup) == before
    with Library.open(old) as library:
        assert library.games.get(1).record == make_record()
        assert library.check() == []


def test_no_room_for_the_backup(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no backup can be written nothing is upgraded, and no part of a backup is left."""

    def fail(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
        raise OSError(28, "No space left on device")

    before = old.read_bytes()
    monkeypatch.setattr("desktop_app.library.sqlite_backend._copy", fail)
    with pytest.raises(LibraryError, match="no room"):
        Database.open(old, schema=_schema(tmp_path, ADD_COLUMN))
    assert _backups(old) == []
    assert old.read_bytes() == before


_OLD_GAME = text(
    "INSERT INTO game (identity, batch_id, white, black, result, date, event, site, round, time_control, termination, "
    "eco, opening, variant, ply_count, moves, state) VALUES (:identity, NULL, :white, 'So, W', '1-0', '2021.10.05', "
    "'Club evening', :site, '1', '180+2', 'Time forfeit', 'B90', 'Najdorf', 'chess', 2, :moves, 'unanalysed')"
)


@pytest.mark.parametrize("version", ["0001", "0002", "0003", "0004", "0005", "0009"])
def test_upgrade_from_older_schemas(location: str, version: str) -> None:
    """An older library gets its names, speeds, indexes and the bin: its games are found and removed like new ones."""
    backend = backend_of(location)
    with backend.creating() as connection:
        run_migrations(connection, Schema("0001", CURRENT.versions))
        rows = [
            {"identity": bytes([number]) * 16, "white": white, "site": site, "moves": b"1234"}
            for number, (white, site) in enumerate(
                [("Müller, Øyvind", "Zürich"), ("", "https://lichess.org/AbCdEfGh"), ("Gone", "?")]
            )
        ]
        connection.execute(_OLD_GAME, rows)
        connection.execute(text("DELETE FROM game WHERE white = 'Gone'"))  # nobody ever gets its id
        if version != "0001":
            run_migrations(connection, Schema(version, CURRENT.versions))
        backend.sign(connection, version)
    with Library.open(location) as library:

        def found(expression: str) -> list[int]:
            return [row.id for row in library.games.page(GameQuery(filter=parse_filter(expression)), 0, 10)]

        assert library.check() == []
        assert found("muller") == found("player:OYVIND") == found("site:zurich") == [1]
        assert found("site:abcdefgh") == found("site:lichess.org") == [2]
        assert found("speed:blitz") == found("opening:najdorf termination:forfeit event:club") == [1, 2]
        library.games.add(None, [make_record(White="Muller")])
        assert found("player:müller") == [1, 4]
        assert len(library.games.add(None, [make_record(White="Muller")]).duplicates) == 1
        entry = delete_games(library, [GameId(1)]).entry_id
        assert entry is not None
        assert found("player:müller") == [4]
        assert restore(library, entry).games == 1
        assert found("player:müller") == [1, 4]


_UPGRADE = """
import sys
from pathlib import Path
from desktop_app.library.database import Database
from desktop_app.library.upgrade import CURRENT, Schema
Database.open(sys.argv[1], schema=Schema(sys.argv[3], (*CURRENT.versions, Path(sys.argv[2])))).close()
"""


def test_two_processes_upgrade_at_once(old: Path, tmp_path: Path) -> None:
    """Of two programs that find an old library only one upgrades it; the other waits and goes on."""
    folder = _schema(tmp_path, ADD_COLUMN).versions[-1]
    with script(_UPGRADE, old, folder, NEXT) as first, script(_UPGRADE, old, folder, NEXT) as second:
        for process in (first, second):
            _, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
    assert len(_backups(old)) == 1


def test_version_is_needed(old: Path) -> None:
    """A file with our mark but without a version is refused as no library."""
    connection = sqlite3.connect(old)
    connection.execute("DELETE FROM alembic_version")
    connection.commit()
    connection.close()
    with pytest.raises(LibraryCorruptError, match="version"):
        Database.open(old)


_OPEN = """
import sys
from desktop_app.library.library import Library
Library.open(sys.argv[1]).close()
print([name for name in ("alembic", "PySide6", "chess.engine") if name in sys.modules])
"""


def test_opening_costs_no_alembic(path: Path) -> None:
    """Creating and opening a library of the current schema loads neither Alembic nor Qt."""
    assert run_script(_OPEN, path).strip() == "[]"
    assert run_script(_OPEN, path).strip() == "[]"
