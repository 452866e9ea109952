"""Commands inside comments: upstream vectors, and what must never be lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.evaluation import Cp, Mate, Over
from desktop_app.pgn.comments import (
    Command,
    Shape,
    format_clock,
    format_eval,
    human_text,
    parse_comment,
    parse_eval,
    parse_time,
)

_VECTORS = json.loads((Path(__file__).parents[2] / "data" / "judgement.json").read_text(encoding="utf-8"))["vectors"]
_COMMENTS = [vector for vector in _VECTORS if vector["kind"] == "pgn_comment"]


@pytest.mark.parametrize("vector", _COMMENTS, ids=[vector["id"] for vector in _COMMENTS])
def test_upstream_vectors(vector: dict[str, Any]) -> None:
    """Every comment of lila's own parser test is read as lila reads it."""
    comment = parse_comment(vector["input"]["comment"])
    found = {
        "clk_centis": comment.clock_centis,
        "emt_centis": comment.emt_centis,
        "shapes": len(comment.shapes),
        "text": comment.text,
    }
    for name, expected in vector["expect"].items():
        assert found[name] == expected, name


def test_all_eighteen_vectors_are_there() -> None:
    """The vector file was not cut short."""
    assert len(_COMMENTS) == 18


def test_text_and_commands_are_split_without_loss() -> None:
    """Words keep their order, commands theirs, unknown commands included."""
    comment = parse_comment("Bad. [%eval -1.25,18] [%foo bar] Better was\nNf3 [%csl Rf7][%cal Ge2e4,Xz9]")
    assert comment.text == "Bad. Better was Nf3"
    assert [command.name for command in comment.commands] == ["eval", "foo", "csl", "cal"]
    assert comment.commands[1] == Command("foo", "bar")
    assert comment.shapes == (Shape("R", "f7"), Shape("G", "e2", "e4"))
    assert comment.eval is not None
    assert comment.eval.score == Cp(-125)
    assert comment.eval.depth == 18


def test_an_empty_line_in_a_comment_stays_a_paragraph() -> None:
    """Wrapped lines are joined, paragraphs are not."""
    assert human_text("one\ntwo\n\nthree") == "one two\n\nthree"


@pytest.mark.parametrize(
    ("value", "score", "depth"),
    [
        ("0.48", Cp(48), None),
        ("-3.99", Cp(-399), None),
        ("0.4", Cp(40), None),
        ("#-3,20", Mate(-3), 20),
        ("12", Cp(1200), None),
    ],
)
def test_evaluations_are_read(value: str, score: object, depth: int | None) -> None:
    """Lichess's short floats, mates, and depths."""
    found = parse_eval(value)
    assert found is not None
    assert (found.score, found.depth) == (score, depth)


@pytest.mark.parametrize("value", ["#0", "", "abc", ".", "+-1", "1e5"])
def test_unreadable_evaluations_are_none(value: str) -> None:
    """Garbage never becomes a score."""
    assert parse_eval(value) is None


@given(st.integers(-20_000, 20_000), st.integers(0, 99))
def test_scores_survive_writing(cp: int, depth: int) -> None:
    """Centipawns and depth come back exactly."""
    value = format_eval(Cp(cp), depth)[len("[%eval ") : -1]
    found = parse_eval(value)
    assert found is not None
    assert found.score == Cp(cp)
    assert found.depth == (depth or None)


def test_finished_positions() -> None:
    """A mating move gets no score, a drawn end 0.00, as Lichess writes them."""
    assert format_eval(Over(winner=True), 0) == ""
    assert format_eval(Over(winner=None), 0) == "[%eval 0.00]"
    assert format_eval(Mate(-3), 20) == "[%eval #-3,20]"


@given(st.integers(0, 40_000_00))
def test_clocks_survive_writing(centis: int) -> None:
    """Hundredths of a second come back exactly."""
    assert parse_time(format_clock(centis)[len("[%clk ") : -1]) == centis


@given(st.text())
def test_no_comment_crashes(raw: str) -> None:
    """Any text at all can be read."""
    parse_comment(raw)
