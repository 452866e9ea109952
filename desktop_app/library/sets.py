"""Sets of games: tags, collections chosen by hand in an order of their own, and saved filters (smart collections).

Any thread (never the GUI's: every call waits for the disk). Many games are put in and taken out in chunks, a short
transaction each: repeating a call that was stopped or killed does the rest. Games in the bin keep their places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.names import fold
from desktop_app.domain.sets import Collection, CollectionId
from desktop_app.errors import NotFoundError, UsageError
from desktop_app.library.backend import in_set, integers
from desktop_app.library.memberships import count_added, forget_games, game_counts, name_columns
from desktop_app.library.tables import game
from desktop_app.library.tables_sets import collection, collection_game
from desktop_app.library.tags import Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from desktop_app.domain.game import GameId
    from desktop_app.ports import CancelToken, ProgressSink

_GAP = 1_024
"""Between the places of neighbours, so that moving a few games rewrites those alone."""

_KEEP = object()


class Sets(Tags):
    """The collections of one open library, and its tags (inherited)."""

    # -- collections -----------------------------------------------------------------------------------------------

    def collections(self) -> list[Collection]:
        """All collections in their order, children behind their parent; smart ones are not counted."""
        with self._database.read() as connection:
            counts = game_counts(connection, collection_game, collection_game.c.collection_id)
            rows = connection.execute(select(collection).order_by(collection.c.place, collection.c.id)).all()
        by_parent: dict[int | None, list[Collection]] = {}
        for row in rows:
            by_parent.setdefault(row.parent_id, []).append(_collection(row, counts.get(row.id, 0)))
        return [one for top in by_parent.get(None, []) for one in (top, *by_parent.get(top.id, []))]

    def collection_named(self, path: str) -> CollectionId:
        """The collection of this name, or "parent/name"; case and accents do not matter. Raises NotFoundError."""
        with self._database.read() as connection:
            found = collections_named(connection, path)
        if not found:
            raise NotFoundError(
                f"There is no collection {path!r} in this library.", action="`kibitz collection list` shows them."
            )
        return found[0]

    def create_collection(
        self,
        name: str,
        *,
        parent_id: CollectionId | None = None,
        filter_: str | None = None,
        sort: str = "id",
        descending: bool = False,
    ) -> CollectionId:
        """Make a collection at the end of its parent: by hand, or smart where a filter is given.

        Raises UsageError for names that are taken there, FilterSyntaxError, and UsageError below a child.
        """
        values = {
            **name_columns(name),
            "parent_id": parent_id,
            "filter": filter_,
            "sort": sort,
            "descending": descending,
        }
        _check_smart(filter_, sort)

        def run(connection: Connection) -> CollectionId:
            _check_place(connection, values)
            last = select(func.max(collection.c.place)).where(_same_parent(parent_id))
            values["place"] = (connection.execute(last).scalar() or 0) + 1
            made = insert(collection).values(values).returning(collection.c.id)
            return CollectionId(connection.execute(made).scalar_one())

        return self._database.write(run)

    def change_collection(
        self,
        collection_id: CollectionId,
        *,
        name: str | None = None,
        parent_id: CollectionId | object | None = _KEEP,
        filter_: str | None = None,
        sort: str | None = None,
        descending: bool | None = None,
    ) -> None:
        """Change what is given. A collection stays smart, or by hand. Raises as `create_collection`, NotFoundError."""
        given = {"filter": filter_, "sort": sort, "descending": descending}
        values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if name is not None:
            values |= name_columns(name)
        if parent_id is not _KEEP:
            values["parent_id"] = parent_id
        _check_smart(filter_, sort or "id")

        def run(connection: Connection) -> None:
            found = connection.execute(select(collection).where(collection.c.id == collection_id))
            old = found.mappings().first()
            if old is None:
                raise NotFoundError("That collection is gone.")
            if filter_ is not None and old["filter"] is None:
                raise UsageError("A collection of chosen games has no filter.", action="Make a smart collection.")
            _check_place(connection, {**old, **values}, but=collection_id)
            if values:
                connection.execute(update(collection).where(collection.c.id == collection_id).values(values))

        self._database.write(run)

    def order_collections(self, ids: Sequence[CollectionId]) -> None:
        """Show these collections, which stand in one parent, in this order."""

        def run(connection: Connection) -> None:
            for place, collection_id in enumerate(ids, start=1):
                connection.execute(update(collection).where(collection.c.id == collection_id).values(place=place))

        self._database.write(run)

    def delete_collection(self, collection_id: CollectionId) -> None:
        """Remove a collection and those inside it; the games stay."""
        with self._database.read() as connection:
            inside = list(
                connection.execute(select(collection.c.id).where(collection.c.parent_id == collection_id)).scalars()
            )
        for one in (*inside, collection_id):
            self._empty(collection_game, collection_game.c.collection_id, one)
        self._database.write(
            lambda connection: connection.execute(delete(collection).where(collection.c.id == collection_id)).rowcount
        )

    def query(self, collection_id: CollectionId) -> GameQuery:
        """What lists a collection's games in its order. Raises NotFoundError."""
        with self._database.read() as connection:
            row = connection.execute(select(collection).where(collection.c.id == collection_id)).first()
        if row is None:
            raise NotFoundError("That collection is gone.")
        if row.filter is None:
            return GameQuery(sort="place", collection=collection_id)
        return GameQuery(filter=parse_filter(row.filter), sort=row.sort, descending=row.descending)

    # -- games of a collection -------------------------------------------------------------------------------------

    def games(self, collection_id: CollectionId) -> Sequence[GameId]:
        """The games of a collection chosen by hand, in its order."""
        statement = (
            select(game.c.id)
            .join(collection_game, collection_game.c.game_id == game.c.id)
            .where(collection_game.c.collection_id == collection_id)
            .order_by(collection_game.c.place)
        )
        with self._database.read() as connection:
            return cast("Sequence[GameId]", integers(connection, statement))

    def add(
        self,
        collection_id: CollectionId,
        games: Sequence[GameId],
        *,
        before: GameId | None = None,
        progress: ProgressSink | None = None,
        cancel: CancelToken | None = None,
        added: Callable[[Sequence[GameId]], None] | None = None,
    ) -> int:
        """Put games at the end, or before one that is there; returns how many are new to the collection.

        `added` is told those that are new, as they are committed: of a call that was stopped too. Those that were
        there already stay where they are. Raises NotFoundError, UsageError for a smart one.
        """

        def put(connection: Connection, some: Sequence[GameId]) -> list[GameId]:
            _check_by_hand(connection, collection_id)
            mine = collection_game.c.collection_id == collection_id
            known = select(collection_game.c.game_id).where(mine, in_set(collection_game.c.game_id, some))
            had = set(connection.execute(known).scalars())
            there = set(connection.execute(select(game.c.id).where(in_set(game.c.id, some))).scalars())
            place = connection.execute(select(func.max(collection_game.c.place)).where(mine)).scalar() or 0
            fresh = [game_id for game_id in dict.fromkeys(some) if game_id in there and game_id not in had]
            rows = [(collection_id, int(one), place + _GAP * number) for number, one in enumerate(fresh, start=1)]
            if rows:
                self._database.backend.insert_rows(connection, collection_game, _MEMBER, rows)
            return fresh

        chunks = self._in_chunks(games, put, "Adding to a collection", progress=progress, cancel=cancel)
        number = count_added(chunks, added)
        if before is not None and number:
            self.move(collection_id, games, before=before)
        return number

    def remove(
        self,
        collection_id: CollectionId,
        games: Sequence[GameId],
        *,
        progress: ProgressSink | None = None,
        cancel: CancelToken | None = None,
    ) -> int:
        """Take games out of a collection; returns how many were in it. Raises CancelledError."""

        def take(connection: Connection, some: Sequence[GameId]) -> int:
            mine = collection_game.c.collection_id == collection_id
            return connection.execute(
                delete(collection_game).where(mine, in_set(collection_game.c.game_id, some))
            ).rowcount

        return sum(self._in_chunks(games, take, "Removing from a collection", progress=progress, cancel=cancel))

    def move(self, collection_id: CollectionId, games: Sequence[GameId], *, before: GameId | None = None) -> None:
        """Put games of a collection before another of its games, or at its end, in the order given; all or none."""

        def run(connection: Connection) -> None:
            mine = collection_game.c.collection_id == collection_id
            rows = connection.execute(
                select(collection_game.c.game_id, collection_game.c.place)
                .where(mine)
                .order_by(collection_game.c.place, collection_game.c.game_id)
            ).all()
            places = {row.game_id: row.place for row in rows}
            moved = [one for one in dict.fromkeys(games) if one in places and one != before]
            going = set(moved)
            rest = [row.game_id for row in rows if row.game_id not in going]
            at = rest.index(before) if before in places else len(rest)
            for game_id, place in _places(rest, at, moved, places).items():
                which = and_(mine, collection_game.c.game_id == game_id)
                connection.execute(update(collection_game).where(which).values(place=place))

        self._database.write(run)


