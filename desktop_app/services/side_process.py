"""A niced process of its own that computes what it is handed, one piece after another, and never opens the database.

It ends by itself when this one is gone. One thread uses it, never the window's. Called by `services.rejudge_games` and
`services.index_comments`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from desktop_app.errors import CancelledError, KibitzError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from desktop_app.ports import CancelToken

_NICENESS = 10
_POLL_S = 0.1
_END_S = 5.0

Given = TypeVar("Given")
Answer = TypeVar("Answer")


class SideProcess(Generic[Given, Answer]):
    """Runs `task` over there (or here, where there is little to do); a context manager.

    One piece at a time: `hand`, then `take`. `task` must be a function of a module, its argument and answer picklable.
    """

    def __init__(self, task: Callable[[Given], Answer], *, cancel: CancelToken | None, here: bool) -> None:
        self._task, self._cancel, self._here = task, cancel, here
        self._handed: Given | None = None
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        if not self._here:
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe(duplex=True)
            self._process = context.Process(target=_live, args=(theirs, self._task), name="kibitz-side", daemon=True)
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

    def hand(self, piece: Given) -> None:
        """Give it something to do."""
        self._handed = piece
        if self._connection is not None:
            with contextlib.suppress(OSError):  # it died: noticed when its answer is awaited
                self._connection.send(piece)

    def take(self) -> Answer:
        """Wait for the answer to what was handed. Raises CancelledError, KibitzError when the process died."""
        self._raise_if_cancelled()
        if self._connection is None:
            if self._handed is None:
                raise ValueError("nothing was handed")
            return self._task(self._handed)
        try:
            while not self._connection.poll(_POLL_S):
                self._raise_if_cancelled()
            answer: Answer = self._connection.recv()
        except (EOFError, OSError):
            raise KibitzError("A process that Kibitz computes in ended.", action="Try again.") from None
        return answer

    def _raise_if_cancelled(self) -> None:
        if self._cancel is not None and self._cancel.cancelled():
            raise CancelledError("This was stopped; it goes on where it was next time.")


def _live(connection: Connection, task: Callable[[Any], Any]) -> None:
    """The life of the process: until the pipe closes, as it does when its parent dies. Ctrl+C is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    with contextlib.suppress(EOFError, OSError):
        while True:
            connection.send(task(connection.recv()))
