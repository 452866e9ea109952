"""Builds records out of PGN texts for the writer's and the tree's tests, and torture games of all sorts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.game import GameRecord
from desktop_app.domain.moves import pack_moves
from desktop_app.pgn.tokens import Kind, tokenise
from desktop_app.pgn.tree import read_tree

if TYPE_CHECKING:
    import chess.pgn

TORTURE = {
    "plain": '[Event "a"]\n[Result "1-0"]\n\n1. e4 e5 2. Nf3 Nc6 1-0\n',
    "no headers": "1.e4 e5 2.Nf3 *",
    "no numbers": "e4 e5 Nf3 Nc6",
    "glued": '[White "x"]\n\n1.e4{a}e5{b}2.Nf3(2.f4{c}exf4)2...Nc6*',
    "comment first": '[White "x"]\n\n{ Before } { twice } 1. e4 { after } e5 { [%clk 0:01:00] } { two } 2. Nf3 *',
    "nags": '[White "x"]\n\n1. e4 $1 $14 $146 e5?! {c} $10 2. Nf3!? Nc6 $255 ( 2... d6 $6 ) $18 3. Bb5 $0 *',
    "nested": (
        '[White "x"]\n\n1. e4 ( { first } 1. d4 d5 ( 1... Nf6 { Indian } 2. c4 ( 2. Nf3 ) 2... e6 ) 2. c4 ) ( 1. c4 )\n'
        "{ back } 1... e5 2. Nf3 ( 2. f4 exf4 $1 ) *"
    ),
    "null moves": '[White "x"]\n\n1. e4 -- 2. d4 Nf6 ( 2... -- 3. c4 ) *',
    "fen, black first": (
        '[SetUp "1"]\n[FEN "r1bqkbnr/pppp1ppp/2n5/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R b KQkq - 2 2"]\n\n'
        "2... Nf6 { hm } 3. Bb5 ( 3. Bc4 ) a6 1/2-1/2"
    ),
    "chess960": (
        '[Variant "Chess960"]\n[SetUp "1"]\n[FEN "rk2r3/pppppppp/8/8/8/8/PPPPPPPP/RK2R3 w EAea - 0 1"]\n\n'
        "1. O-O O-O ( 1... O-O-O $5 ) ( 1... e5 ) 2. d4 *"
    ),
    "after the result": '[White "x"]\n\n1. f3 e5 2. g4 Qh4# 0-1 { shame }\n; end\n',
    "own evals": (
        '[White "x"]\n\n1. e4 { [%eval 0.17] [%clk 0:03:00] } 1... e5 { good [%eval 0.2,18] }'
        " ( 1... c5 { [%eval 0.3] } ) 2. Ke2?? { [%eval -1.1] }\n*"
    ),
    "braces and lines": '[White "x"]\n\n1. e4 { { odd ( $4 ; } ; to the end {(\n% escaped (\n1... e5 ;last\n2. Nf3 *',
    "crlf": '[White "x"]\r\n[Black "y"]\r\n\r\n1. e4 e5\r\n2. Nf3 *\r\n',
    "odd tags": '[White "O\'\\"Neil\\" \\\\"]\n[Zed ""]\n[Event "b"]\n[Date "????.??.??"]\n\n1. e4 e5 2. Nf3 *',
    "unclosed comment": '[White "x"]\n\n1. e4 e5 2. Nf3 { never closed 2... Nc6 3. Bb5',
    "unclosed variation": '[White "x"]\n\n1. e4 e5 ( 1... c5 2. Nf3',
    "extra close": '[White "x"]\n\n1. e4 ) e5 ) 2. Nf3 *',
    "blank lines": '[White "x"]\n\n\n1. e4 e5\n\n2. Nf3 Nc6\n\n\n*\n\n',
    "stray words": '[White "x"]\n\n1. e4 N e5 = +- 2. Nf3 D Nc6 e.p. *',
    "long notation": '[White "x"]\n\n1. e2-e4 e7e5 2. Ng1-f3 0-0-0 *',
    "headers only": '[White "x"]\n[Black "y"]\n\n*\n',
    "promotion": '[SetUp "1"]\n[FEN "8/P6k/8/8/8/8/8/K7 w - - 0 1"]\n\n1. a8(Q) Kg7 2. Qb7+! *',
}


def record_of(text: str) -> GameRecord:
    """A record as the importer would make it, by python-chess."""
    game = read_tree(text).game
    moves = list(game.mainline_moves())
    try:
        board = game.board()
        variant = "chess960" if board.chess960 else board.uci_variant or "chess"
    except ValueError:
        variant = f"unknown:{game.headers.get('Variant', '')}"
    return GameRecord(
        headers=tuple(game.headers.items()),
        variant=variant,
        start_fen=game.headers.get("FEN"),
        moves=pack_moves(moves),
        ply_count=len(moves),
        pgn=text,
    )


def meaning(text: str) -> object:
    """All that python-chess finds in a text: headers in order, and the whole tree with its words and glyphs."""
    game = read_tree(text).game
    written = [token.text for token in tokenise(text) if token.kind is Kind.HEADER]
    return written, _tree(game)


def _tree(node: chess.pgn.GameNode) -> object:
    return (
        node.move.uci() if node.move else None,
        " ".join(node.comment.split()),
        " ".join(node.starting_comment.split()),
        sorted(node.nags),
        [_tree(child) for child in node.variations],
    )


def reexported(text: str) -> str:
    """What another program (python-chess's exporter) makes of the text."""
    return str(read_tree(text).game) + "\n"
