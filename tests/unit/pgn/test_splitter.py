"""Where games begin and end, and that no byte is ever lost between them."""

from __future__ import annotations

import random

import pytest

from desktop_app.pgn import blocks
from desktop_app.pgn.blocks import BlockCutter
from desktop_app.pgn.fast.counts import count_lines, count_nonblank
from desktop_app.pgn.splitter import MAX_GAME_BYTES, RawGame, Splitter, StrayText


def split(data: bytes, *, step: int = 0) -> list[RawGame | StrayText]:
    """All pieces; with `step`, fed in pieces of that size."""
    splitter = Splitter()
    pieces = []
    for start in range(0, len(data), step or max(1, len(data))):
        pieces += splitter.feed(data[start : start + (step or len(data))])
    return pieces + splitter.finish()


def texts(data: bytes) -> list[str]:
    """The text of each game, stray text marked with a leading `!`."""
    return [
        ("" if isinstance(piece, RawGame) else "!")
        + piece.data.decode().strip().replace("\r\n", "\n").replace("\r", "\n")
        for piece in split(data)
    ]


A = '[Event "A"]\n[White "a"]\n\n1. e4 e5 1-0'
B = '[Event "B"]\n[White "b"]\n\n1. d4 d5 0-1'

SPLITS = {
    "two games": (f"{A}\n\n{B}\n", [A, B]),
    "no blank line between games": (f"{A}\n{B}\n", [A, B]),
    "no result": (
        '[Event "A"]\n\n1. e4 e5\n\n[Event "B"]\n\n1. d4\n',
        ['[Event "A"]\n\n1. e4 e5', '[Event "B"]\n\n1. d4'],
    ),
    "first tag is not Event": (
        '[White "a"]\n\n1. e4 *\n\n[White "b"]\n\n*',
        ['[White "a"]\n\n1. e4 *', '[White "b"]\n\n*'],
    ),
    "tags alone": (
        '[Event "A"]\n[White "a"]\n\n[Event "B"]\n[White "b"]\n',
        ['[Event "A"]\n[White "a"]', '[Event "B"]\n[White "b"]'],
    ),
    "tags alone without Event": ('[White "a"]\n\n[White "b"]\n', ['[White "a"]', '[White "b"]']),
    "blank line among tags": ('[Event "A"]\n\n[White "a"]\n\n1. e4 *', ['[Event "A"]\n\n[White "a"]\n\n1. e4 *']),
    "tag and moves on one line": ('[Result "*"] e4 *\n[Result "*"] d4 *', ['[Result "*"] e4 *', '[Result "*"] d4 *']),
    "next game on the line of the result": (f"{A} {B}", [A, B]),
    "headerless games": ("1. e4 e5 1-0\n\n1. d4 d5 0-1\n", ["1. e4 e5 1-0", "1. d4 d5 0-1"]),
    "headerless games on one line": ("1. e4 e5 1-0 1. d4 d5 0-1", ["1. e4 e5 1-0", "1. d4 d5 0-1"]),
    "headerless after tagged": (f"{A}\n\n1. c4 *", [A, "1. c4 *"]),
    "tag in a comment": (
        '[Event "A"]\n\n1. e4 {\nsee [White "x"]\n} *',
        ['[Event "A"]\n\n1. e4 {\nsee [White "x"]\n} *'],
    ),
    "result in a comment": ("1. e4 {1-0} e5 *", ["1. e4 {1-0} e5 *"]),
    "result in a variation": ("1. e4 (1. d4 *) e5 0-1\n1. c4 *", ["1. e4 (1. d4 *) e5 0-1", "1. c4 *"]),
    "result in a tag": ('[Event "A"]\n[Site "1-0"]\n\n1. e4 *', ['[Event "A"]\n[Site "1-0"]\n\n1. e4 *']),
    "brace after a semicolon": ("1. e4 ; he said {\ne5 *\n\n" + B, ["1. e4 ; he said {\ne5 *", B]),
    "brace in an escape line": ("% {\n" + A + "\n\n" + B, ["% {\n" + A, B]),
    "comment after the result": (f"{A} {{White forgot the clock}}\n\n{B}", [A + " {White forgot the clock}", B]),
    "unterminated comment": ('[Event "A"]\n\n1. e4 {oh\n\n' + B + "\n\n" + A, ['[Event "A"]\n\n1. e4 {oh', B, A]),
    "unterminated comment, then a Site": ('1. e4 {oh\n\n[Site "s"]\n\n1. d4 *', ["1. e4 {oh", '[Site "s"]\n\n1. d4 *']),
    "unterminated tag": ('[Event "A"]\n[Site "\n\n*\n\n' + B, ['[Event "A"]\n[Site "\n\n*', B]),
    "tag without bracket": ('1. e4 *\n\nEvent "B"]\n\n1. d4 *', ["1. e4 *", 'Event "B"]\n\n1. d4 *']),
    "value over two lines": (
        '[Event "A"]\n[Site "x\ny"]\n[Result "1-0"]\n\n1. e4 1-0',
        ['[Event "A"]\n[Site "x\ny"]\n[Result "1-0"]\n\n1. e4 1-0'],
    ),
    "stray text between games": (
        f"{A}\n\nDownloaded from a site\nwith love\n\n{B}",
        [A, "!Downloaded from a site\nwith love", B],
    ),
    "stray text at the start": (f"My games\n\n{A}", ["!My games", A]),
    "only stray text": ("Dear diary,\nno chess today.", ["!Dear diary,\nno chess today."]),
    "byte order mark": ("\ufeff" + A + "\n\n\ufeff" + B, ["\ufeff" + A, "\ufeff" + B]),
    "semicolon lines before the tags": ("; by me\n" + A, ["; by me\n" + A]),
}


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_games_are_found(name: str, line_break: str) -> None:
    """Each text gives exactly these games and stray pieces, whatever its line breaks."""
    text, expected = SPLITS[name]
    assert texts(text.replace("\n", line_break).encode()) == expected


