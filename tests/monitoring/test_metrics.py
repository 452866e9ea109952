"""The pages for Prometheus: what server and worker count, and that a page always comes."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="the server's extra is not installed")

from desktop_app.server.metrics import BatchFigures, ServerMetrics, Sources
from desktop_app.server.queue_age import QueueAge
from desktop_app.worker.messages import Delivery, EngineWish, Priority, QueueLengths, WorkerStatus
from desktop_app.worker.metrics import serve
from tests.monitoring.pages import values


def status(**changes: Any) -> WorkerStatus:
    """A worker of two processes, one of them busy."""
    values: dict[str, Any] = {
        "name": "one@host", "processes": 2, "tasks": ("t1",), "engine": EngineWish("Stockfish 15.1", "abc"),
        "queues": ("chunks",), "nodes_per_second": 900_000, "chunks_done": 7, "chunks_failed": 1,
        "positions_done": 56, "nodes_done": 6_720_000, "engine_starts": 3, "draining": False,
    }  # fmt: skip
    return WorkerStatus(**(values | changes))


def delivery(*, failure: str | None = None, attempts: int = 1) -> Delivery:
    """An answer of two positions, or a failure."""
    result = None if failure else {"evaluations": [[8, {"nodes": 1000}], [7, {"nodes": 500}]]}
    return Delivery("t", "b", "one@host", result, failure, attempts, 3.0, 1.5, lambda _stored: None)


def test_answers_are_counted_once_and_by_outcome() -> None:
    """Stored answers count with their waiting, search, positions and nodes; dropped ones only as dropped."""
    metrics = ServerMetrics()
    metrics.answered(delivery(attempts=3), stored=True)
    metrics.answered(delivery(failure="the engine fell"), stored=True)
    metrics.answered(delivery(), stored=False)
    metrics.reused(5)
    metrics.game(42.0)
    metrics.request(429, 0.01)
    found = values(metrics.page())
    assert found["kibitz_chunks_total{outcome=done}"] == 1
    assert found["kibitz_chunks_total{outcome=failed}"] == 1
    assert found["kibitz_chunks_total{outcome=dropped}"] == 1
    assert found["kibitz_chunk_retries_total"] == 2
    assert found["kibitz_positions_total{source=searched}"] == 2
    assert found["kibitz_positions_total{source=reused}"] == 5
    assert found["kibitz_nodes_total"] == 1500
    assert found["kibitz_chunk_wait_seconds_count"] == 2
    assert found["kibitz_game_seconds_sum"] == 42.0
    assert found["kibitz_http_requests_total{status=4xx}"] == 1


def test_a_source_that_fails_costs_its_own_metrics_only() -> None:
    """A scrape while the broker is away still shows the rest, and counts the failure."""

    def fail() -> QueueLengths:
        raise OSError("connection refused")

    metrics = ServerMetrics(
        Sources(
            queues=fail,
            workers=lambda: (status(), status(tasks=()), status(draining=True)),
            batches=lambda: BatchFigures({"running": 2}, 1800.0, 12.5),
        )
    )
    found = values(metrics.page())
    assert "kibitz_queue_chunks" not in found
    assert found["kibitz_workers{state=busy}"] == found["kibitz_workers{state=idle}"] == 1
    assert found["kibitz_workers{state=draining}"] == 1
    assert found["kibitz_worker_slots"] == 6
    assert found["kibitz_batches{state=running}"] == 2
    assert found["kibitz_batch_seconds_per_hundred_games"] == 1800
    assert values(metrics.page())["kibitz_metric_errors_total{source=queues}"] >= 1


def test_queues_are_shown_by_priority_where_the_broker_can_tell() -> None:
    """Redis tells each class, RabbitMQ the sum."""
    lengths = QueueLengths(9, {Priority.INTERACTIVE: 1, Priority.BATCH: 8}, 2, 3)
    found = values(ServerMetrics(Sources(queues=lambda: lengths)).page())
    assert found["kibitz_queue_chunks"] == 9
    assert found["kibitz_queue_chunks_by_priority{priority=batch}"] == 8
    assert found["kibitz_queue_results"] == 2
    assert found["kibitz_dead_letters"] == 3


@pytest.mark.expects_log
def test_the_workers_page_answers_for_all_its_processes() -> None:
    """One page a worker with the figures of its status; a status that fails shows as not up, never as no page."""
    answers: list[WorkerStatus | Exception] = [status(), RuntimeError("no main process")]

    def ask() -> WorkerStatus:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    page = serve(ask, port=0)
    try:
        well, ill = (_get(page.port) for _ in range(2))
    finally:
        page.close()
    assert well["kibitz_worker_up"] == 1
    assert well["kibitz_worker_busy"] == 1
    assert well["kibitz_worker_chunks_total{outcome=done}"] == 7
    assert well["kibitz_worker_engine_info{build=abc}{name=Stockfish 15.1}"] == 1
    assert ill == {"kibitz_worker_up": 0}


def _get(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        return values(answer.read())


def test_the_oldest_chunk_is_dated_by_its_number() -> None:
    """A chunk is as old as the first look that knew of it, whatever came or was taken since."""
    now = 100.0
    age = QueueAge(lambda: now)
    assert age.look(5, None) == 0
    now = 110.0
    assert age.look(9, 7) == 0
    now = 130.0
    assert age.look(20, 8) == 20
    now = 140.0
    assert age.look(20, 15) == 10
    assert age.look(20, None) == 0
