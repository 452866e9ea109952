"""The filter expression: what it means, and what is said about mistakes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.filter_terms import ALIASES, FIELDS, MARKS
from desktop_app.domain.filters import (
    EVERYTHING,
    And,
    Filter,
    GameQuery,
    Not,
    Op,
    Or,
    Range,
    Term,
    Word,
    all_of,
    parse_filter,
)
from desktop_app.errors import FilterSyntaxError

DOCS = Path(__file__).parents[3] / "docs" / "filters.md"


@pytest.mark.parametrize(
    ("expression", "meaning"),
    [
        ("", EVERYTHING),
        ("   ", EVERYTHING),
        ("carlsen", Word("carlsen")),
        ('"Carlsen, Magnus"', Word("Carlsen, Magnus")),
        ("Caro-Kann", Word("Caro-Kann")),
        ("1-0", Term("result", Op.EQUAL, "1-0")),
        ("white:carlsen", Term("white", Op.CONTAINS, "carlsen")),
        ('WHITE:"Carlsen, M"', Term("white", Op.CONTAINS, "Carlsen, M")),
        ("event=Olympiad", Term("event", Op.EQUAL, "Olympiad")),
        ("elo>2000", Term("elo", Op.MORE, 2000)),
        ("rating<=2000", Term("elo", Op.AT_MOST, 2000)),
        ("elo:2000..2400", Term("elo", Op.CONTAINS, Range(2000, 2400))),
        ("accuracy<70.5", Term("accuracy", Op.LESS, 70.5)),
        ("date>=2021", Term("date", Op.AT_LEAST, "2021")),
        ("date:2021-1-5", Term("date", Op.CONTAINS, "2021.01.05")),
        ("date:2020..2021/06", Term("date", Op.CONTAINS, Range("2020", "2021.06"))),
        ("eco:b9", Term("eco", Op.CONTAINS, "B9")),
        ("eco:B20..B99", Term("eco", Op.CONTAINS, Range("B20", "B99"))),
        ("result:draw", Term("result", Op.CONTAINS, "1/2-1/2")),
        ("result!=½-½", Term("result", Op.UNEQUAL, "1/2-1/2")),
        ("state:in-progress", Term("state", Op.CONTAINS, "in_progress")),
        ("is:partial", Term("is", Op.CONTAINS, "partial")),
        ("-state:failed", Not(Term("state", Op.CONTAINS, "failed"))),
        ("not carlsen", Not(Word("carlsen"))),
        ("--carlsen", Not(Not(Word("carlsen")))),
        ("carlsen sicilian", And((Word("carlsen"), Word("sicilian")))),
        ("carlsen and sicilian", And((Word("carlsen"), Word("sicilian")))),
        ("a or b c", Or((Word("a"), And((Word("b"), Word("c")))))),
        ("(a or b) c", And((Or((Word("a"), Word("b"))), Word("c")))),
        ("-(a OR b)", Not(Or((Word("a"), Word("b"))))),
        ('"or"', Word("or")),
        ('a "" b', And((Word("a"), Word("b")))),
    ],
)
def test_meaning(expression: str, meaning: Filter) -> None:
    """Each expression is read as the grammar says."""
    assert parse_filter(expression) == meaning


@pytest.mark.parametrize(
    ("expression", "column", "says"),
    [
        ("whit:x", 0, "Did you mean white"),
        ("carlsen elo>abc", 12, "a number"),
        ("elo>1e400", 4, "smaller number"),
        ("elo>2000..2400", 4, "range"),
        ("elo:2000..", 4, "range"),
        ("date>=yesterday", 6, "a year"),
        ("date:2021.10.05.1", 5, "a year"),
        ("eco:Q1", 4, "ECO code"),
        ("result:2-0", 7, "1-0"),
        ("state:done", 6, "analysed"),
        ("is:good", 3, "partial"),
        ("white>carlsen", 0, "no order"),
        ("white:", 6, "missing"),
        ('white:"carlsen', 6, "not closed"),
        ('a "b', 2, "not closed"),
        ("(a", 0, "not closed"),
        ("a)", 1, "no opening"),
        ("()", 1, "missing"),
        ("a or", 4, "missing"),
        ("or a", 0, "missing"),
        ("a and and b", 6, "missing"),
        ("not", 3, "missing"),
        ("https://lichess.org", 0, "quotation marks"),
        ("(" * 60 + "a" + ")" * 60, 50, "parentheses"),
    ],
)
def test_mistakes_are_explained(expression: str, column: int, says: str) -> None:
    """A mistake gives the column it is at and a sentence that helps."""
    with pytest.raises(FilterSyntaxError) as caught:
        parse_filter(expression)
    assert caught.value.column == column
    assert says in str(caught.value)


@given(st.text(alphabet='abe:=<>!()"- or.12*~\n', max_size=40) | st.text(max_size=40))
def test_any_text_is_read_or_refused(expression: str) -> None:
    """Whatever is typed gives a filter or a FilterSyntaxError inside the text, never anything else."""
    found: FilterSyntaxError | None = None
    try:
        parse_filter(expression)
    except FilterSyntaxError as error:
        found = error
    assert found is None or (0 <= found.column <= len(expression) and found.text)


def test_all_of_leaves_out_what_matches_everything() -> None:
    """Filters of a window's controls combine without noise."""
    assert all_of(EVERYTHING, Word("a"), EVERYTHING) == And((Word("a"),))
    assert all_of(EVERYTHING) == EVERYTHING


def test_unknown_sorts_are_bugs() -> None:
    """A query cannot be made with a column that does not exist."""
    with pytest.raises(ValueError, match="nonsense"):
        GameQuery(sort="nonsense")


def test_every_field_is_documented_and_every_example_works() -> None:
    """docs/filters.md names every field, alias and mark, and each of its examples can be read."""
    text = DOCS.read_text("utf-8")
    for name in (*FIELDS, *ALIASES, *MARKS):
        assert re.search(rf"`{name}|:{name}`|`{name}`", text), f"{name} is not in docs/filters.md"
    examples = re.findall(r"^    (\S.*)$", text, flags=re.MULTILINE)
    assert len(examples) >= 10
    for example in examples:
        parse_filter(example)


def test_names_with_quotation_marks_can_be_said() -> None:
    """A doubled quotation mark inside quotation marks is one of the text's own."""
    assert parse_filter('white:"a ""b"" c"') == Term("white", Op.CONTAINS, 'a "b" c')
    assert parse_filter('""""') == Word('"')
