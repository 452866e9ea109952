"""The careful reader: what it makes of every kind of odd, damaged and unusual game."""

from __future__ import annotations

import io
import time

import chess
import chess.pgn
import pytest

from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.receipt import ProblemKind
from desktop_app.pgn.blocks import Block
from desktop_app.pgn.reader import Reading, read_game
from desktop_app.pgn.splitter import RawGame
from desktop_app.pgn.tree import human_annotations, start_board


def read(text: str | bytes) -> Reading:
    """Our reading of one game."""
    data = text if isinstance(text, bytes) else text.encode()
    (raw,) = Block(0, 0, 1, data).split()
    assert isinstance(raw, RawGame)
    return read_game(raw, source="test.pgn")


def sans(reading: Reading) -> str:
    """The main line in SAN, joined."""
    assert reading.record is not None
    board = start_board(reading.record)
    assert board is not None
    found = []
    for move in unpack_moves(reading.record.moves):
        found.append(board.san(move) if move else "--")
        board.push(move)
    return " ".join(found)


TAGS = '[Event "E"]\n[Result "*"]\n\n'

CLEAN = {
    "plain": ("1. e4 e5 2. Nf3 *", "e4 e5 Nf3"),
    "no move numbers": ("e4 e5 Nf3 *", "e4 e5 Nf3"),
    "numbers without blanks": ("1.e4 e5 2.Nf3 *", "e4 e5 Nf3"),
    "blank lines in the moves": ("1. e4\n\n{hm}\n\n1... e5\n\n\n2. Nf3 *", "e4 e5 Nf3"),
    "castling with zeros": ("1. e4 e5 2. Nf3 Nf6 3. Bc4 Bc5 4. 0-0 0-0 *", "e4 e5 Nf3 Nf6 Bc4 Bc5 O-O O-O"),
    "long algebraic": ("1. e2e4 e7-e5 2. Ng1-f3 Nb8c6 3. Bf1xb5 *".replace("Bf1xb5", "Bf1b5"), "e4 e5 Nf3 Nc6 Bb5"),
    "castling as a king's move": ("1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 4. e1g1 *", "e4 e5 Nf3 Nc6 Bc4 Bc5 O-O"),
    "comments everywhere": ("{a} 1. {b} e4 {c} {d} e5 ; to the end 2. Nf6\n2. Nf3 {e} * {f}", "e4 e5 Nf3"),
    "glyphs of all kinds": ("1. e4 ! e6 ?! RR 2. d4 +/= $14 a5 N 3. c3 +- inf *", "e4 e6 d4 a5 c3"),
    "nested variations": ("1. e4 (1. d4 d5 (1... Nf6 2. c4 (2. Nf3))) 1... e5 (1... c5) 2. Nf3 *", "e4 e5 Nf3"),
    "escape line": ("1. e4\n% 1... c5\n1... e5 *", "e4 e5"),
    "promotion without a sign": (
        "1. h4 g5 2. hxg5 h6 3. gxh6 a6 4. h7 a5 5. hxg8Q *",
        "h4 g5 hxg5 h6 gxh6 a6 h7 a5 hxg8=Q",
    ),
    "check marks": ("1. e4 f5 2. exf5 g5 3. Qh5# *", "e4 f5 exf5 g5 Qh5#"),
}


@pytest.mark.parametrize("name", CLEAN)
def test_usual_forms_need_no_repair(name: str) -> None:
    """Forms in daily use read without a word in the receipt, and the text is kept as it is."""
    text, expected = CLEAN[name]
    reading = read(TAGS + text + "\n")
    assert sans(reading) == expected
    assert reading.problem is None
    assert reading.record is not None
    assert reading.record.pgn == TAGS + text + "\n"


