"""Names to choose from while typing: as games have them, the likeliest first; the same in both database systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.names import NameKind
from tests.unit.library.records import make_record

if TYPE_CHECKING:
    from desktop_app.library.library import Library

_WHITES = (
    "Carlsen, Magnus",
    "Carlsen, Magnus",
    "Carlsen, Henrik",
    "Niclas Carl",
    "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller, Karsten",
)


def _fill(library: Library) -> None:
    records = [
        make_record(White=white, Black="Anand, V", Event="Carl Schlechter Memorial", Date=f"2021.10.0{place + 1}")
        for place, white in enumerate(_WHITES)
    ]
    library.games.add(None, records)


def test_names_that_begin_so_come_first_and_those_with_most_games_before_others(library: Library) -> None:
    """The beginning of the name counts most, then how many games have it; each is written as games have it."""
    _fill(library)
    found = library.suggestions.names(NameKind.PLAYER, "carl")
    assert found == ["Carlsen, Magnus", "Carlsen, Henrik", "Niclas Carl"]
    assert library.suggestions.names(NameKind.PLAYER, "CARLSEN, H") == ["Carlsen, Henrik"]
    assert library.suggestions.names(NameKind.PLAYER, "carl", limit=1) == ["Carlsen, Magnus"]


def test_accents_do_not_matter_and_kinds_are_kept_apart(library: Library) -> None:
    """Muller finds the name with its umlaut; an event is no player."""
    _fill(library)
    assert library.suggestions.names(NameKind.PLAYER, "muller") == [_WHITES[-1]]
    assert library.suggestions.names(NameKind.EVENT, "carl") == ["Carl Schlechter Memorial"]
    assert library.suggestions.names(NameKind.OPENING, "carl") == []


def test_nothing_is_offered_for_nothing(library: Library) -> None:
    """An empty text, blanks, and signs that mean something to the database are texts like any other."""
    _fill(library)
    assert library.suggestions.names(NameKind.PLAYER, "  ") == []
    assert library.suggestions.names(NameKind.PLAYER, "%a_") == []
