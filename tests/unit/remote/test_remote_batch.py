"""A job on a server: a real library, real threads, a real HTTP server that can be killed, lie and fall silent."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import chess
import pytest

from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.profile import AnalysisKey, SearchSpec
from desktop_app.domain.work import ItemState, JobState
from desktop_app.remote.client import ServerClient
from desktop_app.services.remote_job import RemotePlan, RemoteWorkers
from tests.fakes.fake_evaluator import FAKE_ENGINE, FakeEngines
from tests.unit.remote.fake_server import TOKEN
from tests.unit.services.batches import DEADLINE_S, NODES, Bench, add_games

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.library.library import Library
    from tests.unit.remote.fake_server import FakeServer

GAMES = 3
PLIES = 20


class RemoteBench(Bench):
    """A batch with engines here and lanes to a server, ticked by the waiting test."""

    def __init__(self, library: Library, server: FakeServer) -> None:
        super().__init__(library)
        self.servers = RemoteWorkers(self.batch)
        self.checkers = FakeEngines()
        self.plan = RemotePlan(
            open_client=lambda: ServerClient(server.url, TOKEN), find_checker=self.checker, most_lanes=4, share=0.2
        )

    def checker(self, wanted: EngineIdentity) -> Callable[[int], Any] | None:
        """The same engine is here."""
        return self.checkers.open if wanted == FAKE_ENGINE else None

    def wait(self, what: Callable[[], bool]) -> None:
        """As the base, keeping the lanes and the engines hired meanwhile."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            self.servers.tick()
            self.hire()
            with self._heard:
                if what():
                    return
                assert time.monotonic() < deadline, f"{self.servers.connection} {self.batch.snapshot()}"
                self._heard.wait(0.02)

    def wait_until_done(self) -> None:
        """The job ended well."""
        self.wait(lambda: any(news.state is JobState.DONE for news in self.jobs))

    def leave(self) -> None:
        """As when the program ends."""
        self.servers.finish()
        self.close()
        assert self.servers.join(budget_s=DEADLINE_S)


@pytest.fixture
def remote(library: Library, server: FakeServer) -> Iterator[RemoteBench]:
    """On that server alone, until a test says otherwise."""
    made = RemoteBench(library, server)
    made.servers.use(made.plan, here=False)
    yield made
    server.gate.set()
    made.leave()


def stored(library: Library, games: list[Any], spec: SearchSpec = NODES) -> dict[Any, dict[Any, Any]]:
    """All evaluations of these games by the fake engine."""
    found = {game: library.evaluations.of_key(game, AnalysisKey(FAKE_ENGINE, spec)) for game in games}
    return {game: one.evaluations if one is not None else {} for game, one in found.items()}


def test_a_job_on_a_server_stores_what_one_here_does(library: Library, remote: RemoteBench, server: FakeServer) -> None:
    """All positions, no engine here but for spot checks, each chunk searched once, and the batch is closed."""
    games = add_games(library, GAMES, plies=PLIES)
    remote.batch.start(games, NODES, 2)
    remote.wait_until_done()
    assert remote.engines.opened == 0
    assert set(Counter(server.searched).values()) == {1}
    assert remote.checkers.searched
    found = stored(library, games)
    assert all(len(found[game]) == PLIES + 1 for game in games)
    _all_right(library, games)
    remote.wait(lambda: all(batch.closed for batch in server.batches.values()))


def test_both_work_on_one_job(library: Library, remote: RemoteBench, server: FakeServer) -> None:
    """Lanes and engines share the games; rows tell them apart; nothing is stored by neither or both."""
    server.gate.clear()
    games = add_games(library, GAMES, plies=PLIES)
    remote.servers.use(remote.plan, here=True)
    remote.engines.gate.clear()
    remote.batch.start(games, NODES, 1)

    def both() -> bool:
        rows = remote.batch.snapshot().worker_rows
        kinds = {row.remote for row in rows if row.game_id is not None}
        return kinds == {True, False} and any(batch.waiting for batch in server.batches.values())

    remote.wait(both)
    server.gate.set()
    remote.engines.gate.set()
    server.go_on()
    remote.wait_until_done()
    assert all(len(found) == PLIES + 1 for found in stored(library, games).values())
    assert server.searched
    assert remote.engines.searched


def test_a_server_that_goes_and_comes_loses_nothing(library: Library, remote: RemoteBench, server: FakeServer) -> None:
    """The job waits, says so with the seconds, and goes on by itself; nothing is searched twice."""
    server.gate.clear()
    games = add_games(library, GAMES, plies=PLIES)
    remote.batch.start(games, NODES, 1)
    remote.wait(lambda: any(batch.waiting for batch in server.batches.values()))
    server.stop()
    remote.wait(lambda: "Waiting for the server (tries again in" in remote.servers.connection)
    server.gate.set()
    server.start()
    server.go_on()
    remote.wait_until_done()
    assert all(len(found) == PLIES + 1 for found in stored(library, games).values())
    assert set(Counter(server.searched).values()) == {1}


def test_a_job_moves_here_with_chunks_in_flight(library: Library, remote: RemoteBench, server: FakeServer) -> None:
    """Chunks at a server that never answers are taken back at once and searched here; its batch is cancelled."""
    server.gate.clear()
    games = add_games(library, GAMES, plies=PLIES)
    remote.batch.start(games, NODES, 2)
    remote.wait(lambda: any(batch.waiting for batch in server.batches.values()))
    remote.servers.use(None, here=True)
    remote.wait_until_done()
    assert not server.searched
    assert all(len(found) == PLIES + 1 for found in stored(library, games).values())
    remote.wait(lambda: {batch.state for batch in server.batches.values()} == {"cancelled"})


