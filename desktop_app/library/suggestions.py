"""Names to choose from while somebody types: players, events, sites, openings that games here really have.

Any thread (never the GUI's: every call waits for the disk). Reads the dictionary of names, and one game a name to show
it as it is written there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from desktop_app.domain.names import NameKind, fold
from desktop_app.library.tables import game, name_entry

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from desktop_app.library.database import Database

_LOOKED_AT = 400
"""Matching names that are compared; a text that fits more of them is too short to choose by."""

_COLUMNS = {
    NameKind.PLAYER: (game.c.white, game.c.black),
    NameKind.EVENT: (game.c.event,),
    NameKind.SITE: (game.c.site,),
    NameKind.OPENING: (game.c.opening,),
    NameKind.TERMINATION: (game.c.termination,),
}


class Suggestions:
    """Names of one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self, kind: NameKind, text: str, limit: int = 12) -> list[str]:
        """Names that contain the text, those that begin with it first, then those with a word that does."""
        needle = fold(" ".join(text.split()))
        if not needle or kind not in _COLUMNS:
            return []
        matching = (
            select(name_entry.c.name, name_entry.c.folded)
            .where(name_entry.c.kind == int(kind), self._database.backend.folded_contains(needle))
            .limit(_LOOKED_AT)
        )
        with self._database.read() as connection:
            rows = sorted(
                connection.execute(matching).all(),
                key=lambda row: (_rank(row.folded, needle), len(row.folded), row.folded),
            )
            found = (_written(connection, kind, row.name) for row in rows)
            return [name for _, name in zip(range(limit), (name for name in found if name), strict=False)]


def _rank(folded: str, needle: str) -> int:
    if folded.startswith(needle):
        return 0
    return 1 if f" {needle}" in folded else 2


def _written(connection: Connection, kind: NameKind, name: str) -> str:
    """The name as some game has it, "" where none has it any more."""
    for column in _COLUMNS[kind]:
        found = connection.execute(select(column).where(func.lower(column) == name).limit(1)).scalar()
        if found:
            return str(found)
    return ""
