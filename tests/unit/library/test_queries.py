"""Filters over stored games: each finds exactly the games it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from desktop_app.domain.filters import SORTS, GameQuery, parse_filter
from desktop_app.domain.game import Opening, Ply
from desktop_app.errors import FilterSyntaxError
from desktop_app.library.library import Library
from desktop_app.library.queries import sort_index
from desktop_app.library.tables import game
from tests.unit.library.records import make_record

if TYPE_CHECKING:
    from collections.abc import Iterator

SICILIAN = Opening("B90", "Sicilian Defense: Najdorf Variation", Ply(10))
GRECO = Opening("B9", "made up", Ply(1))

RECORDS = {
    1: make_record(White="Carlsen, Magnus", Black="Niemann, Hans", Date="2021.10.05", Event="Sinquefield Cup",
                   WhiteElo="2850", BlackElo="2690", opening=SICILIAN),
    2: make_record("d2d4", White="Anand, V", Black="Carlsen, Magnus", Date="2021.??.??", Result="1/2-1/2",
                   WhiteElo="2780"),
    3: make_record("c2c4", "e7e5", "b1c3", White="anon_100%", Black="anonX100", Date="????.??.??", Result="0-1",
                   Event="?", ECO="A20"),
    4: make_record("g1f3", White="So, W", Black="Ding, L", Date="2020.12.31", Result="*", partial="ply 2: no move"),
    5: make_record("f2f4", White="Ding, L", Black="So, W", Date="2022.01.01", Event="Carlsen Memorial", not_judged="x"),
    6: make_record("b2b4", White='"Quote"', Black="O'Kelly", Date="????.05.01", TimeControl="300+3",
                   Termination="Time forfeit", Result="0-1"),
}  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A library with the six games, two of them analysed, one failed; in each database system."""
    if request.param == "sqlite":
        place = str(tmp_path_factory.mktemp("queries") / "games.kibitz")
    else:
        place = request.getfixturevalue("postgres").database()
    with Library.open(place) as library:
        batch = library.imports.begin("first")
        library.games.add(batch, [RECORDS[1], RECORDS[2]])
        library.games.add(None, [RECORDS[number] for number in (3, 4, 5, 6)])
        values = {
            1: {"state": "analysed", "white_accuracy": 91.5, "black_accuracy": 60, "white_acpl": 12.5, "black_acpl": 80,
                "white_blunders": 0, "black_blunders": 3},
            2: {"state": "analysed", "white_accuracy": 80, "black_accuracy": 81,
                "white_blunders": 1, "black_blunders": 0},
            3: {"state": "failed", "error": "engine hung"},
        }  # fmt: skip
        for game_id, columns in values.items():
            statement = update(game).where(game.c.id == game_id).values(columns)
            library.database.write(lambda connection, statement=statement: connection.execute(statement).rowcount)
    return place


@pytest.fixture
def games(stored: str) -> Iterator[Library]:
    """The stored library, open."""
    with Library.open(stored) as library:
        yield library


def _found(library: Library, expression: str) -> list[int]:
    query = GameQuery(filter=parse_filter(expression))
    ids = list(library.games.ids(query))
    assert library.games.count(query) == len(ids)
    assert [row.id for row in library.games.page(query, 0, 100)] == ids
    return ids


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("carlsen", [1, 2, 5]),
        ("CARLSEN", [1, 2, 5]),
        ("player:carlsen", [1, 2]),
        ("player!=Carlsen,", [1, 2, 3, 4, 5, 6]),
        ('player!="carlsen, magnus"', [3, 4, 5, 6]),
        ("white:carlsen", [1]),
        ('white="carlsen, magnus"', [1]),
        ("white=carlsen", []),
        ("najdorf", [1]),
        ("event:cup", [1]),
        ('"100%"', [3]),
        ("anon_1", [3]),
        ("100%", [3]),
        ("_", [3]),
        ("o'kelly", [6]),
        ("time:300", [6]),
        ("termination:forfeit", [6]),
        ("result:draw", [2]),
        ("1-0", [1, 5]),
        ("result!=1-0", [2, 3, 4, 6]),
        ("state:analysed", [1, 2]),
        ("state!=analysed", [3, 4, 5, 6]),
        ("is:partial", [4]),
        ("is:notjudged", [5]),
        ("is!=notjudged", [1, 2, 3, 4, 6]),
        ("is:analysable -state:analysed", [3, 4, 6]),
        ("date:2021", [1, 2]),
        ("date:2021.10", [1]),
        ("date!=2021", [4, 5]),
        ("date>=2021", [1, 2, 5]),
        ("date>2021", [5]),
        ("date<=2021", [1, 2, 4]),
        ("date<2021", [4]),
        ("date:2020..2021", [1, 2, 4]),
        ("-date>1000", [3, 6]),
        ("eco:B", [1]),
        ("eco:B9", [1]),
        ("eco:A", [3]),
        ("eco:A20..B90", [1, 3]),
        ("eco>A", [1]),
        ("eco<=A", [3]),
        ("elo>2700", [1, 2]),
        ("elo<2700", [1]),
        ("black_elo:2690", [1]),
        ("white_elo!=2850", [2]),
        ("elo:2690..2780", [1, 2]),
        ("-elo>0", [3, 4, 5, 6]),
        ("accuracy<70", [1]),
        ("white_accuracy>=91.5", [1]),
        ("acpl<13", [1]),
        ("blunders>=1", [1, 2]),
        ("blunders=0", [1, 2]),
        ("black_blunders=0", [2]),
        ("-blunders>=0", [3, 4, 5, 6]),
        ("moves=3", [1]),
        ("moves=2", [3]),
        ("moves>=2", [1, 3]),
        ("plies<=1", [2, 4, 5, 6]),
        ("id:3", [3]),
        ("id:2..4", [2, 3, 4]),
        ("batch:1", [1, 2]),
        ("carlsen state:analysed -result:draw", [1]),
        ("white:anand or white:ding", [2, 5]),
        ("(white:anand or white:ding) 1-0", [5]),
        ("-(carlsen or so)", [3, 6]),
    ],
)
def test_filter_finds(games: Library, expression: str, ids: list[int]) -> None:
    """The expression finds exactly these games."""
    assert _found(games, expression) == ids


