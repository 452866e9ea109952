"""The fast way and the careful way give the same games, cut at the same places, on real, odd and mutated text."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import chess
import chess.pgn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app import paths
from desktop_app.analysis.openings import OpeningBook
from desktop_app.errors import SourceUnreadableError
from desktop_app.pgn.blocks import BlockCutter
from desktop_app.pgn.fast import counts
from desktop_app.pgn.fast.blocks import FastReader
from desktop_app.pgn.sources import open_sources
from desktop_app.pgn.streams import as_text
from tests.unit.pgn.fast.both_ways import compare
from tests.unit.pgn.fast.forms import plain_forms
from tests.unit.pgn.games import TORTURE

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '[Event "E"]\n[Site "?"]\n[White "Ž"]\n[Result "{}"]\n\n'
PLAIN = (
    "1. e4 { [%eval 0.17] [%clk 0:03:00] } 1... e5?! $6 2. Nf3 (2. f4 exf4 (2... d5 {x (}) 3. Nf3) Nc6 3. Bb5 a6 4. O-O"
)
BASE = "".join(
    HEAD.format(result) + f"{PLAIN} {tail}{result}\n\n"
    for result, tail in (
        ("1-0", ""),
        ("0-1", "{two\nlines} "),
        ("1/2-1/2", "Nf6 5. d4 exd4 6. e5 d5 7. exd6 Bxd6 8. Re1+ "),
        ("*", ""),
    )
).encode()
# A `_` stands for a blank.
SNIPPETS = (
    b'" \\ \n \r \r\n \n\n \0 \xff \xef\xbb\xbf [Event_" [FEN_"x"] <br> ]<br [%kibitz [%clk_1] \n[x { } ( ) (( ; % \n% '
    b"* 1-0 0-1 1/2 1/2-1/2 12. 1. 7 . ... $1 $ ! ?? -- Z0 0-0 O-O O-O-O O-O+ Nf3 Nbd2 N1d2 Ng1f3 Nxf3 e8=Q e8Q exd5 "
    b'ed5 e2e4 Kg1 \xc2\x85 \xe2\x80\xa8 \xc3\xa9 \t \v \n\n\n [Event_"B"]\n [Variant_"Standard"]\n Ke2 Rxe5+ a1=N++ '
    b"e4# e4+!? }1-0 x} {y \n1-0\n"
)
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(BASE)),
        st.integers(0, 6),
        st.one_of(st.sampled_from([part.replace(b"_", b" ") for part in SNIPPETS.split(b" ")]), st.binary(max_size=3)),
    ),
    max_size=5,
)


@settings(max_examples=300, deadline=None)
@given(edits=EDITS)
def test_mutated_games_are_read_alike(edits: list[tuple[int, int, bytes]]) -> None:
    """Whatever a few edits make of plain games: same borders, same records, in the installed form."""
    data = BASE
    for place, removed, put in edits:
        data = data[:place] + put + data[place + removed :]
    compare(data)


def test_plain_games_go_the_fast_way() -> None:
    """What a site exports needs no careful reader; with either line break."""
    assert compare(BASE) == (4, 0)
    assert compare(BASE.replace(b"\n", b"\r\n")) == (4, 0)


@pytest.mark.parametrize(
    "leading", ["\n\n", "{a comment}\n", "; one\n; two\n", "stray\n\nwords\n", "\ufeff", "% x\n", "1. e4 e5 *\n"]
)
def test_what_leads_up_to_the_first_game_is_cut_alike(leading: str) -> None:
    """Blanks and comments before the first game are part of it, stray text is not."""
    fast, _ = compare(leading.encode() + BASE)
    assert fast >= 2


def test_signs_of_html_are_seen_in_variations_too() -> None:
    """The careful reader takes `]<br` for a line break wherever it stands."""
    assert compare(BASE.replace(b"2. f4 exf4", b"2. f4 ]<br exf4")) == (0, 4)


@pytest.mark.parametrize("name", TORTURE)
def test_torture_is_read_alike(name: str) -> None:
    """Odd games between plain ones spoil neither."""
    fast, _ = compare(BASE + TORTURE[name].encode() + b"\n" + BASE)
    assert fast >= 4


def test_the_source_runs_uncompiled_with_the_same_result() -> None:
    """Both forms of the modules agree on games and on nonsense."""
    plain = FastReader(OpeningBook.load().named)
    plain._runs = plain_forms()["runs"].RunReader(OpeningBook.load().named)
    data = BASE + paths.resource("samples.pgn").read_bytes()
    assert compare(data, plain) == compare(data)
    assert list(plain.read(data)) == list(FastReader(OpeningBook.load().named).read(data))


def test_random_games_are_followed_to_their_end() -> None:
    """Random legal games reach what people rarely play: promotions, en passant, discovered checks, three queens."""
    draw = random.Random(3)  # noqa: S311 - games, not secrets
    text = "".join(_random_game(draw) for _ in range(150))
    fast, slow = compare(text.encode())
    assert (fast, slow) == (150, 0)


def _random_game(draw: random.Random) -> str:
    board = chess.Board()
    while not board.is_game_over() and board.ply() < 250:
        moves = list(board.legal_moves)
        rare = [move for move in moves if move.promotion or board.is_en_passant(move) or board.is_castling(move)]
        board.push(draw.choice(rare or moves))
    game = chess.pgn.Game.from_board(board)
    return f"{game}\n\n"


def test_every_illegal_or_ambiguous_spelling_is_left_to_the_careful_reader() -> None:
    """In positions of random games, SAN of every pseudo-legal and impossible move is read as python-chess reads it."""
    draw = random.Random(4)  # noqa: S311 - games, not secrets
    for _ in range(40):
        board = chess.Board()
        for _ in range(draw.randrange(60)):
            moves = list(board.legal_moves)
            if not moves:
                break
            board.push(draw.choice(moves))
        start = chess.Board().variation_san(board.move_stack)
        words = [f"{piece}{draw.choice('abcdefgh')}{draw.randint(1, 8)}" for piece in ("", "N", "B", "R", "Q", "K")]
        words += [f"{draw.choice('abcdefgh')}x{draw.choice('abcdefgh')}{draw.randint(1, 8)}", "O-O", "O-O-O"]
        text = "".join(f'[Event "E"]\n[Result "*"]\n\n{start} {word} *\n\n' for word in words)
        compare(text.encode())


def test_a_bug_in_the_fast_way_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception there leaves the game to the careful reader."""

    def broken(self: FastReader, data: bytes, end: int) -> None:
        fill(self, data, data.index(b"[Event", self._runs.at + 1))
        self._runs.texts.append(b"of the game that failed")
        raise IndexError

    fill = FastReader._fill
    monkeypatch.setattr(FastReader, "_fill", broken)
    assert compare(BASE) == (2, 2)


