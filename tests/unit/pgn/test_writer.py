"""Export and re-import: the human's layer is untouched, the machine's is marked and comes off again."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import chess
import chess.pgn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.evaluation import Cp, Mate, Over, Score
from desktop_app.domain.game import GameRecord
from desktop_app.domain.judgement import Judgement
from desktop_app.domain.moves import unpack_moves
from desktop_app.pgn.tokens import Kind, tokenise
from desktop_app.pgn.tree import human_annotations, start_board
from desktop_app.pgn.writer import MachineLayer, MachinePly, annotated_pgn, self_contained, strip_machine_layer
from tests.unit.pgn.games import TORTURE, meaning, record_of, reexported

if TYPE_CHECKING:
    from pathlib import Path


def _layer(record: GameRecord, seed: int = 0, *, every: int = 1) -> MachineLayer:
    """A machine layer full of verdicts and lines, different for each seed."""
    plies: dict[int, MachinePly] = {}
    board = start_board(record)
    assert board is not None
    judgements = [None, *Judgement]
    for ply, move in enumerate([None, *unpack_moves(record.moves)]):
        better: list[str] = []
        if move is not None:
            line = board.copy()
            for _ in range((seed + ply) % 5):
                choices = sorted(line.legal_moves, key=chess.Move.uci)
                if not choices:
                    break
                better.append(line.uci(choices[(seed + ply) % len(choices)]))
                line.push(chess.Move.from_uci(better[-1]) if not line.chess960 else line.parse_uci(better[-1]))
            board.push(move)
        score: Score = Cp((seed * 37 + ply * 53) % 900 - 450) if (seed + ply) % 4 else Mate(-((seed + ply) % 9) - 1)
        if board.is_checkmate():
            score = Over(winner=not board.turn)
        if ply % every == 0:
            verdict = None if isinstance(score, Over) or ply == 0 else judgements[(seed + ply) % 4]
            plies[ply] = MachinePly(score, 10 + seed % 20, verdict, tuple(better) if verdict else ())
    return MachineLayer("Stockfish 15.1", "0123456789abcdef", 60_000, "lichess 1", plies)


@pytest.mark.parametrize("name", TORTURE)
@pytest.mark.parametrize("seed", range(4))
def test_stripping_gives_the_very_text_back(name: str, seed: int) -> None:
    """Byte for byte: whatever the human wrote, and however, is what is left when the machine's layer comes off."""
    record = record_of(TORTURE[name])
    exported = annotated_pgn(record, _layer(record, seed))
    assert strip_machine_layer(exported, keep_scores=False) == record.pgn


@pytest.mark.parametrize("name", TORTURE)
def test_the_tree_of_an_export_holds_the_humans_tree(name: str) -> None:
    """python-chess finds the same main line in the export as in the original."""
    record = record_of(TORTURE[name])
    exported = record_of(annotated_pgn(record, _layer(record, 1)))
    assert exported.moves == record.moves
    assert exported.headers[: len(record.headers)] == record.headers


@pytest.mark.parametrize("name", TORTURE)
@pytest.mark.parametrize("every", [1, 3])
def test_export_import_export_is_stable(name: str, every: int) -> None:
    """What comes back keeps our scores as evidence, and exports to the same file again."""
    record = record_of(TORTURE[name])
    layer = _layer(record, 2, every=every)
    exported = annotated_pgn(record, layer)
    stored = strip_machine_layer(exported)
    assert strip_machine_layer(stored) == stored
    assert strip_machine_layer(stored, keep_scores=False) == record.pgn
    again = record_of(stored)
    assert again.moves == record.moves
    assert annotated_pgn(again, layer) == exported
    unanalysed = strip_machine_layer(annotated_pgn(again, None))
    assert unanalysed.split() == stored.split()  # our own line breaks apart
    annotations = human_annotations(again)
    before = human_annotations(record)
    assert [item.comment for item in annotations] == [item.comment for item in before]
    assert [item.nags for item in annotations] == [item.nags for item in before]
    assert [item.variations for item in annotations] == [item.variations for item in before]


