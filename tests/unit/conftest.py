"""What the core's tests share: a PostgreSQL server for those that run against both database systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres import Server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server on loopback for this test run; skips with a loud reason where none is installed."""
    server = pytest.importorskip("tests.postgres", reason="psycopg is not installed: PostgreSQL is not tested")
    yield from server.serve()


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new library can be made, in each database system in turn."""
    if request.param == "sqlite":
        return str(tmp_path / "games.kibitz")
    server: Server = request.getfixturevalue("postgres")
    return server.database()