@pytest.mark.parametrize(
    ("few", "listed"), [(0, 5_000), (0, 0), (5_000, 0)], ids=["walk", "walk through texts", "many names"]
)
@pytest.mark.parametrize("descending", [False, True])
def test_pages_do_not_depend_on_the_way(
    games: Library, monkeypatch: pytest.MonkeyPatch, *, few: int, listed: int, descending: bool
) -> None:
    """First pages are the beginning of the whole list, whichever way the library takes to find them."""
    monkeypatch.setattr("desktop_app.library.paging._FEW", few)
    monkeypatch.setattr("desktop_app.library.candidates.MOST", few)
    expressions = (
        "carlsen",
        "player:a",
        "-player:a",
        "event:c elo>2000",
        "site:x or opening:sicilian",
        "date>2020",
        '""',
    )
    for sort in ("id", "white", "white_elo", "date", "black_accuracy", "round"):
        for expression in expressions:
            query = GameQuery(parse_filter(expression), sort, descending)
            wanted = list(games.games.ids(query))
            with monkeypatch.context() as patch:
                patch.setattr("desktop_app.library.name_search.LISTED_NAMES", listed)
                assert [row.id for row in games.games.page(query, 0, 4)] == wanted[:4], (sort, expression)
                assert [row.id for row in games.games.page(query, 3, 4)] == wanted[3:7], (sort, expression)


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("muller", [1]),
        ("MÜLLER", [1]),
        ("player:oyvind", [1]),
        ("white:müller", [1]),
        ("site:zurich", [1]),
        ("site:lichess.org", [2]),
        ("site:https://lichess.org/ab", [2]),
        ("site:abcdefgh", [2]),
        ("site:efgh", []),
        ('player:"a\\"', []),
        ("player:ö", [1]),
        ("speed:blitz", [1]),
        ("class:correspondence", [2]),
        ("speed!=blitz", [2, 3]),
        ("termination:FORFEIT", [1]),
        ("moves>=1.5", [1, 2]),
        ("moves=1.5", []),
        ("moves:1..2", [3]),
    ],
)
@pytest.mark.parametrize("listed", [0, 5_000])
def test_names_without_accents_and_speeds(
    library: Library, monkeypatch: pytest.MonkeyPatch, *, expression: str, ids: list[int], listed: int
) -> None:
    """Names are found without their accents, addresses by their beginning or id, games by how fast they were."""
    monkeypatch.setattr("desktop_app.library.name_search.LISTED_NAMES", listed)
    first = {"White": "Müller, Øyvind", "Site": "Zürich", "TimeControl": "180+2", "Termination": "Time forfeit"}
    second = {"Site": "https://lichess.org/AbCdEfGh", "TimeControl": "1/86400"}
    library.games.add(None, [make_record(**first), make_record(**second), make_record("e2e4", White="?")])
    assert _found(library, expression) == ids


def test_every_index_a_page_walks_exists() -> None:
    """The indexes named to SQLite are there under these names: it refuses others."""
    names = {index.name for index in game.indexes}
    walked = {sort_index(sort) for sort in SORTS} - {None}
    assert walked <= names
    assert len(walked) > 20


PIECES = st.sampled_from(
    [
        "carlsen",
        "elo>2000",
        "date>=2021",
        "blunders>=1",
        "-",
        "or",
        "and",
        "not",
        "(",
        ")",
        '"a b"',
        "eco:B",
        "x%",
        "state:failed",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, min_size=1, max_size=7))
def test_a_filter_and_its_opposite_split_the_library(games: Library, pieces: list[str]) -> None:
    """Whatever the filter, each game matches either it or its negation: unknown values included."""
    expression = " ".join(pieces).replace("- ", "-")
    try:
        found = _found(games, expression)
    except FilterSyntaxError:
        return
    assert sorted(found + _found(games, f"-({expression})")) == [1, 2, 3, 4, 5, 6]
