"""Reading processes that die or hang over a marked game: main functions a spawned process can import."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from desktop_app.pgn.fast.blocks import FastReader
from desktop_app.services import careful_reading, import_reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from desktop_app.pgn.reader import Reading
    from desktop_app.pgn.splitter import RawGame

POISON = b"POISON"
_read_game = careful_reading.read_game
_read_fast = FastReader._fill


def _poison_both_ways(effect: Callable[[], object]) -> None:
    """Have the marked game do this to its reader, the fast way and the careful way."""

    def careful(raw: RawGame, *, source: str) -> Reading:
        if POISON in raw.data:
            effect()
        return _read_game(raw, source=source)

    def fast(self: FastReader, data: bytes, end: int) -> None:
        if POISON in data[self._runs.at : end]:
            effect()
        _read_fast(self, data, end)

    careful_reading.read_game = careful
    FastReader._fill = fast


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail() -> None:
    raise RecursionError("as if")


def dies_on_poison(connection: Connection) -> None:
    """Killed when it reads a marked game."""
    _poison_both_ways(_die)
    import_reading.reading_process(connection)


def hangs_on_poison(connection: Connection) -> None:
    """Never comes back from a marked game."""
    _poison_both_ways(threading.Event().wait)
    import_reading.reading_process(connection)


def fails_on_poison(connection: Connection) -> None:
    """Raises what no reader should on a marked game."""
    _poison_both_ways(_fail)
    import_reading.reading_process(connection)


def never_starts(connection: Connection) -> None:
    """Dies before it can say that it is there."""
    connection.close()
    os._exit(1)