def test_scores_come_back_as_imported_evidence() -> None:
    """After a re-import every score the engine had found stands as the imported evaluation of its ply."""
    record = record_of(TORTURE["own evals"])
    layer = _layer(record, 3)
    stored = record_of(strip_machine_layer(annotated_pgn(record, layer)))
    found = [item.eval.score if item.eval else None for item in human_annotations(stored)]
    assert found == [layer.plies[ply].score for ply in range(record.ply_count + 1)]


def test_the_files_own_scores_are_kept_aside() -> None:
    """In the export a reader sees one score a move, ours; the file's own is kept, and comes back."""
    record = record_of(TORTURE["own evals"])
    exported = annotated_pgn(record, _layer(record, 3))
    assert "[%kibitz was 0.17] [%clk 0:03:00]" in exported
    assert exported.count("[%eval") == record.ply_count + 1 + 1  # the score inside the human's variation is theirs
    assert "{ [%eval 0.17] [%clk 0:03:00] }" in strip_machine_layer(exported)


def test_how_an_export_looks() -> None:
    """The format, to the letter (docs/export-format.md shows this game)."""
    text = '[White "Amateur"]\n[Black "Master"]\n\n1. e4 { [%clk 0:05:00] } 1... e5 2. Ke2? { Oops. } Nf6 *'
    plies = {
        0: MachinePly(Cp(30), 20),
        1: MachinePly(Cp(28), 19),
        2: MachinePly(Cp(35), 21),
        3: MachinePly(Cp(-120), 20, Judgement.MISTAKE, ("g1f3", "b8c6", "f1b5")),
        4: MachinePly(Cp(210), 18, Judgement.BLUNDER, ("d7d5",)),
    }
    layer = MachineLayer("Stockfish 15.1", "0123456789abcdef", 60_000, "lichess 1", plies)
    assert annotated_pgn(record_of(text), layer) == (
        '[White "Amateur"]\n[Black "Master"]\n'
        '[KibitzAnalysis "engine=Stockfish 15.1; build=0123456789abcdef; nodes=60000; rules=lichess 1"]\n\n'
        "{ [%eval 0.30,20] [%kibitz eval] } 1. e4 { [%eval 0.28,19] [%kibitz eval] } { [%clk 0:05:00] } 1... e5\n"
        "{ [%eval 0.35,21] [%kibitz eval] } 2. Ke2? { [%eval -1.20,20] [%kibitz eval mistake num] } { Oops. }\n"
        "( 2. Nf3 { [%kibitz line 3] } 2... Nc6 3. Bb5 ) 2... Nf6 $4\n"
        "{ [%eval 2.10,18] [%kibitz eval blunder nag=4] } ( 2... d5 { [%kibitz line 1] } ) *"
    )


def test_python_chess_reads_an_export() -> None:
    """Scores, glyphs, clock and lines are where python-chess looks for them."""
    record = record_of('[White "x"]\n\n1. f3 { [%clk 0:05:00] } e5 2. g4 *')
    plies = {1: MachinePly(Cp(-50), 12), 3: MachinePly(Mate(-1), 30, Judgement.BLUNDER, ("e2e4",))}
    layer = MachineLayer("E", "0", 1, "lichess 1", plies)
    game = chess.pgn.read_game(io.StringIO(annotated_pgn(record, layer)))
    assert game is not None
    assert game.errors == []
    first, _, third = game.mainline()
    evaluation = first.eval()
    assert evaluation is not None
    assert evaluation.white().score() == -50
    assert first.eval_depth() == 12
    assert first.clock() == 300
    evaluation = third.eval()
    assert evaluation is not None
    assert evaluation.white().mate() == -1
    assert third.nags == {4}
    assert [move.uci() for move in third.parent.variations[1].mainline_moves()] == []
    assert third.parent.variations[1].move == chess.Move.from_uci("e2e4")


