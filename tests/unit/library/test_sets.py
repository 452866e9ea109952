"""Tags and collections: games are put in, taken out, ordered and counted; the same in both database systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameId
from desktop_app.domain.sets import CollectionId
from desktop_app.errors import CancelledError, FilterSyntaxError, NotFoundError, UsageError
from desktop_app.library.sets import forget_games
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from desktop_app.library.library import Library


def _fill(library: Library, count: int = 12) -> list[GameId]:
    return list(library.games.add(None, make_records(count)).imported)


class _Progress:
    def __init__(self, stop_at: int | None = None) -> None:
        self.told: list[tuple[int, int]] = []
        self._stop_at = stop_at

    def progress(self, done: int, total: int, text: str) -> None:
        assert text
        self.told.append((done, total))

    def cancelled(self) -> bool:
        return self._stop_at is not None and len(self.told) >= self._stop_at


def test_tags_are_made_changed_and_counted(library: Library) -> None:
    """A tag has a name, a colour and a count; a game may have many; names differ in more than case and accents."""
    games = _fill(library)
    tactic = library.sets.create_tag("Tactic", colour="red")
    endgame = library.sets.create_tag(" Endgame \n study ")
    assert library.sets.tag(tactic, games[:5]) == 5
    assert library.sets.tag(tactic, games[3:7]) == 2
    assert library.sets.tag(endgame, [games[0], GameId(999)]) == 1
    assert [(tag.name, tag.colour, tag.games) for tag in library.sets.tags()] == [
        ("Endgame study", "", 1),
        ("Tactic", "red", 7),
    ]
    assert library.sets.tags_of(games[:2]) == {games[0]: (endgame, tactic), games[1]: (tactic,)}
    assert library.sets.untag(tactic, games[:6]) == 6
    assert library.sets.tag_named("TACTIC") == tactic
    library.sets.change_tag(tactic, name="tactics", colour="blue")
    assert library.sets.tags()[1].name == "tactics"
    for wrong in ("endgame STUDY", "", "x" * 200):
        with pytest.raises(UsageError):
            library.sets.change_tag(tactic, name=wrong)
    with pytest.raises(UsageError, match="colour"):
        library.sets.create_tag("x", colour="#123456")
    library.sets.delete_tag(tactic)
    assert [tag.name for tag in library.sets.tags()] == ["Endgame study"]
    with pytest.raises(NotFoundError):
        library.sets.tag(tactic, games)
    with pytest.raises(NotFoundError):
        library.sets.tag_named("tactics")
    assert library.check() == []


def test_many_games_go_in_chunks(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk is a transaction: progress is told, stopping keeps what was done, and again does the rest."""
    monkeypatch.setattr("desktop_app.library.memberships.CHUNK", 5)
    games = _fill(library)
    tag = library.sets.create_tag("x")
    progress = _Progress(stop_at=2)
    with pytest.raises(CancelledError, match="10 of 12"):
        library.sets.tag(tag, games, progress=progress, cancel=progress)
    assert progress.told == [(5, 12), (10, 12)]
    assert library.sets.tags()[0].games == 10
    new = list[GameId]()
    assert library.sets.tag(tag, games, added=new.extend) == 2
    assert new == games[10:]
    collection = library.sets.create_collection("all")
    library.sets.add(collection, games[4:6])
    new.clear()
    assert library.sets.add(collection, [*games[:6], *games[:2]], added=new.extend) == 4
    assert new == games[:4]
    library.sets.remove(collection, games)
    assert library.sets.add(collection, games) == 12
    assert list(library.sets.games(collection)) == games
    library.sets.delete_tag(tag)
    library.sets.delete_collection(collection)
    assert library.sets.tags() == library.sets.collections() == []


