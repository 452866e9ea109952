"""Comments become searchable behind the import: in chunks, here or in a process, again after games changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.names import words_of
from desktop_app.domain.positions import Coverage
from desktop_app.errors import CancelledError
from desktop_app.library.library import Library
from desktop_app.library.touched import mark_touched
from desktop_app.pgn.comment_words import comment_words
from desktop_app.services.index_comments import index_comments
from tests.unit.library.records import make_record

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = ("A fine Zugzwang!", "", "Schöner Zug; [%clk 0:01:00] the bishop-pair wins", "[%eval 0.3]", "black's 2nd pawn")


@pytest.fixture
def library(location: str) -> Iterator[Library]:
    """An open library with a few commented games, in SQLite and in PostgreSQL."""
    with Library.open(location) as opened:
        opened.games.add(
            None,
            [make_record(Round=str(number), comment=text, White=f"P{number}") for number, text in enumerate(TEXTS)],
        )
        yield opened


def _found(library: Library, expression: str) -> list[int]:
    return list(library.games.ids(GameQuery(filter=parse_filter(expression))))


class _Token:
    def __init__(self, after: int) -> None:
        self._left = after

    def cancelled(self) -> bool:
        self._left -= 1
        return self._left < 0

    def progress(self, done: int, total: int, text: str) -> None:
        assert 0 <= done <= total
        assert text


def test_comments_are_found_by_their_words(library: Library) -> None:
    """Words are found whole or begun, in any case and without accents; commands and games without comments are not."""
    assert _found(library, "comment:zugzwang") == []
    assert library.comments.coverage() == Coverage(5, 0)
    assert index_comments(library) == Coverage(5, 5)
    assert _found(library, "comment:ZUGZW") == _found(library, "comment=zugzwang") == [1]
    assert _found(library, "comment=zugzw") == _found(library, "comment:clk or comment:eval") == []
    assert _found(library, 'comment:"schoner zug" comment:"bishop pair" comment:"pair w"') == [3]
    assert _found(library, 'comment:"pair bishop"') == []
    assert _found(library, "is:commented") == [1, 3, 5]
    assert _found(library, 'comment:"black\'s 2nd"') == [5]
    assert _found(library, "-comment:zug") == [2, 4, 5]
    assert library.check() == []


def test_only_what_is_missing_is_read(library: Library) -> None:
    """New games are read by the next call, touched ones again; words of games that went for good go too."""
    index_comments(library)
    assert library.comments.pending() == []
    library.games.add(None, [make_record(White="New", comment="novelty")])
    assert library.comments.coverage() == Coverage(6, 5)
    assert index_comments(library).complete
    assert _found(library, "comment:novelty") == [6]
    library.database.write(lambda connection: mark_touched(connection, [1]))
    assert library.comments.coverage().indexed == 0
    assert index_comments(library).complete
    assert _found(library, "comment:zugzwang") == [1]
    assert library.check() == []


def test_a_process_finds_the_same(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in a process of its own, segment after segment, the comments are those read here."""
    monkeypatch.setattr("desktop_app.services.index_comments.FEW_GAMES", 0)
    monkeypatch.setattr("desktop_app.library.comments.SEGMENT_GAMES", 2)
    index_comments(library, progress=_Token(0))
    assert _found(library, "is:commented") == [1, 3, 5]


def test_stopping_keeps_what_was_read(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between two segments the first is kept, and the next call does the rest."""
    monkeypatch.setattr("desktop_app.library.comments.SEGMENT_GAMES", 2)
    with pytest.raises(CancelledError, match="goes on"):
        index_comments(library, cancel=_Token(1))
    assert _found(library, "is:commented") == [1]
    assert len(library.comments.pending()) == 2
    index_comments(library)
    assert _found(library, "is:commented") == [1, 3, 5]


@pytest.mark.parametrize(
    ("movetext", "words"),
    [
        ("1. e4 {Best by test} e5", "best by test"),
        ("1. e4 { [%clk 0:03:00] } e5 {[%eval 0.2][%clk 0:02:59]}", ""),
        ("1. e4 ; to the end\n1... e5 {and {this}", "to the end and this"),
        ("1. e4 {never closed", "never closed"),
        ("1. e4 e5", ""),
    ],
)
def test_words_of_a_game(movetext: str, words: str) -> None:
    """Braces and semicolons are read, commands and tags are not."""
    assert comment_words(f'[Event "{{no; comment}}"]\n\n{movetext}\n') == words


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read(tags: str, text: str) -> None:
    """Whatever stands there, reading never fails, and words are words."""
    words = comment_words(f"{tags}\n\n{{{text}}}")
    assert words == " ".join(words_of(words))
