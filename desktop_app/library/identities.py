"""Which games a library knows: by the unique index of their identities, or while a big import runs without it.

Keeping the index costs an import a third of its time, since each identity falls into another page. So a big import
leaves it out (`loosen`) and asks a table in memory, which `setting` notes as the one that knows every game. Whoever
else stores games or looks for them by their identities calls `require_index` first, in the same transaction: the index
is then built, the import finds it there in its next transaction, and goes on with it. So no game is ever stored twice,
whichever process dies when; an index that nobody has built again is missing when the library is next opened.

On the library's writer, inside its transactions. Called by `storing`, `indexes`, `bin` and `edits`.
"""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import DropIndex

from desktop_app.domain.game import GameId
from desktop_app.errors import LibraryCorruptError
from desktop_app.library.backend import in_set
from desktop_app.library.fast.identity_table import IdentityTable
from desktop_app.library.tables import GAME_IDENTITY, game, setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from desktop_app.library.backend import Backend
    from desktop_app.library.database import Database

logger = logging.getLogger(__name__)

_KNOWS_ALL = "identities_known_by"
"""The setting that names the table which knows every game while the index is missing."""
_ROWS_AT_ONCE = 10_000


def require_index(connection: Connection, backend: Backend) -> None:
    """Build the unique index of identities if it is missing. Raises LibraryCorruptError where it cannot be."""
    if has_index(connection, backend):
        return
    try:
        GAME_IDENTITY.create(connection)
    except IntegrityError as error:
        raise LibraryCorruptError(
            f"The library {backend.location} holds a game twice, which must not be.",
            action="Run `kibitz doctor --full --repair`: it keeps both games and tells them apart.",
        ) from error
    connection.execute(delete(setting).where(setting.c.name == _KNOWS_ALL))


def has_index(connection: Connection, backend: Backend) -> bool:
    """Whether games are found by their identities without walking all of them."""
    return not backend.defers_indexes or str(GAME_IDENTITY.name) in backend.index_names(connection)


class Identities:
    """What one open library's writer knows about identities."""

    def __init__(self, database: Database) -> None:
        self._backend = database.backend
        self._table: IdentityTable | None = None
        self._token = uuid.uuid4().hex
        self._claimed = False

    def loosen(self, connection: Connection, expected: int) -> None:
        """Leave the index out until somebody requires it, and know `expected` more games without it."""
        if self._known_here(connection) is not None:
            return
        require_index(connection, self._backend)  # another import has left it out, and knows games that this does not
        held = connection.execute(select(func.count()).select_from(game)).scalar_one()
        table = IdentityTable(held + expected)
        statement = select(game.c.identity, game.c.id).execution_options(yield_per=_ROWS_AT_ONCE)
        for some in connection.execute(statement).partitions():
            table.put([row[0] for row in some], [row[1] for row in some])
        connection.execute(DropIndex(GAME_IDENTITY))
        connection.execute(insert(setting), {"name": _KNOWS_ALL, "value": self._token})
        self._table, self._claimed = table, False

    def claim(self, connection: Connection, identities: Sequence[bytes]) -> dict[int, GameId | None] | None:
        """Know these games from now on, which are about to be stored, but for those that are known.

        Returns the places of those, and the stored game that each equals, None where it comes earlier in this run. None
        instead of all that where the index has to be asked; it stands then. Call `committed` behind the commit.
        """
        table = self._known_here(connection)
        first = self._backend.next_id(connection, game)
        if table is not None and first is not None:
            self._claimed = True
            hits = table.claim(identities, first)
            if not hits or self._are_right(connection, identities, hits, first):
                return {place: GameId(game_id) if game_id < first else None for place, game_id in hits}
            logger.info("games went while others came: the index of identities is built")
            self._table = None
        require_index(connection, self._backend)
        return None

    def committed(self) -> None:
        """The games claimed last are stored."""
        self._claimed = False

    def _known_here(self, connection: Connection) -> IdentityTable | None:
        """The table, as long as it knows every game; forgotten where it does not."""
        if self._table is None:
            return None
        noted = connection.execute(select(setting.c.value).where(setting.c.name == _KNOWS_ALL)).scalar()
        if self._claimed or noted != self._token or has_index(connection, self._backend):
            self._table = None
        return self._table

    @staticmethod
    def _are_right(
        connection: Connection, identities: Sequence[bytes], hits: Sequence[tuple[int, int]], first: int
    ) -> bool:
        """Whether all of these are there and the same, not in the first half of their identities alone."""
        stored = {game_id for _, game_id in hits if game_id < first}
        rows = connection.execute(select(game.c.id, game.c.identity).where(in_set(game.c.id, stored)))
        known = {row.id: row.identity for row in rows}
        at = {place for place, _ in hits}
        new = {one for place, one in enumerate(identities) if place not in at}
        return all(
            identities[place] == known.get(game_id) if game_id < first else identities[place] in new
            for place, game_id in hits
        )
