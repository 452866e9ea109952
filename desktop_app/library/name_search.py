"""Names by their parts: the dictionary of every player, event, site and opening, and conditions that go through it.

Games are found in two steps: which of the few different names match, then which games have one of those, by an index.
Any thread; called by `games` and `queries`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true, union_all

from desktop_app.domain.filter_terms import FIELDS, Filter, Op, Term
from desktop_app.domain.names import NameKind, ascii_lower, fold
from desktop_app.library.backend import in_texts, octets
from desktop_app.library.filter_meaning import Meaning
from desktop_app.library.prepared import GAME_COLUMNS
from desktop_app.library.tables import game, name_entry
from desktop_app.library.tables_sets import person_alias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from desktop_app.library.backend import Backend
    from desktop_app.library.prepared import PreparedGames

KINDS: dict[str, NameKind] = {
    "white": NameKind.PLAYER,
    "black": NameKind.PLAYER,
    "event": NameKind.EVENT,
    "site": NameKind.SITE,
    "opening": NameKind.OPENING,
    "termination": NameKind.TERMINATION,
    "time_control": NameKind.TIME_CONTROL,
}
"""Columns of `game` whose texts are in the dictionary."""

_PLACES = tuple((GAME_COLUMNS.index(column), kind) for column, kind in KINDS.items())
_NAMES_REMEMBERED = 300_000
_NONE: frozenset[str] = frozenset()
_EMPTY = frozenset({""})

LISTED_NAMES = 5_000
"""Up to so many matching names are looked up one by one; a part of more of them matches many games anyway."""

_ADDRESS = "http"
_ADDRESS_STARTS = ("", "https://", "http://", "https://www.", "https://lichess.org/")
_LAST = "\U0010ffff"
"""Sorts behind every text that begins the same."""

Names = dict[NameKind, set[str]]
"""Texts of columns by the dictionary they belong in."""


class KnownNames:
    """Names that certainly are in the dictionary, so that a long import asks for each of them once. Any thread."""

    def __init__(self) -> None:
        self._known: Names = {}

    def unknown(self, prepared: PreparedGames) -> Names:
        """The other names of these games. Sites' addresses are left out: nearly every game has one of its own."""
        found: Names = {}
        for place, kind in _PLACES:
            found.setdefault(kind, set()).update(prepared.columns[place])
        found[NameKind.SITE] = {name for name in found[NameKind.SITE] if not name.lower().startswith(_ADDRESS)}
        return {kind: names - self._known.get(kind, _NONE) - _EMPTY for kind, names in found.items()}

    def remember(self, names: Names) -> None:
        """These were stored and committed."""
        if sum(map(len, self._known.values())) > _NAMES_REMEMBERED:
            self._known = {}
        known = self._known
        for kind, some in names.items():
            known.setdefault(kind, set()).update(some)


def add_names(connection: Connection, backend: Backend, names: Names) -> None:
    """Put names into the dictionary that are not there yet, inside the caller's write transaction."""
    rows = []
    for kind, some in names.items():
        wanted = {ascii_lower(name) for name in some}
        if wanted:
            there = select(name_entry.c.name).where(name_entry.c.kind == int(kind), in_texts(name_entry.c.name, wanted))
            missing = wanted.difference(connection.execute(there).scalars())
            rows += [(int(kind), name, fold(name)) for name in sorted(missing)]
    if rows:
        backend.insert_names(connection, rows)


