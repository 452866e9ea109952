"""What the analysis server tells Prometheus, and the one place where its metrics are named.

One process owns the dispatcher and so the counters; every `ServerMetrics` has a registry of its own. Counting is
thread-safe and never blocks; what must be asked for (queues, workers, batches) is asked at a scrape through `Sources`,
and a source that fails is left out and counted in `kibitz_metric_errors_total`. Labels have few values, all known
beforehand: never a user, a batch, a game or a path with ids in it. Called by the dispatcher, the streams and the
middleware; `page` by the `/metrics` route, on a thread of the pool since sources may block.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from desktop_app.worker.messages import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prometheus_client import Metric

    from desktop_app.worker.messages import Delivery, QueueLengths, WorkerStatus

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
WAIT_BUCKETS_S = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
SEARCH_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 80)
GAME_BUCKETS_S = (1, 2, 5, 10, 20, 40, 60, 90, 120, 180, 300, 600)
REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """The batches at one moment.

    Attributes:
        by_state: how many batches are waiting and running.
        seconds_per_hundred_games: of the slowest running batch, from its start and the games done so far; None where
            no running batch has finished a game. A game is 80 positions where the client plans.
        oldest_queued_s: how long the oldest chunk that nobody has taken waits; 0 for none.
    """

    by_state: Mapping[str, int]
    seconds_per_hundred_games: float | None = None
    oldest_queued_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a scrape asks. Each may block shortly and may raise; it is called on the thread that calls `page`."""

    queues: Callable[[], QueueLengths] | None = None
    workers: Callable[[], Sequence[WorkerStatus]] | None = None
    batches: Callable[[], BatchFigures] | None = None


class ServerMetrics:
    """All metrics of one server. Any thread."""

    def __init__(self, sources: Sources | None = None) -> None:
        self.registry = CollectorRegistry()
        counter, histogram = self._counter, self._histogram
        self._wait = histogram("kibitz_chunk_wait_seconds", "From submitting a chunk to its search.", WAIT_BUCKETS_S)
        self._search = histogram("kibitz_chunk_search_seconds", "How long a worker was at a chunk.", SEARCH_BUCKETS_S)
        self._game = histogram("kibitz_game_seconds", "Worker time that a game took.", GAME_BUCKETS_S)
        self._chunks = counter("kibitz_chunks", "Answers to chunks.", "outcome")
        self._retries = counter("kibitz_chunk_retries", "Times a chunk had to be tried again.")
        self._games = counter("kibitz_games", "Games settled (batches that the server plans).", "outcome")
        self._positions = counter("kibitz_positions", "Positions answered: searched, or known already.", "source")
        self._nodes = counter("kibitz_nodes", "Nodes searched, warming up left out.")
        self._requests = counter("kibitz_http_requests", "Requests by class of status.", "status")
        self._request_time = histogram("kibitz_http_request_seconds", "Time to answer a request.", REQUEST_BUCKETS_S)
        self._events = counter("kibitz_events_sent", "Durable events sent to clients.")
        self._faults = counter("kibitz_faults", "Faults that were mended by trying again, by what failed.", "part")
        self._errors = counter("kibitz_metric_errors", "Times a scrape could not ask a source.", "source")
        self._streams = Gauge("kibitz_event_streams", "Open event streams.", registry=self.registry)
        for part in ("broker", "database"):
            self._faults.labels(part)
        for outcome in ("done", "failed", "dropped"):
            self._chunks.labels(outcome)
        for source in ("searched", "reused"):
            self._positions.labels(source)
        if sources is not None:
            self.registry.register(_SourceCollector(sources, self._errors))

    def answered(self, delivery: Delivery, *, stored: bool) -> None:
        """A worker's answer was stored, or dropped (the batch was cancelled, or it was stored before)."""
        if not stored:
            self._chunks.labels("dropped").inc()
            return
        self._chunks.labels("done" if delivery.failure is None else "failed").inc()
        self._retries.inc(max(0, delivery.attempts - 1))
        self._wait.observe(delivery.waited_s)
        self._search.observe(delivery.searched_s)
        if delivery.result is not None:
            evaluations = delivery.result["evaluations"]
            self._positions.labels("searched").inc(len(evaluations))
            self._nodes.inc(sum(evaluation["nodes"] for _, evaluation in evaluations))

    def game(self, worker_s: float | None, *, failed: bool = False) -> None:
        """A game is settled after `worker_s` seconds of workers' time (None: not known), or was given up."""
        self._games.labels("failed" if failed else "done").inc()
        if worker_s is not None and not failed:
            self._game.observe(worker_s)

    def reused(self, positions: int) -> None:
        """So many positions needed no search: their evaluations were known."""
        self._positions.labels("reused").inc(positions)

    def request(self, status: int, seconds: float) -> None:
        """A request was answered; `seconds` until the answer began (streams are not counted to their end)."""
        self._requests.labels(f"{status // 100}xx").inc()
        self._request_time.observe(seconds)

    def stream_opened(self) -> None:
        """A client listens."""
        self._streams.inc()

    def stream_closed(self) -> None:
        """A client has gone."""
        self._streams.dec()

    def events_sent(self, number: int = 1) -> None:
        """So many durable events went to a client."""
        self._events.inc(number)

    def fault(self, part: str) -> None:
        """The `broker` or the `database` failed and will be tried again."""
        self._faults.labels(part).inc()

    def page(self) -> bytes:
        """What `GET /metrics` answers, of content type `CONTENT_TYPE`. May block as long as the sources do."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(name, text, buckets=buckets, registry=self.registry)


class _SourceCollector(Collector):
    """What is asked at a scrape."""

    def __init__(self, sources: Sources, errors: Counter) -> None:
        self._sources = sources
        self._errors = errors
        for source in ("queues", "workers", "batches"):
            errors.labels(source)

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not ask anybody."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The metrics of every source that answers."""
        queues = self._ask("queues", self._sources.queues)
        if queues is not None:
            yield from _of_queues(queues)
        workers = self._ask("workers", self._sources.workers)
        if workers is not None:
            yield from _of_workers(workers)
        batches = self._ask("batches", self._sources.batches)
        if batches is not None:
            yield from _of_batches(batches)

    def _ask(self, name: str, source: Callable[[], _T] | None) -> _T | None:
        if source is None:
            return None
        try:
            return source()
        except Exception as error:  # noqa: BLE001 - a scrape shows what it can, and counts what it cannot
            _log.info("metrics: %s did not answer: %s", name, error)
            self._errors.labels(name).inc()
            return None


