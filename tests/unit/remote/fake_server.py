"""A real HTTP server in threads of this process that speaks the contract of docs/server-api.md, as a test wants it.

Answers come from a fake evaluator; tests hold them back, falsify them, break streams, refuse, and see what was asked.
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.fakes.fake_evaluator import FAKE_ENGINE, FakeEngines

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.evaluation import Evaluation

TOKEN = "kbz_test"  # noqa: S105 - no secret
Json = dict[str, Any]


@dataclass
class Batch:
    """A batch of kind chunks."""

    id: str
    state: str = "running"
    closed: bool = False
    chunks: dict[str, Json] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    events: list[tuple[str, Json]] = field(default_factory=list)


def honest(evaluation: Evaluation) -> Json:
    """An evaluation as `analysis.payload` writes it."""
    return {
        "score": {"white_cp": evaluation.score.white_cp},
        "depth": evaluation.depth, "nodes": evaluation.nodes, "best": evaluation.best, "pv": list(evaluation.pv),
        "engine_ms": evaluation.engine_ms, "stability": None, "passes": [],
    }  # fmt: skip


class FakeServer:
    """See the module.

    Attributes:
        gate: cleared, chunks are taken and not answered.
        falsify: changes each answer's data before it is sent.
        refuse: asked with method and path before anything else: (status, error, headers), or None.
        searched: keys answered, in order.
    """

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.falsify: Callable[[Json], Json] = lambda data: data
        self.refuse: Callable[[str, str], tuple[int, Json, Json] | None] = lambda _method, _path: None
        self.engine: Json | None = {"name": FAKE_ENGINE.name, "build": FAKE_ENGINE.build}
        self.payload_version: Any = 2
        self.workers = 2
        self.batches: dict[str, Batch] = {}
        self.names: dict[str, str] = {}
        self.searched: list[str] = []
        self.changed = threading.Condition()
        self._evaluator = FakeEngines().open(16)
        self._streams_end = threading.Event()
        self._port = 0
        self._http: _Http | None = None
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """Where it is; the same after a restart."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen."""
        self._streams_end.clear()
        self._http = _Http(("127.0.0.1", self._port), _Handler)
        self._http.fake = self
        self._port = self._http.server_address[1]
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="fake-server")
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """Be gone; batches are kept. Streams break off."""
        self._streams_end.set()
        with self.changed:
            self.changed.notify_all()
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None
        for thread in self._threads:
            thread.join(60)

    def go_on(self) -> None:
        """Answer what is there, when the gate is open."""
        with self.changed:
            for batch in self.batches.values():
                self._search(batch)
            self.changed.notify_all()

    def _search(self, batch: Batch) -> None:
        while self.gate.is_set() and batch.waiting and batch.state == "running":
            key = batch.waiting.pop(0)
            chunk = batch.chunks[key]
            found = [
                [ply, honest(self._evaluator.evaluate(
                    root_fen=chunk["root_fen"], moves=chunk["moves"][:ply], chess960=chunk["chess960"],
                    limit_nodes=chunk["limit_nodes"],
                ))]
                for ply in chunk["plies"]
            ]  # fmt: skip
            options = [list(option) for option in FAKE_ENGINE.options]
            data = {
                "key": key, "engine": {"name": FAKE_ENGINE.name, "build": FAKE_ENGINE.build, "options": options},
                "evaluations": found, "warmup_nodes": 0, "engine_ms": 5, "worker": "w1@far/0",
            }  # fmt: skip
            self.searched.append(key)
            batch.events.append(("chunk", self.falsify(data)))

    # -- what the handler asks, with `changed` held ----------------------------------------------------------------

    def open(self, body: Json) -> Json:
        """POST /v1/batches."""
        name = body["idempotency_key"]
        if name not in self.names:
            self.names[name] = f"b{len(self.batches) + 1}"
            self.batches[self.names[name]] = Batch(self.names[name])
        return self.told(self.batches[self.names[name]])

    def told(self, batch: Batch) -> Json:
        """A batch as the contract has it."""
        return {
            "id": batch.id, "state": batch.state, "closed": batch.closed, "position_in_line": None,
            "last_seq": len(batch.events),
        }  # fmt: skip

    def add(self, batch: Batch, chunks: list[Json]) -> Json:
        """POST chunks."""
        new = [chunk for chunk in chunks if chunk["key"] not in batch.chunks]
        for chunk in new:
            batch.chunks[chunk["key"]] = chunk
            batch.waiting.append(chunk["key"])
        self._search(batch)
        return {"accepted": len(new), "duplicates": len(chunks) - len(new)}

    def drop(self, batch: Batch, keys: list[str]) -> Json:
        """DELETE chunks."""
        for key in keys:
            if key in batch.waiting:
                batch.waiting.remove(key)
                del batch.chunks[key]
        return {"cancelled": len(keys)}

    def info(self) -> Json:
        """GET /v1/server."""
        workers = [{"name": f"w{n}@far", "state": "waiting", "nodes_per_second": 1000.5} for n in range(self.workers)]
        return {
            "version": "9.9", "payload_version": self.payload_version, "engine": self.engine, "workers": workers,
            "queue_length": 0, "limits": {"plies_per_chunk": 8, "chunks_per_request": 10, "requests_per_s": 50.0},
        }  # fmt: skip

    @property
    def ending(self) -> bool:
        """Whether streams are to end."""
        return self._streams_end.is_set()


class _Http(ThreadingHTTPServer):
    fake: FakeServer
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none of a test's business."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    timeout = 60

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
        """Say nothing."""

    def _answer(self, status: int, data: Json, headers: Json | None = None) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(body), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def _handle(self) -> None:
        fake = self.server.fake
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}")
        refused = fake.refuse(self.command, self.path)
        if refused is not None:
            self._answer(*refused)
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": {"code": "unauthorized", "message": "No."}})
        elif self.path.endswith("/events"):
            self._stream(fake)
        else:
            with fake.changed:
                data = self._route(fake, body)
                fake.changed.notify_all()
            self._answer(200, data)

    do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - the base class's names

    def _route(self, fake: FakeServer, body: Json) -> Json:
        path, _, query = self.path.partition("?")
        parts = path.strip("/").split("/")
        if parts[1] == "server":
            return fake.info()
        if len(parts) == 2:
            return fake.open(body)
        batch = fake.batches[parts[2]]
        match parts[3:]:
            case ["chunks"] if self.command == "DELETE":
                return fake.drop(batch, body["keys"])
            case ["chunks"]:
                return fake.add(batch, body["chunks"])
            case ["results"]:
                after = int(dict(pair.split("=") for pair in query.split("&"))["after"])
                rows = [{"seq": n, "event": e, "data": d} for n, (e, d) in enumerate(batch.events, 1) if n > after]
                return {"results": rows, "more": False, "last_seq": len(batch.events), "state": batch.state}
            case [("close" | "cancel") as what]:
                batch.closed = True
                batch.state = "done" if what == "close" else "cancelled"
                batch.events.append(("batch", {"state": batch.state, "error": None}))
        return fake.told(batch)

    def _stream(self, fake: FakeServer) -> None:
        batch = fake.batches[self.path.split("/")[3]]
        sent = int(self.headers.get("Last-Event-ID") or 0)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not fake.ending:
                with fake.changed:
                    events = batch.events[sent:]
                    if not events:
                        fake.changed.wait(0.05)
                for name, data in events:
                    sent += 1
                    self.wfile.write(f"id: {sent}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())
                self.wfile.write(b": here\n\n")
                self.wfile.flush()