def test_collections_stand_in_an_order_one_level_deep(library: Library) -> None:
    """Collections nest one level, keep their order and their names apart, and go with what is inside them."""
    sets = library.sets
    mine = sets.create_collection("Repertoire")
    white = sets.create_collection("White", parent_id=mine)
    black = sets.create_collection("Black", parent_id=mine)
    wins = sets.create_collection("Wins", filter_="result:1-0", sort="date", descending=True)
    assert [one.id for one in sets.collections()] == [mine, white, black, wins]
    sets.order_collections([black, white])
    sets.order_collections([wins, mine])
    assert [one.name for one in sets.collections()] == ["Wins", "Repertoire", "Black", "White"]
    assert sets.collection_named("repertoire/WHITE") == sets.collection_named("white") == white
    assert [one.games for one in sets.collections()] == [None, 0, 0, 0]
    for values in ({"name": "x", "parent_id": white}, {"name": "black", "parent_id": mine}, {"name": "wins"}):
        with pytest.raises(UsageError):
            sets.create_collection(**values)
    with pytest.raises(UsageError):
        sets.change_collection(mine, parent_id=wins)
    with pytest.raises(UsageError):
        sets.change_collection(wins, parent_id=wins)
    with pytest.raises(NotFoundError):
        sets.create_collection("x", parent_id=CollectionId(99))
    with pytest.raises(FilterSyntaxError):
        sets.change_collection(wins, filter_="nonsense:1")
    with pytest.raises(UsageError):
        sets.change_collection(white, filter_="result:1-0")
    with pytest.raises(UsageError, match="sorted"):
        sets.create_collection("y", filter_="", sort="nonsense")
    sets.change_collection(white, name="With White", parent_id=None)
    sets.change_collection(wins, filter_="result:0-1", sort="white", descending=False)
    assert sets.query(wins) == GameQuery(parse_filter("result:0-1"), "white")
    sets.delete_collection(mine)
    assert [one.name for one in sets.collections()] == ["Wins", "With White"]


def test_games_of_a_collection_keep_their_order(library: Library) -> None:
    """Games stand where they were put, can be moved together, and are listed and filtered in that order."""
    games = _fill(library, 6)
    a, b, c, d, e, f = games
    sets = library.sets
    chosen = sets.create_collection("chosen")
    assert sets.add(chosen, [c, a, e, a]) == 3
    assert sets.add(chosen, [b, c], before=e) == 1
    assert list(sets.games(chosen)) == [a, b, c, e]
    sets.move(chosen, [e, a], before=c)
    assert list(sets.games(chosen)) == [b, e, a, c]
    sets.move(chosen, [b, f])
    assert list(sets.games(chosen)) == [e, a, c, b]
    query = sets.query(chosen)
    assert [row.id for row in library.games.page(query, 1, 2)] == [a, c]
    assert list(library.games.ids(query)) == [e, a, c, b]
    assert library.games.count(query) == 4
    narrowed = GameQuery(parse_filter(f"id:{a}..{b}"), "place", descending=True, collection=chosen)
    assert list(library.games.ids(narrowed)) == [b, a]
    inside = GameQuery(parse_filter("in:chosen"), "place", collection=chosen)
    assert [row.id for row in library.games.page(inside, 0, 9)] == list(library.games.ids(inside)) == [e, a, c, b]
    by_id = GameQuery(collection=chosen)
    assert list(library.games.ids(by_id)) == [row.id for row in library.games.page(by_id, 0, 9)] == [a, b, c, e]
    assert sets.remove(chosen, [a, d]) == 1
    assert list(sets.games(chosen)) == [e, c, b]
    with pytest.raises(ValueError, match="place"):
        GameQuery(sort="place")
    smart = sets.create_collection("smart", filter_="")
    with pytest.raises(UsageError, match="smart"):
        sets.add(smart, [a])
    with pytest.raises(NotFoundError):
        sets.add(CollectionId(99), [a])


MOVES = st.lists(st.tuples(st.lists(st.integers(0, 7), max_size=5), st.integers(0, 8)), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_any_moves_equal_those_of_a_list(library: Library, monkeypatch: pytest.MonkeyPatch, moves: list) -> None:
    """Whatever is moved where, the collection is in the order a plain list would be, also when places run out."""
    with monkeypatch.context() as patch:
        patch.setattr("desktop_app.library.sets._GAP", 2)
        games = list(library.games.ids(GameQuery())) or _fill(library, 8)
        chosen = library.sets.create_collection(f"run {len(library.sets.collections())}")
        library.sets.add(chosen, games)
        wanted = list(games)
        for which, where in moves:
            moved = list(dict.fromkeys(games[number] for number in which))
            before = games[where] if where < len(games) else None
            moved = [game_id for game_id in moved if game_id != before]
            wanted = [game_id for game_id in wanted if game_id not in moved]
            at = wanted.index(before) if before is not None else len(wanted)
            wanted[at:at] = moved
            library.sets.move(chosen, [games[number] for number in which], before=before)
            assert list(library.sets.games(chosen)) == wanted


def test_games_that_are_gone_leave_nothing(library: Library) -> None:
    """Games that went for good are taken out of every set."""
    games = _fill(library, 4)
    tag, chosen = library.sets.create_tag("x"), library.sets.create_collection("y")
    library.sets.tag(tag, games)
    library.sets.add(chosen, games)
    library.database.write(lambda connection: forget_games(connection, games[:3]))
    assert library.sets.tags()[0].games == library.sets.collections()[0].games == 1
