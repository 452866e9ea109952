"""Writes dashboards/kibitz.json. Run after changing it: `python packaging/compose/grafana/make_dashboard.py`.

A dashboard's JSON is hundreds of lines of places and colours; what it shows stands here, one line a panel. A test sees
that the file is what this writes, and that every metric named here exists.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "dashboards" / "kibitz.json"
SOURCE = {"type": "prometheus", "uid": "kibitz-prometheus"}
COLUMNS = 24

Query = tuple[str, str]

STATS: tuple[tuple[str, str, str, float | None], ...] = (
    # title, query, unit, value from which it is red
    ("Workers", "sum(kibitz_workers)", "none", None),
    ("Busy", "sum(kibitz_worker_busy) / sum(kibitz_worker_processes)", "percentunit", None),
    ("Nodes a second", "kibitz_nodes_per_second", "short", None),
    ("Waiting chunks", "kibitz_queue_chunks", "none", 100),
    (
        "Failed chunks",
        (
            'sum(rate(kibitz_chunks_total{outcome="failed"}[15m]))'
            ' / sum(rate(kibitz_chunks_total{outcome=~"done|failed"}[15m]))'
        ),
        "percentunit",
        0.05,
    ),
    ("Dead letters", "kibitz_dead_letters", "none", 1),
)
GRAPHS: tuple[tuple[str, str, tuple[Query, ...]], ...] = (
    ("Queue", "none", (
        ("kibitz_queue_chunks_by_priority", "{{priority}}"),
        ("kibitz_queue_results", "answers to store"),
    )),
    ("Wait for a worker", "s", (
        ("histogram_quantile(0.5, sum by (le) (rate(kibitz_chunk_wait_seconds_bucket[5m])))", "half"),
        ("histogram_quantile(0.95, sum by (le) (rate(kibitz_chunk_wait_seconds_bucket[5m])))", "95 %"),
        ("kibitz_queue_oldest_seconds", "oldest now"),
    )),
    ("Time of a game", "s", (
        ("rate(kibitz_game_seconds_sum[15m]) / rate(kibitz_game_seconds_count[15m])", "mean"),
        ("histogram_quantile(0.95, sum by (le) (rate(kibitz_game_seconds_bucket[15m])))", "95 %"),
    )),
    ("Time of a chunk's search", "s", (
        ("histogram_quantile(0.5, sum by (le) (rate(kibitz_chunk_search_seconds_bucket[5m])))", "half"),
        ("histogram_quantile(0.95, sum by (le) (rate(kibitz_chunk_search_seconds_bucket[5m])))", "95 %"),
    )),
    ("Chunks a second", "none", (
        ("sum by (outcome) (rate(kibitz_chunks_total[5m]))", "{{outcome}}"),
        ("rate(kibitz_chunk_retries_total[5m])", "retries"),
    )),
    ("Positions a second", "none", (("sum by (source) (rate(kibitz_positions_total[5m]))", "{{source}}"),)),
    ("Nodes a second by worker", "short", (("kibitz_worker_nodes_per_second", "{{instance}}"),)),
    ("Engines started and chunks failed in 10 minutes", "none", (
        ("increase(kibitz_worker_engine_starts_total[10m])", "starts {{instance}}"),
        ('increase(kibitz_worker_chunks_total{outcome="failed"}[10m])', "failed {{instance}}"),
    )),
    ("Batches", "none", (("kibitz_batches", "{{state}}"),)),
    ("A hundred games take", "s", (("kibitz_batch_seconds_per_hundred_games", "slowest batch"),)),
    ("Requests a second, and their time", "none", (
        ("sum by (status) (rate(kibitz_http_requests_total[5m]))", "{{status}}"),
        ("histogram_quantile(0.95, sum by (le) (rate(kibitz_http_request_seconds_bucket[5m])))", "95 % (s)"),
    )),
    ("Listeners and events", "none", (
        ("kibitz_event_streams", "streams"),
        ("rate(kibitz_events_sent_total[5m])", "events a second"),
    )),
    ("Faults mended by trying again", "none", (("increase(kibitz_faults_total[10m])", "{{part}}"),)),
    ("Games settled a minute", "none", (("60 * sum by (outcome) (rate(kibitz_games_total[15m]))", "{{outcome}}"),)),
)  # fmt: skip


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    panels = [_stat(number, stat) for number, stat in enumerate(STATS)]
    panels += [_graph(number, *graph) for number, graph in enumerate(GRAPHS)]
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
        panel["datasource"] = SOURCE
    return {
        "uid": "kibitz",
        "title": "Kibitz: the analysis cluster",
        "tags": ["kibitz"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "panels": panels,
    }


def _stat(number: int, stat: tuple[str, str, str, float | None]) -> dict[str, Any]:
    title, query, unit, red = stat
    width = COLUMNS // len(STATS)
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if red is not None:
        steps.append({"color": "red", "value": red})
    return {
        "type": "stat",
        "title": title,
        "gridPos": {"x": number * width, "y": 0, "w": width, "h": 4},
        "targets": [{"refId": "A", "expr": query, "datasource": SOURCE}],
        "fieldConfig": {
            "defaults": {"unit": unit, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"},
    }


def _graph(number: int, title: str, unit: str, queries: tuple[Query, ...]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title,
        "gridPos": {"x": 12 * (number % 2), "y": 4 + 8 * (number // 2), "w": 12, "h": 8},
        "targets": [
            {"refId": chr(ord("A") + index), "expr": query, "legendFormat": legend, "datasource": SOURCE}
            for index, (query, legend) in enumerate(queries)
        ],
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
    }


def text() -> str:
    """The file's text."""
    return json.dumps(dashboard(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
