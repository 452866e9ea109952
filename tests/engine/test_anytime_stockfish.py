"""Anytime analysis with a real Stockfish: actual searches counted, and kill -9 in either stage."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import chess
import pytest

from desktop_app.analysis.anytime import POLICIES, Policy
from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.profile import CHUNK_POSITIONS, Profile, SearchSpec
from desktop_app.engine.discovery import identify
from desktop_app.engine.session import EngineSession
from desktop_app.library.library import Library
from desktop_app.services.analyse_headless import run_headless
from desktop_app.services.import_games import import_text
from tests.engine.test_cli_analyse import OPERA
from tests.engine.test_kill import WORKERS, Run, new_library, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from desktop_app.domain.evaluation import Evaluation

pytestmark = pytest.mark.engine

GAMES = 4
SMALL = Policy((2_000, 12_000), (0.2,), mean_nodes=8_000)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every search that engines of this process make: position and nodes asked for."""
    made: list[tuple[str, int]] = []
    lock = threading.Lock()
    plain = EngineSession.evaluate

    def counted(
        self: EngineSession, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int
    ) -> Evaluation:
        board = chess.Board(root_fen, chess960=chess960)
        for move in moves:
            board.push_uci(move)
        with lock:
            made.append((board.epd(), limit_nodes))
        return plain(self, root_fen=root_fen, moves=moves, chess960=chess960, limit_nodes=limit_nodes)

    monkeypatch.setattr(EngineSession, "evaluate", counted)
    return made


def test_no_position_is_searched_twice_as_deep(
    tmp_path: Path, stockfish: str, searches: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four copies of one game on three workers at once: Stockfish is asked for each position once at each depth."""
    monkeypatch.setitem(POLICIES, Profile.QUICK, SMALL)
    with Library.open(tmp_path / "l.kibitz") as library:
        import_text(library, "".join(OPERA.format(number=number) for number in range(GAMES)), workers=0)
        outcome = run_headless(
            library,
            [GameId(number) for number in range(1, GAMES + 1)],
            SearchSpec.of_profile(Profile.QUICK),
            workers=3,
            engine_path=stockfish,
            identity=identify(stockfish),
            on_event=lambda _event: None,
        )
        rows = library.games.rows(range(1, GAMES + 1))
    assert [row.state for row in rows] == [GameState.ANALYSED] * GAMES
    assert [search for search, times in Counter(searches).items() if times > 1] == []
    counters = outcome.counters
    assert (counters.positions, counters.positions_reused) == (33 * GAMES, 33 * (GAMES - 1))
    assert counters.searches == len(searches)
    assert counters.warmup_nodes == 0


@pytest.mark.parametrize("stage", ["first look", "looking closer"])
def test_kill_in_either_stage_loses_at_most_a_chunk_a_worker(tmp_path: Path, stockfish: str, stage: str) -> None:
    """Told positions that are not stored are of one chunk each; the same command settles all games afterwards."""
    location = new_library(tmp_path / "killed.kibitz", 2)
    run = Run(location, stockfish, profile="quick")
    run.wait_for(lambda event: event.get("stage") == stage, 9 if stage == "first look" else 3)
    run.kill()
    run.finish()
    told = Counter((event["game"], event["ply"]) for event in run.searched)
    kept = {(game["id"], ply["ply"]): ply for game in shown(location) for ply in game["plies"]}
    roots = {game["id"]: game["analysis"] for game in shown(location)}
    lost = 0
    for (game, ply), times in told.items():
        if ply == 0:
            root = roots[game]
            lost += root is None or (root["root"]["white_cp"] is None and root["root"]["white_mate"] is None)
        else:
            found = kept[game, ply]
            lost += found["nodes"] is None or (times > 1 and found["nodes_spent"] == found["nodes"])
    assert lost <= WORKERS * CHUNK_POSITIONS
    again = Run(location, stockfish, profile="quick")
    assert again.finish() == 0, again.errors
    games = shown(location)
    assert {game["state"] for game in games} == {GameState.ANALYSED.value}
    assert not any(game["analysis"]["provisional"] for game in games)
    assert again.events[-1]["nodes"] > 0
