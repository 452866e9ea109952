"""The reading processes of an import: started, fed, watched, restarted, ended; their results put back into file order.

Every process reads the same sources and takes every n-th block, so no text travels between processes and results come
in a fixed order; full pipes make a process wait, which bounds memory. A process that dies or hangs is replaced: its
block is tried once more, game by game, so that one poisonous game is rejected and nothing else is lost.

Used by `services.import_games` on the importing thread alone; `close` ends every process.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import time
from collections import deque
from dataclasses import replace
from multiprocessing import connection as mp_connection
from typing import TYPE_CHECKING, Self

from desktop_app.errors import CancelledError, KibitzError
from desktop_app.services.import_reading import (
    BlockRead,
    GameBegun,
    Message,
    ReadTask,
    Ready,
    SourceRead,
    read_source,
    reading_process,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from desktop_app.pgn.sources import Source
    from desktop_app.ports import CancelToken

logger = logging.getLogger(__name__)

SILENCE_S = 180.0
"""A block takes about a second; a process silent this long hangs, however busy the machine is."""
_POLL_S = 0.1
_LOOKAHEAD = 4
"""Sources handed to a process ahead of the one it reads, so that many small files keep all processes busy."""
_MOST_STARTS = 3
_MOST_DEATHS = 8
"""Deaths over one block before all of it is left out."""
_END_S = 5.0


class ReadingPool:
    """Reads sources with `workers` processes. Use once, in a `with` statement.

    A process silent for `silence_s` counts as dead. `target` is what the processes run.
    """

    def __init__(
        self,
        workers: int,
        cancel: CancelToken | None,
        *,
        silence_s: float = SILENCE_S,
        target: Callable[[Connection], None] = reading_process,
    ) -> None:
        self._cancel = cancel
        self._silence_s = silence_s
        self._readers = [_Reader(target) for _ in range(max(1, workers))]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the running readers."""
        return [reader.process.pid or 0 for reader in self._readers if reader.process is not None]

    def read(self, sources: Sequence[Source]) -> Iterator[BlockRead | SourceRead]:
        """Blocks of all sources in order, each source followed by its SourceRead.

        Raises CancelledError when the token says so, KibitzError where no process can be started.
        """
        handed = 0
        for number in range(len(sources)):
            while handed < len(sources) and handed <= number + _LOOKAHEAD:
                self._hand(handed, sources[handed])
                handed += 1
            if not number:
                for reader in self._readers:  # all at once: a start takes longer than a hundred blocks
                    with contextlib.suppress(OSError):  # tried again when its first answer is awaited
                        reader.open()
            yield from self._read_one(number)

    def close(self) -> None:
        """End every process, by force. Idempotent."""
        for reader in self._readers:
            reader.end()

    def _hand(self, number: int, source: Source) -> None:
        count = len(self._readers)
        for place, reader in enumerate(self._readers):
            # Turning by the source's number spreads sources of one block each over all processes.
            task = ReadTask(number, source, stripe=(place - number) % count, stripes=count)
            reader.hand(replace(task, first_block=task.stripe))

    def _read_one(self, number: int) -> Iterator[BlockRead | SourceRead]:
        count = len(self._readers)
        block = 0
        end: SourceRead | None = None
        while end is None:
            message = self._next(self._readers[(number + block) % count])
            if isinstance(message, SourceRead):
                end = message
            else:
                yield message
                block += 1
        for turn in range(1, count):
            # Only a file that grows while it is read gives more blocks here; they are read all the same.
            while isinstance(message := self._next(self._readers[(number + block + turn) % count]), BlockRead):
                yield message
        yield end

    def _next(self, reader: _Reader) -> BlockRead | SourceRead:
        """The reader's next result; replaces its process as often as it takes."""
        while True:
            try:
                message = self._receive(reader)
            except (EOFError, OSError):
                reader.replace_process()
                continue
            if isinstance(message, Ready):
                reader.starts = 0
            elif isinstance(message, GameBegun):
                reader.begun = message
            else:
                reader.done(message)
                return message

    def _receive(self, reader: _Reader) -> Message:
        deadline = time.monotonic() + self._silence_s
        connection = reader.open()
        while not mp_connection.wait([connection], _POLL_S):
            if self._cancel is not None and self._cancel.cancelled():
                raise CancelledError("The import was cancelled.")
            if time.monotonic() > deadline:
                logger.info("A reading process was silent for %.0f s and is replaced", self._silence_s)
                raise EOFError
        message: Message = connection.recv()
        return message


class _Reader:
    """One reading process and what it has been asked for."""

    def __init__(self, target: Callable[[Connection], None]) -> None:
        self.process: SpawnProcess | None = None
        self._target = target
        self.starts = 0
        self.begun: GameBegun | None = None
        self._connection: Connection | None = None
        self._tasks: deque[ReadTask] = deque()
        self._deaths = 0

    def hand(self, task: ReadTask) -> None:
        """Give it one more task; the process starts with the first."""
        self._tasks.append(task)
        if self._connection is not None:
            with contextlib.suppress(OSError):  # it died: noticed, and mended, when its answer is awaited
                self._connection.send(task)

    def open(self) -> Connection:
        """The pipe to the process, started if it is not running."""
        if self._connection is not None:
            return self._connection
        self.starts += 1
        if self.starts > _MOST_STARTS:
            raise KibitzError(
                "The process that reads games cannot be started.",
                action="Restart Kibitz; if that does not help, `kibitz doctor` shows what is missing.",
            )
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=True)
        self.process = context.Process(target=self._target, args=(theirs,), name="kibitz-reader", daemon=True)
        self.process.start()
        theirs.close()
        self._connection = ours
        with contextlib.suppress(OSError):
            for task in self._tasks:
                ours.send(task)
        return ours

    def done(self, message: BlockRead | SourceRead) -> None:
        """Note a result: what comes next, should the process die."""
        self._deaths = 0
        self.begun = None
        task = self._tasks.popleft()
        if isinstance(message, BlockRead):
            self._tasks.appendleft(
                ReadTask(task.number, task.source, task.stripe, task.stripes, first_block=message.number + task.stripes)
            )

    def replace_process(self) -> None:
        """The process died. Ask a fresh one for the same block, told to say which game it reads before it reads it."""
        self.end()
        if self.starts:
            return  # it never came up; nothing it was to read is to blame
        self._deaths += 1
        task = self._tasks.popleft()
        block = task.first_block
        logger.info("A reading process died in block %d of %s", block, task.source.name)
        if self.begun is not None and self._deaths < _MOST_DEATHS:
            task = replace(task, skip_games=task.skip_games | {(block, self.begun.game)})
        elif self._deaths > 2:
            task = replace(task, skip_blocks=task.skip_blocks | {block})
        task = replace(task, announce_block=block)
        self.begun = None
        self._tasks.appendleft(task)

    def end(self) -> None:
        """End the process by force and reap it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self.process is not None:
            self.process.terminate()
            self.process.join(_END_S)
            if self.process.is_alive():
                self.process.kill()
                self.process.join(_END_S)
            self.process.close()
            self.process = None


def read_here(sources: Sequence[Source], cancel: CancelToken | None) -> Iterator[BlockRead | SourceRead]:
    """The same in the calling process: for small headless imports, where a process costs more than it saves."""
    for number, source in enumerate(sources):
        for message in read_source(ReadTask(number, source)):
            if cancel is not None and cancel.cancelled():
                raise CancelledError("The import was cancelled.")
            if not isinstance(message, GameBegun):
                yield message