@pytest.mark.corpus
@pytest.mark.timeout(600)
def test_the_whole_corpus_is_read_alike(corpus: Path) -> None:
    """Every game of every real file, openings included; most of them go the fast way."""
    reader = FastReader(OpeningBook.load().named)
    fast = slow = 0
    for source in open_sources([corpus]):
        try:
            stream, binary = as_text(source.open())
        except SourceUnreadableError:
            continue
        for block in () if binary else BlockCutter(stream):
            if block.data is not None:
                counts = compare(block.data, reader)
                fast, slow = fast + counts[0], slow + counts[1]
        stream.close()
    assert fast > 9000
    assert fast > 4 * slow


def test_the_form_is_known() -> None:
    """`kibitz doctor` can say which form runs."""
    assert counts.is_compiled() == (not counts.__file__.endswith(".py"))


@settings(deadline=None)
@given(st.text(" \t\r\n\v\f\0aZ", max_size=300))
def test_blanks_and_lines_are_counted_alike(text: str) -> None:
    """Both forms say what the byte account's own words say."""
    data, plain = text.encode(), plain_forms()["counts"]
    assert (
        counts.count_nonblank(data) == plain.count_nonblank(data) == sum(byte not in b" \t\r\n\v\f\0" for byte in data)
    )
    ends = [found.end() for found in re.finditer(r"\r\n|\r|\n", text)]
    assert counts.count_lines(data) == plain.count_lines(data) == len(ends)
    for end in range(len(data)):
        assert counts.count_lines(data, end) == plain.count_lines(data, end) == sum(one <= end for one in ends)


TAGS = '[White "a"]\n[Result "*"]\n{}\n1. e4 *\n'


@pytest.mark.parametrize(
    "more",
    [
        '[White "b"]\n',
        '[Odd "1"]\n[Odd "1"]\n',
        '[Odd "1"]\n[Odr "1"]\n',
        '[Whit "b"]\n[Whitee "c"]\n',
        '[FEN "8/8/8/8/8/8/8/K1k5 w - - 0 1"]\n',
        '[Variant "Standard"]\n',
        '[Variant "Atomic"]\n',
        "".join(f'[Tag{number} "x"]\n' for number in range(70)),
        '[Site "https://lichess.org/abcdefgh"]\n',
        '[Site "https://lichess.org/study/abcdefgh"]\n',
        '[Link "https://www.chess.com/game/live/123"]\n',
        '[WhiteElo "2500"]\n[BlackElo "99999"]\n[Date "2021.??.??"]\n[Round "-"]\n[TimeControl "180+2"]\n',
        '[Date "????.01.01 and more than fits"]\n[Black "\u00df"]\n[ECO "A00 and more"]\n[Opening "?"]\n',
        '[Black "\u0085"]\n',
    ],
)
def test_tags_are_read_alike(more: str) -> None:
    """Tags there twice, tags that change the game, tags that name it, odd values: one record whatever the way."""
    one = '[Event "E"]\n' + TAGS.format(more) + "\n"
    fast, slow = compare((one * 2).encode())
    assert fast + slow == 2


@pytest.mark.parametrize(
    "body", ["0-1", "", "*", "1-0 ", "{x} 0-1", "1. 0-1", "1 0-1", "0-1 {x}", "$1 0-1", "0-1 1-0", "!! 0-1"]
)
@pytest.mark.parametrize("site", ["?", "https://lichess.org/abcdefgh"])
def test_games_without_moves_are_read_alike(body: str, site: str) -> None:
    """Sites export games that were given up before the first move; they are one in seventy."""
    one = f'[Event "E"]\n[Site "{site}"]\n[Result "0-1"]\n\n{body}\n\n'
    fast, slow = compare((one + BASE.decode() + one).encode())
    assert (fast, slow) == ((6, 0) if body.strip() == "0-1" else (4, 2))


def test_every_layout_of_line_breaks_gives_the_same_text() -> None:
    """Text ends with one line feed, whatever stood behind the game."""
    for ending in ("", "\n", "\n\n", "\n\n\n", " \n", "\n \n"):
        one = '[Event "E"]\n' + TAGS.format("").rstrip("\n") + ending
        compare(one.encode())
        compare(one.replace("\n", "\r\n").encode())
        compare((one + "\n\n" + one).replace("\n", "\r\n").encode())
