"""People and their names: who is the same player, who keeps this library, and which names look like one person's.

Any thread (never the GUI's: every call waits for the disk). Games keep the names they came with; searching for a
player finds all of a person's (`name_search`). Suggestions read the dictionary of names, not the games.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, union_all, update

from desktop_app.domain.names import NameKind, ascii_lower, fold
from desktop_app.domain.people import NameCount, NameParts, Person, PersonId, alike, name_parts
from desktop_app.errors import NotFoundError, UsageError
from desktop_app.library.backend import in_texts
from desktop_app.library.prepared import storable
from desktop_app.library.tables import game, name_entry
from desktop_app.library.tables_sets import person, person_alias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from desktop_app.library.database import Database

_GROUPS_COUNTED = 400
"""Groups of similar names whose games are counted, to offer those with most of them first."""


class People:
    """The people of one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Person]:
        """Everybody who was given names, by the name they are shown by; whoever keeps the library first."""
        with self._database.read() as connection:
            aliases: dict[int, list[str]] = defaultdict(list)
            for row in connection.execute(select(person_alias).order_by(person_alias.c.name)):
                aliases[row.person_id].append(row.written)
            rows = connection.execute(select(person)).all()
        people = [_person(row, aliases[row.id]) for row in rows]
        return sorted(people, key=lambda one: (not one.is_me, fold(one.name)))

    def of(self, name: str) -> Person | None:
        """The person who has this name, None where nobody was given it."""
        key = _key(name)
        return next((one for one in self.all() if any(_key(known) == key for known in one.names)), None)

    def add_names(self, names: Sequence[str], *, person_id: PersonId | None = None) -> PersonId:
        """Make these names one person's: of the one given, else of whoever has one of them, else of a new one.

        People who had any of the names become one; the first name is then the one they are shown by if they are new.
        Raises UsageError for an empty name, NotFoundError when `person_id` is gone.
        """
        wanted = {_key(name): storable(name) for name in names}
        if not wanted or not all(key.strip() for key in wanted):
            raise UsageError("A player's name is missing.", action="Give it as games have it, such as 'Carlsen, M'.")

        def run(connection: Connection) -> PersonId:
            return _join(connection, wanted, person_id)

        return self._database.write(run)

    def remove_name(self, name: str) -> None:
        """Take a name from the person who has it; a person without names is gone. Nothing where nobody has it."""
        key = _key(name)

        def run(connection: Connection) -> None:
            row = connection.execute(
                select(person.c.id, person.c.name).join(person_alias).where(person_alias.c.name == key)
            ).first()
            if row is None:
                return
            connection.execute(delete(person_alias).where(person_alias.c.name == key))
            left = connection.execute(
                select(person_alias.c.written).where(person_alias.c.person_id == row.id).order_by(person_alias.c.name)
            ).first()
            if left is None:
                connection.execute(delete(person).where(person.c.id == row.id))
            elif _key(row.name) == key:
                connection.execute(update(person).where(person.c.id == row.id).values(name=left.written))

        self._database.write(run)

    def rename(self, person_id: PersonId, name: str) -> None:
        """Show a person by this name, which becomes one of theirs. Raises as `add_names`."""
        self.add_names([name], person_id=person_id)
        shown = storable(name)
        self._database.write(
            lambda connection: (
                connection.execute(update(person).where(person.c.id == person_id).values(name=shown)).rowcount
            )
        )

    def remove(self, person_id: PersonId) -> None:
        """Forget that these names are one person's."""
        self._database.write(
            lambda connection: connection.execute(delete(person).where(person.c.id == person_id)).rowcount
        )

    # -- me --------------------------------------------------------------------------------------------------------

    def me(self) -> Person | None:
        """Whoever keeps this library, None where nobody said."""
        return next((one for one in self.all() if one.is_me), None)

    def set_me(self, names: Sequence[str]) -> None:
        """These are my names, and no others; none at all forgets who I am. "My games" are those with one of them."""
        wanted = {_key(name): storable(name) for name in names if name.strip()}

        def run(connection: Connection) -> None:
            connection.execute(update(person).values(is_me=False))
            if not wanted:
                return
            person_id = _join(connection, wanted, None)
            strangers = person_alias.c.name.not_in(list(wanted))
            connection.execute(delete(person_alias).where(person_alias.c.person_id == person_id, strangers))
            name = next(iter(wanted.values()))
            connection.execute(update(person).where(person.c.id == person_id).values(is_me=True, name=name))

        self._database.write(run)

    def likely_me(self, limit: int = 5) -> list[NameCount]:
        """The players with most games, for "is this you?"; who plays most games of a library mostly keeps it.

        Reads the names of all games from an index: a second for a million.
        """
        both = union_all(*(_by_name(game.c[colour]) for colour in ("white", "black"))).subquery()
        games = func.sum(both.c.games)
        statement = (
            select(both.c.name, games.label("games"))
            .where(both.c.name != "")
            .group_by(both.c.name)
            .order_by(games.desc(), both.c.name)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            written = _as_written(connection, [row.name for row in rows])
        return [NameCount(written[row.name], int(row.games)) for row in rows]

    # -- suggestions -----------------------------------------------------------------------------------------------

    def similar(self, name: str, limit: int = 20) -> list[NameCount]:
        """Other names in the games that may be this player's, those with most games first; theirs already left out."""
        parts = name_parts(name)
        if parts is None:
            return []
        known = self.of(name)
        theirs = {_key(name), *(_key(one) for one in (known.names if known else ()))}
        with self._database.read() as connection:
            surname = max(parts.surname.split() or [parts.surname], key=len)
            names = select(name_entry.c.name).where(
                name_entry.c.kind == int(NameKind.PLAYER), self._database.backend.folded_contains(surname)
            )
            found = [one for one in connection.execute(names).scalars() if one not in theirs and _may_be(one, parts)]
            return _counted(connection, found)[:limit]

    def suggestions(self, limit: int = 50) -> list[tuple[NameCount, ...]]:
        """Groups of names that may be one person's, those with most games first; reads all players' names once.

        Names that stand together already are left out. A name that fits two others that do not fit one another
        ("Muller, H" beside "Muller, Hans" and "Muller, Heinz") makes no group.
        """
        names = select(name_entry.c.name).where(name_entry.c.kind == int(NameKind.PLAYER))
        with self._database.read() as connection:
            known = {row.name: row.person_id for row in connection.execute(select(person_alias))}
            alike_at_first = _by_initial(connection.execute(names).scalars(), known)
            groups = _groups(alike_at_first, _held(connection, chain.from_iterable(alike_at_first)), known)
            counted = [tuple(_counted(connection, group)) for group in groups[:_GROUPS_COUNTED]]
        real = [group for group in counted if len(group) > 1]
        return sorted(real, key=lambda group: -sum(one.games for one in group))[:limit]


def _key(name: str) -> str:
    """A name as the dictionary and the games' indexes have it."""
    return ascii_lower(storable(name))


def _person(row: Any, written: Sequence[str]) -> Person:
    others = [name for name in written if _key(name) != _key(row.name)]
    return Person(PersonId(row.id), row.name, (row.name, *others), row.is_me)


def _join(connection: Connection, wanted: dict[str, str], person_id: PersonId | None) -> PersonId:
    """Give names to one person, who takes over from others who had one of them."""
    there = select(person.c.id).where(person.c.id == person_id)
    if person_id is not None and connection.execute(there).first() is None:
        raise NotFoundError("That player is gone.")
    holders = select(person_alias.c.person_id).where(in_texts(person_alias.c.name, wanted)).distinct()
    others = set(connection.execute(holders).scalars()) - {person_id}
    if person_id is None and others:
        person_id = PersonId(min(others))
        others.discard(person_id)
    if person_id is None:
        values = {"name": next(iter(wanted.values())), "is_me": False}
        person_id = PersonId(connection.execute(insert(person).values(values).returning(person.c.id)).scalar_one())
    for other in sorted(others):
        if connection.execute(select(person.c.is_me).where(person.c.id == other)).scalar():
            connection.execute(update(person).where(person.c.id == person_id).values(is_me=True))
        moved = update(person_alias).where(person_alias.c.person_id == other).values(person_id=person_id)
        connection.execute(moved)
        connection.execute(delete(person).where(person.c.id == other))
    known = select(person_alias.c.name).where(in_texts(person_alias.c.name, wanted))
    missing = set(wanted).difference(connection.execute(known).scalars())
    if missing:
        rows = [
            {"name": key, "person_id": person_id, "folded": fold(wanted[key]), "written": wanted[key]}
            for key in sorted(missing)
        ]
        connection.execute(insert(person_alias), rows)
    return person_id


def _by_name(column: Any) -> Any:
    key = func.lower(column)
    return select(key.label("name"), func.count().label("games")).group_by(key)


def _may_be(name: str, parts: NameParts) -> bool:
    other = name_parts(name)
    return other is not None and alike(parts, other)


def _by_initial(names: Iterable[str], known: dict[str, int]) -> list[dict[str, NameParts]]:
    """Names with the same surname and first initial, where those are not one person's already."""
    found: dict[tuple[str, str], dict[str, NameParts]] = defaultdict(dict)
    for name in names:
        parts = name_parts(name)
        if parts is not None:
            found[parts.surname, parts.given[0][0]][name] = parts
    return [some for some in found.values() if len({known.get(name, name) for name in some}) > 1]


def _groups(found: Iterable[dict[str, NameParts]], held: set[str], known: dict[str, int]) -> list[list[str]]:
    """Of these the names that games have, where they may be one person's: every pair of them is alike."""
    groups = []
    for some in found:
        there = [(name, parts) for name, parts in some.items() if name in held]
        together = {known.get(name, name) for name, _ in there}
        pairs = ((one, other) for place, (_, one) in enumerate(there) for _, other in there[:place])
        if len(together) > 1 and all(alike(one, other) for one, other in pairs):
            groups.append([name for name, _ in there])
    return groups


def _held(connection: Connection, names: Iterable[str]) -> set[str]:
    """Those of these names that a game has now: the dictionary keeps what edits gave and what was removed."""
    wanted, held = list(names), set[str]()
    for colour in ("white", "black"):
        key = func.lower(game.c[colour])
        held.update(connection.execute(select(key).where(in_texts(key, wanted)).distinct()).scalars())
    return held


def _counted(connection: Connection, names: Sequence[str]) -> list[NameCount]:
    """Names that games have now, as they are written there, those with most games first."""
    games: dict[str, int] = defaultdict(int)
    for colour in ("white", "black"):
        key = func.lower(game.c[colour])
        for row in connection.execute(_by_name(game.c[colour]).where(in_texts(key, names))):
            games[row.name] += row.games
    written = _as_written(connection, games)
    found = [NameCount(written[name], number) for name, number in games.items()]
    return sorted(found, key=lambda one: (-one.games, one.name))


def _as_written(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Each name as some game has it."""
    found = {}
    for name in names:
        for colour in ("white", "black"):
            column = game.c[colour]
            row = connection.execute(select(column).where(func.lower(column) == name).limit(1)).scalar()
            if row is not None:
                found[name] = row
                break
        else:
            found[name] = name
    return found
