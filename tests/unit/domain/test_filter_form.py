"""The filter bar's arithmetic: text, chips and controls are three views of one expression."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.filter_form import NOTHING, FilterForm
from desktop_app.domain.filter_pieces import join_pieces, quoted, show_words, split_filter, words_of
from desktop_app.domain.filters import And, Filter, Word, parse_filter
from desktop_app.errors import FilterSyntaxError

_TERMS = (
    "carlsen", '"Sicilian Defense"', "white:carlsen", 'player:"Carlsen, M"', "elo>2400", "date:2020..2021",
    "(white:a or black:b)", "-result:draw", "not state:analysed", "a or b", "eco:B90", "blunders>=2", "1-0", "and x",
)  # fmt: skip
EXPRESSIONS = st.lists(st.sampled_from(_TERMS), min_size=1, max_size=5).map(" ".join)


def flat(filter_: Filter) -> list[Filter]:
    """The terms that must all hold, however they are nested."""
    return [term for child in filter_.children for term in flat(child)] if isinstance(filter_, And) else [filter_]


@given(EXPRESSIONS.filter(lambda text: not text.startswith("and")))
def test_pieces_joined_again_mean_the_same(text: str) -> None:
    """Taking an expression apart and putting it together never changes what it finds."""
    whole = flat(parse_filter(text))
    pieces = split_filter(text)
    assert [term for piece in pieces for term in flat(piece.filter)] == whole
    assert flat(parse_filter(join_pieces(pieces))) == whole


@given(EXPRESSIONS.filter(lambda text: not text.startswith("and")), st.integers(0, 4))
def test_a_removed_chip_takes_exactly_its_term(text: str, place: int) -> None:
    """Every other term stays, in its order."""
    form = FilterForm.read(text)
    place %= len(form.pieces)
    left = [term for number, piece in enumerate(form.pieces) if number != place for term in flat(piece.filter)]
    found = flat(parse_filter(form.without(place)))
    assert found == left


@pytest.mark.parametrize("text", ["white:", "(a", "foo:bar", 'a "b'])
def test_what_cannot_be_read_says_so(text: str) -> None:
    """The same mistake is reported as by the library."""
    with pytest.raises(FilterSyntaxError):
        split_filter(text)


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("", "player", ("white", "Carlsen, Magnus"), 'white:"Carlsen, Magnus"'),
        ("elo>2400", "elo", ("2000", "2300"), "elo:2000..2300"),
        ("carlsen elo>=2400 0-1", "elo", NOTHING, "carlsen 0-1"),
        ("carlsen", "opening", ("", "b90"), "carlsen eco:b90"),
        ("opening:sicilian", "opening", ("", "French"), "opening:French"),
        ("moves<25", "moves", ("20", "24"), "moves:20..24"),
        ("a or b", "date", ("", "2020"), "(a or b) date<=2020"),
        ("player:anna player:boris", "player", ("white", "anna"), "white:anna black:boris"),
        ("state:analysed", "state", ("failed", ""), "state:failed"),
        ("", "words", ("carlsen tata", ""), "carlsen tata"),
        ('carlsen elo>2400 "Tata Steel"', "words", ('"Tata Steel" anand', ""), '"Tata Steel" anand elo>2400'),
        ("carlsen 1-0 anand", "words", NOTHING, "1-0"),
        ("speed:blitz", "words", ("1-0 or white:x -a (b", ""), 'speed:blitz "1-0" "or" "white:x" "-a" "(b"'),
        ("", "words", ('"tata st', ""), '"tata st"'),
        ("a or b", "words", ("c", ""), "(a or b) c"),
        ("accuracy<70", "accuracy", ("", "80"), "accuracy<70 accuracy<=80"),
    ],
)
def test_a_control_changes_its_own_term_alone(before: str, name: str, value: tuple[str, str], after: str) -> None:
    """A control writes the documented expression, where its term stood, and leaves what it cannot show."""
    changed = FilterForm.read(before).changed(name, value)
    assert changed == after
    parse_filter(changed)


def test_controls_show_what_the_text_says() -> None:
    """Players by colour, spans with an open end, and more than 2400 as 2401 or more."""
    form = FilterForm.read('white:"Carlsen, M" black:anand elo>2400 date>=2020 result:draw -event:x')
    assert form.values["player"] == ("white", "Carlsen, M")
    assert form.values["opponent"] == ("black", "anand")
    assert form.values["elo"] == ("2401", "")
    assert form.values["date"] == ("2020", "")
    assert form.values["result"] == ("1/2-1/2", "")
    assert [piece.text for piece in form.rest] == ["-event:x"]


def test_bare_words_are_shown_together() -> None:
    """Wherever they stand, and as they would be typed; what denies a word is no word."""
    form = FilterForm.read('carlsen white:anand "Tata Steel" -blitz "or" result:draw')
    assert form.values["words"] == ('carlsen "Tata Steel" or', "")
    assert form.values["player"] == ("white", "anand")
    assert [piece.text for piece in form.rest] == ["-blitz"]


@given(st.text(alphabet='abor "()-:=10', max_size=14))
def test_words_are_never_grammar(typed: str) -> None:
    """Whatever is typed there asks for just these words, and is shown so that it reads the same."""
    words = words_of(typed)
    whole = FilterForm.read("speed:blitz").changed("words", (typed, ""))
    assert flat(parse_filter(whole))[1:] == [Word(word) for word in words]
    assert words_of(show_words(words)) == words
    shown = FilterForm.read(whole).values.get("words", NOTHING)[0]
    assert words_of(shown) == words


@given(st.text(alphabet='ab "()-:=', max_size=12))
def test_any_text_can_be_a_value(value: str) -> None:
    """What a player types into a control is never taken for the expression's grammar."""
    if value.strip().replace("=", ""):
        parse_filter(FilterForm.read("").changed("event", (value, "")))
    assert quoted(value)
