"""People with several names: found by any of them, joined and taken apart, suggested from the names in the games."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.people import NameCount, PersonId, alike, name_parts
from desktop_app.errors import NotFoundError, UsageError
from tests.unit.library.records import make_record

if TYPE_CHECKING:
    from desktop_app.library.library import Library

NAMES = (
    "Carlsen, Magnus",
    "Carlsen,M",
    "Magnus Carlsen",
    "DrNykterstein",
    "Müller, Hans",
    "Muller, H",
    "Muller, Heinz",
)


def _fill(library: Library) -> None:
    library.games.add(
        None,
        [
            make_record(White=name, Black=f"Anand, V{'i' * number}", Round=str(number))
            for number, name in enumerate(NAMES)
        ]
        + [make_record(White="So, W", Black="Magnus Carlsen", Round="x")],
    )


def _found(library: Library, expression: str) -> list[int]:
    return list(library.games.ids(GameQuery(filter=parse_filter(expression))))


def test_a_player_is_found_by_all_names(library: Library) -> None:
    """Looking for one name of a person finds their games under the others; "is the whole text" stays as it says."""
    _fill(library)
    assert _found(library, "nykterstein") == [4]
    who = library.people.add_names(["Carlsen, Magnus", "DrNykterstein"])
    assert _found(library, "nykterstein") == _found(library, "player:carlsen, player:magnus") == [1, 4]
    library.people.add_names(["carlsen,m", "Magnus Carlsen"], person_id=who)
    assert _found(library, "player:nykterstein") == [1, 2, 3, 4, 8]
    assert _found(library, "black:nykterstein") == [8]
    assert _found(library, "white=drnykterstein") == [4]
    (person,) = library.people.all()
    assert person.name == "Carlsen, Magnus"
    assert set(person.names) == {"Carlsen, Magnus", "DrNykterstein", "carlsen,m", "Magnus Carlsen"}
    assert library.people.of("CARLSEN, magnus") == person
    library.people.rename(who, "Magnus Carlsen")
    library.people.remove_name("magnus carlsen")
    (person,) = library.people.all()
    assert person.name in {"Carlsen, Magnus", "carlsen,m", "DrNykterstein"}
    assert _found(library, "player:nykterstein") == [1, 2, 4]
    library.people.remove(who)
    assert library.people.all() == []
    assert library.people.of("DrNykterstein") is None
    with pytest.raises(NotFoundError):
        library.people.add_names(["x"], person_id=PersonId(99))
    for names in ([], [" "]):
        with pytest.raises(UsageError):
            library.people.add_names(names)


def test_people_who_share_a_name_become_one(library: Library) -> None:
    """A name belongs to one person: giving it to another joins the two, and "me" stays me."""
    library.people.set_me(["DrNykterstein"])
    other = library.people.add_names(["Carlsen, Magnus", "Carlsen,M"])
    assert library.people.add_names(["Magnus Carlsen", "carlsen,m"]) == other
    joined = library.people.add_names(["DrNykterstein", "CARLSEN,M"])
    (person,) = library.people.all()
    assert person.id == joined
    assert person.is_me
    assert len(person.names) == 4


def test_my_names(library: Library) -> None:
    """My names are those I gave, the most frequent players are offered, and giving none forgets me."""
    _fill(library)
    assert _found(library, "is:mine") == []
    assert library.people.me() is None
    assert library.people.likely_me(1) == [NameCount("Magnus Carlsen", 2)]
    library.people.set_me(["Magnus Carlsen", "DrNykterstein"])
    assert _found(library, "is:mine") == [3, 4, 8]
    assert _found(library, "is:lost opponent:so") == [8]
    library.people.set_me(["DrNykterstein"])
    me = library.people.me()
    assert me is not None
    assert me.names == ("DrNykterstein",)
    library.people.set_me([])
    assert library.people.me() is None
    assert _found(library, "is:mine or is:won or opponent:so or my_elo>0") == []


def test_names_that_may_be_one_persons(library: Library) -> None:
    """Similar names are offered with their games; who is joined already is not, nor who cannot be told apart."""
    _fill(library)
    similar = [NameCount("Magnus Carlsen", 2), NameCount("Carlsen,M", 1)]
    assert library.people.similar("Carlsen, Magnus") == similar
    assert [one.name for one in library.people.similar("Muller, H")] == ["Muller, Heinz", "Müller, Hans"]
    assert library.people.similar("DrNykterstein") == library.people.similar("Nobody, X") == []
    groups = library.people.suggestions()
    assert [{one.name for one in group} for group in groups if group[0].name != "Anand, V"] == [
        {"Carlsen, Magnus", "Carlsen,M", "Magnus Carlsen"}
    ]
    library.people.add_names(["Carlsen, Magnus", "Magnus Carlsen", "Carlsen,M"])
    assert library.people.similar("Carlsen, Magnus") == []
    assert all("Carlsen" not in one.name for group in library.people.suggestions() for one in group)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Carlsen, Magnus", "Magnus Carlsen", True),
        ("Carlsen,M", "Carlsen, Magnus Ø", True),
        ("Carlsen M.", "GM Carlsen, Magnus", True),
        ("Müller, H", "MULLER, Hans", True),
        ("Carlsen, Magnus", "Carlsen, Henrik", False),
        ("Carlsen, M", "Karlsen, M", False),
        ("Polgar, Judit", "Polgar, Judith", True),
        ("De la Cruz, A", "de La Cruz, Ana", True),
    ],
)
def test_which_names_are_alike(*, one: str, other: str, same: bool) -> None:
    """Accents, initials, titles and the order of the parts do not matter; different given names do."""
    first, second = name_parts(one), name_parts(other)
    assert first is not None
    assert second is not None
    assert alike(first, second) == alike(second, first) == same


@given(st.text(max_size=30))
def test_any_text_may_be_a_name(text: str) -> None:
    """Whatever a tag holds, taking it apart never fails, and a name is like itself."""
    parts = name_parts(text)
    assert parts is None or alike(parts, parts)
