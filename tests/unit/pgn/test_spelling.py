"""Moves, results and pieces as people and programs spell them: read where that is safe, said where it was mended."""

from __future__ import annotations

import io

import chess.pgn
import pytest

from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.receipt import ProblemKind
from desktop_app.pgn.splitter import RawGame, Splitter
from tests.unit.pgn.test_reader import TAGS, read, sans

SPANISH_GAME = "e4 e5 Nf3 Nc6 Bb5 a6 Ba4 Nf6 O-O Be7 Re1 b5 Bb3 d6 c3 O-O Qc2 Kh8"
LANGUAGES = {
    "German": "KDTLS",
    "French": "RDTFC",
    "Spanish or Italian": "RDTAC",
    "Portuguese": "RDTBC",
    "Dutch": "KDTLP",
    "Polish": "KHWGS",
    "Czech": "KDVSJ",
    "Hungarian": "KVBFH",
    "Finnish": "KDTLR",
    "Icelandic": "KDHBR",
    "Turkish": "ŞVKFA",
    "Greek": "ΡΒΠΑΙ",
}
CASTLED = "e4 e5 Nf3 Nc6 Bc4 Bc5 O-O Nf6"
CASTLING = "1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 4. {} Nf6 *"
PROMOTED = "h4 g5 hxg5 h6 gxh6 a6 h7 a5 hxg8=Q Ra6"
PROMOTION = "1. h4 g5 2. hxg5 h6 3. gxh6 a6 4. h7 a5 5. {} Ra6 *"
TAKEN = "e4 a6 e5 d5 exd6 Nf6"
EN_PASSANT = "1. e4 a6 2. e5 d5 3. {} Nf6 *"

FORMS = [
    *(
        (CASTLING.format(word), CASTLED)
        for word in ("e1g1", "Ke1-g1", "Ke1g1", "Kg1", "0-0", "o-o", "0-O", "OO", "O - O")
    ),
    *((CASTLING.format(word), CASTLED) for word in ("O–O", "O—O", "O-O!", "0-0?!")),  # noqa: RUF001 - dashes of books
    *((PROMOTION.format(word), PROMOTED) for word in ("hxg8Q", "hxg8=(Q)", "hxg8(Q)", "hxg8/Q", "hxg8[Q]", "hxg8-Q")),
    *((PROMOTION.format(word), PROMOTED) for word in ("hxg8q", "hxg8=q", "hxg8 = Q", "hxg8♕", "hxg8", "h7xg8=Q")),
    *((EN_PASSANT.format(word), TAKEN) for word in ("exd6ep", "exd6e.p.", "exd6 e.p.", "exd6(ep)", "exd6 (e.p.)")),
    *((EN_PASSANT.format(word), TAKEN) for word in ("exd6/ep", "e5xd6 e.p.", "e5d6", "e:d6", "ed6")),
    ("1. e2-e4 e7-e5 2. Ng1-f3 Nb8-c6 3. Bf1-b5 a7-a6 4. Bb5xc6 d7xc6 *", "e4 e5 Nf3 Nc6 Bb5 a6 Bxc6 dxc6"),
    ("1. e4 e5 2. nf3 nc6 3. bb5 a6 4. bxc6 dxc6 *", "e4 e5 Nf3 Nc6 Bb5 a6 Bxc6 dxc6"),
    ("1. E4 E5 2. NF3 NC6 3. BB5 *", "e4 e5 Nf3 Nc6 Bb5"),
    ("1. ♘\ufe0ef3 ♞\ufe0ff6 2. ♙e4 ♟e5 *", "Nf3 Nf6 e4 e5"),
    ("1. е4 е5 2. Nf3 Nс6 *", "e4 e5 Nf3 Nc6"),  # noqa: RUF001 - Cyrillic look-alikes
    ("1.\u00a0e4\u00a0e5 2.\u200bNf3 N\u00adc6 *", "e4 e5 Nf3 Nc6"),
    ("1.e4,e5 2.Nf3,Nc6 *", "e4 e5 Nf3 Nc6"),
    ("1.e4e5 2.Nf3Nc6 *", "e4 e5 Nf3 Nc6"),
    ("1) e4 e5 2) Nf3 Nc6 *", "e4 e5 Nf3 Nc6"),
    ("1- e4 e5 2- Nf3 Nc6 *", "e4 e5 Nf3 Nc6"),
    ("1: e4 e5 2: Nf3 Nc6 *", "e4 e5 Nf3 Nc6"),
    ("1e4 e5 2Nf3 Nc6 *", "e4 e5 Nf3 Nc6"),
    ("1. e4 e5 1. Nf3 Nc6 7. Bb5 *", "e4 e5 Nf3 Nc6 Bb5"),
    ("1. e4 f5 2. Qh5ch g6 *", "e4 f5 Qh5+ g6"),
    ("1. e4 {a {b {c} d} e} e5 *", "e4 e5"),
    ("1. e4 {[%clk 0:02:59.9]} 1... e5 {[%evp 0,1,29] [%csl Ge4][%cal Re2e4]} 2. Nf3 $201 *", "e4 e5 Nf3"),
    ("1. e4 -- 2. d4 Z0 3. c4 @@@@ 4. Nf3 null *", "e4 -- d4 -- c4 -- Nf3 --"),
]


