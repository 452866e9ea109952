"""What is PostgreSQL's own: schemas, servers that fail, locks, the words for it. The rest is tested with both."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select, text

from desktop_app.errors import (
    LibraryClosedError,
    LibraryCorruptError,
    LibraryError,
    LibraryLockedError,
    LibraryReadOnlyError,
    LibraryTooNewError,
)
from desktop_app.library.backend import backend_of
from desktop_app.library.database import Database
from desktop_app.library.library import Library
from desktop_app.library.tables import metadata, setting
from desktop_app.library.upgrade import CURRENT, Schema, run_migrations
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.postgres import Server

_COLUMNS = """SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, collation_name
              FROM information_schema.columns WHERE table_schema = 'public'"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


@pytest.fixture
def url(postgres: Server) -> str:
    """A new, empty database."""
    return postgres.database()


def _all(postgres: Server, url: str, statement: str) -> set[tuple[object, ...]]:
    return set(postgres.run(statement, url.rpartition("/")[2]))


def test_migrations_and_tables_agree(postgres: Server, url: str) -> None:
    """The numbered migrations, run from nothing, give exactly the tables a new library is created with."""
    engine = backend_of(url).upgrade_engine()
    with engine.connect() as connection, connection.begin():
        run_migrations(connection, CURRENT)
    engine.dispose()
    other = postgres.database()
    Database.open(other).close()
    for what in (_COLUMNS, _INDEXES):
        assert _all(postgres, url, what) == _all(postgres, other, what)
    assert set(metadata.tables) <= {str(row[0]) for row in _all(postgres, other, _COLUMNS)}


_NEXT = f"{int(CURRENT.head) + 1:04}"
_FAIL = f"""
import sqlalchemy as sa
from alembic import op
revision = "{_NEXT}"
down_revision = "{CURRENT.head}"

def upgrade():
    op.add_column("game", sa.Column("stars", sa.Integer()))
    raise ArithmeticError("on purpose")
"""


def test_failing_upgrade_changes_nothing(postgres: Server, url: str, tmp_path: Path) -> None:
    """A migration that fails half-way is rolled back whole; the old program goes on."""
    (tmp_path / f"v{_NEXT}_test.py").write_text(_FAIL)
    Database.open(url).close()
    before = _all(postgres, url, _COLUMNS)
    with pytest.raises(LibraryError, match="it is as it was"):
        Database.open(url, schema=Schema(_NEXT, (*CURRENT.versions, tmp_path)))
    assert _all(postgres, url, _COLUMNS) == before
    Database.open(url).close()


def test_newer_schema_is_refused(url: str) -> None:
    """A library of a later Kibitz is refused in words that name both versions."""
    with Database.open(url) as database:
        database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(LibraryTooNewError, match=rf"9999.*{CURRENT.head}"):
        Database.open(url)


def test_another_programs_database_is_left_alone(postgres: Server, url: str) -> None:
    """A database that has tables, but not ours, is refused, also when its program uses Alembic too."""
    name = url.rpartition("/")[2]
    postgres.run("CREATE TABLE alembic_version (version_num text)", name)
    with pytest.raises(LibraryCorruptError, match="another program"):
        Database.open(url)
    assert postgres.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == [(1,)]


def test_missing_library_is_refused_without_create(postgres: Server, url: str) -> None:
    """`create=False` says that there is none, and makes none; a database that is not there is named."""
    with pytest.raises(LibraryError, match="no library in"):
        Database.open(url, create=False)
    assert _all(postgres, url, _COLUMNS) == set()
    with pytest.raises(LibraryError, match="does not exist") as caught:
        Database.open(postgres.url("nowhere"))
    assert caught.value.action


def test_passwords_are_never_shown(url: str) -> None:
    """The address we show and put into errors has no password."""
    with Database.open(url.replace("postgres@", "postgres:geheim@")) as database:
        assert "geheim" not in database.location + repr(database)
        assert database.path is None
    with pytest.raises(LibraryError) as caught:
        Database.open("postgresql+psycopg://kibitz:geheim@127.0.0.1:1/games")
    assert "geheim" not in str(caught.value)
    assert "cannot be reached" in caught.value.text


def test_readers_cannot_write_and_see_one_moment(url: str) -> None:
    """A reading connection refuses to write, and does not see what is committed after its first look."""
    with Library.open(url) as library:
        with pytest.raises(LibraryReadOnlyError), library.database.read() as connection:
            connection.execute(insert(setting), {"name": "a", "value": "b"})
        with library.database.read() as connection:
            assert connection.execute(select(setting)).all() == []
            library.database.write(lambda writer: writer.execute(insert(setting), {"name": "a", "value": "b"}).rowcount)
            assert connection.execute(select(setting)).all() == []


def test_a_lock_held_too_long_is_told(url: str) -> None:
    """A writer that waits longer than it may says so; afterwards it can go on."""
    held, go_on = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        held.set()
        go_on.wait(30)

    with Database.open(url) as holder, Database.open(url, busy_timeout_ms=100) as waiter:
        thread = threading.Thread(target=holder.write, args=(hold,))
        thread.start()
        held.wait(30)
        with pytest.raises(LibraryLockedError):
            waiter.write(lambda _: None)
        go_on.set()
        thread.join()
        waiter.write(lambda _: None)


_END_ALL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid()"""


def test_a_lost_connection_is_told_and_made_anew(postgres: Server, url: str) -> None:
    """When the server ends our connections the caller hears it, nothing is half-stored, and the next call works."""
    name = url.rpartition("/")[2]

    def interrupted(connection: Connection) -> None:
        connection.execute(insert(setting), {"name": "half", "value": ""})
        postgres.run(_END_ALL, name)
        connection.execute(insert(setting), {"name": "done", "value": ""})

    with Library.open(url) as library:
        with pytest.raises(LibraryError) as caught:
            library.database.write(interrupted)
        assert caught.value.action
        assert library.games.add(None, make_records(3)).imported
        try:
            library.games.get(1)
        except LibraryError:
            assert library.games.get(1)
        with library.database.read() as connection:
            assert connection.execute(select(setting)).all() == []


@pytest.mark.expects_log
def test_close_interrupts_what_takes_too_long(url: str) -> None:
    """A statement that `close` does not wait for is cancelled on the server; its caller is told."""
    said: list[BaseException] = []
    started = threading.Event()

    def slow(connection: Connection) -> None:
        started.set()
        connection.execute(text("SELECT pg_sleep(60)"))

    def call(database: Database) -> None:
        try:
            database.write(slow)
        except LibraryClosedError as error:
            said.append(error)

    database = Database.open(url)
    thread = threading.Thread(target=call, args=(database,))
    thread.start()
    started.wait(30)
    # The event comes just before the statement: whichever of the two ways ends it, it ends.
    database.close(budget_s=0.5)
    thread.join(30)
    assert not thread.is_alive()
    assert len(said) == 1


def test_texts_a_server_refuses_are_stored(url: str) -> None:
    """NUL and lone surrogates, which PostgreSQL does not take, are mended on the way in, not lost with their game."""
    record = make_record(White="A\0B", Event="x\udcff", partial="ply 2: bad \0 move")
    with Library.open(url) as library:
        (game_id,) = library.games.add(None, [record]).imported
        assert library.games.get(game_id).row.white == "AB"
