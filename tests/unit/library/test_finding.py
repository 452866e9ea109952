"""Filters over tags, collections, people, my games and comments; any filter against a plain reading of its meaning."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from desktop_app.domain.filter_terms import (
    FIELDS,
    WORD_COLUMNS,
    And,
    Filter,
    Kind,
    Not,
    Op,
    Or,
    Range,
    Side,
    Term,
    Word,
)
from desktop_app.domain.filters import SORTS, GameQuery, parse_filter
from desktop_app.domain.names import fold, words_of
from desktop_app.errors import UsageError
from desktop_app.library.library import Library
from desktop_app.library.tables import game
from tests.unit.library.records import make_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.domain.rows import GameRow

PLAYERS = ("Carlsen, Magnus", "Carlsen,M", "magnus carlsen", "Müller, Øyvind", "Anand, V", "anon_100%", "So, W")
EVENTS = ("Club evening", "Olympiad 2010", "Rated Blitz game", "Carlsen Memorial", "?")
CONTROLS = ("60+0", "180+2", "900+10", "-", "1/86400")
COMMENTS = ("A fine zugzwang", "the bishop pair decides", "Schöner Zug: bishop, then pair", "")
GAMES = 40


@dataclass
class Known:
    """What the test put into a library."""

    location: str
    comments: dict[int, str] = field(default_factory=dict)
    tags: dict[str, set[int]] = field(default_factory=dict)
    collections: dict[str, set[int]] = field(default_factory=dict)
    me: tuple[str, ...] = ("Carlsen, Magnus", "magnus carlsen")
    people: tuple[tuple[str, ...], ...] = (("Carlsen, Magnus", "magnus carlsen"), ("Anand, V", "Müller, Øyvind"))


def _fill(library: Library, known: Known) -> None:
    draw = random.Random(7)  # noqa: S311 -- test data
    records = [
        make_record(
            *(["e2e4", "e7e5", "g1f3"][: draw.randrange(4)] or ["d2d4"]),
            White=draw.choice(PLAYERS), Black=draw.choice(PLAYERS), Event=draw.choice(EVENTS), Round=str(number),
            Site=draw.choice(("?", "Zürich", f"https://lichess.org/abcd{number:04}")),
            Date=draw.choice(("2010.??.??", "2011.05.07", "????.??.??", "2021.10.05")),
            Result=draw.choice(("1-0", "0-1", "1/2-1/2", "*")), ECO=draw.choice(("B90", "A20", "?")),
            WhiteElo=draw.choice(("2500", "2700", "-")), BlackElo=draw.choice(("1500", "2701", "")),
            TimeControl=draw.choice(CONTROLS), Termination=draw.choice(("Normal", "Time forfeit")),
            partial=draw.choice((None, None, "ply 1: x")), not_judged=draw.choice((None, None, "variant")),
        )
        for number in range(GAMES)
    ]  # fmt: skip
    half = GAMES // 2
    ids = [*library.games.add(library.imports.begin("a"), records[:half]).imported]
    ids += library.games.add(library.imports.begin("b"), records[half:]).imported
    assert len(ids) == GAMES
    known.comments = {one: draw.choice(COMMENTS) for one in ids}
    known.tags = {"Tactic": set(draw.sample(ids, 9)), "to do": set(draw.sample(ids, 4)), "empty": set()}
    known.collections = {"Best games": set(draw.sample(ids, 7)), "Repertoire/White": set(draw.sample(ids, 5))}
    for name, members in known.tags.items():
        library.sets.tag(library.sets.create_tag(name), sorted(members))
    parent = library.sets.create_collection("Repertoire")
    library.sets.add(library.sets.create_collection("Best games"), sorted(known.collections["Best games"]))
    white = library.sets.create_collection("White", parent_id=parent)
    library.sets.add(white, sorted(known.collections["Repertoire/White"]))
    library.people.set_me(known.me)
    for names in known.people:
        library.people.add_names(names)
    rows = [(one, " ".join(words_of(text))) for one, text in known.comments.items() if text]

    def write(connection: Any) -> None:
        library.database.backend.insert_comments(connection, rows)
        for one in draw.sample(ids, 20):
            values = {"state": "analysed", "evaluated": 3} | {
                f"{colour}_{name}": draw.randrange(4)
                for colour in ("white", "black")
                for name in ("accuracy", "acpl", "inaccuracies", "mistakes", "blunders")
            }
            connection.execute(update(game).where(game.c.id == one).values(values))

    library.database.write(write)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Known:
    """A filled library's place and what is in it; in each database system."""
    if request.param == "sqlite":
        place = str(tmp_path_factory.mktemp("finding") / "games.kibitz")
    else:
        place = request.getfixturevalue("postgres").database()
    found = Known(place)
    with Library.open(place) as library:
        _fill(library, found)
    return found


