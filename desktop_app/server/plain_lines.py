"""Which of many lines from the standard start are legal, told quickly. Pure; any thread. Called by `server.reading`.

Walking a line with python-chess takes some 8 us a ply. So lines are written as movetext whose every move names its
square of origin, and the reader of imports (`pgn.fast`, compiled) plays them all; a line of which it finds exactly the
moves asked for is legal. Of any other line nothing is known: `chess_checks` walks it and says what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import chess

from desktop_app.domain.moves import pack_moves
from desktop_app.pgn.fast.blocks import FastReader, Run
from desktop_app.pgn.fast.counts import is_compiled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_AT_ONCE = 512
_HEAD: Final = '[Event "?"]\n[Site "?"]\n[Date "????.??.??"]\n[Round "?"]\n[White "?"]\n[Black "?"]\n[Result "*"]\n\n'
_START: Final = [
    None if piece is None else piece.symbol().upper() for piece in map(chess.Board().piece_at, chess.SQUARES)
]
_NO_LINE: Final = ("", b"")


def _all_moves() -> Iterator[chess.Move]:
    for origin in chess.SQUARES:
        for target in chess.SQUARES:
            if origin != target:
                yield chess.Move(origin, target)
                if {chess.square_rank(origin), chess.square_rank(target)} in ({6, 7}, {0, 1}):
                    for promotion in (chess.QUEEN, chess.ROOK, chess.BISHOP, chess.KNIGHT):
                        yield chess.Move(origin, target, promotion)


_MOVES: Final = {move.uci(): (move.from_square, move.to_square, pack_moves([move])) for move in _all_moves()}
"""Origin, target and packed form of whatever looks like a move."""


def known_legal(lines: Sequence[Sequence[str]]) -> list[bool]:
    """For each line of UCI moves from the standard start whether it is surely legal; False: walk it to know."""
    sure = [False] * len(lines)
    if is_compiled():
        for begin in range(0, len(lines), _AT_ONCE):
            _judge(lines[begin : begin + _AT_ONCE], sure, begin)
    return sure


def _judge(lines: Sequence[Sequence[str]], sure: list[bool], begin: int) -> None:
    places: dict[int, tuple[int, bytes]] = {}
    texts: list[str] = []
    place = 0
    for number, line in enumerate(lines, begin):
        movetext, packed = _movetext(line)
        if movetext:
            places[place] = number, packed
            texts.append(f"{_HEAD}{movetext} *\n\n")
            place += len(texts[-1])
    for part in FastReader({}).read("".join(texts).encode("ascii")):
        if isinstance(part, Run):
            for start, moves in zip(part.starts, part.games.moves, strict=True):
                number, packed = places[start]
                sure[number] = moves == packed


def _movetext(line: Sequence[str]) -> tuple[str, bytes]:
    """SAN with all squares of origin, and the moves packed; empty where a move is of no piece that stands there."""
    squares = list(_START)
    said: list[str] = []
    packed: list[bytes] = []
    for uci in line:
        move = _MOVES.get(uci)
        if move is None or (piece := squares[move[0]]) is None:
            return _NO_LINE
        origin, target, word = move
        packed.append(word)
        squares[origin] = None
        if piece == "P":
            said.append(_pawn_move(squares, uci, origin, target))
            squares[target] = uci[4:].upper() or "P"
            continue
        if piece == "K" and abs(target - origin) == 2:
            said.append("O-O" if target > origin else "O-O-O")
            rook, its_target = (origin + 3, origin + 1) if target > origin else (origin - 4, origin - 1)
            if not 0 <= rook < len(squares):
                return _NO_LINE
            squares[rook], squares[its_target] = None, "R"
        else:
            said.append(f"{piece}{uci[:2]}{'x' if squares[target] else ''}{uci[2:]}")
        squares[target] = piece
    return " ".join(said), b"".join(packed)


def _pawn_move(squares: list[str | None], uci: str, origin: int, target: int) -> str:
    promotion = f"={uci[4].upper()}" if len(uci) == 5 else ""
    if uci[0] == uci[2]:
        return f"{uci[2:4]}{promotion}"
    if squares[target] is None:
        squares[(origin & 56) | (target & 7)] = None  # en passant
    return f"{uci[0]}x{uci[2:4]}{promotion}"
