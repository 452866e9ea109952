"""What goes wrong with PGN on its way to us, done on purpose to real games.

A case follows from its seed and the games alone, so that a case is found again by its number. Used by the long runs
(`tests.fuzz.fuzz_pgn`) and by the short one of every test run (`tests/unit/services/test_fuzz.py`).
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from desktop_app.errors import SourceUnreadableError
from desktop_app.pgn.sources import open_sources
from desktop_app.pgn.splitter import RawGame, Splitter
from desktop_app.pgn.streams import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LONGEST_GAME = 12_000
GAMES_A_FILE = 120
MOST_GAMES = 4
MOST_MUTATIONS = 6

# A `_` stands for a blank, `|` parts them.
_SIGNS = (
    '{|}|(|)|;|%|[|]|"|\\|*|1-0|0-1|1/2-1/2|½|$|$6|$999|--|Z0|0000|@@@@|0-0|0-0-0|O-O+|o-o|e8=Q|e8Q|e8(Q)|e8/Q|'
    "exd6e.p.|e:d5|e2-e4|e2e4|Ng1-f3|nf3|Sf3|♘f3|1.|12...|…|.|,|!|??|+/-|e.p.|ch|mate|N|<br>|]<br_/>|&amp;|\t|\v|\f|"
    '\n|\r|\r\n|\n\n|\n\n\n|\n%_x\n|\n;_x\n|\n[Event_"x"]\n|[White_"a"b"]|[Black_"never_ends|[Result_1-0]|[FEN_"8/8"]|'
    '[FEN_"4k3/8/8/8/8/8/8/4K3_w_-_-_0_1"]|[SetUp_"1"]|[Variant_"Chess960"]|[Variant_"Atomic"]|[Variant_"?"]|'
    '[Event_"x"]|[Event_"|{[%clk_0:00:59.9]}|{[%eval_#-3]}|{[%evp_0,1,29]}|{[%csl_Ra1][%cal_Ge2e4]}|[%kibitz_line_6]|'
    '[KibitzAnalysis_"x"]|{[%kibitz_was_0.1]}|\ufeff|\u0085|\u2028|\u00a0|ä|字'
)
SIGNS = (*(sign.replace("_", " ").encode() for sign in _SIGNS.split("|")), b"\0", b"\xff", b"\x80", b"|", b"_")
_BREAKS = (b"\n", b"\r\n", b"\r", b" ", b"\n\n", b" \n", b"")
_ENCODINGS = ("cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1251", "utf-32")
_LETTERS = ("KDTLS", "RDTFC", "RDTAC", "KDTLP", "KHWGS", "♔♕♖♗♘", "kqrbn")


def real_games(folders: Sequence[Path]) -> list[bytes]:
    """Games of these files and folders, some of each file, in an order that depends on the files alone."""
    games: list[bytes] = []
    for source in open_sources(list(folders)):
        try:
            stream, binary = as_text(source.open())
        except SourceUnreadableError:
            continue
        splitter, found = Splitter(), 0
        while not binary and found < GAMES_A_FILE and (data := stream.read(65536)):
            pieces = [piece.data for piece in splitter.feed(data) if isinstance(piece, RawGame)]
            found += len(pieces)
            games += [piece for piece in pieces if len(piece) <= LONGEST_GAME]
        if found < GAMES_A_FILE:
            games += [piece.data for piece in splitter.finish() if piece.size <= LONGEST_GAME]
        stream.close()
    return games


def case(seed: int, games: Sequence[bytes]) -> bytes:
    """The case of this number: a few games joined, and a few things done to them."""
    return mutated(random.Random(seed), games)  # noqa: S311 - bad luck, not secrets


def mutated(draw: random.Random, games: Sequence[bytes]) -> bytes:
    """A few games joined, and a few things done to them."""
    between = draw.choice((b"\n\n", b"\n\n", b"\n", b"", b"\r\n\r\n"))
    data = between.join(draw.choice(games) for _ in range(draw.randint(1, MOST_GAMES)))
    for _ in range(draw.randint(0, MOST_MUTATIONS)):
        data = draw.choice(MUTATIONS)(draw, data, games)
    return data


def _span(draw: random.Random, data: bytes, longest: int) -> tuple[int, int]:
    start = draw.randint(0, len(data))
    return start, min(len(data), start + draw.randint(0, min(longest, 1 + len(data))))


def _cut(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    start, end = _span(draw, data, draw.choice((1, 8, 400)))
    return data[:start] + data[end:]


def _truncate(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    place = draw.randint(0, len(data))
    return data[:place] if draw.random() < 0.7 else data[place:]


def _duplicate(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    start, end = _span(draw, data, 600)
    return data[:end] * draw.choice((1, 1, 1, 2)) + data[start:]


def _splice(draw: random.Random, data: bytes, games: Sequence[bytes]) -> bytes:
    other = draw.choice(games)
    start, end = _span(draw, other, 600)
    place, gone = _span(draw, data, 200)
    return data[:place] + other[start:end] + data[gone:]


def _flip(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    out = bytearray(data)
    for _ in range(draw.randint(1, 8) if out else 0):
        out[draw.randrange(len(out))] ^= 1 << draw.randrange(8)
    return bytes(out)


def _insert(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    for _ in range(draw.randint(1, 4)):
        place = draw.randint(0, len(data))
        data = data[:place] + draw.choice(SIGNS) + data[place:]
    return data


def _at_a_word(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    """Signs hurt most where words begin."""
    places = [match.start() for match in re.finditer(rb"\S+", data)]
    if not places:
        return data
    place = draw.choice(places)
    return data[:place] + draw.choice(SIGNS) + draw.choice((b"", b" ")) + data[place:]


def _recode(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    encoding = draw.choice(_ENCODINGS)
    start, end = (0, len(data)) if draw.random() < 0.5 else _span(draw, data, len(data))
    return data[:start] + data[start:end].decode("utf-8", "replace").encode(encoding, "replace") + data[end:]


def _break_lines(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    start, end = (0, len(data)) if draw.random() < 0.6 else _span(draw, data, len(data))
    kinds = [draw.choice(_BREAKS)] if draw.random() < 0.6 else list(_BREAKS)
    return data[:start] + re.sub(rb"\r\n|\n|\r", lambda _: draw.choice(kinds), data[start:end]) + data[end:]


def _shuffle_lines(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    for _ in range(draw.randint(1, 4) if lines else 0):
        line = lines.pop(draw.randrange(len(lines)))
        for _copy in range(draw.choice((0, 1, 1, 2))):
            lines.insert(draw.randint(0, len(lines)), line)
        if not lines:
            break
    return b"".join(lines)


def _nest(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    place, depth = draw.randint(0, len(data)), draw.choice((2, 30, 3000))
    opening = draw.choice((b"(", b"( ", b"(e4 ", b"({x} 1. e4 ", b"{", b"[", b'[Event "'))
    closing = draw.choice((b"", b")" * depth, b" )" * (depth // 2), b"}" * depth))
    return data[:place] + opening * depth + closing + data[place:]


def _translate(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    """Pieces as another language names them."""
    table = dict(zip("KQRBN", draw.choice(_LETTERS), strict=True))
    text = data.decode("utf-8", "replace")
    return re.sub(r"\b[KQRBN](?=[a-h1-8x])", lambda match: table[match.group()], text).encode()


def _zeros(draw: random.Random, data: bytes, _games: Sequence[bytes]) -> bytes:
    place = draw.choice((len(data), draw.randint(0, len(data))))
    return data[:place] + b"\0" * draw.choice((1, 3, 4096)) + data[place:]


MUTATIONS: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _cut,
    _truncate,
    _duplicate,
    _splice,
    _flip,
    _insert,
    _insert,
    _at_a_word,
    _at_a_word,
    _recode,
    _break_lines,
    _shuffle_lines,
    _nest,
    _translate,
    _zeros,
)
