"""Reading processes that die or hang over a marked game: main functions a spawned process can import."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

from desktop_app.services import import_reading

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from desktop_app.pgn.reader import Reading
    from desktop_app.pgn.splitter import RawGame

POISON = b"POISON"
_read_game = import_reading.read_game


def _deadly(raw: RawGame, *, source: str) -> Reading:
    if POISON in raw.data:
        os.kill(os.getpid(), signal.SIGKILL)
    return _read_game(raw, source=source)


def _endless(raw: RawGame, *, source: str) -> Reading:
    if POISON in raw.data:
        threading.Event().wait()
    return _read_game(raw, source=source)


def _buggy(raw: RawGame, *, source: str) -> Reading:
    if POISON in raw.data:
        raise RecursionError("as if")
    return _read_game(raw, source=source)


def dies_on_poison(connection: Connection) -> None:
    """Killed when it reads a marked game."""
    import_reading.read_game = _deadly
    import_reading.reading_process(connection)


def hangs_on_poison(connection: Connection) -> None:
    """Never comes back from a marked game."""
    import_reading.read_game = _endless
    import_reading.reading_process(connection)


def fails_on_poison(connection: Connection) -> None:
    """Raises what no reader should on a marked game."""
    import_reading.read_game = _buggy
    import_reading.reading_process(connection)


def never_starts(connection: Connection) -> None:
    """Dies before it can say that it is there."""
    connection.close()
    os._exit(1)
