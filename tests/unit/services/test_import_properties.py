"""Imports of mutated PGN: the receipt always adds up, and every byte is accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings

from desktop_app.domain.filters import GameQuery
from desktop_app.services.import_games import import_sources
from tests.unit.pgn.test_reading_properties import EDITS, mutate

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.library.library import Library


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_receipts_always_add_up(library: Library, tmp_path: Path, edits: list[tuple[int, int, bytes]]) -> None:
    """Whatever the bytes: read = imported + duplicates + rejected, no byte unaccounted for, and the library agrees."""
    path = tmp_path / "mutated.pgn"
    path.write_bytes(mutate(edits))
    before = library.games.count(GameQuery())
    receipt = import_sources(library, [path], workers=0)
    assert receipt.bytes_unaccounted == 0
    rejected = [
        problem for problem in receipt.problems if problem.kind == "rejected" and problem.game_index is not None
    ]
    assert receipt.rejected == len(rejected)
    assert receipt.repaired == sum(problem.kind == "repaired" for problem in receipt.problems)
    assert receipt.read == receipt.imported + receipt.duplicates + receipt.rejected
    assert receipt.read > 0 or any(problem.game_index is None for problem in receipt.problems)
    assert library.games.count(GameQuery()) == before + receipt.imported
    again = import_sources(library, [path], workers=0)
    assert (again.imported, again.duplicates) == (0, receipt.imported + receipt.duplicates)
