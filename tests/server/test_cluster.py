"""The whole way with nothing made up: Redis, Celery, `kibitz worker`, Stockfish, and a server that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from desktop_app.engine.discovery import find_engine
from desktop_app.errors import EngineNotFoundError
from tests import brokers
from tests.server.served import ROOT, Served, batch_done, results, wait_for
from tests.server.test_batches import PGN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """Redis with one worker of one process and a real engine."""
    try:
        engine = find_engine()
    except EngineNotFoundError:
        pytest.skip("no Stockfish is installed")
    with brokers.redis() as server:
        if server is None:
            brokers.missing("redis")
        words = [sys.executable, "-m", "desktop_app", "worker", "--broker", server.url, "--engine", str(engine)]
        with (tmp_path / "worker.log").open("wb") as log:
            worker = subprocess.Popen(
                [*words, "--name", "w1", "--processes", "1", "--grace", "1"], cwd=ROOT, env=dict(os.environ),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            wait_for(lambda: b"Ready:" in (tmp_path / "worker.log").read_bytes(), "the worker")
            yield server.url
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(90)


def test_games_through_a_real_cluster(broker: str, tmp_path: Path) -> None:
    """A PGN is searched by Stockfish behind Redis; the server is killed meanwhile, and every verdict is there once."""
    served = Served(str(tmp_path / "server.kibitz"), tmp_path, ("--broker", broker), real=True)
    token = served.token("anna", "analyse", "admin")
    served.start()
    try:
        with served.client(token) as anna:
            wait_for(lambda: anna.get("/v1/server").json()["workers"], "the worker to be seen")
            engine = anna.get("/v1/server").json()["engine"]
            assert "Stockfish" in engine["name"]
            batch = anna.post("/v1/batches", json={"name": "club", "pgn": PGN * 3, "nodes": 3000}).json()
            assert batch["games"] == 6
            wait_for(lambda: anna.get(f"/v1/batches/{batch['id']}").json()["counts"]["done"], "a first answer")
        served.kill()
        served.start()
        with served.client(token) as anna:
            done = batch_done(anna, batch["id"])
            assert (done["state"], done["games"]) == ("done", {"total": 6, "done": 6, "failed": 0})
            assert (done["counts"]["queued"], done["counts"]["running"]) == (0, 0)
            games = [event["data"] for event in results(anna, batch["id"]) if event["event"] == "game"]
            # Events come as games end, and a server that was killed asks again in another order.
            games.sort(key=lambda game: int(game["ref"]))
            assert [game["ref"] for game in games] == ["1", "2", "4", "5", "7", "8"]
            for game in games:
                assert game["engine"]["build"] == engine["build"]
                plies = [ply for ply, _ in game["evaluations"]]
                assert plies == list(range(len(plies)))
            # The reproducible mode: the same game gets the same numbers, whichever chunk was searched again.
            alike = [[(ply, found["score"]) for ply, found in game["evaluations"]] for game in games]
            assert alike[0] == alike[2] == alike[4]
            assert anna.get("/v1/admin/dead-letters").json() == {"dead_letters": []}
    finally:
        assert served.stop() == 0
