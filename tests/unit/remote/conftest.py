"""A fake analysis server, and a batch that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.library.library import Library
from tests.unit.remote.fake_server import FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """Listening, with honest workers."""
    made = FakeServer()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An open, empty library."""
    with Library.open(tmp_path / "games.kibitz") as opened:
        yield opened