@pytest.mark.parametrize("name", [name for name in TORTURE if not name.startswith("un") and name != "long notation"])
def test_another_program_in_between_costs_no_meaning(name: str) -> None:
    """Read and written anew by python-chess, our layer still comes off, and the human's meaning is left."""
    record = record_of(TORTURE[name])
    exported = annotated_pgn(record, _layer(record, 1))
    assert meaning(strip_machine_layer(reexported(exported), keep_scores=False)) == meaning(reexported(record.pgn))


def test_glyphs_written_as_suffixes_are_undone() -> None:
    """A program that turns our $4 into ?? does not make it the user's."""
    text = "1. f3 e5 2. g4?? { [%eval #-1,9] [%kibitz eval blunder nag=4] } *"
    assert strip_machine_layer(text, keep_scores=False) == "1. f3 e5 2. g4 *"


def test_a_line_the_human_wrote_into_becomes_the_humans() -> None:
    """Words, glyphs or moves added to a line of ours are never thrown away with it."""
    for added in ("{ I like this }", "$1", "2. d4 d5 3. c4", "( 1... c5 )"):
        text = f"1. f3 ( 1. e4 {{ [%kibitz line 2] }} 1... e5 {added} ) *"
        stripped = strip_machine_layer(text)
        assert stripped == f"1. f3 ( 1. e4 1... e5 {added} ) *"


def test_the_humans_glyph_is_not_overruled() -> None:
    """Where the human judged the move, the machine adds no glyph beside it, only its verdict in the mark."""
    record = record_of('[White "x"]\n\n1. f3! e5 *')
    layer = MachineLayer("E", "0", 1, "r", {1: MachinePly(Cp(-90), 9, Judgement.MISTAKE)})
    assert "1. f3! { [%eval -0.90,9] [%kibitz eval mistake num] } 1... e5" in annotated_pgn(record, layer)


def test_variants_python_chess_lacks_are_exported_as_they_are() -> None:
    """Nothing is added to a text whose moves we cannot replay."""
    record = GameRecord((("Variant", "Martian"),), "unknown:Martian", None, b"", 0, '[Variant "Martian"]\n\n1. Zz9 *')
    layer = MachineLayer("E", "0", 1, "r", {0: MachinePly(Cp(1), 1)})
    assert annotated_pgn(record, layer) == record.pgn


def test_nothing_is_written_for_nothing() -> None:
    """Without a score or a verdict to write there is no tag of ours either, which nothing would take off again."""
    record = record_of(TORTURE["after the result"])
    layer = MachineLayer("E", "0", 1, "r", {record.ply_count: MachinePly(Over(winner=False))})
    assert annotated_pgn(record, layer) == record.pgn
    empty = record_of(TORTURE["headers only"])
    assert annotated_pgn(empty, MachineLayer("E", "0", 1, "r", {0: MachinePly(Cp(1), 1)})) == empty.pgn


def test_deep_variations_export() -> None:
    """10 000 nested variations neither crash nor take long."""
    text = '[White "x"]\n\n1. e4 ' + "( 1. d4 " * 10_000 + ") " * 10_000 + "e5 *"
    record = record_of('[White "x"]\n\n1. e4 e5 *')
    deep = GameRecord(record.headers, "chess", None, record.moves, 2, text)
    exported = annotated_pgn(deep, _layer(deep, 1))
    assert strip_machine_layer(exported, keep_scores=False) == text


_WORDS = st.lists(st.text(alphabet="abc ([$;.\"'!?12\n%", max_size=12), max_size=2)


