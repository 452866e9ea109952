"""Fixtures around a real Stockfish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.engine.discovery import find_engine
from desktop_app.engine.session import Deadlines, EngineSession
from desktop_app.errors import EngineNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def stockfish() -> str:
    """Path of the Stockfish on this machine; `make test` installs one."""
    try:
        return find_engine()
    except EngineNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture
def session(stockfish: str) -> Iterator[EngineSession]:
    """A fresh session."""
    opened = EngineSession.open(stockfish, hash_mb=16, deadlines=Deadlines(stop_s=60))
    yield opened
    opened.close()
