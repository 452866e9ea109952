"""The tokeniser loses nothing and finds what PGN holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.pgn.tokens import Kind, join, tokenise


@given(st.text(alphabet=st.sampled_from(list('[]{}();%$!?."\\ \n\rab1-0/*=#QNe4…\ufeff'))))
def test_every_text_is_given_back(text: str) -> None:
    """Joining the tokens gives the very text, garbage included."""
    assert join(tokenise(text)) == text


def test_kinds() -> None:
    """Headers, numbers, moves, glyphs, comments, variations and results are told apart."""
    text = '[White "A \\"B\\""][Black "C"]\n[Bad\n\n1.e4!? e5 $10 ; rest\n% escape\n( 1... c5 {no} ) 2. e8(Q)+ 0-0 *\n'
    tokens = [token for token in tokenise(text) if token.kind is not Kind.SPACE]
    assert [(token.kind, token.text) for token in tokens] == [
        (Kind.HEADER, '[White "A \\"B\\""]'),
        (Kind.HEADER, '[Black "C"]'),
        (Kind.HEADER, "[Bad"),
        (Kind.NUMBER, "1."),
        (Kind.WORD, "e4"),
        (Kind.GLYPH, "!?"),
        (Kind.WORD, "e5"),
        (Kind.NAG, "$10"),
        (Kind.LINE_COMMENT, "; rest"),
        (Kind.LINE_COMMENT, "% escape"),
        (Kind.OPEN, "("),
        (Kind.NUMBER, "1..."),
        (Kind.WORD, "c5"),
        (Kind.COMMENT, "{no}"),
        (Kind.CLOSE, ")"),
        (Kind.NUMBER, "2."),
        (Kind.WORD, "e8(Q)+"),
        (Kind.WORD, "0-0"),
        (Kind.RESULT, "*"),
    ]


def test_an_unterminated_comment_runs_to_the_end() -> None:
    """Nothing after an open brace is taken for moves."""
    assert [token.kind for token in tokenise("1. e4 {oh\n\n[Event]")][-1] is Kind.COMMENT


@pytest.mark.timeout(60)
def test_deep_nesting_is_linear() -> None:
    """100 000 parentheses take well under a second; anything quadratic would run into the limit."""
    text = "1. e4 " + "(1. d4 " * 100_000 + ")" * 100_000
    assert join(tokenise(text)) == text
