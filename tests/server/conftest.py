"""A server on each database system, shared by the tests of a module; its fake workers answer at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres import Server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server on loopback for this test run; skips with a loud reason where none is installed."""
    server = pytest.importorskip("tests.postgres", reason="psycopg is not installed: PostgreSQL is not tested")
    yield from server.serve()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where a new library can be made, in each database system in turn."""
    if request.param == "sqlite":
        return str(tmp_path_factory.mktemp("served") / "server.kibitz")
    server: Server = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture(scope="module")
def served(place: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running server that many users may use at once."""
    found = Served(
        place, tmp_path_factory.mktemp("cluster"), ("--limit", "batches=1000", "--limit", "requests_per_s=1000")
    )
    found.token("nobody")
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def file_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running server over a file."""
    folder = tmp_path_factory.mktemp("served")
    found = Served(str(folder / "server.kibitz"), folder, ("--limit", "batches=1000", "--limit", "requests_per_s=1000"))
    found.token("nobody")
    found.start()
    yield found
    found.stop()
