"""What a filter means in this library: my names, tags, collections and comments looked up and put in their place.

What is left for `queries` are comparisons of columns, and conditions that go through tables of ours (`Named`,
`Members`, `Commented`, `Listed`). One short read; any thread. Called by `games`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import select

from desktop_app.domain.filter_terms import EVERYTHING, FIELDS, ME, And, Filter, Looked, Not, Op, Or, Side, Term
from desktop_app.domain.filters import parse_filter
from desktop_app.domain.names import fold, words_of
from desktop_app.domain.position_hash import board_hash, board_of
from desktop_app.errors import UsageError
from desktop_app.library.positions import games_with_position
from desktop_app.library.sets import collections_named
from desktop_app.library.tables_sets import collection, person, person_alias, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

_NOTHING: Filter = Not(EVERYTHING)
_OTHER = {"white": "black", "black": "white"}
_WINS = {"white": "1-0", "black": "0-1"}
_DRAW = "1/2-1/2"
_DEEPEST = 20


class Table(Enum):
    """Where members of a set are."""

    TAG = "tag"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True)
class Named(Looked):
    """Games in which a column is one of these names, as `lower` gives them."""

    column: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Members(Looked):
    """Games in any of these tags or collections; in any at all where `ids` is None."""

    table: Table
    ids: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Commented(Looked):
    """Games with a comment that has these words one after another, or with any comment where there are none.

    Attributes:
        words: folded.
        begun: whether the last one may be the beginning of a word.
    """

    words: tuple[str, ...]
    begun: bool


@dataclass(frozen=True, slots=True, eq=False)
class Listed(Looked):
    """Games with these ids; equal to itself alone, since there may be very many."""

    ids: Sequence[int]


class Meaning:
    """Looks up what filters refer to, once each."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._me: tuple[str, ...] | None = None
        self._open: list[int] = []

    def of(self, filter_: Filter) -> Filter:
        """The same filter with everything looked up that is not a column of the game."""
        match filter_:
            case And(children):
                return And(tuple(map(self.of, children)))
            case Or(children):
                return Or(tuple(map(self.of, children)))
            case Not(child):
                return Not(self.of(child))
            case Term():
                return self._of_term(filter_)
            case _:
                return filter_

    def _of_term(self, term: Term) -> Filter:
        if FIELDS[term.name].side is not None:
            return self._of_my_games(term)
        found: Filter
        if term.name in _SPECIAL:
            found = _SPECIAL[term.name](self, term)
        elif term.name == "is" and term.value in _SPECIAL_MARKS:
            found = _SPECIAL_MARKS[str(term.value)](self)
        else:
            return term
        return Not(found) if term.op is Op.UNEQUAL else found

    def mine(self, colour: str) -> Filter:
        """Games in which I have this colour."""
        if self._me is None:
            mine = select(person_alias.c.name).join(person).where(person.c.is_me).order_by(person_alias.c.name)
            self._me = tuple(self._connection.execute(mine).scalars())
        return Named(colour, self._me) if self._me else _NOTHING

    def _of_my_games(self, term: Term) -> Filter:
        """A column of my side, or of my opponent's."""
        info = FIELDS[term.name]
        found = []
        for colour in ("white", "black"):
            whose = colour if info.side is Side.MINE else _OTHER[colour]
            name = term.name.replace("my_", "opponent_").replace("opponent", whose)
            found.append(And((self.mine(colour), Term(name, term.op, term.value))))
        return Or(tuple(found))

    def _of_result(self, term: Term, results: dict[str, str]) -> Filter:
        """Games that somebody won, lost or drew."""
        found: list[Filter] = []
        for colour, result in results.items():
            is_me = str(term.value).lower() == ME
            who = self.mine(colour) if is_me else Term(colour, _positive(term.op), term.value)
            found.append(And((who, Term("result", Op.EQUAL, result))))
        return Or(tuple(found))

    def won(self, term: Term) -> Filter:
        """`won:`, by any player."""
        return self._of_result(term, _WINS)

    def lost(self, term: Term) -> Filter:
        """`lost:`, by any player."""
        return self._of_result(term, {_OTHER[colour]: result for colour, result in _WINS.items()})

    def drew(self, term: Term) -> Filter:
        """`drew:`, by any player."""
        return self._of_result(term, dict.fromkeys(_WINS, _DRAW))

    def my_colour(self, term: Term) -> Filter:
        """`my_colour:`, in games of mine."""
        return self.mine(str(term.value))

    def tag(self, term: Term) -> Filter:
        """`tag:`, by its whole name."""
        found = select(tag.c.id).where(tag.c.folded == fold(str(term.value).strip()))
        return Members(Table.TAG, tuple(self._connection.execute(found).scalars()))

    def collection(self, term: Term) -> Filter:
        """`collection:` with those that stand in it."""
        named = collections_named(self._connection, str(term.value))
        which = collection.c.id.in_(named) | collection.c.parent_id.in_(named)
        rows = self._connection.execute(
            select(collection.c.id, collection.c.name, collection.c.filter).where(which)
        ).all()
        by_hand = Members(Table.COLLECTION, tuple(row.id for row in rows if row.filter is None))
        smart = [self._saved(row.id, row.name, row.filter) for row in rows if row.filter is not None]
        return Or((by_hand, *smart) if by_hand.ids else tuple(smart)) if smart else by_hand

    def position(self, term: Term) -> Filter:
        """`position:`, in the games that are indexed."""
        return Listed(games_with_position(self._connection, board_hash(board_of(str(term.value)))))

    def _saved(self, collection_id: int, name: str, expression: str) -> Filter:
        if collection_id in self._open or len(self._open) > _DEEPEST:
            raise UsageError(
                f"The smart collection {name!r} asks for itself.", action="Change its filter, so that it does not."
            )
        self._open.append(collection_id)
        try:
            return self.of(parse_filter(expression))
        finally:
            self._open.pop()


def _comment(_: Meaning, term: Term) -> Filter:
    return Commented(tuple(words_of(str(term.value))), begun=term.op is Op.CONTAINS)


_SPECIAL: dict[str, Callable[[Meaning, Term], Filter]] = {
    "won": Meaning.won,
    "lost": Meaning.lost,
    "drew": Meaning.drew,
    "my_colour": Meaning.my_colour,
    "tag": Meaning.tag,
    "collection": Meaning.collection,
    "comment": _comment,
    "position": Meaning.position,
}


def _my_result(name: str) -> Callable[[Meaning], Filter]:
    return lambda meaning: _SPECIAL[name](meaning, Term(name, Op.EQUAL, ME))


_SPECIAL_MARKS: dict[str, Callable[[Meaning], Filter]] = {
    "mine": lambda meaning: Or((meaning.mine("white"), meaning.mine("black"))),
    "won": _my_result("won"),
    "lost": _my_result("lost"),
    "drawn": _my_result("drew"),
    "tagged": lambda _: Members(Table.TAG, None),
    "commented": lambda _: Commented((), begun=False),
}


def _positive(op: Op) -> Op:
    """The comparison that "is not" denies."""
    return Op.EQUAL if op is Op.UNEQUAL else op