class NameConditions:
    """Conditions on texts of `game`, in the form that fits how they are used.

    Attributes:
        row_by_row: the games are walked in another order and each is tested; else the names drive the search.
        backend: of the library that is asked.
        meaning: what filters refer to in it.

    A player is found by all of their names (`people`), whichever of them is looked for.
    """

    def __init__(self, connection: Connection, backend: Backend, *, row_by_row: bool = False) -> None:
        self.row_by_row = row_by_row
        self.backend = backend
        self.meaning = Meaning(connection)
        self._connection = connection
        self._listed: dict[tuple[NameKind, str], list[str] | None] = {}
        self._aliases: dict[str, list[str]] = {}

    def contains(self, column: str, value: str) -> ColumnElement[bool]:
        """The column contains the text, without regard to case and accents."""
        needle, kind = fold(value), KINDS[column]
        if not needle:
            return true()
        found = self._in_dictionary(game.c[column], kind, needle)
        if kind is NameKind.PLAYER and (aliases := self._other_names(needle)):
            found = or_(found, in_texts(func.lower(game.c[column]), aliases))
        return or_(found, _address(needle)) if kind is NameKind.SITE else found

    def ids(self, columns: Iterable[str], value: str) -> Any:
        """Ids of the games in which one of the columns contains the text, from indexes alone; one may come twice.

        None where the names are so many that a list of games would be no help.
        """
        needle, parts = fold(value), [select(game.c.id).where(false())]
        for column in columns:
            listed = self._list(KINDS[column], needle) if needle else None
            if listed is None or KINDS[column] is NameKind.SITE:
                return None
            if KINDS[column] is NameKind.PLAYER:
                listed = [*listed, *self._other_names(needle)]
            parts.append(select(game.c.id).where(in_texts(func.lower(game.c[column]), listed)))
        return union_all(*parts)

    def listed(self, term: Filter, column: str) -> list[str] | None:
        """The names that a text looked for in this one column matches, None for other terms and for too many names."""
        if not isinstance(term, Term) or FIELDS[term.name].columns != (column,) or term.op is not Op.CONTAINS:
            return None
        kind, needle = KINDS.get(column), fold(str(term.value))
        if kind is None or kind is NameKind.SITE or not needle:
            return None
        names = self._list(kind, needle)
        if names is None:
            return None
        return sorted({*names, *self._other_names(needle)}) if kind is NameKind.PLAYER else names

    def _in_dictionary(self, column: ColumnElement[Any], kind: NameKind, needle: str) -> ColumnElement[bool]:
        key = func.lower(column)
        listed = self._list(kind, needle)
        if listed is not None:
            return in_texts(key, listed)
        if self.row_by_row:
            # Nearly all names are ASCII, and those are folded by `lower` alone: the dictionary is asked for the others.
            same = and_(name_entry.c.kind == int(kind), name_entry.c.name == key)
            beyond_ascii = octets(column) != func.length(column)
            folded = exists().where(same, name_entry.c.folded.contains(needle, autoescape=True))
            return or_(key.contains(needle, autoescape=True), and_(beyond_ascii, folded))
        return key.in_(self._names(kind, needle))

    def _list(self, kind: NameKind, needle: str) -> list[str] | None:
        """The matching names, None when they are many."""
        asked = (kind, needle)
        if asked not in self._listed:
            found = self._connection.execute(self._names(kind, needle).limit(LISTED_NAMES + 1)).scalars().all()
            self._listed[asked] = list(found) if len(found) <= LISTED_NAMES else None
        return self._listed[asked]

    def _other_names(self, needle: str) -> list[str]:
        """All names of people who have one with this text in it."""
        if needle not in self._aliases:
            who = select(person_alias.c.person_id).where(person_alias.c.folded.contains(needle, autoescape=True))
            names = select(person_alias.c.name).where(person_alias.c.person_id.in_(who))
            self._aliases[needle] = list(self._connection.execute(names).scalars())
        return self._aliases[needle]

    def _names(self, kind: NameKind, needle: str) -> Any:
        return select(name_entry.c.name).where(name_entry.c.kind == int(kind), self.backend.folded_contains(needle))


def _address(needle: str) -> ColumnElement[bool]:
    """A site's address matches by its beginning, with or without https://, and a Lichess game by its id."""
    key = func.lower(game.c.site)
    starts = [start + needle for start in _ADDRESS_STARTS if (start + needle).startswith(_ADDRESS)]
    return or_(*(and_(key >= start, key < start + _LAST) for start in starts))
