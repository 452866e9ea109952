"""The first page, or any, of a list of games: by the shortest way that the filter and the order leave.

- Many games match: the first thousands in the order wanted are tested one by one.
- Few games can match (`candidates`): they are read and sorted.
- More can match, and an index has the order: it is walked, ids alone, until enough of them are candidates.
- Nobody can tell: the games are walked in their order and each is tested, to the end if need be.

The planner of a database cannot choose: it would have to count. Any thread; called by `games`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import False_, and_, asc, desc, func, select

from desktop_app.domain.filter_terms import EVERYTHING, FIELDS, And, Kind, Op, Term
from desktop_app.domain.filters import PLACE, GameQuery
from desktop_app.library.backend import in_set, in_texts, integers
from desktop_app.library.candidates import Candidates, Lister
from desktop_app.library.filter_meaning import Members, Table
from desktop_app.library.name_search import NameConditions
from desktop_app.library.queries import condition, sort_index, sort_key, sort_parts
from desktop_app.library.tables import game
from desktop_app.library.tables_sets import collection_game

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Select

    from desktop_app.domain.filter_terms import Filter
    from desktop_app.library.backend import Backend
    from desktop_app.library.queries import Condition

_FEW = 6_000
"""So many games are read and sorted in about 25 ms; of more, enough are met soon on a walk through ids."""

_STEPS = 150_000
"""A walk that meets too few of the candidates within so many ids is given up: they stand far away. About 50 ms."""

_SOON = 2_500
"""Where a page is expected within so many games they are tested one by one, and some more. About 15 ms."""

_TESTED_AT_ONCE = 400
_NAMES_AT_ONCE = 10


class Paging:
    """One query on one connection; makes itself a plan and reads pages by it."""

    def __init__(self, connection: Connection, backend: Backend, query: GameQuery) -> None:
        self._connection = connection
        self._backend = backend
        self._query = query
        index = sort_index(query.sort)
        self._there = backend.index_names(connection)
        self._index = index if index in self._there else None
        self._names = NameConditions(connection, backend, row_by_row=True)
        wanted = self._names.meaning.of(query.filter)
        if query.collection is not None and query.sort != PLACE:  # then `_ordered` joins them
            wanted = And((wanted, Members(Table.COLLECTION, (query.collection,))))
        self._filter = wanted
        self._parts = wanted.children if isinstance(wanted, And) else (wanted,)

    def rows(self, columns: Sequence[Any], offset: int, limit: int) -> list[Any]:
        """`limit` rows of these columns (the id first) from `offset` on, in the query's order."""
        query = self._query
        if (self._filter == EVERYTHING and query.ids is None) or query.sort == PLACE:
            return self._walk(columns, offset, limit)
        if isinstance(condition(self._filter, self._names), False_):  # no index then serves what is left of the query
            return []
        lister = Lister(self._connection, self._names, offset + limit, self._there)
        ids = self._soon(lister, offset + limit)[offset:]
        if len(ids) < limit:
            found = self._candidates(lister)
            if found is None:
                return self._walk(columns, offset, limit)
            ids = self._page_of(found, offset, limit)
        rows = {row[0]: row for row in self._connection.execute(select(*columns).where(in_set(game.c.id, ids)))}
        return [rows[game_id] for game_id in ids if game_id in rows]

    def _soon(self, lister: Lister, wanted: int) -> list[int]:
        """The first ids in order, where they are likely among the first few thousand games; perhaps too few."""
        if self._query.ids is not None or (self._index is None and self._query.sort != "id"):
            return []
        on_the_way = [one for one in self._parts if self._is_on_the_way(one)]
        expected = wanted / lister.share([one for one in self._parts if one not in on_the_way])
        if expected > _SOON:
            return []
        steps = round(3 * expected) + _TESTED_AT_ONCE
        walk = islice(self._in_order(on_the_way), steps)
        return list(islice(self._tested(walk, exact=False), wanted))

    def _candidates(self, lister: Lister) -> Candidates | None:
        found = lister.of(self._filter)
        if self._query.ids is None:
            return found
        given = set(map(int, self._query.ids))
        if found is None:
            return Candidates(given, exact=self._filter == EVERYTHING)
        return Candidates(found.ids & given, found.exact)

    # -- by candidates ---------------------------------------------------------------------------------------------

    def _page_of(self, found: Candidates, offset: int, limit: int) -> list[int]:
        """Ids of a page."""
        query = self._query
        if query.sort == "id":
            walked = sorted(found.ids, reverse=query.descending)
            return list(islice(self._tested(walked, exact=found.exact), offset, offset + limit))
        if len(found.ids) <= _FEW or self._index is None:
            return self._sorted(found, offset, limit)
        walk = _Counted(self._in_order([one for one in self._parts if self._is_on_the_way(one)]))
        met = (game_id for game_id in islice(walk, _STEPS) if game_id in found.ids)
        ids = list(islice(met if found.exact else self._tested(met, exact=False), offset, offset + limit))
        return ids if len(ids) == limit or walk.steps < _STEPS else self._sorted(found, offset, limit)

    def _sorted(self, found: Candidates, offset: int, limit: int) -> list[int]:
        """Read the candidates' sort keys, and sort."""
        where: list[Condition] = [in_set(game.c.id, found.ids)]
        if not found.exact:
            where.append(condition(self._filter, self._names))
        ids: list[int] = []
        wanted = offset + limit
        for known, ordered in sort_parts(self._query.sort):
            statement = _ordered(select(game.c.id).where(known, *where), self._query, ordered=ordered)
            statement = self._backend.using(statement, None)
            ids += integers(self._connection, statement.limit(wanted - len(ids)))
            if len(ids) >= wanted:
                break
        return ids[offset:]

    def _in_order(self, on_the_way: Sequence[Filter]) -> Iterator[int]:
        """Ids as they stand in the order wanted, from its index alone, where these conditions say, to the end."""
        sort = self._query.sort
        for part in on_the_way:
            names = self._names.listed(part, sort)
            if names is not None:
                yield from self._by_names(sorted(names, reverse=self._query.descending))
                return
        begun = [condition(one, self._names) for one in on_the_way]
        for known, ordered in sort_parts(sort):
            # What is asked of the value leaves unknown ones out by itself; SQLite would begin where the first bound is.
            where = begun if begun and ordered else [known, *begun]
            statement = _ordered(select(game.c.id).where(*where), self._query, ordered=ordered)
            if ordered and self._index:
                statement = self._backend.using(statement, self._index)
            yield from self._backend.stream_ids(self._connection, statement)

    def _by_names(self, names: Sequence[str]) -> Iterator[int]:
        """Ids of the games with these names in the column that is sorted by, name after name."""
        key = sort_key(self._query.sort)
        for start in range(0, len(names), _NAMES_AT_ONCE):
            some = in_texts(key, names[start : start + _NAMES_AT_ONCE])
            statement = _ordered(select(game.c.id).where(some), self._query, ordered=True)
            yield from self._backend.stream_ids(self._connection, statement)

    def _is_on_the_way(self, part: Filter) -> bool:
        """Whether it says where on a walk in this order to begin and to end."""
        columns = {"ply_count": "plies", "batch_id": "batch"}
        name = columns.get(self._query.sort, self._query.sort)
        return (
            isinstance(part, Term)
            and part.name == name
            and part.value != ""
            and part.op is not Op.UNEQUAL
            and (
                part.op is not Op.CONTAINS
                or FIELDS[name].kind is not Kind.TEXT
                or self._names.listed(part, self._query.sort) is not None
            )
        )

    def _tested(self, ids: Iterable[int], *, exact: bool) -> Iterator[int]:
        """Those of these ids that are there and (unless they are known to) match, in this order."""
        where = () if exact else (condition(self._filter, self._names),)
        walk = iter(ids)
        while some := list(islice(walk, _TESTED_AT_ONCE)):
            statement = select(game.c.id).where(in_set(game.c.id, some), *where)
            matching = set(integers(self._connection, self._backend.using(statement, None)))
            yield from (game_id for game_id in some if game_id in matching)

    # -- by a walk through the games -------------------------------------------------------------------------------

    def _walk(self, columns: Sequence[Any], offset: int, limit: int) -> list[Any]:
        query = self._query
        where: list[Condition] = []
        if self._filter != EVERYTHING:
            where.append(condition(self._filter, self._names))
        if query.ids is not None:
            where.append(in_set(game.c.id, query.ids))
        rows: list[Any] = []
        for known, ordered in sort_parts(query.sort):
            statement = _ordered(select(*columns).where(*where, known), query, ordered=ordered)
            if ordered and self._index:
                statement = self._backend.using(statement, self._index)
            page = self._connection.execute(statement.offset(offset).limit(limit - len(rows))).all()
            rows += page
            if len(rows) >= limit:
                break
            if page:
                offset = 0
            elif offset:
                count = select(func.count()).select_from(game).where(known, *where)
                offset -= self._connection.execute(count).scalar_one()
        return rows


class _Counted:
    """An iterator that knows how far it was read."""

    def __init__(self, ids: Iterator[int]) -> None:
        self._ids = ids
        self.steps = 0

    def __iter__(self) -> Iterator[int]:
        for game_id in self._ids:
            self.steps += 1
            yield game_id


def ordered_ids(query: GameQuery, known: Condition, where: Sequence[Condition], *, ordered: bool) -> Select[Any]:
    """All ids of one part of a query (`queries.sort_parts`), in its order."""
    return _ordered(select(game.c.id).where(known, *where), query, ordered=ordered)


def _ordered(statement: Select[Any], query: GameQuery, *, ordered: bool) -> Select[Any]:
    # Ties follow the direction, so that one index serves both.
    direction = desc if query.descending else asc
    key = (direction(sort_key(query.sort)),) if ordered and query.sort != "id" else ()
    if query.sort == PLACE:
        mine = and_(collection_game.c.game_id == game.c.id, collection_game.c.collection_id == query.collection)
        statement = statement.join(collection_game, mine)
    return statement.order_by(*key, direction(game.c.id))
