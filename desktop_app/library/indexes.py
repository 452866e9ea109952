"""Indexes that a big import leaves out while it runs, and that are built again behind it.

Keeping them up costs three times as much as storing a game; building them from all games at once a fifth of that. What
is missing is what the tables say and the library does not have: nothing is noted elsewhere, so that after `kill -9` the
next `Library.open` finds it. Without an index, everything is found all the same, more slowly.

Any thread; the work is done on the library's writer, one index a transaction, so that others write in between. Called
by `library` and `services.import_games`.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.schema import DropIndex

from desktop_app.domain.rows import BatchState
from desktop_app.domain.work import Owner
from desktop_app.errors import KibitzError
from desktop_app.library.identities import require_index
from desktop_app.library.leases import is_running
from desktop_app.library.tables import GAME_IDENTITY, NAMES_INDEXED, PLAIN_INDEXED, game, import_batch

if TYPE_CHECKING:
    from sqlalchemy import Connection, Index

    from desktop_app.library.database import Database
    from desktop_app.library.identities import Identities

logger = logging.getLogger(__name__)

DEFERRED: tuple[Index, ...] = (
    GAME_IDENTITY,
    *(
        index
        for name in ("batch_id", "state", *PLAIN_INDEXED, *NAMES_INDEXED)
        for index in game.indexes
        if index.name == f"ix_game_{name}"
    ),
)
"""Those that cost an import something, in the order in which they are built; summaries come later."""

LEAST_GAMES = 20_000
"""Fewer are stored in a second or two, whatever stands."""
_WORTH_SHARE = 0.5
"""New games by old ones from which on building all anew is cheaper: measured, 12 us a game against 45 us a new one."""


class Indexes:
    """The deferrable indexes of one open library."""

    def __init__(self, database: Database, identities: Identities) -> None:
        self._database = database
        self._identities = identities
        self._lock = threading.Lock()
        self._restoring: Future[None] | None = None

    def missing(self) -> list[str]:
        """Names of those that are left out now, in the order in which they are built."""
        with self._database.read() as connection:
            return [str(index.name) for index in self._missing(connection)]

    def defer(self, expected: int) -> bool:
        """Leave them out from now on if `expected` new games make that worth while; returns whether it does.

        Does not wait: what is submitted to the writer from now on finds them gone. Call `restore` in the end.
        """
        if not self._database.backend.defers_indexes or expected < LEAST_GAMES:
            return False
        with self._database.read() as connection:
            held = connection.execute(select(func.max(game.c.id))).scalar() or 0
            there = self._database.backend.index_names(connection)
        if expected < held * _WORTH_SHARE:
            return False
        self._database.submit(partial(self._identities.loosen, expected=expected))
        for index in DEFERRED:
            if index.name in there and index is not GAME_IDENTITY:
                self._database.submit(partial(_drop, index=index))
        logger.info("%d indexes wait for the end of the import of some %d games", len(DEFERRED), expected)
        return True

    def restore(self) -> Future[None]:
        """Build what is missing, behind whatever else the writer has to do; the answer comes when all is done.

        It comes early where the library is closed or has no room, which the next opening makes up for, and while
        another import runs, which does it in its end. Never raises.
        """
        with self._lock:
            if self._restoring is None or self._restoring.done():
                self._restoring = Future()
                if self._database.backend.defers_indexes:
                    self._go_on(self._restoring)
                else:
                    self._restoring.set_result(None)
            return self._restoring

    def _go_on(self, answer: Future[None]) -> None:
        try:
            built = self._database.submit(self._build_next)
        except KibitzError:
            answer.set_result(None)
        else:
            built.add_done_callback(lambda done: self._built(done, answer))

    def _built(self, built: Future[bool], answer: Future[None]) -> None:
        """On the writer, between two transactions."""
        if (error := built.exception()) is not None:
            logger.info("indexes are not built yet: %s", error)
            answer.set_result(None)
        elif built.result():
            self._go_on(answer)
        else:
            answer.set_result(None)

    def _build_next(self, connection: Connection) -> bool:
        """Whether there may be more to do."""
        missing = self._missing(connection)
        if not missing or self._import_runs(connection):
            return False
        if missing[0] is GAME_IDENTITY:
            require_index(connection, self._database.backend)
        else:
            missing[0].create(connection)
        if len(missing) == 1:
            self._database.backend.refresh_statistics(connection)
        return len(missing) > 1

    def _missing(self, connection: Connection) -> list[Index]:
        there = self._database.backend.index_names(connection)
        return [index for index in DEFERRED if index.name not in there]

    def _import_runs(self, connection: Connection) -> bool:
        batch = import_batch.c
        owners = select(batch.owner_host, batch.owner_pid, batch.owner_started)
        found = connection.execute(owners.where(batch.state == BatchState.RUNNING.value, batch.owner_pid.is_not(None)))
        return any(is_running(self._database, Owner(*row)) for row in found.all())


def _drop(connection: Connection, *, index: Index) -> None:
    connection.execute(DropIndex(index, if_exists=True))