@st.composite
def _movetext(draw: st.DrawFn) -> str:
    """A random legal game with random annotations, in random spelling."""
    board = chess.Board()
    parts: list[str] = []

    def decorate() -> None:
        parts.extend(draw(st.sampled_from([" $1", "?!", " $14 $146", "", "", ""])) for _ in range(1))
        commands = st.sampled_from(["", " [%eval 0.4]", "[%clk 0:00:09]"])
        parts.extend(" {" + words + draw(commands) + "}" for words in draw(_WORDS))

    def line(plies: int, depth: int) -> None:
        for number in range(plies):
            moves = sorted(board.legal_moves, key=chess.Move.uci)
            if not moves:
                return
            move = moves[draw(st.integers(0, 10_000)) % len(moves)]
            if board.turn or number == 0 or draw(st.booleans()):
                parts.append(f"{board.fullmove_number}" + (". " if board.turn else "... "))
            parts.append(board.san(move))
            decorate()
            if depth < 2 and draw(st.integers(0, 5)) == 0:
                saved = board.copy()
                parts.append(" (")
                line(draw(st.integers(1, 3)), depth + 1)
                parts.append(")")
                board.__dict__.update(saved.__dict__)
            board.push(move)
            parts.append(draw(st.sampled_from([" ", "\n", " ; note\n"])))

    line(draw(st.integers(1, 8)), 0)
    return '[White "x"]\n\n' + "".join(parts) + "*"


@settings(max_examples=60, deadline=None)
@given(_movetext(), st.integers(0, 50))
def test_any_annotated_game_survives(text: str, seed: int) -> None:
    """strip(annotate(game)) is the game, for random trees, words, glyphs and spellings; and again."""
    record = record_of(text)
    layer = _layer(record, seed)
    exported = annotated_pgn(record, layer)
    assert strip_machine_layer(exported, keep_scores=False) == text
    stored = strip_machine_layer(exported)
    assert annotated_pgn(record_of(stored), layer) == exported
    assert record_of(exported).moves == record.moves


_PIECES = st.sampled_from([*"{}()[]%;$4 \n.*?!", "e5", "1.", "[%kibitz eval]", "[%kibitz line 2]", "[%eval 1]"])


@settings(max_examples=200)
@given(st.lists(_PIECES, max_size=30).map("".join))
def test_stripping_never_fails_on_garbage(text: str) -> None:
    """Any text at all can be stripped, and no mark of ours is left inside a comment."""
    stripped = strip_machine_layer("1. e4 " + text, keep_scores=False)
    assert not any(token.kind is Kind.COMMENT and "[%kibitz eval]" in token.text for token in tokenise(stripped))


@pytest.mark.corpus
def test_real_files_survive(corpus: Path) -> None:
    """Games of the edge corpus and of the annotated Lichess exports come back byte for byte."""
    games = 0
    for path in sorted([*(corpus / "pgn_edge").rglob("*.pgn"), *(corpus / "evals").glob("*.pgn")]):
        text = path.read_text(encoding="utf-8", errors="replace")
        for part in text.split("\n\n[Event ")[:10]:
            if len(part) > 200_000:
                continue
            game = part if part.startswith("[") else "[Event " + part
            record = record_of(game)
            if start_board(record) is None:
                continue
            exported = annotated_pgn(record, _layer(record, 1))
            assert strip_machine_layer(exported, keep_scores=False) == strip_machine_layer(game, keep_scores=False), (
                path
            )
            games += 1
    assert games > 300


def test_no_empty_line_stands_among_the_moves_of_an_exported_game() -> None:
    """Most readers end a game there; tags stay apart from moves, comments keep theirs, and nothing else changes."""
    moves = "1. e4 {one\n\ntwo}\n\n(1. d4 d5)\r\n \r\n1... e5 ; note\n\n2. Nf3 *"
    told = self_contained(f'[White "A"]\n\n[Black "B"]\n\n\n{moves}\n')
    assert told == '[White "A"]\n[Black "B"]\n\n1. e4 {one\n\ntwo}\n(1. d4 d5)\n1... e5 ; note\n2. Nf3 *'
    assert self_contained("1. e4\n\n1... e5 *") == '[Result "*"]\n\n1. e4\n1... e5 *'
    assert self_contained('[White "A"]\n[Result "1-0"]\n') == '[White "A"]\n[Result "1-0"]\n\n1-0'
    file = io.StringIO(f"{told}\n\n{told}\n\n")
    for _ in range(2):
        game = chess.pgn.read_game(file)
        assert game is not None
        assert (game.errors, game.end().ply()) == ([], 3)
    assert chess.pgn.read_game(file) is None