REPAIRED = {
    "no result": ("1. e4 e5", "e4 e5", "no result"),
    "pawn letter": ("1. Pe4 e5 *", "e4 e5", "Pe4"),
    "figurines": ("1. ♘f3 ♞f6 *", "Nf3 Nf6", "♘f3"),
    "castling letters": ("1. e4 e5 2. Nf3 Nf6 3. Be2 Be7 4. o-o OO *", "e4 e5 Nf3 Nf6 Be2 Be7 O-O O-O", "o-o"),
    "promotion in brackets": (
        "1. h4 g5 2. hxg5 h6 3. gxh6 a6 4. h7 a5 5. hxg8(Q) *",
        "h4 g5 hxg5 h6 gxh6 a6 h7 a5 hxg8=Q",
        "hxg8",
    ),
    "colon captures": ("1. e4 d5 2. e:d5 *", "e4 d5 exd5", "e:d5"),
    "en passant spelt out": ("1. e4 a6 2. e5 d5 3. exd6e.p. *", "e4 a6 e5 d5 exd6", "exd6e"),
    "words among moves": ("1. e4 hello e5 *", "e4 e5", "hello"),
    "stray closing bracket": ("1. e4 ) e5 *", "e4 e5", "closes no variation"),
    "brace in a comment": ("1. e4 {say {this} here} e5 *", "e4 e5", "brace"),
    "escaped brace in a comment": ("1. e4 {a \\} b} e5 *", "e4 e5", "brace"),
    "stray closing brace": ("1. e4 } e5 *", "e4 e5", "left out"),
    "variation never closed": ("1. e4 e5 (1... c5 2. Nf3 *", "e4 e5", "never closed"),
    "comment never closed": ("1. e4 e5 {and so on\nand on", "e4 e5", "never closed"),
    "text after the result": ("1. e4 * thanks for watching", "e4", "after the result"),
    "first move numbered 2": ("2. Nf3 d5 *", "Nf3 d5", "numbered 2"),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_what_was_mended_is_said_and_others_can_read_it(name: str) -> None:
    """The main line survives, the receipt says what was done, and python-chess reads the same in the kept text."""
    text, expected, word = REPAIRED[name]
    reading = read(TAGS + text + "\n")
    assert sans(reading) == expected
    assert reading.record is not None
    assert reading.record.partial is None
    assert reading.problem is not None
    assert reading.problem.kind is ProblemKind.REPAIRED
    assert word in reading.problem.reason or word in reading.problem.reason.lower()
    again = chess.pgn.read_game(io.StringIO(reading.record.pgn))
    assert again is not None
    assert list(again.mainline_moves()) == unpack_moves(reading.record.moves)


CUT = '[Site "https://lichess.org/abcdefgh"]\n[Result "1-0"]\n\n'


def test_a_game_of_a_site_that_is_cut_between_two_moves_says_so() -> None:
    """Sites write a result behind every game: where it is missing, the rest of the game is."""
    cut = read(CUT + "1. e4 e5 2. Qh5\n").record
    whole = read(CUT + "1. e4 e5 2. Qh5 Nc6 3. Bc4 Nf6 4. Qxf7#\n").record
    assert cut is not None
    assert whole is not None
    assert cut.partial == "ply 4: the text ends without a result"
    assert whole.partial is None  # mate: there is no more to come
    assert cut.identity() == whole.identity()
    unknown = read(TAGS + "1. e4 e5 2. Qh5\n").record
    assert unknown is not None
    assert unknown.partial is None


PARTIAL = {
    "illegal move": ("1. e4 e5 2. Ke3 d6 *", "e4 e5", 'ply 3: illegal move "Ke3"'),
    "ambiguous move": ("1. Nf3 a6 2. Nc3 a5 3. Nb5 b6 4. Nd4 *", "Nf3 a6 Nc3 a5 Nb5 b6", 'ply 7: ambiguous move "Nd4"'),
    "no such square": ("1. e4 e9 2. d4 *", "e4", 'ply 2: unreadable move "e9"'),
    "foreign piece letters": ("1. d4 Nf6 2. Sf3 d5 *", "d4 Nf6", 'ply 3: unreadable move "Sf3"'),
}


@pytest.mark.parametrize("name", PARTIAL)
def test_a_broken_tail_keeps_the_legal_prefix(name: str) -> None:
    """Moves before the fault are kept; ply and text of the fault are in the record, the line in the receipt."""
    text, expected, partial = PARTIAL[name]
    reading = read(TAGS + text + "\n")
    assert sans(reading) == expected
    assert reading.record is not None
    assert reading.record.partial == partial
    assert reading.record.pgn == TAGS + text + "\n"
    assert reading.problem is not None
    assert reading.problem.kind is ProblemKind.REPAIRED
    assert "Line 4" in reading.problem.reason or "line 4" in reading.problem.reason


REJECTED = {
    "first move illegal": (TAGS + "1. e5 e4 *", "first move"),
    "unreadable position": ('[Event "E"]\n[FEN "no position"]\n\n1. e4 *', "FEN"),
    "position with nine files": ('[FEN "rnbqkbnrr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"]\n\n1. e4 *', "FEN"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_what_is_no_game_is_rejected_with_a_reason(name: str) -> None:
    """No record, a sentence, the tags that could be read and the whole text, to be mended and imported again."""
    text, word = REJECTED[name]
    reading = read(text)
    assert reading.record is None
    assert reading.problem is not None
    assert reading.problem.kind is ProblemKind.REJECTED
    assert word in reading.problem.reason
    assert reading.problem.text.strip() == text.strip()
    assert reading.problem.headers


def test_tags_are_read_as_written() -> None:
    """Escapes are resolved; odd names, long values and several tags on a line are no obstacle."""
    reading = read('[Event "a \\"b\\" \\\\ c"] [Site "x"]\n[Odd_1 ""]\n[White "O\'Neil [GM]"]\n\n1. e4 1-0\n')
    assert reading.record is not None
    assert reading.record.headers == (
        ("Event", 'a "b" \\ c'),
        ("Site", "x"),
        ("Odd_1", ""),
        ("White", "O'Neil [GM]"),
        ("Result", "1-0"),
    )
    assert reading.problem is None


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ('[Site "say "hi" to me"]', "Site", 'say "hi" to me'),
        ('[Site "no end', "Site", "no end"),
        ('[Site "no bracket"', "Site", "no bracket"),
        ('[Site "broken\nin two"]', "Site", "broken in two"),
    ],
)
def test_malformed_tags_are_mended(line: str, name: str, value: str) -> None:
    """What a broken tag pair meant is kept, and said."""
    reading = read(f'[Event "E"]\n{line}\n[Result "*"]\n\n1. e4 *\n')
    assert reading.record is not None
    assert reading.record.header_map == {"Event": "E", name: value, "Result": "*"}
    assert reading.problem is not None
    assert name in reading.problem.reason
    again = chess.pgn.read_game(io.StringIO(reading.record.pgn))
    assert again is not None
    assert again.headers["Event"] == "E"
    assert len(list(again.mainline_moves())) == 1


def test_a_repeated_tag_keeps_the_last_value_and_says_so() -> None:
    """Duplicate tags are a repair."""
    reading = read('[Event "E"]\n[White "A"]\n[White "B"]\n[Result "*"]\n\n1. e4 *')
    assert reading.record is not None
    assert reading.record.headers == (("Event", "E"), ("White", "B"), ("Result", "*"))
    assert reading.problem is not None
    assert 'tag White stands twice; "B" is kept' in reading.problem.reason.replace("Tag", "tag")


@pytest.mark.parametrize(
    ("tag", "written", "kept", "said"),
    [
        ("1-0", "1-0", "1-0", ""),
        ("*", "0-1", "0-1", ""),
        ("", "1/2-1/2", "1/2-1/2", ""),
        ("?", "1-0", "1-0", ""),
        ("1-0", "0-1", "1-0", "the tag is kept"),
        ("0-1", "", "0-1", "no result"),
        ("", "", "*", "no result"),
        ("*", "½-½", "1/2-1/2", ""),
        ("*", "1/2", "1/2-1/2", ""),
    ],
)
def test_results_come_from_the_tag_then_from_the_moves(tag: str, written: str, kept: str, said: str) -> None:
    """A known Result tag wins; else what stands after the moves; contradictions and gaps are said."""
    reading = read(f'[Event "E"]\n[Result "{tag}"]\n\n1. e4 e5 {written}\n')
    assert reading.record is not None
    assert reading.record.header_map["Result"] == kept
    if said:
        assert reading.problem is not None
        assert said in reading.problem.reason.lower().replace("result tag", "Result tag")
    else:
        assert reading.problem is None


VARIANTS = {
    "Chess960": "chess960",
    "chess 960": "chess960",
    "Fischerandom": "chess960",
    "Fischer Random": "chess960",
    "Standard": "chess",
    "From Position": "chess",
    "Regular": "chess",
    "": "chess",
    "Atomic": "atomic",
    "crazyhouse": "crazyhouse",
    "Three-check": "3check",
    "King of the Hill": "kingofthehill",
    "Antichess": "antichess",
    "Seirawan": "unknown:Seirawan",
    "No king": "unknown:No king",
}


@pytest.mark.parametrize("tag", VARIANTS)
def test_variants_are_recognised_however_they_are_spelt(tag: str) -> None:
    """Chess and Chess960 are judged; other known variants keep their moves, unknown ones their text; both say why."""
    reading = read(f'[Event "E"]\n[Variant "{tag}"]\n[Result "*"]\n\n1. e4 e5 2. Nf3 *')
    record = reading.record
    assert record is not None
    assert record.variant == VARIANTS[tag]
    judged = record.variant in ("chess", "chess960")
    assert record.not_judged == (None if judged else "variant not judged")
    assert record.ply_count == (0 if record.variant.startswith("unknown") else 3)
    assert "2. Nf3" in record.pgn


def test_chess960_is_known_by_its_castling_rights() -> None:
    """A plain FEN whose castling rights standard chess lacks makes it Chess960, and castling is king takes rook."""
    fen = "nnrbkrbq/pppppppp/8/8/8/8/PPPPPPPP/NNRBKRBQ w FCfc - 0 1"
    reading = read(
        f'[Event "E"]\n[SetUp "1"]\n[FEN "{fen}"]\n[Result "*"]\n\n1. f3 f6 2. Bf2 Bf7 3. O-O *'.replace("O-O", "e1f1")
    )
    assert reading.record is not None
    assert reading.record.variant == "chess960"
    assert reading.record.not_judged is None
    assert reading.record.ply_count == 5
    assert unpack_moves(reading.record.moves)[-1] == chess.Move.from_uci("e1f1")


def test_the_usual_start_written_as_fen_is_no_special_start() -> None:
    """`start_fen` is for other starts alone."""
    reading = read(f'[Event "E"]\n[FEN "{chess.STARTING_FEN}"]\n[Result "*"]\n\n1. e4 *')
    assert reading.record is not None
    assert reading.record.start_fen is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TAGS + "*", "no moves"),
        (TAGS, "no moves"),
        (TAGS + "1. e4 -- 2. d4 *", "a null move in the main line"),
        ('[FEN "8/8/8/8/8/8/8/K7 w - - 0 1"]\n[Result "*"]\n\n1. Kb1 *', "the start position is impossible"),
    ],
)
def test_games_with_nothing_to_analyse_say_why(text: str, reason: str) -> None:
    """They are stored and viewable, and carry the reason they are never judged."""
    reading = read(text)
    assert reading.record is not None
    assert reading.record.not_judged == reason


