"""Which games can match a filter, as a set of ids made from indexes alone: the way to rare games among very many.

Of conditions that must all hold, the one that fewest games meet is listed, then others as long as that helps; of
conditions of which any may hold, all are listed. No game's row is read. Any thread; called by `paging`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, union_all

from desktop_app.domain.filter_terms import FIELDS, WORD_COLUMNS, And, Filter, Kind, Op, Or, Range, Term, Word
from desktop_app.library.backend import in_set, in_texts
from desktop_app.library.filter_meaning import Commented, Listed, Members, Named
from desktop_app.library.name_search import KINDS
from desktop_app.library.queries import condition, member_ids
from desktop_app.library.tables import NAMES_INDEXED, PLAIN_INDEXED, SUMMARY_INDEXED, game

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from sqlalchemy import Connection, Select

    from desktop_app.library.name_search import NameConditions

FEW = 3_000
"""So few games are read and tested one by one sooner than another list is made."""

MOST = 80_000
"""Ids of a list; a condition that more games meet narrows little. Five milliseconds to count, twenty to read."""

_LIKELY = 0.3
"""How many of the games are taken to meet a condition that more than `MOST` meet, or nobody knows how many."""

_TEST_BY_ID = 16
"""Reading and testing a game costs as much as so many ids of a list."""

_INDEXED = frozenset({*PLAIN_INDEXED, *NAMES_INDEXED, *SUMMARY_INDEXED, "state", "batch_id"})


@dataclass(frozen=True, slots=True)
class Candidates:
    """Games that can match.

    Attributes:
        ids: all that match, and perhaps others; perhaps of games that are in the bin.
        exact: whether every one that is there matches.
    """

    ids: set[int]
    exact: bool


class Lister:
    """Lists the games of filters whose meaning was looked up, and says beforehand how many there may be.

    `wanted`: how many games are wanted in the end; `there`: names of the indexes that are there.
    """

    def __init__(self, connection: Connection, names: NameConditions, wanted: int, there: AbstractSet[str]) -> None:
        self._connection = connection
        self._wanted = wanted
        self._names = names
        self._there = there
        self._games: int | None = None
        self._sizes: dict[Filter, int] = {}
        self._lists: dict[Filter, list[int]] = {}

    def share(self, conditions: Sequence[Filter]) -> float:
        """About which part of all games meets all of these, taken as independent of one another; above 0."""
        if self._games is None:
            self._games = max(1, self._connection.execute(select(func.max(game.c.id))).scalar() or 0)
        return max(math.prod(self._share_of(one, self._games) for one in conditions), 1 / self._games)

    def _share_of(self, filter_: Filter, games: int) -> float:
        if isinstance(filter_, And):
            return math.prod(self._share_of(child, games) for child in filter_.children)
        if isinstance(filter_, Or):
            return min(1.0, sum(self._share_of(child, games) for child in filter_.children))
        size = self._size(filter_)
        return min(1.0, size / games) if size <= MOST else _LIKELY

    def of(self, filter_: Filter, *, inner: bool = False) -> Candidates | None:
        """All games that can match, None where they cannot be listed. `inner`: it is a part of another filter."""
        if isinstance(filter_, And):
            return self._of_all(filter_.children, inner=inner)
        if isinstance(filter_, Or):
            return self._of_any(filter_.children)
        ids = self._list(filter_)
        return None if ids is None else Candidates(set(ids), exact=True)

    def _list(self, filter_: Filter) -> list[int] | None:
        """The games of a single condition, None where they are too many or there is no list."""
        if isinstance(filter_, Listed):
            return list(filter_.ids)
        if filter_ not in self._lists:
            listing = None if self._size(filter_) > MOST else self._listing(filter_)
            if listing is None:
                return None
            self._lists[filter_] = self._names.backend.id_list(self._connection, listing)
        return self._lists[filter_]

    def _of_all(self, children: Sequence[Filter], *, inner: bool) -> Candidates | None:
        """The smallest list, made smaller by the others while it is long."""
        sized = sorted(((self._size(child), place, child) for place, child in enumerate(children)), key=_by_size)
        found: Candidates | None = None
        exact = True
        for place, (size, _, child) in enumerate(sized):
            rest = [] if inner else [one for _, _, one in sized[place:]]
            if found is not None and self._is_enough(found, size, rest):
                exact = False
                break
            if size > MOST:
                exact = False
            elif found is not None and (ids := self._list(child)) is not None:
                found = Candidates(found.ids.intersection(ids), exact)
            elif (other := self.of(child, inner=True)) is not None:
                found = other if found is None else Candidates(found.ids & other.ids, exact)
                exact = exact and other.exact
            else:
                exact = False
        return None if found is None else Candidates(found.ids, exact)

    def _is_enough(self, found: Candidates, size: int, rest: Sequence[Filter]) -> bool:
        """Whether testing the games found for the rest of the conditions costs less than so long a list."""
        if len(found.ids) <= FEW:
            return True
        return bool(rest) and self._wanted / self.share(rest) * _TEST_BY_ID < size

    def _of_any(self, children: Sequence[Filter]) -> Candidates | None:
        """All lists together."""
        ids: set[int] = set()
        exact = True
        for child in children:
            found = self.of(child, inner=True)
            if found is None or len(ids) > MOST:
                return None
            ids |= found.ids
            exact = exact and found.exact
        return Candidates(ids, exact)

    def _size(self, filter_: Filter) -> int:
        """How many games a list would have, counted no further than is needed; `MOST + 1` for what has none."""
        if filter_ not in self._sizes:
            self._sizes[filter_] = min(MOST + 1, self._counted(filter_))
        return self._sizes[filter_]

    def _counted(self, filter_: Filter) -> int:
        if isinstance(filter_, And):
            return min(map(self._size, filter_.children), default=MOST + 1)
        if isinstance(filter_, Or):
            return sum(map(self._size, filter_.children))
        if isinstance(filter_, Listed):
            return min(MOST, len(filter_.ids))
        listing = self._listing(filter_)
        if listing is None:
            return MOST + 1
        some = listing.limit(MOST + 1).subquery()
        return int(self._connection.execute(select(func.count()).select_from(some)).scalar_one())

    def _listing(self, filter_: Filter) -> Any:
        """A query for the ids from an index alone, None where there is none that helps."""
        if isinstance(filter_, Word):
            return None if self._lacks(WORD_COLUMNS) else self._names.ids(WORD_COLUMNS, filter_.text)
        if isinstance(filter_, Named):
            return (
                None
                if self._lacks([filter_.column])
                else select(game.c.id).where(in_texts(func.lower(game.c[filter_.column]), filter_.names))
            )
        if isinstance(filter_, Listed):
            few = len(filter_.ids) <= MOST
            return select(game.c.id).where(in_set(game.c.id, filter_.ids)) if few else None
        if isinstance(filter_, Members | Commented):
            return member_ids(filter_, self._names).select()
        if isinstance(filter_, Term):
            return self._of_term(filter_)
        return None

    def _lacks(self, columns: Sequence[str]) -> bool:
        """Whether one of these columns has no index, as while a big import runs (`indexes`)."""
        return not all(column in _INDEXED and f"ix_game_{column}" in self._there for column in columns)

    def _of_term(self, term: Term) -> Any:
        info = FIELDS[term.name]
        if term.name == "is":
            return None if term.op is Op.UNEQUAL else _of_mark(str(term.value))
        columns = ["ply_count" if column == "moves" else column for column in info.columns]
        if info.kind is Kind.RESULT and term.value != "*":
            return None  # never rare, and not worth counting
        if term.op is Op.UNEQUAL or not columns or self._lacks(columns):
            return _of_id(term)
        if info.kind is Kind.TEXT and term.op is Op.CONTAINS:
            return self._names.ids(info.columns, str(term.value)) if all(one in KINDS for one in columns) else None
        # One column each, so that each query has its own index.
        single = [Term(name, term.op, term.value) for name in _fields_of(term.name)]
        parts = [select(game.c.id).where(condition(one, self._names)) for one in single]
        return parts[0] if len(parts) == 1 else union_all(*parts)


def _fields_of(name: str) -> tuple[str, ...]:
    """The fields of single columns that a field for either side stands for."""
    columns = FIELDS[name].columns
    return columns if len(columns) > 1 else (name,)


def _of_mark(mark: str) -> Select[Any] | None:
    if mark not in {"partial", "notjudged"}:
        return None
    column = game.c.partial if mark == "partial" else game.c.not_judged
    return select(game.c.id).where(column.is_not(None))


def _of_id(term: Term) -> Select[Any] | None:
    """A short run of ids."""
    if term.name != "id" or term.op not in {Op.CONTAINS, Op.EQUAL}:
        return None
    low, high = (term.value.low, term.value.high) if isinstance(term.value, Range) else (term.value, term.value)
    if float(high) - float(low) > FEW:
        return None
    return select(game.c.id).where(or_(game.c.id.between(float(low), float(high))))


def _by_size(sized: tuple[int, int, Filter]) -> tuple[int, int]:
    return sized[:2]
