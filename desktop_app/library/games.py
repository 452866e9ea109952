"""Games in the library: listed, filtered, sorted, read back whole.

Any thread (never the GUI's: every call waits for the disk). Values in, frozen values out.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, func, select

from desktop_app.domain.filters import SORTS, GameQuery
from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.rows import GameRow, StoredGame
from desktop_app.errors import NotFoundError
from desktop_app.library.backend import in_set, integers
from desktop_app.library.name_search import NameConditions
from desktop_app.library.paging import Paging, ordered_ids
from desktop_app.library.prepared import record_of
from desktop_app.library.queries import Condition, condition, sort_parts
from desktop_app.library.storing import GameWriter
from desktop_app.library.tables import game, game_text
from desktop_app.library.tables_sets import collection_game

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.ports import CancelToken

_ROW_NAMES = tuple(name for name in GameRow.__dataclass_fields__ if name in SORTS)
_ROW_COLUMNS = tuple(game.c[name] for name in _ROW_NAMES)
_STATE_PLACE = _ROW_NAMES.index("state")


class Games(GameWriter):
    """The games of one open library; storing them is inherited."""

    def get(self, game_id: GameId | int) -> StoredGame:
        """The whole game. Raises NotFoundError."""
        statement = select(
            *_ROW_COLUMNS, game.c.start_fen, game.c.moves, game.c.opening_ply, game_text.c.headers, game_text.c.pgn
        ).join_from(game, game_text)
        with self._database.read() as connection:
            found = connection.execute(statement.where(game.c.id == int(game_id))).first()
        if found is None:
            raise NotFoundError(f"There is no game {game_id} in this library.", action="`kibitz list` shows the ids.")
        return _stored_game(found)

    def rows(self, ids: Sequence[GameId]) -> list[GameRow]:
        """The rows of these games, in this order; games that are gone are left out."""
        if not ids:
            return []
        with self._database.read() as connection:
            found = {row[0]: row for row in connection.execute(select(*_ROW_COLUMNS).where(in_set(game.c.id, ids)))}
        return [_row(found[game_id]) for game_id in ids if game_id in found]

    def count(self, query: GameQuery) -> int:
        """How many games match."""
        with self._database.read() as connection:
            where = self._conditions(connection, query)
            return int(connection.execute(select(func.count()).select_from(game).where(*where)).scalar_one())

    def ids(self, query: GameQuery, cancel: CancelToken | None = None) -> Sequence[GameId]:
        """Ids of all games that match, in order: an array of eight bytes a game, for lists that read rows as shown.

        Raises CancelledError.
        """
        found = array("q")
        with self._database.read() as connection:
            where = self._conditions(connection, query)
            for known, ordered in sort_parts(query.sort):
                found.extend(integers(connection, ordered_ids(query, known, where, ordered=ordered), cancel))
        return cast("Sequence[GameId]", found)

    def page(self, query: GameQuery, offset: int, limit: int) -> list[GameRow]:
        """`limit` rows from `offset` on, in the query's order."""
        with self._database.read() as connection:
            found = Paging(connection, self._database.backend, query).rows(_ROW_COLUMNS, offset, limit)
            return list(map(_row, found))

    def _conditions(self, connection: Connection, query: GameQuery) -> tuple[Condition, ...]:
        return _where(query, NameConditions(connection, self._database.backend))


def _where(query: GameQuery, names: NameConditions) -> tuple[Condition, ...]:
    wanted = condition(names.meaning.of(query.filter), names)
    found = (wanted,) if query.ids is None else (wanted, in_set(game.c.id, query.ids))
    if query.collection is None:
        return found
    members = select(collection_game.c.game_id).where(collection_game.c.collection_id == query.collection)
    return (*found, game.c.id.in_(members))


def _row(found: Sequence[Any]) -> GameRow:
    values = list(found)
    values[_STATE_PLACE] = GameState(values[_STATE_PLACE])
    return GameRow(*values)


def _stored_game(found: Any) -> StoredGame:
    row = _row(found[: len(_ROW_NAMES)])
    return StoredGame(row.id, record_of(found), row)
