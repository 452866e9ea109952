"""An open library and a bench to analyse its games on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.library.library import Library
from tests.unit.services.batches import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An open, empty library in a file; what differs in PostgreSQL is tested where the library itself is."""
    with Library.open(tmp_path / "games.kibitz") as opened:
        yield opened


@pytest.fixture
def bench(library: Library) -> Iterator[Bench]:
    """A batch on that library, with fake engines."""
    made = Bench(library)
    yield made
    made.close()