def test_encodings_are_found_game_by_game() -> None:
    """UTF-8, with or without its mark, and Windows-1252 give the same names."""
    for data, encoding, name in (
        ("Žižkov €".encode(), "utf-8", "Žižkov €"),
        ("\ufeffŽižkov".encode(), "utf-8", "Žižkov"),
        ("Müller €".encode("cp1252"), "cp1252", "Müller €"),
        (b"M\xfcller \x81", "latin-1", "Müller \x81"),
    ):
        reading = read(b'[Event "E"]\n[White "' + data + b'"]\n[Result "*"]\n\n1. e4 *')
        assert reading.encoding == encoding
        assert reading.record is not None
        assert reading.record.header("White") == name
        assert name in reading.record.pgn


def test_ten_thousand_nested_variations_keep_the_main_line() -> None:
    """Depth costs neither a crash nor noticeable time, in reading and in what opens the game later."""
    deep = "1. e4 " + "(1. d4 " * 10_000 + ")" * 10_000 + " e5 2. Nf3 *\n"
    started = time.monotonic()
    reading = read(TAGS + deep)
    assert time.monotonic() - started < 10
    assert sans(reading) == "e4 e5 Nf3"
    assert reading.problem is None
    assert reading.record is not None
    assert human_annotations(reading.record)