def test_what_a_server_finished_meanwhile_is_fetched_at_the_next_start(library: Library, server: FakeServer) -> None:
    """The program ends with chunks in flight; the server finishes them; the next start takes them and asks no more."""
    server.gate.clear()
    games = add_games(library, 1, plies=7)
    first = RemoteBench(library, server)
    first.servers.use(first.plan, here=False)
    first.batch.start(games, NODES, 1)
    first.wait(lambda: any(batch.waiting for batch in server.batches.values()))
    first.leave()
    server.gate.set()
    server.go_on()
    assert len(server.searched) == 1
    second = RemoteBench(library, server)
    second.servers.use(second.plan, here=False)
    assert second.batch.resume_unfinished() == 1
    second.wait_until_done()
    second.leave()
    assert len(server.searched) == 1
    assert len(server.batches) == 1
    assert all(len(found) == 8 for found in stored(library, games).values())


def _wrong_scores(data: dict[str, Any]) -> dict[str, Any]:
    for _, evaluation in data["evaluations"]:
        evaluation["score"] = {"white_cp": 900 if evaluation["score"]["white_cp"] < 0 else -900}
    return data


@pytest.mark.expects_log
def test_a_server_with_wrong_scores_is_refused_before_anything_is_stored(
    library: Library, remote: RemoteBench, server: FakeServer
) -> None:
    """The first chunks are searched again before they count; the job goes on here, with right scores only."""
    server.falsify = _wrong_scores
    games = add_games(library, GAMES, plies=PLIES)
    remote.servers.use(remote.plan, here=True)
    remote.engines.gate.clear()
    remote.batch.start(games, NODES, 1)
    remote.wait(lambda: remote.servers.fault is not None)
    assert "searched again" in remote.servers.connection
    assert not any(stored(library, games).values())
    remote.engines.gate.set()
    remote.wait_until_done()
    _all_right(library, games)


@pytest.mark.expects_log
def test_a_server_that_begins_to_lie_has_everything_thrown_away(
    library: Library, remote: RemoteBench, server: FakeServer
) -> None:
    """Honest first, then an impossible answer: all of this job's that came from it is searched again here."""
    games = add_games(library, GAMES, plies=PLIES)
    lies = threading.Event()

    def falsify(data: dict[str, Any]) -> dict[str, Any]:
        if len(server.searched) >= 5:
            lies.set()
            data["evaluations"][0][1]["pv"] = ["a1a8"]
            data["evaluations"][0][1]["best"] = "a1a8"
        else:
            data["evaluations"][0][1]["score"] = {"white_cp": 1}  # one of eight: not enough to be refused
        return data

    server.falsify = falsify
    remote.batch.start(games, NODES, 1)
    remote.wait(lambda: remote.servers.fault is not None)
    assert lies.is_set()
    remote.servers.use(None, here=True)
    remote.wait_until_done()
    assert not library.remote_origins.games(1)  # type: ignore[arg-type]
    _all_right(library, games)


def _all_right(library: Library, games: list[Any]) -> None:
    """Every score is the one the fake engine gives."""
    engine = FakeEngines().open(16)
    found = stored(library, games)
    for game in games:
        moves = [move.uci() for move in unpack_moves(library.jobs.line(game).moves)]
        assert set(found[game]) == set(range(len(moves) + 1))
        for ply, evaluation in found[game].items():
            if evaluation.best is not None:
                right = engine.evaluate(
                    root_fen=chess.STARTING_FEN, moves=moves[:ply], chess960=False, limit_nodes=1000
                )
                assert evaluation.score == right.score


@pytest.mark.expects_log
def test_another_engine_is_kept_apart(library: Library, remote: RemoteBench, server: FakeServer) -> None:
    """A server with another build is refused with a sentence; nothing of it is stored, the job goes on here."""
    server.engine = {"name": "Fake", "build": "ffff"}
    games = add_games(library, 1, plies=PLIES)
    remote.servers.use(remote.plan, here=True)
    remote.engines.gate.clear()
    remote.batch.start(games, NODES, 1)
    remote.wait(lambda: "never mixed" in remote.servers.connection)
    remote.engines.gate.set()
    remote.wait_until_done()
    assert not server.searched
    assert remote.ended(ItemState.DONE) == games


def test_a_busy_server_is_asked_again_when_it_says(library: Library, remote: RemoteBench, server: FakeServer) -> None:
    """503 with Retry-After: the job waits and goes on; a second request is not made at once."""
    refusals = iter(range(2))

    def refuse(method: str, path: str) -> tuple[int, dict[str, Any], dict[str, Any]] | None:
        if (method, path) == ("POST", "/v1/batches") and next(refusals, None) is not None:
            return 503, {"error": {"code": "server_full", "message": "Three analyses run."}}, {"Retry-After": "1"}
        return None

    server.refuse = refuse
    games = add_games(library, 1, plies=PLIES)
    remote.batch.start(games, NODES, 1)
    remote.wait(lambda: "Three analyses run." in remote.servers.connection)
    remote.wait_until_done()
