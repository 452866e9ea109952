"""Games in the library: nothing lost, nothing twice, and found again."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from desktop_app.domain.filters import SORTS, GameQuery, parse_filter
from desktop_app.domain.game import GameRecord, GameState, Opening, Ply
from desktop_app.errors import CancelledError, NotFoundError
from desktop_app.library.tables import game
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from desktop_app.library.library import Library

NAJDORF = Opening("B90", "Sicilian Defense: Najdorf Variation", Ply(10))


@pytest.mark.parametrize(
    "record",
    [
        make_record(),
        make_record(opening=NAJDORF, comment="Schöne Züge ♞ 棋"),
        make_record(partial="ply 31: illegal move Qxh9", White="", Black="?", Date="????.??.??"),
        make_record(White="O'Kelly; DROP TABLE game", Event='He said "100%_\\"', Site="a\0b", Round="x" * 200),
        make_record(WhiteElo="2850", BlackElo="2700?", Custom="kept", Result="1-0 ff"),
        GameRecord(
            (),
            "unknown:Bughouse",
            "8/8/8/8/8/8/8/8 w - - 0 1",
            b"",
            0,
            "not \udc80 text",
            None,
            None,
            "unknown variant",
        ),
    ],
)
def test_a_record_survives_storage(library: Library, record: GameRecord) -> None:
    """What comes back equals what went in, header for header and byte for byte."""
    (game_id,) = library.games.add(None, [record]).imported
    stored = library.games.get(game_id)
    assert stored.record == record
    assert stored.row == library.games.rows([game_id])[0]
    assert stored.row.state is GameState.UNANALYSED


def test_row_of_a_game(library: Library) -> None:
    """The row tells what lists show, with unknown values empty and numbers as numbers."""
    record = make_record(
        opening=NAJDORF, WhiteElo="2850", BlackElo="-", Date="2021.10.??", TimeControl="300+3", Event="?"
    )
    (game_id,) = library.games.add(None, [record]).imported
    row = library.games.get(game_id).row
    assert (row.white, row.black, row.white_elo, row.black_elo) == ("Carlsen, Magnus", "Niemann, Hans", 2850, None)
    assert (row.result, row.date, row.event, row.time_control) == ("1-0", "2021.10.??", "", "300+3")
    assert (row.eco, row.opening, row.ply_count, row.positions_total) == ("B90", NAJDORF.name, 5, 6)
    assert (row.evaluated, row.white_accuracy, row.error, row.batch_id) == (0, None, None, None)


def test_tags_name_the_opening_where_we_cannot(library: Library) -> None:
    """Without a named position the tags' ECO and Opening are shown."""
    (game_id,) = library.games.add(None, [make_record(ECO="A00", Opening="Grob")]).imported
    row = library.games.get(game_id).row
    assert (row.eco, row.opening) == ("A00", "Grob")


def test_duplicates_inside_and_across_runs(library: Library) -> None:
    """A game that is known, or comes twice in one run, is stored once; the outcome names the places of the others."""
    first, second = make_record(), make_record("d2d4")
    outcome = library.games.add(None, [first, second, first])
    assert len(outcome.imported) == 2
    assert outcome.duplicates == {2: outcome.imported[0]}
    with_notes = make_record(comment="annotations are no part of a game's identity")
    again = library.games.add(None, [with_notes, make_record("c2c4"), second])
    assert len(again.imported) == 1
    assert again.duplicates == dict(zip((0, 2), outcome.imported, strict=True))
    assert library.games.count(GameQuery()) == 3
    assert library.games.get(outcome.imported[0]).record == first


def test_a_site_id_is_enough(library: Library) -> None:
    """Games with the same id of their site are the same, whatever else differs."""
    one = make_record(Site="https://lichess.org/abcdefgh")
    other = make_record("d2d4", Site="https://lichess.org/abcdefghIJKL", White="someone")
    assert library.games.add(None, [one, other]).duplicates.keys() == {1}


def test_a_whole_game_is_no_duplicate_of_its_beginning(library: Library) -> None:
    """What a damaged file left of a game does not keep the game itself out when it comes with the same site's id."""
    whole = make_record("e2e4", "e7e5", Site="https://lichess.org/abcdefgh")
    beginning = make_record("e2e4", partial="ply 2: illegal move Ke7", Site="https://lichess.org/abcdefgh")
    outcome = library.games.add(None, [beginning, whole, beginning, whole])
    assert len(outcome.imported) == 2
    assert outcome.duplicates == dict(zip((2, 3), outcome.imported, strict=True))


def test_ids_follow_the_order_given(library: Library) -> None:
    """A thousand games get ids in the order they came, each with its own text."""
    records = make_records(1000)
    ids = library.games.add(None, records).imported
    assert list(ids) == sorted(ids)
    for place in (0, 1, 499, 500, 999):
        assert library.games.get(ids[place]).record == records[place]


def test_nothing_to_add(library: Library) -> None:
    """An empty run is no mistake."""
    assert library.games.add(None, []).imported == ()
    assert library.games.rows([]) == []


def test_ids_are_never_given_twice(library: Library) -> None:
    """The id of a removed game is not given to the next one: what remembers it must not find another game."""
    (old,) = library.games.add(None, [make_record()]).imported
    library.database.write(lambda connection: connection.exec_driver_sql("DELETE FROM game").rowcount)
    (new,) = library.games.add(None, [make_record("d2d4")]).imported
    assert new > old


