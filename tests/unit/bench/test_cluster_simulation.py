"""The simulated cluster agrees with what is known in closed form, and names the right bottleneck."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from desktop_app.bench.cluster_events import SimulationClock, Station, erlang_wait, gamma, mean_wait, pollaczek_wait
from desktop_app.bench.cluster_simulation import ServiceTimes, Topology, bottleneck, full_at, million_games, simulate

TIMES = ServiceTimes(
    search_s=1.0, search_variation=0.5, worker_s=0.004, broker_s=0.0005, messages=10, server_s=0.003,
    transaction_s=0.005, row_s=0.0005, chunks_per_game=12,
)  # fmt: skip


def test_erlangs_formula_has_the_published_values() -> None:
    """M/M/1 is rho/(mu - lambda); for two servers C = 2 rho^2 / (1 + rho)."""
    assert erlang_wait(rate=0.5, servers=1, service_s=1.0) == pytest.approx(1.0)
    rho = 0.75
    waits = 2 * rho**2 / (1 + rho)
    assert erlang_wait(rate=2 * rho, servers=2, service_s=1.0) == pytest.approx(waits / (2 * (1 - rho)))
    assert erlang_wait(rate=3, servers=2, service_s=1.0) == float("inf")


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (1, 0.8), (2, 0.8), (8, 0.9)])
def test_random_arrivals_wait_as_erlang_says(servers: int, load: float) -> None:
    """The simulated waiting of M/M/c queues is the formula's, within the noise of so many customers."""
    source = random.Random(7)  # noqa: S311 - a simulation, not a secret
    found = mean_wait(source, rate=load * servers, servers=servers, service_s=gamma(source, 1.0, 1.0), jobs=60_000)
    assert found == pytest.approx(erlang_wait(rate=load * servers, servers=servers, service_s=1.0), rel=0.12)


@pytest.mark.parametrize("variation", [0.0, 0.5, 1.5])
def test_other_service_times_wait_as_pollaczek_and_khinchine_say(variation: float) -> None:
    """A single server with constant, steadier and wilder times than exponential ones."""
    source = random.Random(11)  # noqa: S311 - a simulation, not a secret
    found = mean_wait(source, rate=0.7, servers=1, service_s=gamma(source, 1.0, variation), jobs=60_000)
    assert found == pytest.approx(pollaczek_wait(rate=0.7, service_s=1.0, variation=variation), rel=0.12)


def test_a_station_that_serves_several_at_once_takes_all_that_wait() -> None:
    """Ten come at once: the first is served alone, the nine that waited meanwhile together."""
    clock = SimulationClock()
    sizes: list[int] = []
    station = Station(clock, 1, lambda customers: sizes.append(customers) or 1.0, at_once=50)  # type: ignore[func-returns-value]  # append in a lambda
    for _ in range(10):
        station.enter(lambda: None)
    clock.run()
    assert sizes == [1, 9]
    assert clock.now == 2.0
    assert (station.served, station.services, station.longest) == (10, 2, 9)


def test_few_workers_are_the_bottleneck_and_scale_with_their_number() -> None:
    """As long as nothing else is full, throughput is workers / time of a chunk."""
    for workers in (2, 20):
        sampled = simulate(TIMES, Topology(workers), 4000)
        assert sampled.chunks_per_second == pytest.approx(workers / 1.004, rel=0.05)
        assert bottleneck(sampled.use) == "worker"


def test_throughput_never_passes_the_bound_of_the_slowest_part() -> None:
    """Far beyond what the server can plan, its own time is the limit, and it is named."""
    sampled = simulate(TIMES, Topology(1000), 30_000)
    assert sampled.chunks_per_second == pytest.approx(1 / TIMES.server_s, rel=0.03)
    assert bottleneck(sampled.use) == "server"
    assert full_at(TIMES, Topology(1))["server"] == pytest.approx(1.004 / 0.003)


def test_a_slow_database_is_named_and_mended_by_larger_transactions() -> None:
    """Transactions of 0.5 s for at most 50 chunks: 100 a second at best, ten times that with the remedy."""
    slow = replace(TIMES, transaction_s=0.5, row_s=0.0, server_s=0.0005)
    report = million_games(slow, workers=(300,))["300 workers"]
    assert report["first_bottleneck"] == "database"
    assert report["chunks_per_second"] == pytest.approx(100, rel=0.05)
    assert report["with_the_remedy"]["hours"] < report["hours"] / 2


def test_a_run_can_be_repeated() -> None:
    """The same seed gives the same run, another one another."""
    first, again, other = (simulate(TIMES, Topology(10), 2000, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_every_chunk_is_stored_once() -> None:
    """Nothing is lost or doubled between the stations, and the queue in the server's database drains."""
    sampled = simulate(TIMES, Topology(10), 2000)
    assert sampled.chunks == 2000
    left = [unsent for _, unsent, *_ in sampled.depths]
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0
