"""What a cluster of 10, 100 or 1 000 workers would do with a million games: a simulation with measured service times.

A chunk goes from the server (which plans and submits it) through the broker to a worker and back, is read by the server
and stored by the database, several in one transaction. The first tens of thousands of chunks are simulated one by one,
which is long enough for a steady state; the rest of the million games is that state going on. Pure, seeded, one thread.
Called by `cluster_bench` with the figures it measured, and by tests.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from desktop_app.bench.cluster_events import SimulationClock, Station, gamma

if TYPE_CHECKING:
    from collections.abc import Sequence

MILLION = 1_000_000
SAMPLE_CHUNKS = 40_000
CHUNKS_PER_WORKER = 60
"""A worker's share of the sample at least: the start, when all begin at once, has to be forgotten."""
SATURATED = 0.9


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """What each part needs for one chunk, in seconds of that part alone.

    Attributes:
        search_s, search_variation: mean time of a chunk's searches, and its standard deviation divided by the mean.
        worker_s: what a worker spends around a chunk: fetching it, checking, answering, acknowledging.
        broker_s: the broker's processor time for all messages of one chunk.
        messages: how many messages (commands) that is.
        server_s: the server's processor time for one chunk: submit, read, plan, tell the listeners.
        transaction_s, row_s: the database's time for a transaction, and for each chunk stored in it.
        chunks_per_game: chunks that a game of the wanted profile takes, thin pass and deepening together.
    """

    search_s: float
    search_variation: float
    worker_s: float
    broker_s: float
    messages: float
    server_s: float
    transaction_s: float
    row_s: float
    chunks_per_game: float


@dataclass(frozen=True, slots=True)
class Topology:
    """How many of each. `waiting_per_worker`: chunks that the server keeps on the broker for each worker process."""

    workers: int
    servers: int = 1
    brokers: int = 1
    connections: int = 1
    results_per_transaction: int = 50
    waiting_per_worker: float = 2.0


@dataclass(frozen=True, slots=True)
class Sampled:
    """The simulated part.

    Attributes:
        chunks, seconds: how many were stored, and when the last one was.
        chunks_per_second: in the steady middle.
        transactions_per_second: in the whole.
        use: share of its time that each part works (worker, server, broker), or would if transactions were full
            (database).
        depths: (seconds, chunks not sent yet, on the broker, answers waiting for the database) over time.
    """

    chunks: int
    seconds: float
    chunks_per_second: float
    transactions_per_second: float
    use: dict[str, float]
    depths: tuple[tuple[float, int, int, int], ...]


REMEDIES = {
    "worker": "add workers: nothing else is in the way yet",
    "server": "run further server processes behind the proxy (answers are shared between consumers), or larger chunks",
    "broker": "larger chunks (fewer messages a position), then a second broker with a queue and a server of its own",
    "database": "store more answers in one transaction, then a faster disk for the write-ahead log",
}


def simulate(times: ServiceTimes, topology: Topology, chunks: int, *, seed: int = 1) -> Sampled:
    """Send `chunks` through the cluster, one by one."""
    return _Run(times, topology, chunks, seed).run()


