"""Makes comments searchable behind the import: the words people wrote, of every game that was not read yet.

Blocking; not on the window's thread. Texts are unpacked and read in one niced process of its own, which never opens
the database and ends by itself when this one is gone. Each segment of ids is stored in one transaction: after kill -9,
or when it is called again, it goes on with what is missing.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from typing import TYPE_CHECKING, Self

from desktop_app.domain.filter_terms import And, Filter, Not, Or, Term
from desktop_app.errors import CancelledError, KibitzError
from desktop_app.library.prepared import unpack_text
from desktop_app.pgn.comment_words import comment_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from desktop_app.domain.positions import Coverage
    from desktop_app.library.comments import SegmentTexts
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken, ProgressSink

FEW_GAMES = 1_000
"""So few games are read here: a process costs more than it saves."""

_NICENESS = 10
_POLL_S = 0.1
_END_S = 5.0

Texts = tuple[tuple[int, bytes], ...]
Words = list[tuple[int, str]]


def index_comments(
    library: Library, *, progress: ProgressSink | None = None, cancel: CancelToken | None = None
) -> Coverage:
    """Read the comments of every game that was not read yet; returns how many games are covered then.

    Progress is told in games. Raises CancelledError; what was stored before is kept.
    """
    waiting = library.comments.pending()
    if not waiting:
        return library.comments.coverage()
    coverage = library.comments.coverage()
    with _Reader(cancel, here=coverage.games - coverage.indexed <= FEW_GAMES) as reader:
        reader.hand(library.comments.texts_of(waiting[0]))
        for following in (*waiting[1:], None):
            ahead = None if following is None else library.comments.texts_of(following)
            read, words = reader.take()
            if ahead is not None:
                reader.hand(ahead)
            library.comments.store(read, words)
            if progress is not None:
                coverage = library.comments.coverage()
                progress.progress(coverage.indexed, coverage.games, "Reading comments")
    return library.comments.coverage()


def asks_for_comments(filter_: Filter) -> bool:
    """Whether what a filter finds depends on comments that were read; a saved filter in it may."""
    match filter_:
        case And(children) | Or(children):
            return any(map(asks_for_comments, children))
        case Not(child):
            return asks_for_comments(child)
        case Term("comment" | "collection") | Term("is", _, "commented"):
            return True
        case _:
            return False


def read_words(texts: Texts) -> Words:
    """The games that have comments, with their words."""
    return [(game_id, words) for game_id, packed in texts if (words := comment_words(unpack_text(packed)))]


class _Reader:
    """A process that reads one segment after another, or this one where there is little to do."""

    def __init__(self, cancel: CancelToken | None, *, here: bool) -> None:
        self._cancel = cancel
        self._here = here
        self._handed: SegmentTexts | None = None
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        if not self._here:
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe(duplex=True)
            self._process = context.Process(target=reading_process, args=(theirs,), name="kibitz-comments", daemon=True)
            self._process.start()
            theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.terminate()
            self._process.join(_END_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(_END_S)
            self._process.close()

    def hand(self, texts: SegmentTexts) -> None:
        """Give it a segment."""
        self._handed = texts
        if self._connection is not None:
            with contextlib.suppress(OSError):  # it died: noticed when its answer is awaited
                self._connection.send(texts.texts)

    def take(self) -> tuple[SegmentTexts, Sequence[tuple[int, str]]]:
        """Wait for the words of the segment handed. Raises CancelledError, KibitzError when the process died."""
        handed = self._handed
        if handed is None:
            raise ValueError("no segment was handed")
        self._raise_if_cancelled()
        if self._connection is None:
            return handed, read_words(handed.texts)
        try:
            while not self._connection.poll(_POLL_S):
                self._raise_if_cancelled()
            words: Words = self._connection.recv()
        except (EOFError, OSError):
            raise KibitzError(
                "The process that reads comments ended.", action="It goes on the next time games are imported."
            ) from None
        return handed, words

    def _raise_if_cancelled(self) -> None:
        if self._cancel is not None and self._cancel.cancelled():
            raise CancelledError("Reading comments was stopped; it goes on where it was next time.")


def reading_process(connection: Connection) -> None:
    """The life of the reading process: texts in, words out, until the pipe closes, as it does when its parent dies.

    Ctrl+C is the parent's to answer.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send(read_words(connection.recv()))