@pytest.fixture
def games(known: Known) -> Iterator[Library]:
    """The filled library, open."""
    with Library.open(known.location) as library:
        yield library


def _found(library: Library, expression: str) -> set[int]:
    query = GameQuery(filter=parse_filter(expression))
    ids = list(library.games.ids(query))
    assert library.games.count(query) == len(ids)
    assert [row.id for row in library.games.page(query, 0, 100)] == ids
    return set(ids)


# -- a plain reading of what filters mean --------------------------------------------------------------------------


class _Plain:
    """Says of a row whether it matches, slowly and without SQL."""

    def __init__(self, known: Known) -> None:
        self.known = known

    def matches(self, filter_: Filter, row: GameRow) -> bool:
        match filter_:
            case And(children):
                return all(self.matches(child, row) for child in children)
            case Or(children):
                return any(self.matches(child, row) for child in children)
            case Not(child):
                return not self.matches(child, row)
            case Word(text):
                return any(self.contains(row, column, text) for column in WORD_COLUMNS)
            case Term():
                return self.term(filter_, row)
        raise AssertionError(filter_)

    def contains(self, row: GameRow, column: str, text: str) -> bool:
        value, needle = fold(getattr(row, column)), fold(text)
        if column in {"white", "black"}:
            mine = next((names for names in self.known.people if getattr(row, column) in names), ())
            return needle in value or any(needle in fold(name) for name in mine)
        if column == "site" and value.startswith("http"):
            starts = ("", "https://", "https://lichess.org/")
            return any(value.startswith(start + needle) for start in starts if (start + needle).startswith("http"))
        return needle in value

    def term(self, term: Term, row: GameRow) -> bool:
        if term.op is Op.UNEQUAL and FIELDS[term.name].kind in {Kind.SET, Kind.COMMENT, Kind.MARK, Kind.COLOUR}:
            return not self.term(Term(term.name, Op.EQUAL, term.value), row)
        special = getattr(self, f"_{term.name}", None)
        if special is not None:
            return bool(special(term, row))
        info = FIELDS[term.name]
        if info.side is None:
            found = [self.compare(info.kind, column, term, row) for column in info.columns]
            return all(found) if term.op is Op.UNEQUAL else any(found)
        return any(
            getattr(row, colour) in self.known.me
            and self.compare(info.kind, info.columns[place if info.side is Side.MINE else 1 - place], term, row)
            for place, colour in enumerate(("white", "black"))
        )

    def compare(  # noqa: PLR0911 -- one a kind
        self, kind: Kind, column: str, term: Term, row: GameRow
    ) -> bool:
        value: Any = (row.ply_count + 1) // 2 if column == "moves" else getattr(row, column)
        wanted: Any = term.value
        if kind is Kind.TEXT:
            if term.op is Op.CONTAINS:
                return self.contains(row, column, wanted)
            return (value.lower() == wanted.lower()) == (term.op is Op.EQUAL)
        if kind in {Kind.DATE, Kind.CODE}:
            return bool(value) and _compare_period(value, term)
        if kind is not Kind.NUMBER:
            return (value == wanted) == (term.op is not Op.UNEQUAL)
        if value is None:
            return False
        if isinstance(wanted, Range):
            return wanted.low <= value <= wanted.high
        return _COMPARISONS[term.op](value, wanted)

    def _is(self, term: Term, row: GameRow) -> bool:
        mine = [colour for colour in ("white", "black") if getattr(row, colour) in self.known.me]
        wins = {"white": "1-0", "black": "0-1"}
        return {
            "mine": bool(mine),
            "won": any(row.result == wins[colour] for colour in mine),
            "lost": any(row.result in set(wins.values()) - {wins[colour]} for colour in mine),
            "drawn": bool(mine) and row.result == "1/2-1/2",
            "tagged": any(row.id in members for members in self.known.tags.values()),
            "commented": bool(self.known.comments[row.id]),
            "evaluated": row.evaluated > 0,
            "partial": row.partial is not None,
            "notjudged": row.not_judged is not None,
            "analysable": row.not_judged is None,
        }[str(term.value)]

    def _tag(self, term: Term, row: GameRow) -> bool:
        return any(row.id in some for name, some in self.known.tags.items() if fold(name) == fold(str(term.value)))

    def _collection(self, term: Term, row: GameRow) -> bool:
        wanted = fold(str(term.value))
        names = {name: {fold(name), *fold(name).split("/")} for name in self.known.collections}
        return any(row.id in some for name, some in self.known.collections.items() if wanted in names[name])

    def _comment(self, term: Term, row: GameRow) -> bool:
        words, wanted = words_of(self.known.comments[row.id]), words_of(str(term.value))
        runs = [words[start : start + len(wanted)] for start in range(len(words))]
        if term.op is Op.CONTAINS:
            return any(
                run[:-1] == wanted[:-1] and run[-1].startswith(wanted[-1]) for run in runs if len(run) == len(wanted)
            )
        return wanted in runs

    def _my_colour(self, term: Term, row: GameRow) -> bool:
        return getattr(row, str(term.value)) in self.known.me

    def _result_of(self, term: Term, row: GameRow, results: tuple[str, str]) -> bool:
        if term.op is Op.UNEQUAL:
            return not self._result_of(Term(term.name, Op.EQUAL, term.value), row, results)
        for colour, result in zip(("white", "black"), results, strict=True):
            if term.value == "me":
                is_them = getattr(row, colour) in self.known.me
            else:
                is_them = self.compare(Kind.TEXT, colour, term, row)
            if is_them and row.result == result:
                return True
        return False

    def _won(self, term: Term, row: GameRow) -> bool:
        return self._result_of(term, row, ("1-0", "0-1"))

    def _lost(self, term: Term, row: GameRow) -> bool:
        return self._result_of(term, row, ("0-1", "1-0"))

    def _drew(self, term: Term, row: GameRow) -> bool:
        return self._result_of(term, row, ("1/2-1/2", "1/2-1/2"))


