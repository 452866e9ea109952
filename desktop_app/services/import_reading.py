"""Sources -> games and problems, block by block: the part of an import that computes.

Runs in niced processes of its own (`reading_process`), started by `services.import_pool`, so that parsing never holds
up the window; a small headless import runs `read_source` in its own process. Never opens the library. What only odd
games need (the careful reader, python-chess) is loaded with the first of them, so that processes start sooner.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from desktop_app.analysis.opening_table import named_positions
from desktop_app.domain.receipt import Problem, ProblemKind
from desktop_app.errors import SourceUnreadableError
from desktop_app.library.prepared import PreparedGames, prepare, prepare_plain
from desktop_app.pgn.blocks import Block, BlockCutter
from desktop_app.pgn.fast.blocks import FastReader, Stretch
from desktop_app.pgn.fast.counts import count_lines, count_nonblank
from desktop_app.pgn.splitter import RawGame, Splitter, StrayText
from desktop_app.pgn.streams import Stream, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from desktop_app.pgn.reader import Reading
    from desktop_app.pgn.sources import Source

_NICENESS = 10
_STRAY_TEXT = 4096
"""Characters of stray text that are kept with the problem."""
_COUNT_BYTES = 1024 * 1024
_BLOCKS_AHEAD = 2
"""Read while the importing process has not yet taken those before: a pipe holds a part of one."""
_OBJECTS_BETWEEN_COLLECTIONS = 20_000


@dataclass(frozen=True, slots=True)
class ReadTask:
    """Read the blocks of a source whose number is `stripe` modulo `stripes`, from `first_block` on.

    Attributes:
        number: of the source in its import.
        announce_block: a block that killed its reader before: say which game is read before reading it.
        skip_games: (block, game in it) that killed their reader; they are rejected unread.
        skip_blocks: blocks that killed their reader before any game was begun.
    """

    number: int
    source: Source
    stripe: int = 0
    stripes: int = 1
    first_block: int = 0
    announce_block: int | None = None
    skip_games: frozenset[tuple[int, int]] = frozenset()
    skip_blocks: frozenset[int] = frozenset()

    def wants(self, number: int) -> bool:
        """Whether the block with this number is in it."""
        return number % self.stripes == self.stripe and number >= self.first_block


@dataclass(frozen=True, slots=True)
class Ready:
    """The process has started and waits for tasks."""


@dataclass(frozen=True, slots=True)
class GameBegun:
    """The next game to be read, in a block that is announced."""

    block: int
    game: int


@dataclass(slots=True)
class BlockRead:
    """What became of one block.

    Attributes:
        games: games in it; problems number theirs from 0.
        accounted: non-blank bytes of its games and stray pieces.
        position: bytes of the file on disk used so far.
        other_encoding: the first game that was not UTF-8, as a problem that says how it was read.
    """

    source: int
    number: int
    prepared: PreparedGames = field(default_factory=PreparedGames)
    problems: list[Problem] = field(default_factory=list)
    games: int = 0
    accounted: int = 0
    position: int = 0
    other_encoding: Problem | None = None


@dataclass(frozen=True, slots=True)
class SourceRead:
    """A source was read to its end, or to where it is damaged.

    Attributes:
        nonblank: non-blank bytes in it, counted as they came in.
        fault: why it could not be read (any further), empty where it could.
        binary: whether it holds no text at all.
    """

    source: int
    nonblank: int
    fault: str = ""
    binary: bool = False


Message = Ready | GameBegun | BlockRead | SourceRead


def read_source(task: ReadTask) -> Iterator[GameBegun | BlockRead | SourceRead]:
    """Read a task's blocks in order; the last message is its SourceRead. Raises nothing on bad input."""
    try:
        stream = task.source.open()
    except SourceUnreadableError as error:
        yield SourceRead(task.number, 0, error.text)
        return
    try:
        text, binary = as_text(stream)
        if binary:
            yield _binary(task, text)
            return
        cutter = BlockCutter(text, wanted=task.wants)
        for block in cutter:
            yield from _read_block(task, block, text.tell_raw())
        yield SourceRead(task.number, cutter.nonblank, cutter.broken)
    finally:
        stream.close()


def _binary(task: ReadTask, stream: Stream) -> SourceRead:
    nonblank = 0
    fault = f"{task.source.name} is not a PGN file: it holds binary data. Export the games as PGN and import that."
    try:
        while data := stream.read(_COUNT_BYTES):
            nonblank += count_nonblank(data)
    except SourceUnreadableError as error:
        fault = error.text
    return SourceRead(task.number, nonblank, fault, binary=True)


def _read_block(task: ReadTask, block: Block, position: int) -> Iterator[GameBegun | BlockRead]:
    out = BlockRead(task.number, block.number, position=position)
    if block.number in task.skip_blocks:
        yield _skipped_block(task, block, out)
        return
    # A block that killed a reader is read the careful way alone: whatever was at fault, it is not tried again.
    if block.data is None or task.announce_block == block.number:
        for piece in block.split():
            yield from _read_piece(task, block.number, piece, out)
    else:
        yield from _read_data(task, block, block.data, out)
    yield out


