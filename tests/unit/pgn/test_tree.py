"""Annotations and trees out of stored text, whatever the text is like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.domain.evaluation import Cp
from desktop_app.domain.game import GameRecord
from desktop_app.domain.moves import pack_moves
from desktop_app.pgn.comments import Shape
from desktop_app.pgn.tokens import tokenise
from desktop_app.pgn.tree import human_annotations, main_line_places, read_tree
from tests.unit.pgn.games import TORTURE, record_of

if TYPE_CHECKING:
    from pathlib import Path


def test_annotations_of_each_ply() -> None:
    """Words, glyphs, variations, clock, score and shapes are found at the ply they belong to."""
    record = record_of(
        '[White "x"]\n\n{ Start } 1. e4 $1 { [%eval 0.3,18] [%clk 0:03:00.5] Best by\ntest [%csl Ge4] } '
        "( 1. d4 { solid\n} d5 ) ( 1. c4 ) { and on } 1... e5!? ; line\n"
        "2. Nf3 $14 $1 $14 { [%emt 0:00:04] } 1-0 { done }"
    )
    start, first, second, third = human_annotations(record)
    assert start.comment == "Start"
    assert first.comment == "Best by test\nand on"
    assert first.nags == (1,)
    assert first.variations == ("1. d4 { solid\n} d5", "1. c4")
    assert first.variations_pgn == "(1. d4 { solid\n} d5) (1. c4)"
    assert first.clock_s == 180.5
    assert first.eval is not None
    assert (first.eval.score, first.eval.depth) == (Cp(30), 18)
    assert first.shapes == (Shape("G", "e4"),)
    assert (second.nags, second.comment) == ((5,), "line")
    assert third.nags == (14, 1)
    assert third.emt_s == 4
    assert third.comment == "done"


@pytest.mark.parametrize("name", TORTURE)
def test_every_ply_is_answered_for(name: str) -> None:
    """One annotation for every ply and one for the start, always."""
    record = record_of(TORTURE[name])
    assert len(human_annotations(record)) == record.ply_count + 1


def test_stray_words_are_passed_over() -> None:
    """Words that look like moves but are none do not shift what follows."""
    text = '[White "x"]\n\n1. e4 a9b e5 2. h5x Nf3 {here} *'
    moves = [chess.Move.from_uci(uci) for uci in ("e2e4", "e7e5", "g1f3")]
    record = GameRecord((), "chess", None, pack_moves(moves), 3, text)
    assert human_annotations(record)[3].comment == "here"


def test_a_text_that_parts_company_with_the_moves_stops_there() -> None:
    """The record is the authority: annotations of another game's moves are not hung on ours."""
    text = "1. e4 e5 {kept} 2. f4 {not ours} exf4 3. Nf3 *"
    moves = [chess.Move.from_uci(uci) for uci in ("e2e4", "e7e5", "g1f3")]
    record = GameRecord((), "chess", None, pack_moves(moves), 3, text)
    assert len(main_line_places(tokenise(text), record)) == 2


@pytest.mark.timeout(60)
def test_deep_nesting_is_cut_and_said() -> None:
    """10 000 nested variations are read in no time; the note says that something was left out."""
    text = "1. e4 " + "(1. d4 " * 10_000 + ")" * 10_000 + " e5 *"
    tree = read_tree(text)
    assert [move.uci() for move in tree.game.mainline_moves()] == ["e2e4", "e7e5"]
    assert "deeper" in tree.note
    record = GameRecord((), "chess", None, pack_moves(tree.game.mainline_moves()), 2, text)
    assert len(human_annotations(record)[1].variations) == 1


def test_an_unterminated_comment_keeps_the_moves_before_it() -> None:
    """python-chess alone would read on for the brace."""
    tree = read_tree("1. e4 e5 { oh")
    assert tree.game.end().comment == "oh"
    assert tree.note == ""


def test_blank_lines_inside_a_game_do_not_end_it() -> None:
    """The text is one game, whatever blank lines it has."""
    assert len(list(read_tree('[White "x"]\n\n1. e4\n\n\ne5\n\n2. Nf3 *').game.mainline_moves())) == 3


@pytest.mark.parametrize(
    "text", ["", "{", "(((((", "[Event", ")\n\n)", '[FEN "nonsense"]\n\n1. e4 *', '[Variant "Martian"]\n\n1. e4 *']
)
def test_hopeless_texts_give_an_empty_tree(text: str) -> None:
    """Nothing crashes; there is always a game to show."""
    assert read_tree(text).game is not None


@pytest.mark.corpus
def test_edge_corpus(corpus: Path) -> None:
    """Every game text of the torture corpus gives a tree and annotations."""
    games = 0
    for path in sorted((corpus / "pgn_edge").rglob("*.pgn")):
        for part in path.read_text(encoding="utf-8", errors="replace").split("\n\n[")[:40]:
            record = record_of(("[" + part)[:100_000])
            assert len(human_annotations(record)) == record.ply_count + 1
            games += 1
    assert games > 300