def test_a_huge_comment_survives() -> None:
    """Eight megabytes of comment are kept to the letter."""
    comment = "{" + "word " * 1_600_000 + "}"
    reading = read(TAGS + f"1. e4 {comment} e5 *\n")
    assert sans(reading) == "e4 e5"
    assert reading.record is not None
    assert comment in reading.record.pgn


def test_everything_a_human_wrote_survives() -> None:
    """Comments, glyphs, variations and clocks stand in the kept text exactly as they came."""
    text = (
        '[Event "E"]\n[Result "1-0"]\n\n{Before} 1. e4! {[%clk 0:03:00] good} (1. d4 $5 {quiet} d5 (1... Nf6)) '
        "1... e5 $2 {[%eval 0.3] [%csl Ge4]} 2. Nf3 ; the rest\n1-0 {after}\n"
    )
    reading = read(text)
    assert reading.record is not None
    assert reading.record.pgn == text
    assert reading.problem is None


def test_a_game_too_long_to_be_one_stops() -> None:
    """Half-moves beyond what the rules allow are not read for hours."""
    shuffle = "Nf3 Nf6 Ng1 Ng8 " * 5_100
    reading = read(TAGS + shuffle + "*")
    assert reading.record is not None
    assert reading.record.ply_count == 20_000
    assert reading.record.partial is not None


