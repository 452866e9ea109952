"""Builds the position index behind the import: which position stands where, in every game.

Blocking; not on the window's thread. Hashing runs in niced processes of its own, which never open the database and end
by themselves when this one is gone. Each segment of 4096 ids is stored in one transaction: after kill -9, or when it is
called again, it goes on with what is missing, and what a live import added in between is picked up by the next call.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
from collections import deque
from multiprocessing import connection as mp_connection
from typing import TYPE_CHECKING, Self

from desktop_app.domain.position_block import Segment, build_segment
from desktop_app.domain.positions import Coverage
from desktop_app.errors import CancelledError, KibitzError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from desktop_app.domain.positions import IndexedGame
    from desktop_app.library.library import Library
    from desktop_app.library.positions import SegmentGames
    from desktop_app.ports import CancelToken, ProgressSink

logger = logging.getLogger(__name__)

FEW_GAMES = 300
"""So few games are hashed here: a process costs more than it saves."""

_NICENESS = 19
"""Behind everything: engines, reading processes and the window come first."""

_SENT_AT_ONCE = 256
"""Games go out in small parts: writing one keeps the interpreter from the window's thread."""

_POLL_S = 0.1
_END_S = 5.0
_MOST_DEATHS = 3


def index_positions(
    library: Library,
    *,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
    workers: int = 1,
    on_stored: Callable[[Coverage], None] | None = None,
) -> Coverage:
    """Index every game that is not indexed yet; returns the coverage then.

    Args:
        library: whose games.
        progress: told after each segment, in games.
        cancel: asked between and during segments.
        workers: how many processes hash at once.
        on_stored: called after each commit, on this thread.

    Raises CancelledError; what was stored before is kept.
    """
    waiting = deque(library.positions.pending())
    coverage = library.positions.coverage()
    if not waiting or library.read_only:
        return coverage
    with _Hashers(min(workers, len(waiting)), cancel, here=coverage.games - coverage.indexed <= FEW_GAMES) as hashers:
        while waiting or hashers.busy:
            _raise_if(cancel)
            while waiting and hashers.free:
                hashers.hand(library.positions.games_of(waiting.popleft()))
            games, segment = hashers.take()
            more = library.positions.store(games, segment.blocks, segment.summaries)
            coverage = Coverage(coverage.games, min(coverage.games, coverage.indexed + more))
            if progress is not None:
                progress.progress(coverage.indexed, coverage.games, "Indexing positions")
            if on_stored is not None:
                on_stored(coverage)
    return library.positions.coverage()


def _raise_if(cancel: CancelToken | None) -> None:
    if cancel is not None and cancel.cancelled():
        raise CancelledError("Indexing positions was stopped; it goes on where it was next time.")


class _Hashers:
    """A few processes that turn segments' games into blocks, or this one where there is little to do."""

    def __init__(self, workers: int, cancel: CancelToken | None, *, here: bool) -> None:
        self._cancel = cancel
        self._processes = [] if here else [_Hasher() for _ in range(max(1, workers))]
        self._todo_here: deque[SegmentGames] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.end()

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return bool(self._todo_here) or any(process.games for process in self._processes)

    @property
    def free(self) -> bool:
        """Whether another segment can be handed out."""
        if not self._processes:
            return not self._todo_here
        return any(process.games is None for process in self._processes)

    def hand(self, games: SegmentGames) -> None:
        """Give a segment to a free process."""
        free = next((process for process in self._processes if process.games is None), None)
        if free is None:
            self._todo_here.append(games)
        else:
            free.start_on(games)

    def take(self) -> tuple[SegmentGames, Segment]:
        """Wait for the next result. Raises CancelledError."""
        if self._todo_here:
            games = self._todo_here.popleft()
            return games, build_segment(games.games)
        while True:
            _raise_if(self._cancel)
            waited = {process.connection: process for process in self._processes if process.games}
            for ready in mp_connection.wait([connection for connection in waited if connection], _POLL_S):
                for connection, process in waited.items():
                    if connection is ready and (found := process.result()):
                        return found


class _Hasher:
    """One process and the segment it works on; started anew when it dies."""

    def __init__(self) -> None:
        self.games: SegmentGames | None = None
        self.connection: Connection | None = None
        self._process: SpawnProcess | None = None
        self._deaths = 0

    def start_on(self, games: SegmentGames) -> None:
        """Hand it a segment."""
        self.games = games
        if self.connection is None:
            context = multiprocessing.get_context("spawn")
            self.connection, theirs = context.Pipe(duplex=True)
            self._process = context.Process(target=hashing_process, args=(theirs,), name="kibitz-hasher", daemon=True)
            self._process.start()
            theirs.close()
        with contextlib.suppress(OSError):  # it died: noticed when its answer is awaited
            for start in range(0, len(games.games), _SENT_AT_ONCE):
                self.connection.send(games.games[start : start + _SENT_AT_ONCE])
            self.connection.send(())

    def result(self) -> tuple[SegmentGames, Segment] | None:
        """The finished segment; None when the process died and was asked again. Raises KibitzError for good."""
        games, connection = self.games, self.connection
        if games is None or connection is None:
            return None
        try:
            segment: Segment = connection.recv()
        except (EOFError, OSError):
            self.end()
            self._deaths += 1
            if self._deaths >= _MOST_DEATHS:
                raise KibitzError(
                    "The process that indexes positions keeps ending.", action="Restart Kibitz to try again."
                ) from None
            logger.info("A process that hashes positions died and is replaced")
            self.start_on(games)
            return None
        self.games = None
        self._deaths = 0
        return games, segment

    def end(self) -> None:
        """End the process by force and reap it."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        if self._process is not None:
            self._process.terminate()
            self._process.join(_END_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(_END_S)
            self._process.close()
            self._process = None


def hashing_process(connection: Connection) -> None:
    """The life of a hashing process: segments in, blocks out, until the pipe closes, as it does when its parent dies.

    Ctrl+C is the parent's to answer.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with contextlib.suppress(EOFError, OSError):
        while True:
            games: list[IndexedGame] = []
            while some := connection.recv():
                games += some
            connection.send(build_segment(games))
