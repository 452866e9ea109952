"""What a cluster survives: real Redis, PostgreSQL, server, Celery workers and Stockfish, started as compose.yaml says.

After each fault: every chunk's evaluations are stored exactly once, the counts are right, nothing is left running or
queued, and no more was searched twice than what died.
"""

from __future__ import annotations

import itertools
import os
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("celery", reason="workers need Celery, which the core does not")
pytest.importorskip("fastapi", reason="the server's extra is not installed")
pytest.importorskip("psycopg", reason="the extra for PostgreSQL is not installed")

import httpx

from tests import brokers, postgres
from tests.faults.topology import DEADLINE_S, Topology, Worker, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(400)]

START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"
ITALIAN = ["e2e4", "e7e5", "g1f3", "b8c6", "f1c4", "f8c5", "c2c3", "g8f6", "d2d4", "e5d4"]
CHUNKS = 12
NODES = 80_000

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def topology(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    """The cluster that all tests of this file disturb and that has to be whole again after each."""
    if postgres.programs() is None and os.environ.get("CI"):
        pytest.fail("NO POSTGRESQL IS INSTALLED: faults are not tested (apt install postgresql)")
    with brokers.redis() as broker:
        if broker is None:
            brokers.missing("redis")
        server = next(made := postgres.serve())
        found = Topology(tmp_path_factory.mktemp("faults"), broker, server, server.database())
        try:
            found.start()
            yield found
        finally:
            found.stop()
            next(made, None)


@pytest.fixture(autouse=True)
def _no_leaked_processes() -> None:
    """Parts of the cluster are killed and started by tests and outlast them; `topology` ends them all."""


class User:
    """A user of the server: a token, and batches of chunks."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.name = f"user{next(_numbers)}"
        said = topology.kibitz(
            "token", "create", self.name, "--user", self.name, "--scope", "analyse", "--scope", "read"
        )
        found = re.search(r"kbz_\S+", said)
        assert found, said
        self.headers = {"Authorization": f"Bearer {found[0]}"}

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, again as long as the server is away."""

        def answer() -> httpx.Response | None:
            try:
                found = httpx.request(
                    method, self.topology.url + path, headers=self.headers, timeout=DEADLINE_S, **options
                )
            except httpx.TransportError:
                return None
            return None if found.status_code == 503 else found

        found: httpx.Response = wait_for(answer, f"an answer to {method} {path}")
        return found

    def submit(self, chunks: int = CHUNKS, *, nodes: int = NODES) -> str:
        """A closed batch of so many chunks, of two plies each; its id."""
        asked = [
            {
                "key": f"k{number}", "root_fen": START, "moves": ITALIAN, "chess960": False,
                "plies": [number % 8 + 2, number % 8 + 1], "warmup_ply": None, "limit_nodes": nodes, "hash_mb": 16,
            }
            for number in range(chunks)
        ]  # fmt: skip
        name = f"batch-{next(_numbers)}"
        made = self.ask("POST", "/v1/batches", json={"name": name, "chunks": asked, "idempotency_key": name})
        assert made.status_code in {200, 201}, made.text
        batch: str = made.json()["id"]
        assert self.ask("POST", f"/v1/batches/{batch}/close").status_code == 200
        return batch

    def batch(self, batch: str) -> dict[str, Any]:
        """The batch now."""
        found: dict[str, Any] = self.ask("GET", f"/v1/batches/{batch}").json()
        return found

    def wait_for_done(self, batch: str, number: int) -> None:
        """Wait until so many chunks are done."""
        wait_for(lambda: self.batch(batch)["counts"]["done"] >= number, f"{number} chunks of {self.batch(batch)}")

    def whole(self, batch: str, chunks: int = CHUNKS) -> list[dict[str, Any]]:
        """Wait for the end; every chunk is answered once, nothing is left. The chunks' events."""
        wait_for(lambda: self.batch(batch)["state"] not in {"waiting", "running"}, f"the end of {self.batch(batch)}")
        found = self.batch(batch)
        assert found["state"] == "done", found
        assert found["counts"] == {"queued": 0, "running": 0, "done": chunks, "failed": 0, "cancelled": 0}
        events = self.ask("GET", f"/v1/batches/{batch}/results", params={"limit": 1000}).json()["results"]
        assert [event["seq"] for event in events] == list(range(1, found["last_seq"] + 1))
        answers = [event["data"] for event in events if event["event"] == "chunk"]
        assert sorted(answer["key"] for answer in answers) == sorted(f"k{number}" for number in range(chunks))
        assert all(len(answer["evaluations"]) == 2 for answer in answers)
        return answers


def drained(topology: Topology) -> None:
    """Nothing is left on the broker: no chunk, no answer, no dead letter."""

    def empty() -> bool:
        found = topology.metrics()
        names = ("kibitz_queue_chunks", "kibitz_queue_results", "kibitz_dead_letters")
        return all(found.get(name) == 0 for name in names)

    wait_for(empty, "empty queues")


def searched(topology: Topology) -> dict[str, float]:
    """How many chunks each living worker has searched since its start."""
    return {worker.name: worker.metrics()["kibitz_worker_chunks_total{outcome=done}"] for worker in topology.workers}


def again(topology: Topology, before: dict[str, float], answers: list[dict[str, Any]]) -> float:
    """How many chunks the living workers searched beyond those that are stored as theirs."""
    after = searched(topology)
    theirs = sum(any(answer["worker"].startswith(f"{name}@") for name in after) for answer in answers)
    return sum(after.values()) - sum(before[name] for name in after) - theirs


def test_the_whole_topology_works(topology: Topology) -> None:
    """Three workers of two processes answer; server and workers tell Prometheus what the alerts and dashboard ask."""
    user = User(topology)
    user.whole(user.submit())
    pgn = {"name": "game", "pgn": '[Event "?"]\n\n1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 *\n', "nodes": 5000}
    game = user.ask("POST", "/v1/batches", json=pgn).json()["id"]
    wait_for(lambda: user.batch(game)["state"] == "done", f"the end of {user.batch(game)}")
    drained(topology)
    wait_for(lambda: topology.metrics().get("kibitz_worker_slots") == 6, "six processes")
    page = topology.metrics()
    assert page["kibitz_chunks_total{outcome=done}"] == CHUNKS + 1
    assert page["kibitz_positions_total{source=searched}"] == 2 * CHUNKS + 7
    assert page["kibitz_chunk_wait_seconds_count"] == CHUNKS + 1
    assert page["kibitz_game_seconds_count"] == page["kibitz_games_total{outcome=done}"] == 1


def test_a_worker_that_is_killed_in_its_search(topology: Topology) -> None:
    """The others take its chunks over; only what it was searching is searched again."""
    user = User(topology)
    before = searched(topology)
    batches = [user.submit(nodes=250_000)]

    def busy() -> Worker | None:
        found = next((worker for worker in topology.workers if worker.metrics()["kibitz_worker_busy"]), None)
        if found is None and user.batch(batches[-1])["state"] == "done":
            batches.append(user.submit(nodes=250_000))
        return found

    victim = wait_for(busy, "a busy worker")
    victim.kill()
    topology.workers.remove(victim)
    answers = [answer for batch in batches for answer in user.whole(batch)]
    # What died had been searched by none of those who live; two more are what two processes may have had answered.
    assert again(topology, before, answers) <= 2
    drained(topology)
    topology.ready(topology.start_worker())


def test_a_broker_that_is_killed_and_comes_back(topology: Topology) -> None:
    """Everybody waits for it and goes on."""
    user = User(topology)
    batch = user.submit()
    user.wait_for_done(batch, 2)
    topology.broker.kill()
    topology.broker.start()
    user.whole(batch)
    drained(topology)


def test_database_connections_that_are_cut(topology: Topology) -> None:
    """The server connects again; answers that could not be stored come again and are stored once."""
    user = User(topology)
    batch = user.submit()
    name = topology.library.rpartition("/")[2]
    for done in (1, 4, 7):
        user.wait_for_done(batch, done)
        statement = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
        topology.postgres.run(statement)
    user.whole(batch)
    drained(topology)


def test_a_broker_without_room(topology: Topology) -> None:
    """Redis refuses every write for a while: answers wait where they are, and nothing is lost."""
    user = User(topology)
    other = User(topology)
    batch = user.submit()
    user.wait_for_done(batch, 2)
    refused = _refused(topology)
    topology.broker.run("CONFIG", "SET", "maxmemory", "1")
    try:
        more = other.submit()
        wait_for(lambda: _refused(topology) > refused, "a write that was refused")
    finally:
        topology.broker.run("CONFIG", "SET", "maxmemory", "0")
    user.whole(batch)
    other.whole(more)
    drained(topology)


def _refused(topology: Topology) -> int:
    found = re.search(r"errorstat_OOM:count=(\d+)", topology.broker.run("INFO", "errorstats"))
    return int(found[1]) if found else 0


def test_a_server_that_is_killed_under_a_stream(topology: Topology) -> None:
    """The client reconnects with the number of its last event, and has seen every event once."""
    user = User(topology)
    batch = user.submit()
    port = topology.url.rpartition(":")[2]
    first = _stream(user, batch, after=0, most=3)
    assert topology.server is not None
    topology.server.kill()
    topology.start_server(port)
    rest = _stream(user, batch, after=first[-1], most=10_000)
    user.whole(batch)
    assert [*first, *rest] == list(range(1, user.batch(batch)["last_seq"] + 1))
    drained(topology)


def _stream(user: User, batch: str, *, after: int, most: int) -> list[int]:
    """Numbers of the events that come, at most so many."""
    found: list[int] = []
    headers = user.headers | {"Last-Event-ID": str(after)}
    with httpx.stream(
        "GET", f"{user.topology.url}/v1/batches/{batch}/events", headers=headers, timeout=DEADLINE_S
    ) as answer:
        assert answer.status_code in {200, 204}
        for line in answer.iter_lines():
            if line.startswith("id:"):
                found.append(int(line.removeprefix("id:")))
                if len(found) == most:
                    break
    return found


def test_two_clients_at_once(topology: Topology) -> None:
    """Each gets its own answers, all of them and nobody else's."""
    users = [User(topology) for _ in range(2)]
    batches: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda user=user: batches.update({user.name: user.submit()}), name=user.name)
        for user in users
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for user in users:
        user.whole(batches[user.name])
    one, other = users
    assert one.ask("GET", f"/v1/batches/{batches[other.name]}").status_code == 404
    drained(topology)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_worker_whose_clock_is_wrong(topology: Topology, tmp_path: Path, hours: int) -> None:
    """An hour ahead or behind, a worker takes its part; its answers count once, and waiting is never negative."""
    # Python's clock alone is moved: Redis and all other processes keep theirs.
    (tmp_path / "sitecustomize.py").write_text(
        f"import time\n_right = time.time\ntime.time = lambda: _right() + {hours * 3600}\n", encoding="utf-8"
    )
    worker = topology.start_worker({"PYTHONPATH": str(tmp_path)})
    try:
        topology.ready(worker)
        user = User(topology)

        def took_part() -> bool:
            answers = user.whole(user.submit(20, nodes=30_000), 20)
            return any(answer["worker"].startswith(f"{worker.name}@") for answer in answers)

        wait_for(took_part, "an answer of this worker")
        drained(topology)
        assert topology.metrics()["kibitz_chunk_wait_seconds_sum"] >= 0
    finally:
        topology.workers.remove(worker)
        worker.kill()