@pytest.mark.parametrize(
    "unit",
    [
        "(",
        ")",
        "() ",
        "{a} } ",
        "word ",
        "[Site]\n",
        '[A "b"]\n',
        "% x\n",
        "{",
        "}",
        "e4 (",
        "1. ",
        "$1 ",
        "; x\n",
        '[A "b\n',
    ],
)
def test_rubbish_takes_time_in_proportion_to_its_length(unit: str) -> None:
    """Anything repeated is read in seconds: no loop over what was read before (quadratic time would take minutes)."""
    text = '[Event "E"]\n' + ("" if unit.startswith("[") else "\n1. e4 ") + unit * (200_000 // len(unit)) + "\n"
    started = time.process_time()
    for piece in Block(0, 0, 1, text.encode()).split():
        if isinstance(piece, RawGame):
            read_game(piece)
    assert time.process_time() - started < 8


def test_what_kibitz_itself_wrote_never_becomes_the_users() -> None:
    """Marked lines and glyphs of our own export are gone on the way in; the human's words and scores stay."""
    text = (
        '[Event "E"]\n[Result "*"]\n[KibitzAnalysis "Stockfish 15.1"]\n\n'
        "1. f3 { mine } { [%eval -0.90,9] [%kibitz eval] } ( 1. e4 { [%kibitz line 1] } ) "
        "1... e5 2. g4 $4 { [%eval #-1,9] [%kibitz eval blunder nag=4] } *\n"
    )
    reading = read(text)
    assert reading.record is not None
    assert sans(reading) == "f3 e5 g4"
    assert "[%kibitz line" not in reading.record.pgn
    assert "1. e4" not in reading.record.pgn
    assert "KibitzAnalysis" not in reading.record.pgn
    assert "mine" in reading.record.pgn
    assert "[%eval -0.90" in reading.record.pgn
    assert "$4" not in reading.record.pgn