__all__ = ["Sets", "collections_named", "forget_games"]

_MEMBER = ("collection_id", "game_id", "place")


def collections_named(connection: Connection, path: str) -> list[CollectionId]:
    """Collections of this name or path, those at the top first."""
    parent, slash, name = path.strip().rpartition("/")
    found = list(_with_name(connection, collection.c.folded == fold(path.strip())))
    if not found and slash:
        above = _with_name(connection, collection.c.folded == fold(parent.strip()))
        inside = and_(collection.c.folded == fold(name.strip()), in_set(collection.c.parent_id, above))
        found = list(_with_name(connection, inside))
    return found


def _with_name(connection: Connection, which: ColumnElement[bool]) -> list[CollectionId]:
    order = (collection.c.parent_id.is_not(None), collection.c.place, collection.c.id)
    return [
        CollectionId(one) for one in connection.execute(select(collection.c.id).where(which).order_by(*order)).scalars()
    ]


def _places(rest: list[int], at: int, moved: Sequence[int], places: dict[int, int]) -> dict[int, int]:
    """New places of the games moved between `rest[at - 1]` and `rest[at]`; of all where there is no room between."""
    low = places[rest[at - 1]] if at else 0
    high = places[rest[at]] if at < len(rest) else low + _GAP * (len(moved) + 1)
    step = (high - low) // (len(moved) + 1)
    if step:
        return {game_id: low + step * number for number, game_id in enumerate(moved, start=1)}
    order = [*rest[:at], *moved, *rest[at:]]
    return {game_id: _GAP * number for number, game_id in enumerate(order, start=1)}


