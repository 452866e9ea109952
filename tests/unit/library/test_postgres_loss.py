"""The connection to a server that ends under us: work goes on with a fresh one where nothing was begun yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from desktop_app.errors import LibraryError, LibraryLockedError
from desktop_app.library import postgres_backend
from desktop_app.library.database import Database
from desktop_app.library.tables import setting

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.postgres import Server

_END_OTHERS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
)


@pytest.fixture
def url(postgres: Server) -> str:
    """A new, empty database."""
    return postgres.database()


def _end_connections(postgres: Server, url: str) -> None:
    postgres.run(_END_OTHERS.format(name=url.rpartition("/")[2]))


def _put(connection: Connection, name: str) -> None:
    connection.execute(insert(setting), {"name": name, "value": ""})


def _names(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(select(setting.c.name)).scalars())


def test_writing_goes_on_with_a_fresh_connection(postgres: Server, url: str) -> None:
    """A connection that was lost between two transactions costs nobody anything."""
    with Database.open(url) as database:
        database.write(lambda connection: _put(connection, "before"))
        _end_connections(postgres, url)
        database.write(lambda connection: _put(connection, "after"))
        database.write(lambda connection: _put(connection, "later"))
        assert _names(database) == ["after", "before", "later"]


def test_reading_goes_on_with_a_fresh_connection(postgres: Server, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading connection that rested is tried before it is used."""
    monkeypatch.setattr(postgres_backend, "_RESTED_S", 0.0)
    with Database.open(url) as database:
        assert _names(database) == []
        _end_connections(postgres, url)
        assert _names(database) == []


def test_a_loss_in_the_middle_is_told_and_not_tried_again(postgres: Server, url: str) -> None:
    """What was begun may have been half done: it is told, nothing of it is kept, and the next write works."""
    tried: list[int] = []

    def cut_off(connection: Connection) -> None:
        tried.append(1)
        _put(connection, "half")
        _end_connections(postgres, url)
        _put(connection, "other half")

    with Database.open(url) as database:
        with pytest.raises(LibraryError) as caught:
            database.write(cut_off)
        assert caught.value.action
        assert tried == [1]
        database.write(lambda connection: _put(connection, "next"))
        assert _names(database) == ["next"]


def test_who_holds_the_lock_is_named(url: str) -> None:
    """A writer that waits too long learns which process has the lock, and on which computer."""
    with Database.open(url) as holder, Database.open(url, busy_timeout_ms=50) as waiter:

        def wait_for_it(_: Connection) -> None:
            with pytest.raises(LibraryLockedError, match=r"by kibitz \d+ on .+ from 127\.0\.0\.1"):
                waiter.write(lambda _: None)

        holder.write(wait_for_it)
