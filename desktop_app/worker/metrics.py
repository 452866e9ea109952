"""What a worker tells Prometheus: one page for the whole worker, whatever its number of processes.

The figures are those of the worker's own `WorkerStatus`, which its main process keeps for all its processes, so that
nothing is shared between processes for the sake of metrics and a process that dies takes no figure with it. Read on the
thread of the little HTTP server that `serve` starts in the main process; called by the `kibitz worker` command.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from desktop_app.errors import EnvironmentLackingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

    from desktop_app.worker.messages import WorkerStatus

_log = logging.getLogger(__name__)


class MetricsPage:
    """A running page; `close` ends its thread."""

    def __init__(self, status: Callable[[], WorkerStatus], *, port: int, address: str) -> None:
        registry = CollectorRegistry()
        registry.register(StatusCollector(status))
        try:
            self._server, self._thread = start_http_server(port, addr=address, registry=registry)
        except OSError as error:
            raise EnvironmentLackingError(
                f"The metrics page cannot listen on {address} port {port}: {error.strerror}. Choose another port."
            ) from error
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Stop listening and wait for the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(status: Callable[[], WorkerStatus], *, port: int, address: str = "127.0.0.1") -> MetricsPage:
    """Answer `GET /metrics` on `address` with what `status` tells at that moment. Port 0 takes a free one.

    `status` is called on the page's thread and may raise: the page then shows `kibitz_worker_up 0` and nothing else.

    Raises:
        EnvironmentLackingError: the port is taken.
    """
    page = MetricsPage(status, port=port, address=address)
    _log.info("metrics at http://%s:%d/metrics", address, page.port)
    return page


class StatusCollector(Collector):
    """The metrics of one `WorkerStatus`, asked for at each scrape."""

    def __init__(self, status: Callable[[], WorkerStatus]) -> None:
        self._status = status

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not ask for a status."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All metrics; `kibitz_worker_up` alone where there is no status to be had."""
        try:
            status = self._status()
        except Exception:  # noqa: BLE001 - a scrape must get its answer: that the worker cannot say how it is
            _log.warning("no status for the metrics page", exc_info=True)
            yield GaugeMetricFamily("kibitz_worker_up", _UP, 0)
            return
        yield GaugeMetricFamily("kibitz_worker_up", _UP, 1)
        yield from _gauges(status)
        yield from _counters(status)


_UP = "1 while the worker knows how its processes are."


def _gauges(status: WorkerStatus) -> Iterator[Metric]:
    yield InfoMetricFamily(
        "kibitz_worker_engine",
        "The engine this worker searches with.",
        {"name": status.engine.name or "", "build": status.engine.build or ""},
    )
    yield GaugeMetricFamily("kibitz_worker_processes", "Chunks this worker can search at once.", status.processes)
    yield GaugeMetricFamily("kibitz_worker_busy", "Chunks it searches now.", len(status.tasks))
    yield GaugeMetricFamily(
        "kibitz_worker_nodes_per_second",
        "Nodes a second over all its processes while they search, a running mean.",
        status.nodes_per_second,
    )
    yield GaugeMetricFamily(
        "kibitz_worker_draining", "1 once it was told to end and takes no more chunks.", int(status.draining)
    )


def _counters(status: WorkerStatus) -> Iterator[Metric]:
    chunks = CounterMetricFamily("kibitz_worker_chunks", "Chunks answered since its start.", labels=["outcome"])
    chunks.add_metric(["done"], status.chunks_done)
    chunks.add_metric(["failed"], status.chunks_failed)
    yield chunks
    yield CounterMetricFamily("kibitz_worker_positions", "Positions searched.", status.positions_done)
    yield CounterMetricFamily("kibitz_worker_nodes", "Nodes searched.", status.nodes_done)
    yield CounterMetricFamily(
        "kibitz_worker_engine_starts",
        "Engines started: one a process, then one after every fault of an engine and every cancelled search.",
        status.engine_starts,
    )
