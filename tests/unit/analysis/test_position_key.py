"""Position keys: equal for equal positions, and only handed out where sharing is sound."""

from __future__ import annotations

import chess
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.analysis.position_key import position_key, position_keys, shareable

START = chess.STARTING_FEN


def key_of(fen: str, *, chess960: bool = False) -> int:
    """The key of a FEN."""
    return position_key(chess.Board(fen, chess960=chess960))


def test_keys_are_stored_so_they_never_change() -> None:
    """A library written today must be understood tomorrow and on another machine."""
    assert key_of(START) == -2451996669561664406


def test_transpositions_share_a_key_whatever_the_clocks_say() -> None:
    """Move numbers and clocks are no part of the position."""
    one = position_keys(START, ["e2e4", "e7e5", "g1f3", "b8c6", "f1c4"])
    other = position_keys(START, ["g1f3", "b8c6", "e2e4", "e7e5", "f1c4"])
    assert one[-1] == other[-1]
    assert key_of("4k3/8/8/8/8/8/8/R3K3 w Q - 0 1") == key_of("4k3/8/8/8/8/8/8/R3K3 w Q - 17 60")


def test_whatever_changes_the_game_changes_the_key() -> None:
    """Side to move, castling rights, a legal en passant and the rules of castling."""
    fens = [
        "4k3/8/8/8/8/8/8/R3K3 w Q - 0 1",
        "4k3/8/8/8/8/8/8/R3K3 b Q - 0 1",
        "4k3/8/8/8/8/8/8/R3K3 w - - 0 1",
        "4k3/8/8/8/8/8/8/N3K3 w - - 0 1",
        "4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1",
        "4k3/8/8/3pP3/8/8/8/4K3 w - - 0 1",
    ]
    keys = {key_of(fen) for fen in fens} | {key_of(fens[0], chess960=True)}
    assert len(keys) == len(fens) + 1


def test_an_en_passant_nobody_can_make_is_no_difference() -> None:
    """Some programs write the square after every double step."""
    assert key_of("4k3/8/8/8/4P3/8/8/4K3 b - e3 0 1") == key_of("4k3/8/8/8/4P3/8/8/4K3 b - - 0 1")


def test_a_high_clock_or_a_repetition_forbids_sharing() -> None:
    """History may colour the score there; an irreversible move clears it."""
    assert not shareable(chess.Board("4k3/8/8/8/8/8/8/R3K3 w Q - 21 60"))
    assert shareable(chess.Board("4k3/8/8/8/8/8/8/R3K3 w Q - 20 60"))
    moves = ["g1f3", "g8f6", "f3g1", "f6g8", "b1c3", "e7e5", "e2e4"]
    shared = [key is not None for key in position_keys(START, moves)]
    assert shared == [True, True, True, True, False, False, True, True]


def test_nothing_is_shared_from_a_null_move_on() -> None:
    """The list still has an entry for every ply."""
    keys = position_keys(START, ["e2e4", "0000", "e4e5"])
    assert [key is not None for key in keys] == [True, True, False, False]


@given(st.lists(st.integers(0, 10_000), max_size=60))
def test_the_walk_agrees_with_looking_back(choices: list[int]) -> None:
    """Counting forward gives the same answers as reading the board's own history, at every ply of random games."""
    board = chess.Board("4k2r/8/8/8/8/8/4P3/R3K3 w Qk - 0 1")
    moves, expected = [], [position_key(board) if shareable(board) else None]
    for choice in choices:
        legal = sorted(board.legal_moves, key=chess.Move.uci)
        if not legal:
            break
        move = legal[choice % len(legal)]
        moves.append(move.uci())
        board.push(move)
        expected.append(position_key(board) if shareable(board) else None)
    assert position_keys("4k2r/8/8/8/8/8/4P3/R3K3 w Qk - 0 1", moves) == expected