class _Run:
    """One simulated run."""

    def __init__(self, times: ServiceTimes, topology: Topology, chunks: int, seed: int) -> None:
        source = random.Random(seed)  # noqa: S311 - a simulation, not a secret
        clock = self._clock = SimulationClock()
        search = gamma(source, times.search_s, times.search_variation)
        self._chunks = chunks
        self._unsent = chunks
        self._stored: list[float] = []
        self._depths: list[tuple[float, int, int, int]] = []
        self.server = Station(clock, topology.servers, gamma(source, times.server_s / 2, 0.3))
        self.broker = Station(clock, topology.brokers, gamma(source, times.broker_s / 2, 0.3))
        self.worker = Station(clock, topology.workers, lambda _one: search(1) + times.worker_s)
        self.database = Station(
            clock,
            topology.connections,
            lambda rows: times.transaction_s + rows * times.row_s,
            at_once=topology.results_per_transaction,
        )
        self._full_s = _full_transaction_s(times, topology)
        self._window = max(8, int(topology.workers * (1 + topology.waiting_per_worker)))

    def run(self) -> Sampled:
        for _ in range(min(self._window, self._chunks)):
            self._send()
        self._clock.run()
        seconds = self._clock.now
        # The first fifth is the start, the last one the end, when workers run out of chunks.
        first, last = len(self._stored) // 5, len(self._stored) * 4 // 5
        steady = (last - first) / max(1e-12, self._stored[last] - self._stored[first])
        stations = {"worker": self.worker, "server": self.server, "broker": self.broker}
        use = {name: steady * one.busy_s / self._chunks / one.servers for name, one in stations.items()}
        use["database"] = steady * self._full_s / self.database.servers
        return Sampled(
            chunks=self._chunks,
            seconds=seconds,
            chunks_per_second=steady,
            transactions_per_second=self.database.services / seconds,
            use={name: min(1.0, share) for name, share in use.items()},
            depths=tuple(self._depths),
        )

    def _send(self) -> None:
        self._unsent -= 1
        self.server.enter(lambda: self.broker.enter(lambda: self.worker.enter(self._searched)))

    def _searched(self) -> None:
        self.broker.enter(lambda: self.server.enter(self._read))

    def _read(self) -> None:
        # The server keeps the broker's queue full as soon as it reads an answer, before that is stored.
        if self._unsent:
            self._send()
        self.database.enter(self._store)

    def _store(self) -> None:
        self._stored.append(self._clock.now)
        if len(self._stored) % max(1, self._chunks // 20) == 0:
            self._depths.append((self._clock.now, self._unsent, self.worker.waiting, self.database.waiting))


def _full_transaction_s(times: ServiceTimes, topology: Topology) -> float:
    """The database's time for a chunk when transactions are full; it makes smaller ones as long as it has the time."""
    return times.transaction_s / topology.results_per_transaction + times.row_s


def million_games(
    times: ServiceTimes, *, workers: Sequence[int] = (10, 100, 1000), games: int = MILLION
) -> dict[str, Any]:
    """The figures for each number of workers, and where each other part would be full."""
    report: dict[str, Any] = {f"{number} workers": _report(times, Topology(number), games) for number in workers}
    report["full_at_workers"] = {
        part: round(number) for part, number in full_at(times, Topology(1)).items() if number != float("inf")
    }
    return report


def full_at(times: ServiceTimes, topology: Topology) -> dict[str, float]:
    """The number of worker processes that each other part can just keep busy (asymptotic bound of a closed network)."""
    worker_s = times.search_s + times.worker_s
    demands = {
        "server": times.server_s / topology.servers,
        "broker": times.broker_s / topology.brokers,
        "database": _full_transaction_s(times, topology) / topology.connections,
    }
    return {part: worker_s / demand if demand else float("inf") for part, demand in demands.items()}


def bottleneck(use: dict[str, float]) -> str:
    """The part that is busiest; a part that cannot keep up is named before the workers that wait for it."""
    others = {part: share for part, share in use.items() if part != "worker"}
    worst = max(others, key=lambda part: others[part])
    return worst if others[worst] >= SATURATED else "worker"


def _report(times: ServiceTimes, topology: Topology, games: int) -> dict[str, Any]:
    figures = _figures(times, topology, games)
    part = figures["first_bottleneck"]
    if part != "worker":
        better = _remedied(topology, part)
        figures["remedy"] = REMEDIES[part]
        figures["with_the_remedy"] = {
            "hours": (again := _figures(times, better, games))["hours"],
            "first_bottleneck": again["first_bottleneck"],
        }
    return figures


def _remedied(topology: Topology, part: str) -> Topology:
    match part:
        case "server":
            return replace(topology, servers=topology.servers * 4)
        case "broker":
            return replace(topology, brokers=topology.brokers * 2)
        case _:
            return replace(topology, results_per_transaction=topology.results_per_transaction * 10)


def _figures(times: ServiceTimes, topology: Topology, games: int) -> dict[str, Any]:
    chunks = max(SAMPLE_CHUNKS, CHUNKS_PER_WORKER * topology.workers)
    sampled = simulate(times, topology, chunks)
    total = round(games * times.chunks_per_game)
    # Beyond the sample: the steady state goes on; the sample's own start and end are in its seconds.
    seconds = sampled.seconds + max(0, total - chunks) / sampled.chunks_per_second
    rate = sampled.chunks_per_second
    waiting = [waits for _, _, waits, _ in sampled.depths]
    return {
        "hours": round(seconds / 3600, 2),
        "games_per_hour": round(games / seconds * 3600),
        "chunks_per_second": round(rate, 1),
        "use": {name: round(share, 4) for name, share in sampled.use.items()},
        "queue_on_the_broker": {"typical": sorted(waiting)[len(waiting) // 2], "most": max(waiting)},
        "answers_waiting_for_the_database": max(stored for *_, stored in sampled.depths),
        # Not sent yet: in the server's database, falling in a straight line.
        "chunks_left_after": {f"{share} %": round(total * (100 - share) / 100) for share in (0, 25, 50, 75, 100)},
        "broker_messages_per_second": round(rate * times.messages),
        "database_transactions_per_second": round(sampled.transactions_per_second, 1),
        "first_bottleneck": bottleneck(sampled.use),
    }