_COMPARISONS = {
    Op.CONTAINS: lambda value, wanted: value == wanted,
    Op.EQUAL: lambda value, wanted: value == wanted,
    Op.UNEQUAL: lambda value, wanted: value != wanted,
    Op.LESS: lambda value, wanted: value < wanted,
    Op.AT_MOST: lambda value, wanted: value <= wanted,
    Op.MORE: lambda value, wanted: value > wanted,
    Op.AT_LEAST: lambda value, wanted: value >= wanted,
}


def _compare_period(value: str, term: Term) -> bool:
    first, last = (term.value.low, term.value.high) if isinstance(term.value, Range) else (term.value, term.value)
    first, end = str(first), f"{last}~"
    inside = first <= value < end
    return {
        Op.CONTAINS: inside,
        Op.EQUAL: inside,
        Op.UNEQUAL: not inside,
        Op.LESS: value < first,
        Op.AT_MOST: value < end,
        Op.MORE: value >= end,
        Op.AT_LEAST: value >= first,
    }[term.op]


TEXTS = st.sampled_from(
    ["carl", "MAGNUS", "carlsen, magnus", "muller", "anand", "o", "%", "club", "zurich", "normal", "300"]
)
VALUES: dict[Kind, st.SearchStrategy] = {
    Kind.TEXT: TEXTS,
    Kind.SET: st.sampled_from(
        ["tactic", "TO DO", "empty", "nobody", "best games", "white", "repertoire", "repertoire/white"]
    ),
    Kind.COMMENT: st.sampled_from(["bishop", "bish", "bishop pair", "schoner", "zug", "pair decides", "nothing"]),
    Kind.NUMBER: st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0, 1500.0, 2700.0, Range(1, 2), Range(1500, 2600)]),
    Kind.DATE: st.sampled_from(["2010", "2011.05", "2021", Range("2010", "2011")]),
    Kind.CODE: st.sampled_from(["B", "A2", Range("A", "B")]),
    Kind.RESULT: st.sampled_from(["1-0", "0-1", "1/2-1/2", "*"]),
    Kind.STATE: st.sampled_from(["analysed", "unanalysed"]),
    Kind.SPEED: st.sampled_from(["bullet", "blitz"]),
    Kind.MARK: st.sampled_from(["mine", "won", "lost", "drawn", "tagged", "commented", "evaluated", "partial"]),
    Kind.COLOUR: st.sampled_from(["white", "black"]),
}


NAMES = sorted(name for name, info in FIELDS.items() if info.kind in VALUES)


@st.composite
def _terms(draw: st.DrawFn) -> Term:
    name = draw(st.sampled_from(NAMES))
    kind = FIELDS[name].kind
    value = draw(VALUES[kind] | st.just("me") if name in {"won", "lost", "drew"} else VALUES[kind])
    ops = [Op.CONTAINS, Op.EQUAL]
    if not isinstance(value, Range):
        ordered = kind in {Kind.NUMBER, Kind.DATE, Kind.CODE}
        ops = list(Op) if ordered else [*ops, Op.UNEQUAL]
    return Term(name, draw(st.sampled_from(ops)), value)


