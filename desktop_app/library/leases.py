"""Signs of life of processes that share a library with other computers, so that a vanished one's work is let go.

A process of this computer is looked up in the system's own list (`owners`). One of another computer is alive while its
row in `process_lease` is younger than `LEASE_S`, by the library's own clock. The renewing thread is called
"kibitz-library-lease": one for each open library that several computers may use.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from desktop_app.errors import LibraryError
from desktop_app.library.owners import is_alive, this_owner
from desktop_app.library.tables_care import process_lease

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from desktop_app.domain.work import Owner
    from desktop_app.library.database import Database

logger = logging.getLogger(__name__)

LEASE_S = 180.0
"""A process that was not heard of for so long is gone: its computer was switched off, or its network is."""

RENEW_S = 30.0
_SAME_START_S = 1.0
_FORGET_S = 7 * 24 * 3600.0


class Lease:
    """This process's sign of life in one open library. `start` it after opening, `stop` it before closing."""

    def __init__(self, database: Database, *, renew_s: float = RENEW_S) -> None:
        self._database = database
        self._renew_s = renew_s
        self._me = this_owner()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Say that this process is there, and go on saying it. Raises LibraryError kinds."""
        self._database.write(self._appear)
        self._thread = threading.Thread(target=self._renew_until_ended, name="kibitz-library-lease", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and take the row back where the library can still be written. Idempotent."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._ended.set()
        thread.join()
        try:
            self._database.write(lambda connection: connection.execute(delete(process_lease).where(self._mine())))
        except LibraryError as error:
            logger.info("the lease on %s lapses by itself: %s", self._database.location, error)

    def _renew_until_ended(self) -> None:
        while not self._ended.wait(self._renew_s):
            try:
                self._database.write(self._renew)
            except LibraryError as error:
                if self._database.closed:
                    return
                logger.info("the lease on %s was not renewed, and is tried again: %s", self._database.location, error)

    def _mine(self) -> ColumnElement[bool]:
        return (process_lease.c.host == self._me.host) & (process_lease.c.pid == self._me.pid)

    def _appear(self, connection: Connection) -> None:
        now = self._database.backend.now(connection)
        connection.execute(delete(process_lease).where(self._mine() | (process_lease.c.seen_at < now - _FORGET_S)))
        row = {"host": self._me.host, "pid": self._me.pid, "started": self._me.started}
        connection.execute(insert(process_lease), row | {"opened_at": now, "seen_at": now})

    def _renew(self, connection: Connection) -> None:
        now = self._database.backend.now(connection)
        if not connection.execute(update(process_lease).where(self._mine()).values(seen_at=now)).rowcount:
            self._appear(connection)


def is_running(database: Database, owner: Owner) -> bool:
    """Whether the process that owns a piece of work is alive, on this computer or another that shares the library."""
    many_hosts = database.backend.many_hosts
    return is_alive(owner, many_hosts=many_hosts, heard_of=lambda asked: is_heard_of(database, asked))


def is_heard_of(database: Database, owner: Owner) -> bool:
    """Whether a process of another computer gave a sign of life lately."""
    mine = (process_lease.c.host == owner.host) & (process_lease.c.pid == owner.pid)
    with database.read() as connection:
        row = connection.execute(select(process_lease.c.started, process_lease.c.seen_at).where(mine)).first()
        now = database.backend.now(connection)
    return row is not None and abs(row.started - owner.started) < _SAME_START_S and now - row.seen_at < LEASE_S
