"""An open database and an open library in a folder of their own, closed after the test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from desktop_app.library.database import Database
from desktop_app.library.library import Library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = 65_534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's library is; nothing is there yet."""
    return tmp_path / "games.kibitz"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """An open, empty database."""
    with Database.open(path) as opened:
        yield opened


@pytest.fixture
def library(location: str) -> Iterator[Library]:
    """An open, empty library, in SQLite and in PostgreSQL."""
    with Library.open(location) as opened:
        yield opened


@pytest.fixture
def file_library(path: Path) -> Iterator[Library]:
    """An open, empty library in a file."""
    with Library.open(path) as opened:
        yield opened


@pytest.fixture
def ordinary_user(tmp_path: Path) -> Iterator[None]:
    """Run the test without root's power to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(0o755)
        if folder.name.startswith("pytest-of-"):
            break
    os.chown(tmp_path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
