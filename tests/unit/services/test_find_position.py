"""The position index: found is exactly what a walk over every game finds, whatever happened while it was built."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import chess
import psutil
import pytest

from desktop_app.domain import position_block
from desktop_app.domain.filters import parse_filter
from desktop_app.domain.moves import pack_moves, unpack_moves
from desktop_app.errors import CancelledError, UsageError
from desktop_app.library.library import Library
from desktop_app.library.positions import mark_stale
from desktop_app.services import index_positions as service
from desktop_app.services.find_position import find_position, read_position, to_json
from desktop_app.services.index_positions import index_positions
from tests.unit.library.processes import DEADLINE_S, script
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.domain.game import GameRecord


def _board(*san: str) -> chess.Board:
    board = chess.Board()
    for move in san:
        board.push_san(move)
    return board


def _walked(library: Library, ids: range, wanted: chess.Board) -> dict[int, set[str]]:
    """Every game that has the position, by python-chess alone, with the moves it played there."""
    found: dict[int, set[str]] = {}
    for game_id in ids:
        record = library.games.get(game_id).record
        board = chess.Board(record.start_fen or chess.STARTING_FEN, chess960=record.variant == "chess960")
        for move in [*unpack_moves(record.moves), None]:
            if board.epd(en_passant="legal") == wanted.epd(en_passant="legal"):
                found.setdefault(game_id, set())
                if move is not None:
                    found[game_id].add(board.san(move))
            if move is not None:
                board.push(move)
    return found


@pytest.mark.parametrize("summarised", [3, 48])
@pytest.mark.parametrize("filtered", [False, True])
def test_finds_what_a_walk_finds(
    library: Library, monkeypatch: pytest.MonkeyPatch, *, summarised: int, filtered: bool
) -> None:
    """Total, games, plies and counts equal those of a walk, from stored summaries or not, with a filter or not."""
    monkeypatch.setattr(position_block, "SUMMARISED", summarised)
    _check_by_walking(library, filtered=filtered)


@pytest.mark.parametrize("location", ["postgresql"], indirect=True)
def test_finds_what_a_walk_finds_on_a_server(location: str) -> None:
    """The same in PostgreSQL."""
    with Library.open(location) as library:
        _check_by_walking(library, filtered=True)


def _check_by_walking(library: Library, *, filtered: bool) -> None:
    library.games.add(None, make_records(60, seed=4, plies=12))
    assert index_positions(library).complete
    expression = "1-0" if filtered else ""
    for position in (_board(), _board("e3"), _board("Nf3", "Nf6"), _board("a4", "a5", "b3"), _board("g4", "e5", "f3")):
        found = find_position(library, position, limit=1000, filter_=parse_filter(expression))
        walked = _walked(library, range(1, 61), position)
        if filtered:
            walked = {key: moves for key, moves in walked.items() if library.games.get(key).row.result == "1-0"}
        assert found.total == len(walked)
        assert [game.row.id for game in found.games] == sorted(walked, reverse=True)
        assert {move.san: move.count.games for move in found.moves} == {
            san: sum(san in moves for moves in walked.values()) for san in set().union(*walked.values(), [])
        }
        for game in found.games:
            assert game.next_san in walked[game.row.id] | {""}
        for move in found.moves:
            count = move.count
            rows = [library.games.get(key).row for key, moves in walked.items() if move.san in moves]
            assert (count.white_wins, count.draws, count.black_wins) == tuple(
                sum(row.result == result for row in rows) for result in ("1-0", "1/2-1/2", "0-1")
            )
            assert count.last_played == max(row.date for row in rows)


def test_transpositions_repetitions_and_ends(library: Library) -> None:
    """Other orders of moves meet, a game that comes back counts once, one that ends there has no next move."""
    library.games.add(
        None,
        [
            make_record("d2d4", "g8f6", "c2c4", WhiteElo="2000", BlackElo="2200", Date="2020.01.01"),
            make_record("c2c4", "g8f6", "d2d4", "e7e6", WhiteElo="2500"),
            make_record("g1f3", "g8f6", "f3g1", "f6g8", "g1f3", "b8c6"),
        ],
    )
    index_positions(library)
    found = find_position(library, _board("d4", "Nf6", "c4"))
    assert found.total == 2
    assert [(game.row.id, game.ply, game.next_san) for game in found.games] == [(2, 3, "e6"), (1, 3, "")]
    (move,) = found.moves
    assert (move.san, move.count.average_elo) == ("e6", 2500)
    start = find_position(library, _board())
    assert start.total == 3
    assert {move.san: move.count.games for move in start.moves} == {"d4": 1, "c4": 1, "Nf3": 1}
    after = find_position(library, _board("Nf3"))
    assert {move.san: move.count.games for move in after.moves} == {"Nf6": 1, "Nc6": 1}
    assert to_json(after)["total"] == 1


def test_chess960_and_other_starts(library: Library) -> None:
    """Chess960 games and games from a position are indexed; other variants and unreadable starts cost nobody else."""
    fen = "rk5r/8/8/8/8/8/8/RK5R w KQkq - 0 1"
    castled = chess.Board(fen, chess960=True)
    move = castled.parse_san("O-O")

    def from_(variant: str, start: str, **tags: str) -> GameRecord:
        return replace(make_record(**tags), variant=variant, start_fen=start, moves=pack_moves([move]), ply_count=1)

    library.games.add(
        None,
        [from_("chess960", fen), from_("atomic", fen, Round="2"), from_("chess", "nonsense", Round="3"), make_record()],
    )
    assert index_positions(library).complete
    board = read_position(fen)
    found = find_position(library, board)
    assert [(game.row.id, game.next_san) for game in found.games] == [(1, "O-O")]
    castled.push(move)
    assert find_position(library, castled).total == 1
    assert find_position(library, chess.Board()).total == 1


def test_standard_castling_in_both_spellings(library: Library) -> None:
    """A Chess960 game from the usual position castles king takes rook: the explorer shows one move."""
    line = ("e2e4", "e7e5", "g1f3", "b8c6", "f1c4", "f8c5")
    standard = make_record(*line, "e1g1")
    moves = [*unpack_moves(make_record(*line).moves), chess.Move.from_uci("e1h1")]
    other = replace(
        standard, variant="chess960", start_fen=chess.STARTING_FEN, moves=pack_moves(moves), ply_count=len(moves)
    )
    library.games.add(None, [standard, other])
    index_positions(library)
    board = _board("e4", "e5", "Nf3", "Nc6", "Bc4", "Bc5")
    found = find_position(library, read_position(board.fen()))
    assert [(move.san, move.uci, move.count.games) for move in found.moves] == [("O-O", "e1g1", 2)]


def test_indexing_goes_on_where_it_was(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is told as coverage; calling again adds it, and does nothing where nothing is missing."""
    library.games.add(None, make_records(10))
    index_positions(library)
    library.games.add(None, make_records(5, seed=2))
    found = find_position(library, _board())
    assert (found.total, found.coverage.indexed, found.coverage.games) == (10, 10, 15)
    assert index_positions(library).complete
    assert find_position(library, _board()).total == 15
    monkeypatch.setattr(service, "build_segment", None)
    assert index_positions(library).complete