def _read_data(task: ReadTask, block: Block, data: bytes, out: BlockRead) -> Iterator[GameBegun]:
    """Read a block's plain games the fast way and all the rest the careful way, in order."""
    line, counted = block.line, 0
    fast_from = 0
    for part in _fast_reader().read(data):
        if isinstance(part, Stretch):
            out.accounted += count_nonblank(data[fast_from : part.start])
            fast_from = part.end
            line, counted = line + count_lines(data[counted : part.start]), part.start
            splitter = Splitter(byte_offset=block.byte_offset + part.start, line=line)
            for piece in (*splitter.feed(data[part.start : part.end]), *splitter.finish()):
                yield from _read_piece(task, block.number, piece, out)
        else:
            out.games += len(part.starts)
            out.prepared.extend(prepare_plain(part.games))
    out.accounted += count_nonblank(data[fast_from:])


def _read_piece(task: ReadTask, block: int, piece: RawGame | StrayText, out: BlockRead) -> Iterator[GameBegun]:
    """Read one game the careful way, or note a stray piece."""
    source = task.source.name
    out.accounted += piece.nonblank
    if isinstance(piece, StrayText):
        out.problems.append(_stray(source, piece))
        return
    raw = replace(piece, index=out.games)
    out.games += 1
    if task.announce_block == block:
        yield GameBegun(block, raw.index)
    reading = _read(raw, source, killed=(block, raw.index) in task.skip_games)
    _add(out, raw, reading, source)


def _add(out: BlockRead, raw: RawGame, reading: Reading, source: str) -> None:
    if reading.record is not None:
        out.prepared.append(prepare(reading.record))
    if reading.problem is not None:
        out.problems.append(reading.problem)
    if reading.encoding != "utf-8" and out.other_encoding is None:
        out.other_encoding = Problem(
            source,
            raw.index,
            raw.line,
            raw.byte_offset,
            ProblemKind.REPAIRED,
            f"The text is not UTF-8; this game, and others like it in this source, were read as {reading.encoding}. "
            "If names look wrong, convert the file to UTF-8 and import it again.",
            dict(reading.record.headers) if reading.record else {},
        )


def _read(raw: RawGame, source: str, *, killed: bool) -> Reading:
    """The game, read the careful way; not if it `killed` its reader before."""
    from desktop_app.services.careful_reading import crashed, read_named  # noqa: PLC0415  # a third of a start

    return (
        crashed(raw, source, "Reading this game ended the reading process twice") if killed else read_named(raw, source)
    )


def _stray(source: str, piece: StrayText) -> Problem:
    text = piece.data[:_STRAY_TEXT].decode("utf-8", "replace").strip()
    first = text.splitlines()[0][:80] if text else ""
    reason = f'This text belongs to no game and was left out: "{first}".'
    return Problem(source, None, piece.line, piece.byte_offset, ProblemKind.REJECTED, reason, {}, text)


def _skipped_block(task: ReadTask, block: Block, out: BlockRead) -> BlockRead:
    pieces = block.pieces
    out.accounted = count_nonblank(block.data) if block.data is not None else sum(piece.nonblank for piece in pieces)
    size = len(block.data) if block.data is not None else sum(piece.size for piece in pieces)
    reason = f"These {size} bytes ended the reading process each time and were left out. Please report it."
    out.problems.append(Problem(task.source.name, None, block.line, block.byte_offset, ProblemKind.REJECTED, reason))
    return out


@lru_cache(maxsize=1)
def _fast_reader() -> FastReader:
    """One for a process, with the book it names openings from."""
    return FastReader(named_positions())


def reading_process(connection: Connection) -> None:
    """Main function of a reading process: tasks in, messages out, until the other end closes.

    The importing process owns cancellation and its death closes the pipe, so Ctrl+C is ignored here and nothing of
    this process outlives its parent by more than the block at hand.
    """
    _be_nice()
    eager_reading_process(connection)


def eager_reading_process(connection: Connection) -> None:
    """The same at the priority of the program: where the import is all that the user waits for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):
        _serve(connection.recv, connection.send)


def _serve(receive: Callable[[], ReadTask | None], send: Callable[[Message], None]) -> None:
    _fast_reader()
    send(Ready())
    # What is loaded by now stays: the collector need not walk it again for every few hundred games.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    with ThreadPoolExecutor(1, thread_name_prefix="kibitz-send") as sender:
        sent: deque[Future[None]] = deque()
        while (task := receive()) is not None:
            for message in read_source(task):
                sent.append(sender.submit(send, message))
                # What may be this process's last word must be out before it goes on.
                ahead = 0 if isinstance(message, GameBegun) else _BLOCKS_AHEAD
                while len(sent) > ahead:
                    sent.popleft().result()


def _be_nice() -> None:
    """Leave the processor to the window and the engines."""
    with contextlib.suppress(OSError, ImportError, AttributeError):
        if sys.platform == "win32":
            import psutil  # noqa: PLC0415  # Windows has no nice()

            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(_NICENESS)
