"""Two texts of one game made one: everything both say is in the result, and nothing of the first is changed."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.bin import Gain
from desktop_app.pgn.merge import carries, merged_text, new_tags
from desktop_app.pgn.reader import read_game
from desktop_app.pgn.splitter import RawGame
from desktop_app.pgn.tree import human_annotations
from tests.unit.pgn.games import TORTURE, record_of

if TYPE_CHECKING:
    from desktop_app.domain.game import GameRecord

TAGS = '[White "Anna"]\n[Black "Boris"]\n[Result "1-0"]\n\n'
PLAIN = TAGS + "1. e4 e5 2. Nf3 Nc6 1-0\n"
CLOCKS = TAGS + "1. e4 { [%clk 0:03:00] } 1... e5 { [%clk 0:02:59] } 2. Nf3 { [%clk 0:02:58] } 2... Nc6 1-0\n"
WORDS = TAGS + "{ A friendly game. } 1. e4 e5 $6 { Solid. } (1... c5 2. Nf3) 2. Nf3! Nc6 { Fine. } 1-0\n"


def read(text: str) -> GameRecord:
    """A game as the importer reads it."""
    data = text.encode()
    found = read_game(RawGame(index=0, line=1, byte_offset=0, data=data, nonblank=0, size=len(data))).record
    assert found is not None
    return found


def merged(first: str, other: str) -> GameRecord:
    """The first text with what only the other says, read again."""
    return read(merged_text(read(first), read(other)))


def test_a_plain_game_takes_the_other_as_it_stands() -> None:
    """Where the stored text says nothing beside its moves, it gets the richer movetext unchanged."""
    assert merged_text(read(PLAIN), read(CLOCKS)) == CLOCKS
    assert merged_text(read(CLOCKS), read(PLAIN)) == CLOCKS


def test_words_and_clocks_of_both() -> None:
    """Comments, glyphs and variations of one and clocks of the other stand together, whichever was first."""
    for first, other in ((WORDS, CLOCKS), (CLOCKS, WORDS)):
        plies = human_annotations(merged(first, other))
        assert [ply.comment for ply in plies] == ["A friendly game.", "", "Solid.", "", "Fine."]
        assert [ply.clock_s for ply in plies] == [None, 180, 179, 178, None]
        assert [ply.nags for ply in plies] == [(), (), (6,), (1,), ()]
        assert [ply.variations for ply in plies] == [(), (), ("1... c5 2. Nf3",), (), ()]


def test_what_is_stored_wins() -> None:
    """Another clock, another glyph, another value of a tag: the stored one stays, and nothing is said twice."""
    stored = TAGS + "1. e4 { [%clk 0:03:00] best by test } 1... e5?! (1... c5) 2. Nf3 Nc6 1-0\n"
    other = TAGS.replace("Anna", "Anne") + "1. e4 { Best by  test [%clk 0:09:00] } 1... e5!! (1... c5) 2. Nf3 Nc6 1-0\n"
    assert merged_text(read(stored), read(other)) == stored


def test_tags_fill_what_is_unknown() -> None:
    """Missing and unknown tags are filled, known ones stay, and those that follow from the moves are left alone."""
    stored = read('[Event "?"]\n[White "Anna"]\n[Date "2020.??.??"]\n\n1. e4 *\n')
    other = read('[Event "Open"]\n[White "Anne"]\n[Round "?"]\n[Date "2020.01.02"]\n[WhiteElo "2000"]\n\n1. e4 *\n')
    assert new_tags(other.headers, stored.headers) == {"Event": "Open", "WhiteElo": "2000"}
    text = merged_text(stored, other)
    assert '[Event "Open"]' in text
    assert '[White "Anna"]' in text
    assert '[WhiteElo "2000"]' in text


def test_a_longer_game_takes_the_words_of_its_beginning() -> None:
    """The whole game as the first, what was stored of its beginning as the other: nothing is lost."""
    whole = TAGS + "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 1-0\n"
    plies = human_annotations(merged(whole, WORDS))
    assert [ply.comment for ply in plies] == ["A friendly game.", "", "Solid.", "", "Fine.", "", ""]


@pytest.mark.parametrize(
    ("text", "than", "gains"),
    [
        (PLAIN, PLAIN, set()),
        (CLOCKS, PLAIN, {Gain.CLOCKS}),
        (PLAIN, CLOCKS, set()),
        (WORDS, CLOCKS, {Gain.COMMENTS, Gain.VARIATIONS, Gain.GLYPHS}),
        (CLOCKS, WORDS, {Gain.CLOCKS}),
        (TAGS + "1. e4 { [%eval 0.2] } *", PLAIN, {Gain.EVALUATIONS}),
        (TAGS + "1. e4 { [%csl Ge4] } *", PLAIN, {Gain.COMMENTS}),
        (WORDS.replace("Solid.", "Solid.  "), WORDS, set()),
    ],
)
def test_what_a_text_carries(text: str, than: str, gains: set[Gain]) -> None:
    """Counting tells what a duplicate has that the stored game has not."""
    assert carries(text, than) == gains


RECORDS = {name: record for name, text in TORTURE.items() if (record := record_of(text)).ply_count}
PAIRS = [(first, other) for first, other in product(RECORDS, RECORDS) if RECORDS[first].moves == RECORDS[other].moves]


@pytest.mark.parametrize(("first", "other"), PAIRS)
def test_odd_texts_merge_without_loss(first: str, other: str) -> None:
    """Whatever two texts of the same moves look like: the moves stay, and every comment of both is in the result."""
    one, two = RECORDS[first], RECORDS[other]
    text = merged_text(one, two)
    result = read(text)
    assert result.moves == read(TORTURE[first]).moves
    plies = human_annotations(result)
    for mine, theirs, both in zip(human_annotations(one), human_annotations(two), plies, strict=False):
        said = " ".join(both.comment.split()).casefold()
        for line in (*mine.comment.split("\n"), *theirs.comment.split("\n")):
            assert " ".join(line.split()).casefold() in said
        assert set(mine.nags) <= set(both.nags)
        assert set(mine.variations) <= set(both.variations)