def test_changed_games_are_indexed_anew(library: Library) -> None:
    """Segments marked stale are not trusted, and built anew."""
    library.games.add(None, make_records(5))
    index_positions(library)
    library.database.write(lambda connection: mark_stale(connection, [3]))
    assert library.positions.coverage().indexed == 0
    assert library.positions.pending() == [0]
    assert index_positions(library).complete


def test_many_segments_in_processes(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes hash; one that is killed is replaced; results are those of one process, and none is left."""
    monkeypatch.setattr(service, "FEW_GAMES", 0)
    library.games.add(None, make_records(40, plies=10))
    killed: list[int] = []

    class Killing:
        """Kills the first hashing process, once."""

        def cancelled(self) -> bool:
            for child in [] if killed else psutil.Process().children():
                if "spawn_main" in " ".join(child.cmdline()):
                    killed.append(child.pid)
                    os.kill(child.pid, signal.SIGKILL)
            return False

    assert index_positions(library, cancel=Killing()).complete
    assert killed
    assert find_position(library, _board(), limit=3).total == 40


def test_cancelled_indexing_stops(library: Library) -> None:
    """A cancelled call raises and leaves the library as it was."""

    class Cancelled:
        def cancelled(self) -> bool:
            return True

    library.games.add(None, make_records(5))
    with pytest.raises(CancelledError):
        index_positions(library, cancel=Cancelled())
    assert library.positions.coverage().indexed == 0


_INDEX = """
import sys
from desktop_app.library.library import Library
from desktop_app.services import index_positions as service
if __name__ == "__main__":
    service.FEW_GAMES = 0
    with Library.open(sys.argv[1]) as library:
        service.index_positions(library, on_stored=lambda _: print("stored", flush=True))
"""


@pytest.mark.skipif(os.name == "nt", reason="no kill -9")
def test_kill_9_loses_at_most_a_segment(tmp_path: Path) -> None:
    """Killed while it indexes, the process leaves whole segments; its hashers end; the next call goes on."""
    path = tmp_path / "games.kibitz"
    with Library.open(path) as library:
        games = sum(
            len(library.games.add(None, make_records(1_000, seed=seed + 1, plies=2)).imported) for seed in range(9)
        )
    code = tmp_path / "index.py"
    code.write_text(_INDEX)
    with script(f"import runpy, sys; runpy.run_path({str(code)!r}, run_name='__main__')", path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "stored"
        hashers = psutil.Process(process.pid).children()
        process.kill()
        process.wait(DEADLINE_S)
    psutil.wait_procs(hashers, DEADLINE_S)
    assert not any(hasher.is_running() and hasher.status() != psutil.STATUS_ZOMBIE for hasher in hashers)
    with Library.open(path) as library:
        assert library.check() == []
        assert library.positions.coverage().indexed > 0
        assert index_positions(library).complete
        assert find_position(library, _board(), limit=5).total == games


def test_lookups_while_indexing(library: Library) -> None:
    """Looking up while segments are replaced gives a whole answer each time."""
    library.games.add(None, make_records(50))
    index_positions(library)
    stop = threading.Event()
    seen: list[int] = []

    def look() -> None:
        while not stop.is_set():
            seen.append(find_position(library, _board()).total)

    thread = threading.Thread(target=look)
    thread.start()
    for _ in range(5):
        library.database.write(lambda connection: mark_stale(connection, [1]))
        index_positions(library)
    stop.set()
    thread.join()
    assert set(seen) <= {50}


@pytest.mark.parametrize(
    "fen", ["", "nonsense", "8/8/8 w - - 0 1", "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR x KQkq - 0 1"]
)
def test_bad_fens_are_refused_in_words(fen: str) -> None:
    """What cannot be read is a wrong usage, with an example."""
    with pytest.raises(UsageError, match="cannot be read") as caught:
        read_position(fen)
    assert "find-position" in caught.value.action


def test_short_fens_are_enough() -> None:
    """Counters, en passant and castling may be left out."""
    assert read_position("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq -").fen() == chess.STARTING_FEN
