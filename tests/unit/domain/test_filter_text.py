"""Filters as text: what is written reads back as the same filter, also after it was taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.filter_terms import FIELDS, MARKS, RESULTS, Kind, Looked
from desktop_app.domain.filter_text import filter_parts, format_filter
from desktop_app.domain.filters import EVERYTHING, And, Filter, Not, Op, Or, Range, Term, Word, all_of, parse_filter
from desktop_app.domain.game import GameState
from desktop_app.domain.speed import Speed

TEXTS = st.text(alphabet="abZ éß\"'()-:=<>!.,*%_10", min_size=1, max_size=12)
NUMBERS = st.floats(-1e6, 1e6) | st.integers(0, 4000).map(float)
DATES = st.sampled_from(["2021", "1999.12", "2020.02.29"])
CODES = st.sampled_from(["A", "B9", "C42"])
VALUES: dict[Kind, st.SearchStrategy] = {
    Kind.TEXT: TEXTS,
    Kind.SET: TEXTS,
    Kind.COMMENT: st.sampled_from(["zugzwang", "bishop pair", 'a "quoted" word']),
    Kind.NUMBER: NUMBERS | st.builds(Range, NUMBERS, NUMBERS),
    Kind.DATE: DATES | st.builds(Range, DATES, DATES),
    Kind.CODE: CODES | st.builds(Range, CODES, CODES),
    Kind.RESULT: st.sampled_from(sorted(set(RESULTS.values()))),
    Kind.STATE: st.sampled_from([state.value for state in GameState]),
    Kind.SPEED: st.sampled_from([speed.value for speed in Speed]),
    Kind.MARK: st.sampled_from(MARKS),
    Kind.POSITION: st.sampled_from(
        ["8/8/8/4k3/8/8/4K3/8 w - -", "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq -"]
    ),
    Kind.COLOUR: st.sampled_from(["white", "black"]),
}
ORDERED = {Kind.NUMBER, Kind.DATE, Kind.CODE}


NAMES = sorted(name for name, info in FIELDS.items() if info.kind in VALUES)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    """Any comparison an expression can say."""
    name = draw(st.sampled_from(NAMES))
    kind = FIELDS[name].kind
    value = draw(VALUES[kind])
    ops = [Op.CONTAINS, Op.EQUAL]
    if not isinstance(value, Range):
        ops += [Op.UNEQUAL] if kind not in ORDERED else [op for op in Op if op not in ops]
    return Term(name, draw(st.sampled_from(ops)), value)


FILTERS = st.recursive(
    TEXTS.map(Word) | terms(),
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=2, max_size=4).map(lambda some: And(tuple(some)))
        | st.lists(inner, min_size=2, max_size=4).map(lambda some: Or(tuple(some)))
    ),
    max_leaves=12,
)


@given(FILTERS)
def test_what_is_written_reads_back(filter_: Filter) -> None:
    """Every filter an expression can say is written as one that says it."""
    assert parse_filter(format_filter(filter_)) == filter_


@given(st.lists(FILTERS, max_size=3))
def test_parts_put_together_are_the_whole(filters: list[Filter]) -> None:
    """Chips of a filter, joined again, are that filter."""
    whole = all_of(*filters)
    assert parse_filter(format_filter(all_of(*filter_parts(whole)))) == parse_filter(format_filter(whole))


def test_needless_nesting_is_left_out() -> None:
    """Asking for all of one condition is that condition; conditions that every game meets say nothing."""
    assert format_filter(EVERYTHING) == format_filter(And((And(()), Word("")))) == ""
    assert format_filter(And((Or((Word("a"),)), EVERYTHING))) == "a"
    assert format_filter(Or((Word("a"), EVERYTHING))) == ""
    assert filter_parts(EVERYTHING) == ()
    assert filter_parts(Word("a")) == (Word("a"),)
    assert [format_filter(part) for part in filter_parts(parse_filter("(a or b) elo>2000 -x"))] == [
        "a or b",
        "elo>2000",
        "-x",
    ]


def test_names_with_quotation_marks_can_be_said() -> None:
    """A doubled quotation mark inside quotation marks is one of the text's own."""
    assert parse_filter('white:"a ""b"" c"') == Term("white", Op.CONTAINS, 'a "b" c')
    assert parse_filter('""""') == Word('"')


@pytest.mark.parametrize("filter_", [Or(()), Looked(), Not(EVERYTHING), And((Word("a"), Or(())))])
def test_what_no_expression_says_is_refused(filter_: Filter) -> None:
    """Nothing is written that would read back as something else."""
    with pytest.raises(ValueError, match="no expression"):
        format_filter(filter_)