FILTERS = st.recursive(
    TEXTS.map(Word) | _terms(),
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, max_size=3).map(lambda some: And(tuple(some)))
        | st.lists(inner, min_size=1, max_size=3).map(lambda some: Or(tuple(some)))
    ),
    max_leaves=6,
)


WAYS: dict[str, dict[str, int]] = {
    "as it comes": {},
    "tested in order": {"paging._SOON": 10**9, "paging._TESTED_AT_ONCE": 3, "paging._NAMES_AT_ONCE": 1},
    "few": {"paging._SOON": 0, "candidates.FEW": 0},
    "ids in order": {"paging._SOON": 0, "paging._FEW": 0, "paging._TESTED_AT_ONCE": 3},
    "given up": {"paging._SOON": 0, "paging._FEW": 0, "paging._STEPS": 5},
    "walked": {"candidates.MOST": 0, "paging._SOON": 0},
    "many names": {"name_search.LISTED_NAMES": 0},
}
"""Limits of the library that make it find pages one way or another."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    filter_=FILTERS, sort=st.sampled_from(sorted(SORTS)), descending=st.booleans(), way=st.sampled_from(sorted(WAYS))
)
def test_any_filter_finds_what_it_means(
    games: Library, known: Known, monkeypatch: pytest.MonkeyPatch, *, filter_: Filter, sort: str, descending: bool,
    way: str,
) -> None:  # fmt: skip
    """Whatever is asked, in whatever order and by whatever way, exactly the games that match are found."""
    everything = games.games.page(GameQuery(), 0, GAMES)
    plain = _Plain(known)
    wanted = {row.id for row in everything if plain.matches(filter_, row)}
    query = GameQuery(filter_, sort, descending)
    ids = list(games.games.ids(query))
    assert set(ids) == wanted
    assert games.games.count(query) == len(ids) == len(wanted)
    with monkeypatch.context() as patch:
        for name, value in WAYS[way].items():
            patch.setattr(f"desktop_app.library.{name}", value)
        assert [row.id for row in games.games.page(query, 0, 7)] == ids[:7]
        assert [row.id for row in games.games.page(query, 3, 7)] == ids[3:10]


@pytest.mark.parametrize(
    ("expression", "same"),
    [
        ("is:mine", "my_colour:white or my_colour:black"),
        ("is:won", "won:me"),
        ("is:mine opponent:anand", "(my_colour:white black:anand) or (my_colour:black white:anand)"),
        ("my_elo>=2700", "(my_colour:white white_elo>=2700) or (my_colour:black black_elo>=2700)"),
        ("opponent_blunders>=1", "(my_colour:white black_blunders>=1) or (my_colour:black white_blunders>=1)"),
        ("in:repertoire", "collection:repertoire/white"),
        ("white:anand", "white:oyvind"),
        ("is:commented", "comment:a or comment:the or comment:zug"),
        ("import:1", "batch=1"),
    ],
)
def test_ways_to_say_the_same(games: Library, expression: str, same: str) -> None:
    """Each field of mine, of sets and of people means what the longer expression says."""
    found = _found(games, expression)
    assert found
    assert found == _found(games, same)


@pytest.mark.parametrize("sort", ["id", "white", "date", "white_accuracy"])
def test_indexes_that_are_left_out_are_not_missed(games: Library, monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    """While a big import has dropped its indexes, pages are found without them."""
    monkeypatch.setattr(type(games.database.backend), "index_names", lambda *_: set())
    for expression in ("carlsen", "player:anand elo>=2000", "is:mine date:2021", "tag:tactic or batch:1", "event:club"):
        query = GameQuery(parse_filter(expression), sort)
        assert [row.id for row in games.games.page(query, 0, GAMES)] == list(games.games.ids(query))


def test_smart_collections_are_their_filters(games: Library, known: Known) -> None:
    """`collection:` of a smart one finds what its filter finds now, inside others too; asking for itself is told."""
    sets = games.sets
    one = sets.create_collection("mine with tactics", filter_="is:mine tag:tactic or collection:White")
    try:
        wanted = (_found(games, "is:mine") & known.tags["Tactic"]) | known.collections["Repertoire/White"]
        assert _found(games, 'collection:"mine with tactics"') == wanted
        assert set(games.games.ids(sets.query(one))) == wanted
        sets.change_collection(one, parent_id=sets.collection_named("Best games"))
        assert _found(games, 'collection:"best games"') == wanted | known.collections["Best games"]
        sets.change_collection(one, filter_='-collection:"mine with tactics"')
        with pytest.raises(UsageError, match="asks for itself"):
            games.games.count(sets.query(one))
    finally:
        sets.delete_collection(one)
