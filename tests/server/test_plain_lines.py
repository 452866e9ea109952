"""Lines told to be legal without walking them: never one that is not, and all that are where the reader is compiled."""

from __future__ import annotations

import random

import chess
import pytest

from desktop_app.domain.served import Limits
from desktop_app.pgn.fast.counts import is_compiled
from desktop_app.server.plain_lines import known_legal
from desktop_app.server.reading import read_batch
from desktop_app.server.refusals import ApiError

_RARE = (
    "e2e4 g8f6 e4e5 d7d5 e5d6 e7d6 g1f3 f8e7 f1e2 e8g8 e1g1 b8c6",  # en passant, castling short
    "d2d4 d7d5 b1c3 b8c6 c1f4 c8f5 d1d2 d8d7 e1c1 e8c8",  # castling long
    "a2a4 h7h5 a4a5 h5h4 a5a6 h4h3 a6b7 h3g2 b7a8n g2h1r",  # promotions while taking
    "b1c3 g8f6 c3b5 f6g8 b5c3 g8f6 g1f3 f6g8 f3d4 g8f6 c3b5 f6g8 d4c6 g8f6 b5d4",  # two knights reach a square
)
_WRONG = (
    "e2e5", "e2e4 e2e4", "e2e4 e7e5 e1e3", "e1g1", "e1c1", "h1f1", "e2e4 d7d5 e4d5 e7d5", "a2b3", "e7e5", "e4e5",
    "e2e4 f7f6 d2d4 g7g5 d1h5 a7a6",  # after mate
    "e2e4 e7e5 d1h5 g8f6 h5f7 f6e4",  # in check
    "a2a4q", "g1f3n", "e2e4 e7e5 f1c4 f8c5 g1f3 g8f6 e1h1", "0000", "e2e2", "i2i4", "é2e4", "e2e4\n",
    "a2a4 h7h5 a4a5 h5h4 a5a6 h4h3 a6b7 h3g2 b7a8", "a2a4 h7h5 a4a5 h5h4 a5a6 h4h3 a6b7 h3g2 b7a8k",
)  # fmt: skip


def _played(seed: int, plies: int) -> list[str]:
    chooser = random.Random(seed)  # noqa: S311 -- a game that is the same each time
    board = chess.Board()
    while len(board.move_stack) < plies and not board.is_game_over():
        board.push(chooser.choice(list(board.legal_moves)))
    return [move.uci() for move in board.move_stack]


def _is_legal(line: list[str]) -> bool:
    board = chess.Board()
    try:
        for uci in line:
            board.push(board.parse_uci(uci))
    except ValueError:
        return False
    return True


def test_legal_lines_are_known() -> None:
    """Whole games with every kind of move are told legal at once, unless the reader is not compiled."""
    lines = [line.split() for line in _RARE] + [_played(seed, 150) for seed in range(40)]
    assert all(_is_legal(line) for line in lines)
    assert known_legal(lines) == [is_compiled()] * len(lines)
    assert known_legal([]) == []


def test_nothing_illegal_is_known() -> None:
    """A line with a move that is not legal, or is none, is never told legal, whatever stands beside it."""
    sound = _played(1, 20)
    lines = [line.split(" ") for line in _WRONG]
    for seed in range(200):
        line = _played(seed, 60)
        chooser = random.Random(seed)  # noqa: S311 -- as above
        line[chooser.randrange(len(line))] = chooser.choice(_played(seed + 1000, 60))
        lines.append(line)
    mixed = [one for line in lines for one in (sound, line)]
    told = known_legal(mixed)
    assert told[::2] == [is_compiled()] * len(lines)
    for line, known in zip(lines, told[1::2], strict=True):
        assert not known or _is_legal(line)


def test_a_refusal_names_the_game_and_the_ply() -> None:
    """Of many games the one that is no chess is named, as before."""
    body = b'{"name": "n", "games": [{"ref": "1", "moves": ["e2e4"]}, {"ref": "2", "moves": ["e2e4", "e7e4"]}]}'
    with pytest.raises(ApiError, match=r"games\.1: move e7e4 at ply 2 is not legal"):
        read_batch(body, Limits())
