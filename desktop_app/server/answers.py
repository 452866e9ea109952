"""What the server answers, as JSON values: batches, events, games, itself. Pure; any thread. Called by the routes."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from desktop_app import __version__
from desktop_app.analysis.payload import PAYLOAD_VERSION
from desktop_app.domain.profile import CHUNK_POSITIONS
from desktop_app.domain.served import BatchKind, BatchState, Json
from desktop_app.library.server_events import inflate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.served import Limits, ServedBatch, ServedGame, StoredEvent
    from desktop_app.server.watch import Seen

_COUNTED = ("queued", "running", "done", "failed", "cancelled")
_PLAIN = (
    "name", "closed", "error", "created_at", "started_at", "finished_at", "last_seq", "profile", "nodes", "grading",
    "idempotency_key",
)  # fmt: skip


def batch_out(batch: ServedBatch, place: int | None) -> Json:
    """A batch and how far it is."""
    engine = {"name": batch.engine_name, "build": batch.engine_build}
    games = {"total": batch.games_total, "done": batch.games_done, "failed": batch.games_failed}
    return {
        "id": batch.public_id,
        "kind": batch.kind.value,
        "state": batch.state.value,
        "priority": batch.priority.value,
        "position_in_line": place,
        "counts": {name: getattr(batch, name) for name in _COUNTED},
        "games": games if batch.kind is BatchKind.GAMES else None,
        "engine": engine if any(engine.values()) else None,
        **{name: getattr(batch, name) for name in _PLAIN},
    }


def event_out(event: StoredEvent) -> Json:
    """A stored event in a list of results."""
    return {"seq": event.seq, "event": event.kind, "data": inflate(event.body)}


def game_out(game: ServedGame) -> Json:
    """A game of a batch and how far it is."""
    return {
        "number": game.number,
        "ref": game.ref,
        "state": game.state.value,
        "plies_total": game.plies_total,
        "plies_done": game.plies_done,
        "error": game.error,
        "seq": game.seq,
    }


def server_out(seen: Seen, live: Sequence[ServedBatch], limits: Limits) -> Json:
    """The server, its workers and its limits."""
    engines = {(worker.engine.name, worker.engine.build) for worker in seen.workers}
    name, build = min(engines, key=str) if engines else (None, None)
    named = {field.name: getattr(limits, field.name) for field in fields(limits)}
    running = sum(batch.state is BatchState.RUNNING for batch in live)
    return {
        "version": __version__,
        "payload_version": PAYLOAD_VERSION,
        "engine": {"name": name, "build": build} if engines else None,
        "workers": [
            {
                "name": worker.name,
                "state": "draining" if worker.draining else "searching" if worker.tasks else "waiting",
                "game": None,
                "processes": worker.processes,
                "busy": len(worker.tasks),
                "engine": {"name": worker.engine.name, "build": worker.engine.build},
                "nodes_per_second": worker.nodes_per_second,
            }
            for worker in seen.workers
        ],
        "queue_length": seen.queues.chunks,
        "batches": {"running": running, "waiting": len(live) - running},
        "limits": {**named, "plies_per_chunk": CHUNK_POSITIONS},
    }