@pytest.mark.parametrize(("text", "expected"), FORMS, ids=lambda value: value[-24:])
def test_a_spelling_is_read_and_others_can_read_what_is_kept(text: str, expected: str) -> None:
    """The whole game is read, nothing is marked partial, and python-chess finds the same moves in the kept text."""
    reading = read(TAGS + text + "\n")
    assert sans(reading) == expected
    assert reading.record is not None
    assert reading.record.partial is None
    again = chess.pgn.read_game(io.StringIO(reading.record.pgn))
    assert again is not None
    assert list(again.mainline_moves()) == unpack_moves(reading.record.moves)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pieces_of_other_languages_are_read_where_the_whole_game_is_legal(language: str) -> None:
    """Main line and variations get English letters, comments stay as they are, and the receipt says it."""
    table = str.maketrans("KQRBN", LANGUAGES[language])
    text = SPANISH_GAME.replace("O-O", "o~o").translate(table).replace("o~o", "O-O")
    words = text.split()
    words.insert(4, "{Kd1 Sf3} (Bb5 a6)".replace("Bb5", "Bc4".translate(table)))
    reading = read(TAGS + " ".join(words) + " *\n")
    assert sans(reading) == SPANISH_GAME
    assert reading.record is not None
    assert "{Kd1 Sf3} (Bc4 a6)" in reading.record.pgn
    assert reading.problem is not None
    assert reading.problem.kind is ProblemKind.REPAIRED
    assert f"{language} letters" in reading.problem.reason or "letters; written as English" in reading.problem.reason


def test_two_letters_for_a_king_are_read() -> None:
    """Кр is the Russian king, К the knight."""  # noqa: RUF002 - its letters
    text = "1. e4 e5 2. Кf3 Кc6 3. Сb5 a6 4. Крe2 Фe7 5. Лe1 *"  # noqa: RUF001 - its letters
    reading = read(TAGS + text + "\n")
    assert sans(reading) == "e4 e5 Nf3 Nc6 Bb5 a6 Ke2 Qe7 Re1"


@pytest.mark.parametrize(
    "text",
    [
        "1. e4 e5 2. Sf3 Sc6 3. Lb5 Lb2 *",  # not legal to its end in any language
        "1. e4 e5 2. Re2 Re7 *",  # rooks that cannot move are no evidence of French kings
        "1. e4 e5 2. Nf3 Nf6 3. NxP d6 *",
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    """Where only a part would become legal, or no foreign letter is seen, the game stops at its fault."""
    reading = read(TAGS + text + "\n")
    assert reading.record is not None
    assert reading.record.partial is not None
    assert reading.record.ply_count in {2, 4}


@pytest.mark.parametrize(
    ("written", "result"),
    [
        ("1/2", "1/2-1/2"), ("½-½", "1/2-1/2"), ("½–½", "1/2-1/2"), ("0,5-0,5", "1/2-1/2"),  # noqa: RUF001 - a dash
        ("0.5-0.5", "1/2-1/2"), ("1/2 - 1/2", "1/2-1/2"), ("1 - 0", "1-0"), ("0 - 1", "0-1"), ("1-0.", "1-0"),
        ("1:0", "1-0"), ("1–0", "1-0"), ("{x}0-1", "0-1"),  # noqa: RUF001 - a dash
    ],
)  # fmt: skip
def test_results_are_read_however_they_are_written(written: str, result: str) -> None:
    """The result after the moves fills a Result tag that says nothing."""
    reading = read(TAGS + f"1. e4 e5 {written}\n")
    assert sans(reading) == "e4 e5"
    assert reading.record is not None
    assert dict(reading.record.headers)["Result"] == result


BROKEN = [
    '[Event "B"]\n\n1. e4 e5 2. Qxh7 Nc6 3. Bb5\n',
    '[Event "B"]\n\n1. e4 (1. d4 (1. c4 e5 *\n',
    '[Event "B"]\n\n1. e4 {never closed e5 *\n',
    '[Event "B\n[Site "x"y"]\n[Round 3]\n\n1. e4 ))) e5 *\n',
    '[Event "B"]\n[FEN "nonsense"]\n\n1. e4 *\n',
    '[Event "B"]\n\n1. Qh9 zz *\n',
    '[Event "B"]\n\n1. e4 e5 }}} 2. Nf3 *\n\nstray text\n',
    '[Event "B"]\n\n1. e4 e5 2. Sf3 Lh9 *\n% escape\n; line\n',
    '[Event "B"]\r\r1. e4\re5\r*\r',
]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_broken_game_never_spoils_its_neighbours(broken: str, encoding: str) -> None:
    """The games before and behind are whole, however the one between is broken and encoded."""
    before = '[Event "A"]\n[White "Müller"]\n[Result "1-0"]\n\n1. e4 e5 2. Nf3 1-0\n\n'
    behind = '\n[Event "C"]\n[White "Zoë"]\n[Result "0-1"]\n\n1. d4 d5 2. c4 0-1\n'
    data = (before + broken + behind).encode(encoding)
    splitter = Splitter()
    games = [piece for piece in [*splitter.feed(data), *splitter.finish()] if isinstance(piece, RawGame)]
    first, last = (read(piece.data.decode(encoding)) for piece in (games[0], games[-1]))
    assert first.record is not None
    assert last.record is not None
    assert (dict(first.record.headers)["White"], sans(first)) == ("Müller", "e4 e5 Nf3")
    assert (dict(last.record.headers)["White"], sans(last)) == ("Zoë", "d4 d5 c4")
    assert first.problem is None
    assert last.problem is None