def _of_queues(queues: QueueLengths) -> Iterator[Metric]:
    yield GaugeMetricFamily("kibitz_queue_chunks", "Chunks that wait in the broker.", queues.chunks)
    classes = GaugeMetricFamily("kibitz_queue_chunks_by_priority", "The same by class (Redis).", labels=["priority"])
    for priority in Priority:
        if priority in queues.by_priority:
            classes.add_metric([priority.value], queues.by_priority[priority])
    yield classes
    yield GaugeMetricFamily("kibitz_queue_results", "Answers that are not stored yet.", queues.results)
    yield GaugeMetricFamily("kibitz_dead_letters", "Chunks that were given up.", queues.dead_letters)


def _of_workers(workers: Sequence[WorkerStatus]) -> Iterator[Metric]:
    states = GaugeMetricFamily("kibitz_workers", "Workers that answer, by what they do.", labels=["state"])
    draining = sum(worker.draining for worker in workers)
    busy = sum(bool(worker.tasks) and not worker.draining for worker in workers)
    for state, number in (("busy", busy), ("idle", len(workers) - busy - draining), ("draining", draining)):
        states.add_metric([state], number)
    yield states
    yield GaugeMetricFamily(
        "kibitz_worker_slots",
        "Chunks that all workers can search at once.",
        sum(worker.processes for worker in workers),
    )
    yield GaugeMetricFamily(
        "kibitz_nodes_per_second", "Nodes a second of all workers.", sum(worker.nodes_per_second for worker in workers)
    )


def _of_batches(batches: BatchFigures) -> Iterator[Metric]:
    states = GaugeMetricFamily("kibitz_batches", "Batches by state.", labels=["state"])
    for state in ("waiting", "running"):
        states.add_metric([state], batches.by_state.get(state, 0))
    yield states
    yield GaugeMetricFamily("kibitz_queue_oldest_seconds", "Age of the oldest waiting chunk.", batches.oldest_queued_s)
    if batches.seconds_per_hundred_games is not None:
        yield GaugeMetricFamily(
            "kibitz_batch_seconds_per_hundred_games",
            "Pace of the slowest running batch.",
            batches.seconds_per_hundred_games,
        )