def _collection(row: Any, games: int) -> Collection:
    return Collection(
        CollectionId(row.id),
        None if row.parent_id is None else CollectionId(row.parent_id),
        row.name,
        row.filter,
        row.sort,
        row.descending,
        games if row.filter is None else None,
    )


def _check_smart(filter_: str | None, sort: str) -> None:
    """Raises FilterSyntaxError, UsageError for a sort that does not exist."""
    try:
        GameQuery(filter=parse_filter(filter_ or ""), sort=sort)
    except ValueError as error:
        raise UsageError(f"Games cannot be sorted by {sort!r}.") from error


def _same_parent(parent_id: int | None) -> ColumnElement[bool]:
    return collection.c.parent_id.is_(None) if parent_id is None else collection.c.parent_id == parent_id


def _check_place(connection: Connection, values: dict[str, Any], *, but: CollectionId | None = None) -> None:
    """A collection may stand there under that name. Raises UsageError, NotFoundError."""
    parent_id = values["parent_id"]
    if parent_id is not None:
        parent = connection.execute(select(collection.c.parent_id).where(collection.c.id == parent_id)).first()
        if parent is None:
            raise NotFoundError("The collection it should stand in is gone.")
        inside = select(collection.c.id).where(collection.c.parent_id == but) if but is not None else None
        if parent.parent_id is not None or (inside is not None and connection.execute(inside).first() is not None):
            raise UsageError("Collections can stand inside one another one level deep.")
        if parent_id == but:
            raise UsageError("A collection cannot stand in itself.")
    same = select(collection.c.id).where(_same_parent(parent_id), collection.c.folded == values["folded"])
    if any(found != but for found in connection.execute(same).scalars()):
        raise UsageError(f"There is a collection {values['name']!r} there already.", action="Choose another name.")


def _check_by_hand(connection: Connection, collection_id: CollectionId) -> None:
    row = connection.execute(select(collection.c.filter).where(collection.c.id == collection_id)).first()
    if row is None:
        raise NotFoundError("That collection is gone.")
    if row.filter is not None:
        raise UsageError("A smart collection holds what its filter finds.", action="Add games to one made by hand.")
