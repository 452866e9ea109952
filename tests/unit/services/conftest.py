"""An open library and a bench to analyse its games on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.library.library import Library
from tests.unit.services.batches import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def library(location: str) -> Iterator[Library]:
    """An open, empty library, in SQLite and in PostgreSQL."""
    with Library.open(location) as opened:
        yield opened


@pytest.fixture
def bench(library: Library) -> Iterator[Bench]:
    """A batch on that library, with fake engines."""
    made = Bench(library)
    yield made
    made.close()
