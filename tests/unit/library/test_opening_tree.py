"""The tree of openings counts the games of a query by volume, code and name; the same in both database systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import Opening, Ply
from desktop_app.domain.openings import OpeningCode, OpeningName, OpeningVolume
from desktop_app.errors import CancelledError
from tests.unit.library.records import make_record

if TYPE_CHECKING:
    from desktop_app.library.library import Library

NAJDORF, SICILIAN = Opening("B90", "Sicilian: Najdorf", Ply(3)), Opening("B20", "Sicilian", Ply(2))
RUY, RUY_MORPHY = Opening("C60", "Ruy Lopez", Ply(5)), Opening("C60", "Ruy Lopez: Morphy", Ply(5))


def _fill(library: Library) -> None:
    openings = (NAJDORF, RUY, NAJDORF, SICILIAN, RUY_MORPHY, RUY_MORPHY, None)
    library.games.add(
        None,
        [
            make_record(
                opening=one, White="Anna" if number % 2 else "Boris", Round=str(number), Date=f"20{number + 10}"
            )
            for number, one in enumerate(openings)
        ],
    )


class _Stop:
    """Says stop after so many chunks; keeps what it is told."""

    def __init__(self, after: int) -> None:
        self.told: list[tuple[int, int]] = []
        self._after = after

    def progress(self, done: int, total: int, text: str) -> None:
        assert text
        self.told.append((done, total))

    def cancelled(self) -> bool:
        return len(self.told) >= self._after


def test_games_are_counted_by_volume_code_and_name(library: Library) -> None:
    """Codes stand in order, names with most games first; games without an opening are left out."""
    _fill(library)
    assert library.openings.read(GameQuery()) == (
        OpeningVolume(
            "B",
            3,
            (
                OpeningCode("B20", 1, (OpeningName("Sicilian", 1),)),
                OpeningCode("B90", 2, (OpeningName("Sicilian: Najdorf", 2),)),
            ),
        ),
        OpeningVolume(
            "C", 3, (OpeningCode("C60", 3, (OpeningName("Ruy Lopez: Morphy", 2), OpeningName("Ruy Lopez", 1))),)
        ),
    )


def test_only_games_of_the_query_count(library: Library) -> None:
    """A filter narrows the tree; one that finds nothing leaves it empty."""
    _fill(library)
    found = library.openings.read(GameQuery(filter=parse_filter("white=Anna")))
    assert [(volume.letter, volume.games) for volume in found] == [("B", 1), ("C", 2)]
    assert library.openings.read(GameQuery(filter=parse_filter("white=Nobody"))) == ()


def test_counting_goes_in_chunks_and_can_be_stopped(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks add up to the same tree; a count that was stopped raises."""
    _fill(library)
    whole = library.openings.read(GameQuery())
    monkeypatch.setattr("desktop_app.library.opening_tree._CHUNK", 2)
    watch = _Stop(after=99)
    assert library.openings.read(GameQuery(), cancel=watch, progress=watch) == whole
    assert watch.told == [(2, 7), (4, 7), (6, 7), (7, 7)]
    watch = _Stop(after=2)
    with pytest.raises(CancelledError):
        library.openings.read(GameQuery(), cancel=watch, progress=watch)
    assert watch.told == [(2, 7), (4, 7)]
