"""A block read the fast way and the careful way, to be compared: nothing may depend on the way taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.analysis.openings import OpeningBook
from desktop_app.domain.moves import unpack_moves
from desktop_app.library.prepared import prepare, prepare_plain, unpack_headers, unpack_text
from desktop_app.pgn.fast.blocks import FastReader, Run
from desktop_app.pgn.fast.counts import count_lines
from desktop_app.pgn.reader import read_game
from desktop_app.pgn.splitter import RawGame, Splitter, StrayText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.game import GameRecord


def careful(data: bytes, at: int = 0, line: int = 1) -> dict[int, RawGame | StrayText]:
    """Pieces of the splitter by where they begin."""
    splitter = Splitter(byte_offset=at, line=line)
    return {piece.byte_offset: piece for piece in (*splitter.feed(data), *splitter.finish())}


def named(record: GameRecord) -> GameRecord:
    """With its opening."""
    return replace(record, opening=OpeningBook.load().name(unpack_moves(record.moves), record.start_fen))


def compare(data: bytes, reader: FastReader | None = None) -> tuple[int, int]:
    """Assert that both ways cut and read this block alike; returns how many games went the fast way and the other."""
    reader = reader or FastReader(OpeningBook.load().named)
    expected = careful(data)
    fast = slow = place = 0
    for part in reader.read(data):
        if isinstance(part, Run):
            assert part.starts[0] == place
            fast += _same_run(part, [expected.pop(start) for start in part.starts])
            place = part.end
            continue
        assert part.start == place
        place = part.end
        line = 1 + count_lines(data[: part.start])
        for offset, piece in careful(data[part.start : part.end], part.start, line).items():
            slow += isinstance(piece, RawGame)
            other = expected.pop(offset)
            assert isinstance(piece, RawGame) == isinstance(other, RawGame)
            assert (piece.line, piece.data, piece.size, piece.nonblank) == (
                other.line,
                other.data,
                other.size,
                other.nonblank,
            )
    assert place == len(data)
    assert not expected
    return fast, slow


def _same_run(run: Run, pieces: Sequence[RawGame | StrayText]) -> int:
    """Every value that is stored of each game is what the careful reader makes of it; returns how many there are."""
    prepared = prepare_plain(run.games)
    assert len(prepared) == len(pieces)
    ends = [*run.starts[1:], run.end]
    for piece, start, end, found in zip(pieces, run.starts, ends, prepared, strict=True):
        assert isinstance(piece, RawGame)
        assert piece.size == end - start
        reading = read_game(piece)
        assert reading.problem is None
        assert reading.encoding == "utf-8"
        assert reading.record is not None
        record = named(reading.record)
        assert found.columns == prepare(record).columns
        assert unpack_text(found.pgn) == record.pgn
        assert unpack_headers(found.headers, record.pgn) == record.headers
    return len(pieces)
