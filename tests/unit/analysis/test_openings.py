"""Openings are named by position, fast, and only where a name makes sense."""

from __future__ import annotations

import csv
from importlib import resources
from typing import TYPE_CHECKING

import chess
import chess.polyglot
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.analysis.openings import MAX_PLIES, OpeningBook, position_keys
from desktop_app.domain.moves import pack_moves

if TYPE_CHECKING:
    import random
    from pathlib import Path


def _moves(line: str) -> list[chess.Move]:
    board = chess.Board()
    return [board.push_san(word) for word in line.split() if not word[0].isdigit()]


@given(st.randoms(use_true_random=False))
def test_keys_are_polyglots(chooser: random.Random) -> None:
    """Castling, en passant, promotion and lost rights: our keys equal python-chess's at every ply."""
    board = chess.Board()
    moves, keys = [], []
    while len(moves) < 150 and not board.is_game_over():
        captures_and_castling = [*board.generate_legal_captures(), *board.generate_castling_moves()]
        move = chooser.choice(captures_and_castling or list(board.legal_moves))
        moves.append(move)
        board.push(move)
        keys.append(chess.polyglot.zobrist_hash(board))
    assert position_keys(pack_moves(moves)) == keys


def test_castling_as_king_takes_rook_is_understood() -> None:
    """Both spellings of castling lead to the same keys."""
    moves = _moves("1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5")
    usual = position_keys(pack_moves([*moves, chess.Move.from_uci("e1g1")]))
    other = position_keys(pack_moves([*moves, chess.Move.from_uci("e1h1")]))
    assert usual == other


def test_every_named_line_is_found_at_its_last_ply() -> None:
    """The table and our keys agree on all of the catalogue, and every name has a code."""
    book = OpeningBook.load()
    table = resources.files("ocn") / "data" / "ocn-1.positions.tsv"
    deepest = 0
    for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines(), delimiter="\t"):
        moves = [chess.Move.from_uci(uci) for uci in row["moves_uci"].split()]
        found = book.name(moves)
        assert found is not None
        assert found.ply == len(moves)
        assert found.eco
        deepest = max(deepest, len(moves))
    assert deepest < MAX_PLIES


@pytest.mark.parametrize(
    ("line", "eco", "words"),
    [
        ("1. e4 c5 2. Nf3 d6 3. d4 cxd4 4. Nxd4 Nf6 5. Nc3 a6", "B90", "Najdorf"),
        ("1. Nf3 c5 2. e4 d6 3. d4 cxd4 4. Nxd4 Nf6 5. Nc3 a6", "B90", "Najdorf"),
        ("1. e4 e5 2. f4 exf4", "C33", "King's Gambit Accepted"),
        ("1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7", "C84", "Ruy López"),
    ],
)
def test_names_players_know(line: str, eco: str, words: str) -> None:
    """A Najdorf reached through 1. Nf3 is a Najdorf."""
    found = OpeningBook.load().name(_moves(line))
    assert found is not None
    assert found.eco == eco
    assert words in found.name


def test_the_deepest_position_names_the_game() -> None:
    """Moves after the last named position do not take the name away, and its ply is kept."""
    found = OpeningBook.load().name(_moves("1. e4 c5 2. Ke2 Na6 3. Kd3 Nb4 4. Ke3 Na6"))
    assert found is not None
    assert found.eco == "B20"
    assert found.ply in {2, 3}


def test_no_name_without_the_standard_start() -> None:
    """Games from a position of their own, games without moves, and nonsense have no opening."""
    book = OpeningBook.load()
    moves = _moves("1. e4 c5")
    assert book.name(moves, "bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9") is None
    assert book.name(moves, chess.STARTING_FEN) == book.name(moves)
    assert book.name([]) is None
    assert book.name([chess.Move.null()]) is None


@pytest.mark.corpus
def test_against_lichess_names(corpus: Path) -> None:
    """Of the 3 807 lines Lichess names, most end on a position we name, and the codes nearly always agree."""
    book = OpeningBook.load()
    lines = exact = same_code = 0
    for letter in "abcde":
        with (corpus / "openings" / f"{letter}.tsv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                moves = _moves(row["pgn"])
                found = book.name(moves)
                lines += 1
                exact += found is not None and found.ply == len(moves)
                same_code += found is not None and found.eco == row["eco"]
    assert lines > 3000
    assert exact / lines > 0.9
    assert same_code / lines > 0.9
