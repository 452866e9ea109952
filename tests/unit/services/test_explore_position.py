"""The explorer: parts of an answer add up to the whole, over all games or some, in SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.domain import position_block
from desktop_app.domain.filters import GameQuery, parse_filter
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.positions import GameSet
from desktop_app.errors import CancelledError, FilterSyntaxError
from desktop_app.library.library import Library
from desktop_app.library.positions import mark_stale
from desktop_app.services import position_search
from desktop_app.services.bin_games import delete_games
from desktop_app.services.explore_position import Exploration, Place, explore, games_with
from desktop_app.services.index_positions import index_positions
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from collections.abc import Iterator

START = Place(chess.STARTING_FEN, chess.STARTING_FEN)
AFTER_E4 = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq -"


@pytest.fixture
def explored(location: str) -> Iterator[Library]:
    """A library in SQLite and in PostgreSQL, with four indexed games."""
    with Library.open(location) as library:
        library.games.add(
            None,
            [
                make_record("e2e4", "e7e5", Result="1-0", WhiteElo="2000", BlackElo="2200", Date="2020.01.02"),
                make_record("e2e4", "c7c5", Result="0-1", WhiteElo="2400", Date="2021.??.??"),
                make_record("e2e4", Result="1/2-1/2"),
                make_record("d2d4", Result="*", Date="1999.12.31"),
            ],
        )
        index_positions(library)
        yield library


def _games(answer: Exploration) -> dict[str, int]:
    return {move.san: move.count.games for move in answer.moves}


def test_moves_and_total(explored: Library) -> None:
    """Counts, results, ratings and dates of each move, and of all of them."""
    answer = explore(explored, START)
    assert answer.complete
    assert _games(answer) == {"e4": 3, "d4": 1}
    e4, d4 = (move.count for move in answer.moves)
    assert (e4.white_wins, e4.draws, e4.black_wins) == (1, 1, 1)
    assert (e4.average_elo, e4.last_played) == (2250, "2021.??.??")
    assert (d4.white_wins, d4.draws, d4.black_wins, d4.average_elo) == (0, 0, 0, None)
    assert (answer.total.games, answer.total.white_wins, answer.total.last_played) == (4, 1, "2021.??.??")


def test_only_some_games(explored: Library) -> None:
    """A set of games narrows counts and list alike; an empty one finds nothing."""
    some = GameSet([4, 2])
    assert _games(explore(explored, START, among=some)) == {"e4": 1, "d4": 1}
    assert [game.row.id for game in games_with(explored, START, limit=9, among=some)] == [4, 2]
    nothing = explore(explored, START, among=GameSet([]))
    assert (nothing.moves, nothing.total.games) == ((), 0)


def test_games_come_in_pages(explored: Library) -> None:
    """Each page goes on where the one before ended; the last one is short."""
    first = games_with(explored, START, limit=3)
    assert [(game.row.id, game.ply, game.next_san) for game in first] == [(4, 0, "d4"), (3, 0, "e4"), (2, 0, "e4")]
    rest = games_with(explored, START, limit=3, before=int(first[-1].row.id))
    assert [game.row.id for game in rest] == [1]
    ended = games_with(explored, Place(f"{AFTER_E4} 0 1"), limit=9)
    assert [(game.row.id, game.next_san) for game in ended] == [(3, ""), (2, "c5"), (1, "e5")]


def test_positions_as_a_filter(explored: Library) -> None:
    """`position:` finds the games with a position, alone, denied and beside other conditions."""

    def ids(expression: str) -> list[int]:
        return list(explored.games.ids(GameQuery(parse_filter(expression))))

    assert ids(f'position:"{AFTER_E4}"') == [1, 2, 3]
    assert ids(f'fen:"{AFTER_E4} 0 1" result:1-0') == [1]
    assert ids(f'-position:"{AFTER_E4}"') == ids(f'position!="{AFTER_E4}"') == [4]
    assert [row.id for row in explored.games.page(GameQuery(parse_filter(f'position:"{AFTER_E4}"')), 1, 5)] == [2, 3]
    with pytest.raises(FilterSyntaxError):
        parse_filter('position:"no position"')


def test_parts_add_up(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part is a whole number of games more than the one before; the last equals an answer without parts."""
    monkeypatch.setattr(position_search, "_PLACES_AT_ONCE", 10)
    monkeypatch.setattr(position_search, "_SEGMENTS_AT_ONCE", 1)
    monkeypatch.setattr(position_block, "SUMMARISED", 10_000)
    library.games.add(None, make_records(4_100, plies=1))
    library.database.write(lambda connection: mark_stale(connection, [1]))
    index_positions(library)
    parts: list[Exploration] = []
    whole = explore(library, START, among=GameSet(range(1, 4_101)), told=parts.append)
    totals = [part.total.games for part in parts]
    assert totals
    assert totals == sorted(totals)
    assert not any(part.complete for part in parts)
    assert whole.total.games == library.games.count(GameQuery())
    assert _games(whole) == _games(explore(library, START))


def test_an_overtaken_question_stops(explored: Library) -> None:
    """A cancelled search raises instead of answering."""

    class Cancelled:
        def cancelled(self) -> bool:
            return True

    with pytest.raises(CancelledError):
        explore(explored, START, cancel=Cancelled())
    with pytest.raises(CancelledError):
        games_with(explored, START, limit=5, cancel=Cancelled())


def test_the_way_names_the_opening(explored: Library) -> None:
    """The deepest named position on the way is told; without a way, or from another start, nothing is."""
    board = chess.Board()
    for san in ("e4", "c5", "Nf3", "a6", "h3", "h6"):
        board.push_san(san)
    ucis = tuple(move.uci() for move in board.move_stack)
    opening = explore(explored, Place(board.fen(), chess.STARTING_FEN, ucis)).opening
    assert opening is not None
    assert opening.eco == "B28"
    assert opening.ply >= Ply(4)
    assert explore(explored, Place(board.fen())).opening is None
    assert explore(explored, Place(board.fen(), "8/8/8/4k3/8/8/4K3/8 w - - 0 1", ("e2e3",))).opening is None


def test_games_that_went_leave_the_index(library: Library) -> None:
    """A segment whose games are all gone is emptied, and counts for nothing."""
    library.games.add(None, [make_record("e2e4"), make_record("d2d4")])
    index_positions(library)
    delete_games(library, [GameId(1), GameId(2)])
    assert library.positions.pending() == [0]
    coverage = index_positions(library)
    assert (coverage.games, coverage.indexed) == (0, 0)
    assert library.positions.pending() == []
    assert explore(library, START).total.games == 0


def test_sets_of_ids() -> None:
    """Membership of any number of ids, in any order, and of places in games."""
    some = GameSet([70_000, 3, 5])
    assert [game for game in (1, 3, 5, 69_999, 70_000, 80_000) if game in some] == [3, 5, 70_000]
    assert some.kept([3 << 12 | 7, 4 << 12, 70_000 << 12, 90_000 << 12]) == [3 << 12 | 7, 70_000 << 12]
    assert some.size == 3
    assert GameSet([]).kept([1 << 12]) == []
