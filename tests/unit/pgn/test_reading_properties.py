"""Mutated PGN: whatever is done to the bytes, reading ends, every byte is accounted for, and kept moves are legal."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from desktop_app.domain.moves import unpack_moves
from desktop_app.pgn.blocks import Block, BlockCutter
from desktop_app.pgn.fast.counts import count_lines, count_nonblank
from desktop_app.pgn.reader import read_game
from desktop_app.pgn.splitter import RawGame, Splitter
from desktop_app.pgn.tree import human_annotations, start_board

BASE = (
    '[Event "Club, 3"]\n[Site "Ž"]\n[White "A \\"x\\" B"]\n[Result "1-0"]\n\n1. e4 {good} e5 (1... c5 $1 '
    "{[%clk 0:01:00]} 2. Nf3 (2. c3)) 2. Nf3 Nc6 3. Bb5 a6 4. O-O Nf6 1-0\n\n"
    '[Event "B"]\n[FEN "r2q1b1r/ppn2kpp/2p1b3/3nP3/2BPQ3/P1N5/1PP3PP/R1B1K2R w KQ - 1 14"]\n\n14. O-O+ Ke8 *\n\n'
    '[Event "C"]\n[Variant "Chess960"]\n[FEN "nnrbkrbq/pppppppp/8/8/8/8/PPPPPPPP/NNRBKRBQ w FCfc - 0 1"]\n\n'
    "1. g3 c6 *\n"
    '[Event "D"]\n[Variant "Crazyhouse"]\n\n1. e4 d5 2. exd5 Qxd5 3. P@e5 *\n\n'
    "; a note\n1. d4 -- 2. c4 e8=Q 0-1\n\n{between} % x\nstray words here\n\n"
    '[Event "E"]\n[Variant "Seirawan"]\n\n1. e3 c5 2. Nf3/E *\n'
).encode()

SIGNS = b"{ } ( ) ; % [ ] * 1-0 $ $99 -- 12. Nf3 O-O-O e8=Q @@@@ 99999999999999999999 {[%eval_#-3]} [%kibitz_x]"
BREAKS = (
    b'"',
    b"\\",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b'[Event "',
    b'[FEN "',
    b"<br />",
)
SNIPPETS = st.sampled_from([*SIGNS.split(), *BREAKS])
EDITS = st.lists(
    st.tuples(st.integers(0, len(BASE)), st.integers(0, 40), st.one_of(SNIPPETS, st.binary(max_size=4))), max_size=12
)


def mutate(edits: list[tuple[int, int, bytes]]) -> bytes:
    """The base with each edit's bytes put in place of as many as it says."""
    data = BASE
    for place, removed, put in edits:
        data = data[:place] + put + data[place + removed :]
    return data


@settings(max_examples=200, deadline=None)
@given(edits=EDITS)
def test_mutated_text_is_read_to_the_end(edits: list[tuple[int, int, bytes]]) -> None:
    """No exception; every non-blank byte in exactly one piece; each game a record or a reason; kept moves are legal."""
    data = mutate(edits)
    at = 0
    for piece in Block(0, 0, 1, data).split():
        assert count_nonblank(data[at : piece.byte_offset]) == 0
        assert data[piece.byte_offset :].startswith(piece.data)
        assert piece.line == 1 + count_lines(data[: piece.byte_offset])
        at = piece.byte_offset + piece.size
        if isinstance(piece, RawGame):
            _check_reading(piece)
    assert count_nonblank(data[at:]) == 0


def _check_reading(piece: RawGame) -> None:
    reading = read_game(piece)
    if reading.record is None:
        assert reading.problem is not None
        assert reading.problem.reason
        return
    record = reading.record
    moves = unpack_moves(record.moves)
    assert len(moves) == record.ply_count
    human_annotations(record)
    board = start_board(record)
    if board is None:
        assert record.variant.startswith("unknown:")
        return
    for move in moves:
        assert not move or board.is_legal(move)
        board.push(move)


@settings(max_examples=60, deadline=None)
@given(edits=st.lists(EDITS, min_size=1, max_size=4), bite=st.integers(1, 400), block=st.integers(50, 2000))
@example(edits=[[(0, 0, b"{"), (71, 40, b"{")]], bite=1, block=50)  # a comment before the first tag, never closed
def test_blocks_and_bites_never_change_the_games(
    edits: list[list[tuple[int, int, bytes]]], bite: int, block: int
) -> None:
    """Fed in any bites, cut into any blocks, the same bytes give the same pieces."""
    data = b"\n\n".join(mutate(each) for each in edits)
    whole = Block(0, 0, 1, data).split()
    splitter = Splitter()
    bitten = [piece for start in range(0, len(data), bite) for piece in splitter.feed(data[start : start + bite])]
    bitten += splitter.finish()
    assert bitten == whole
    cutter = BlockCutter(_Bites(data, bite), block_bytes=block)
    pieces = [piece for found in cutter for piece in found.split()]
    assert [(piece.line, piece.byte_offset, piece.data) for piece in pieces] == [
        (piece.line, piece.byte_offset, piece.data) for piece in whole
    ]
    assert cutter.nonblank == sum(piece.nonblank for piece in pieces)


class _Bites:
    """A source in memory that gives a few bytes at a time."""

    def __init__(self, data: bytes, bite: int) -> None:
        self._data = data
        self._bite = bite

    def read(self, size: int) -> bytes:
        """The next few bytes."""
        bite = min(size, self._bite)
        data, self._data = self._data[:bite], self._data[bite:]
        return data
