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

_COUNTED, _ENOUGH = 32, 100

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
        """Names that contain the text: those that begin with it, then those with a word that does; most games first."""
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
            games = {row.name: _games(connection, kind, row.name) for row in rows[:_COUNTED]}
            known = [row for row in rows[:_COUNTED] if games[row.name]]
            known.sort(key=lambda row: (_rank(row.folded, needle), -games[row.name], row.folded))
            return [_written(connection, kind, row.name) for row in known[:limit]]


def _games(connection: Connection, kind: NameKind, name: str) -> int:
    """How many games have the name, up to a few: enough to tell the ones that are meant from the rest."""
    found = 0
    for column in _COLUMNS[kind]:
        some = select(game.c.id).where(func.lower(column) == name).limit(_ENOUGH).subquery()
        found += connection.execute(select(func.count()).select_from(some)).scalar_one()
    return found


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