def test_missing_games(library: Library) -> None:
    """`get` says that there is no such game; `rows` leaves it out and keeps the order of the rest."""
    ids = library.games.add(None, make_records(3)).imported
    with pytest.raises(NotFoundError, match="no game 99"):
        library.games.get(99)
    assert [row.id for row in library.games.rows([ids[2], 99, ids[0]])] == [ids[2], ids[0]]


def _store_analysed(library: Library) -> None:
    """Sixty games, some with ratings, openings and summaries, some without."""
    rng = random.Random(5)  # noqa: S311 -- test data
    records = make_records(60, seed=3)
    library.games.add(None, records[:30])
    rated = [
        make_record(White=f"Player {n}", Round=str(n), WhiteElo=str(1500 + n * 7 % 9), Event="?", opening=NAJDORF)
        for n in range(30)
    ]
    library.games.add(None, rated)
    for game_id in range(1, 60, 3):
        values = {
            "white_accuracy": rng.randrange(50, 100),
            "white_blunders": rng.randrange(4),
            "state": "analysed",
        }
        statement = update(game).where(game.c.id == game_id).values(values)
        library.database.write(lambda connection, statement=statement: connection.execute(statement).rowcount)


@pytest.mark.parametrize("descending", [False, True])
def test_every_sort_is_total_and_puts_unknown_last(library: Library, descending: bool) -> None:
    """Sorting by any column: known values in order (names without regard to case), ties by id, unknown ones last."""
    _store_analysed(library)
    for sort in SORTS:
        query = GameQuery(sort=sort, descending=descending)
        ids = library.games.ids(query)
        assert sorted(ids) == list(range(1, 61)), sort
        rows = library.games.rows(ids)
        keys = []
        for row in rows:
            value = getattr(row, sort)
            keys.append((value.lower() if isinstance(value, str) else value, row.id))
        known = [key for key in keys if key[0] not in {None, ""}]
        assert keys[: len(known)] == sorted(known, reverse=descending), sort
        paged = [row for offset in range(0, 70, 7) for row in library.games.page(query, offset, 7)]
        assert paged == rows, sort


def test_page_after_the_end(library: Library) -> None:
    """Pages beyond the last game are empty, in either part of a sort."""
    library.games.add(None, make_records(3))
    for sort in ("id", "white", "white_elo"):
        assert library.games.page(GameQuery(sort=sort), 3, 10) == []
        assert library.games.page(GameQuery(sort=sort), 100, 10) == []


def test_only_these_ids(library: Library) -> None:
    """A query can be limited to given games, many of them too, and combined with a filter."""
    library.games.add(None, make_records(50))
    assert list(library.games.ids(GameQuery(ids=[7, 3, 99]))) == [3, 7]
    assert library.games.count(GameQuery(ids=range(1, 100_000))) == 50
    assert library.games.count(GameQuery(ids=())) == 0
    draws = GameQuery(filter=parse_filter("result:draw"))
    both = GameQuery(filter=parse_filter("result:draw"), ids=library.games.ids(draws)[:2])
    assert library.games.count(both) == 2


def test_rows_are_ready_for_json(library: Library) -> None:
    """Values of a row are plain: text, numbers, None."""
    (game_id,) = library.games.add(None, [make_record()]).imported
    row = library.games.rows([game_id])[0]
    json.dumps([getattr(row, name) for name in SORTS])


def test_names_of_games_that_were_not_stored_are_not_taken_as_known(library: Library) -> None:
    """Names are asked for once; those of a commit that failed go into the dictionary with the next one."""
    records = make_records(3, seed=11)
    with pytest.raises(IntegrityError):
        library.games.add(4711, records)  # no such import
    library.games.add(None, records)
    wanted = GameQuery(parse_filter(f'white:"{records[1].header("White")}"'))
    assert library.games.count(wanted) >= 1


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_storing_finds_the_one_known_game_among_many_new_ones(library: Library, count: int) -> None:
    """Wherever in a run it stands, a known game is the only duplicate, and the others get the next ids in order."""
    records = make_records(count)
    for place in {0, count // 2, count - 1}:
        fresh = make_records(count, seed=place + 2)
        known = library.games.add(None, [records[place]]).imported
        fresh[place] = records[place]
        outcome = library.games.add(None, fresh)
        assert outcome.duplicates == {place: known[0]}
        assert list(outcome.imported) == sorted(outcome.imported)
        assert len(outcome.imported) == count - 1
        if library.path is not None and known and outcome.imported:
            assert outcome.imported[0] == known[0] + 1
        stored = [record for index, record in enumerate(fresh) if index != place]
        assert [library.games.get(number).record for number in outcome.imported] == stored
        assert library.games.add(None, fresh).imported == ()
        library.games.add(None, make_records(1, seed=1_000 + place))


@pytest.mark.parametrize("event", ["O'Brien's \"cup\"; ?1 :x --", "x" * 5_000, "Ærø 1"])
def test_what_all_games_of_a_run_have_in_common(library: Library, event: str) -> None:
    """One event, one result, nothing known of the ratings: stored as they are, however the event is spelt."""
    records = [make_record(Event=event, White=f"Player {number}") for number in range(70)]
    ids = library.games.add(None, records).imported
    assert [library.games.get(number).record for number in ids] == records
    assert {row.event for row in library.games.rows(ids)} == {event}


class _Cancelled:
    """A token of work that nobody wants any more."""

    def cancelled(self) -> bool:
        return True


def test_reading_a_list_can_be_stopped(library: Library) -> None:
    """The ids of a large library are not read to the end when the window closes."""
    library.games.add(None, make_records(5))
    with pytest.raises(CancelledError):
        library.games.ids(GameQuery(), _Cancelled())
    assert len(library.games.ids(GameQuery())) == 5
