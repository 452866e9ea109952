"""What is promised of reading any bytes at all; each broken promise is an AssertionError that says which.

- Every non-blank byte of the source lies in exactly one game or stray piece.
- A game becomes a record with legal moves, or a problem with a reason, and never an exception.
- The fast way and the careful way store the same.
- The text that is kept holds the same game when it is read again.
- Receipts add up, and the library agrees with them; importing again adds nothing.
- What was read comes back the same from an export.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.domain.filters import GameQuery
from desktop_app.domain.moves import unpack_moves
from desktop_app.library.library import Library
from desktop_app.pgn.blocks import Block
from desktop_app.pgn.fast.counts import count_lines, count_nonblank
from desktop_app.pgn.reader import Reading, read_game
from desktop_app.pgn.splitter import RawGame
from desktop_app.pgn.tree import human_annotations, start_board
from desktop_app.services.export_games import export_games
from desktop_app.services.import_games import import_sources
from tests.unit.pgn.fast.both_ways import compare

if TYPE_CHECKING:
    from desktop_app.domain.game import GameId, GameRecord
    from desktop_app.domain.receipt import Receipt


def check_reading(data: bytes) -> None:
    """What holds of these bytes without a library."""
    at = 0
    for piece in Block(0, 0, 1, data).split():
        assert count_nonblank(data[at : piece.byte_offset]) == 0, "bytes between two pieces"
        assert data[piece.byte_offset :].startswith(piece.data), "a piece is not where it says"
        assert piece.line == 1 + count_lines(data[: piece.byte_offset]), "a piece says a wrong line"
        at = piece.byte_offset + piece.size
        if isinstance(piece, RawGame):
            check_game(read_game(piece))
    assert count_nonblank(data[at:]) == 0, "bytes after the last piece"
    compare(data)


def check_game(reading: Reading) -> None:
    """What holds of one game's reading."""
    record = reading.record
    if record is None:
        assert reading.problem is not None, "neither record nor problem"
        assert reading.problem.reason, "a problem without a reason"
        return
    check_moves(record)
    kept = list(Block(0, 0, 1, record.pgn.encode("utf-8", "replace")).split())
    assert len(kept) == 1, f"the kept text is {len(kept)} pieces"
    assert isinstance(kept[0], RawGame), "the kept text is no game"
    again = read_game(kept[0]).record
    assert again is not None, "the kept text is rejected"
    assert (again.moves, again.start_fen, again.variant) == (record.moves, record.start_fen, record.variant), (
        "the kept text holds another game"
    )
    assert dict(again.headers) == dict(record.headers), "the kept text holds other tags"


def check_moves(record: GameRecord) -> None:
    """Every kept move is legal where it stands, and the annotations can be read."""
    moves = unpack_moves(record.moves)
    assert len(moves) == record.ply_count, "moves are miscounted"
    human_annotations(record)
    board = start_board(record)
    if board is None:
        assert record.variant.startswith("unknown:"), "no start position"
        return
    for move in moves:
        assert not move or board.is_legal(move), f"an illegal move was kept: {move}"
        board.push(move)


class Workshop:
    """Two libraries: what is imported into the first is exported and imported into the second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._first = Library.open(folder / "first.kibitz")
        self._second = Library.open(folder / "second.kibitz")

    def close(self) -> None:
        """Close both."""
        self._first.close()
        self._second.close()

    def check(self, data: bytes) -> None:
        """Everything promised of a file with these bytes.

        What games of earlier cases do to those of this one (a longer text completes a shorter) is no fault: a case
        that fails is tried once more in libraries of its own.
        """
        check_reading(data)
        try:
            self._check(data)
        except AssertionError:
            with tempfile.TemporaryDirectory() as folder:
                alone = Workshop(Path(folder))
                try:
                    alone._check(data)
                finally:
                    alone.close()

    def _check(self, data: bytes) -> None:
        source = self._folder / "case.pgn"
        source.write_bytes(data)
        before = self._ids(self._first)
        receipt = import_sources(self._first, [source], workers=0)
        new = self._ids(self._first)[len(before) :]
        _check_receipt(receipt, len(new))
        again = import_sources(self._first, [source], workers=0)
        assert (again.imported, again.duplicates) == (0, receipt.imported + receipt.duplicates), "importing again adds"
        if new:
            self._check_export(new)

    def _check_export(self, new: list[GameId]) -> None:
        before = self._ids(self._second)
        out = self._folder / "out.pgn"
        export_games(self._first, new, out)
        receipt = import_sources(self._second, [out], workers=0)
        assert receipt.rejected == 0, f"an export is rejected: {[problem.reason for problem in receipt.problems]}"
        came = self._ids(self._second)[len(before) :]
        # What was mended may turn out to be what another game is: an empty one, or one with the same address.
        assert len(came) + receipt.duplicates == len(new), f"{len(new)} games exported, {len(came)} came back"
        for one, two in zip(new, came, strict=True) if len(came) == len(new) else ():
            left, right = self._first.games.get(one).record, self._second.games.get(two).record
            assert left.moves == right.moves, "an export changes the moves"
            assert dict(left.headers) == dict(right.headers), "an export changes the tags"
            assert (left.start_fen, left.variant) == (right.start_fen, right.variant), "an export changes the start"
            assert _human(left) == _human(right), "an export changes what a human wrote"

    def _ids(self, library: Library) -> list[GameId]:
        return list(library.games.ids(GameQuery(sort="id")))


def _check_receipt(receipt: Receipt, added: int) -> None:
    rejected = [
        problem for problem in receipt.problems if problem.kind == "rejected" and problem.game_index is not None
    ]
    assert receipt.bytes_unaccounted == 0, f"{receipt.bytes_unaccounted} bytes unaccounted for"
    assert receipt.rejected == len(rejected), "rejected games and their problems differ"
    assert receipt.repaired == sum(problem.kind == "repaired" for problem in receipt.problems), "repairs are miscounted"
    assert receipt.read == receipt.imported + receipt.duplicates + receipt.rejected, "the receipt does not add up"
    assert receipt.read or any(problem.game_index is None for problem in receipt.problems), "nothing was said"
    assert added == receipt.imported, "the library disagrees with the receipt"


def _human(record: GameRecord) -> list[object]:
    return [(item.comment, item.nags, item.variations, item.clock_s) for item in human_annotations(record)]