@pytest.mark.parametrize("step", [1, 2, 7, 64])
def test_pieces_do_not_depend_on_how_data_arrives(step: int) -> None:
    """A source fed in crumbs gives the same pieces, lines and offsets as one fed whole."""
    data = "\n\n".join(text for text, _ in SPLITS.values()).replace("\n", "\r\n").encode()
    assert split(data, step=step) == split(data)


def test_every_nonblank_byte_is_in_one_piece_where_it_says() -> None:
    """Pieces are slices of the source at their offset, do not overlap, and leave nothing but blanks between them."""
    data = "\n\n\n".join(text for text, _ in SPLITS.values()).encode()
    at = 0
    for piece in split(data):
        assert count_nonblank(data[at : piece.byte_offset]) == 0
        assert data[piece.byte_offset : piece.byte_offset + piece.size] == piece.data
        assert piece.nonblank == count_nonblank(piece.data)
        assert piece.line == 1 + count_lines(data[: piece.byte_offset])
        at = piece.byte_offset + piece.size
    assert count_nonblank(data[at:]) == 0


def test_a_game_over_16_mb_is_dropped_and_its_neighbours_survive() -> None:
    """The giant keeps its head and its size; games around it are whole; its bytes are counted."""
    giant = b'[Event "Giant"]\n\n1. e4 {' + (b"word " * 1000 + b"\n") * 3600 + b"} *\n\n"
    data = (A + "\n\n").encode() + giant + B.encode()
    assert len(giant) > MAX_GAME_BYTES
    pieces = split(data, step=1 << 18)
    assert [isinstance(piece, RawGame) and piece.too_big for piece in pieces] == [False, True, False]
    assert len(pieces[1].data) < 100_000
    assert pieces[1].size == len(giant)
    assert sum(piece.nonblank for piece in pieces) == count_nonblank(data)
    assert pieces[2].data == B.encode()


class _Bytes:
    """A source in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data, self._data = self._data[:size], self._data[size:]
        return data


def test_blocks_give_the_games_of_the_whole() -> None:
    """Cut into blocks, torture text gives the same games at the same lines and offsets as uncut."""
    rng = random.Random(7)  # noqa: S311  # a seeded shuffle
    parts = [text for text, _ in SPLITS.values()] * 20
    rng.shuffle(parts)
    data = "\n\n".join(parts).encode()
    whole = split(data)
    cutter = BlockCutter(_Bytes(data), block_bytes=300)
    pieces = [piece for block in cutter for piece in block.split()]
    # Reading happens in large bites, so force small ones too.
    assert [(piece.byte_offset, piece.line, piece.data) for piece in pieces] == [
        (piece.byte_offset, piece.line, piece.data) for piece in whole
    ]
    assert cutter.nonblank == count_nonblank(data)


@pytest.mark.parametrize("step", [50, 333, 1000])
def test_small_blocks_give_the_games_of_the_whole(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """The same with blocks of one or two games, cut at every place that allows it."""
    monkeypatch.setattr(blocks, "_READ_BYTES", step)
    rng = random.Random(step)  # noqa: S311  # a seeded shuffle
    parts = [text for text, _ in SPLITS.values()] * 10
    rng.shuffle(parts)
    data = "\n\n".join(parts).replace("\n", rng.choice(["\n", "\r\n"])).encode()
    cutter = BlockCutter(_Bytes(data), block_bytes=100)
    cut = list(cutter)
    pieces = [piece for block in cut for piece in block.split()]
    assert len(cut) > 10
    assert [(piece.byte_offset, piece.line, piece.data) for piece in pieces] == [
        (piece.byte_offset, piece.line, piece.data) for piece in split(data)
    ]


def test_a_source_without_event_tags_is_split_piecewise() -> None:
    """Three megabytes of games without an Event tag give all their games, in several blocks."""
    data = b"1. e4 e5 {a comment that takes some room in this line of text} 1-0\n\n" * 45_000
    cutter = BlockCutter(_Bytes(data))
    found = list(cutter)
    assert len(found) > 3
    assert sum(len(block.split()) for block in found) == 45_000
    assert sum(piece.nonblank for block in found for piece in block.split()) == cutter.nonblank


def test_thousands_of_games_on_one_line() -> None:
    """Tags and moves may follow each other on a line as often as they like."""
    data = b'[Result "1-0"] e4 * [Result "0-1"] d4 *  1. c4 1-0 ' * 2000
    assert len(split(data)) == 6000
