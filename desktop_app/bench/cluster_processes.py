"""Redis, server and workers as plain processes on loopback, for `kibitz bench cluster`. Main thread.

The broker writes its log as in the compose file; the library is a file unless `KIBITZ_BENCH_LIBRARY` names a PostgreSQL
database (an empty one that may be filled).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import psutil

from desktop_app.errors import EnvironmentLackingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEADLINE_S = 300.0
VISIBILITY_S = 10
"""Instead of 60 s: after so long without a sign of life of its worker a chunk goes to another one."""
_LIMITS = ("streams_per_user=64", "requests_per_s=1000", "batches=8", "batches_per_user=8")


def wait_for(condition: Callable[[], Any], what: str, *, pause_s: float = 0.01) -> Any:
    """Its first true value.

    Raises:
        EnvironmentLackingError: it does not come.
    """
    deadline, pause = time.monotonic() + DEADLINE_S, threading.Event()
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise EnvironmentLackingError(f"The bench waited in vain for {what}.")
        pause.wait(pause_s)
    return found


class Processes:
    """All of them; `with` ends them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = ""
        self.server: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self._redis: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def __enter__(self) -> Self:
        """Start all three.

        Raises:
            EnvironmentLackingError: there is no Redis, or something does not start.
        """
        try:
            self.start_redis()
            self.start_server()
            self.start_worker()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self.worker, self.server, self._redis):
            if process is not None:
                kill(process)

    def start_redis(self) -> None:
        """A broker that keeps its log, on the same port each time."""
        program = shutil.which("redis-server")
        if program is None:
            raise EnvironmentLackingError(
                "The cluster's bench needs Redis.", action="Install it with: apt install redis-server"
            )
        words = [
            program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
            "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
        ]  # fmt: skip
        self._redis, _ = self._start("redis", words)
        wait_for(lambda: self.redis("PING").startswith("+PONG"), "Redis")

    def start_server(self, port: int = 0) -> None:
        """The server, without tokens."""
        library = os.environ.get("KIBITZ_BENCH_LIBRARY") or str(self.folder / "server.kibitz")
        words = ["serve", "--library", library, "--broker", self.broker, "--port", str(port), "--without-tokens"]
        words += [word for limit in _LIMITS for word in ("--limit", limit)]
        self.server, log = self._start("server", [sys.executable, "-m", "desktop_app", *words])
        self.url = self._said(self.server, log, r"Kibitz serves on (http://\S+)").rstrip("/")

    def start_worker(self) -> None:
        """A worker of two processes."""
        words = ["worker", "--broker", self.broker, "--processes", "2", "--name", f"bench{self._starts}"]
        self.worker, log = self._start("worker", [sys.executable, "-m", "desktop_app", *words])
        self._said(self.worker, log, "(Ready:)")

    @property
    def broker(self) -> str:
        """Its URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def kill_redis(self) -> None:
        """As a power cut would."""
        if self._redis is not None:
            kill(self._redis)

    def redis(self, *words: str) -> str:
        """One command's answer; empty while nobody answers."""
        coded = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"*{len(words)}\r\n{coded}".encode())
            return connection.recv(65_536).decode()
        return ""

    def redis_use(self) -> tuple[float, int]:
        """Its processor seconds and commands so far."""
        seconds, commands = 0.0, 0
        for line in self.redis("INFO").splitlines():
            name, _, value = line.partition(":")
            if name in {"used_cpu_user", "used_cpu_sys"}:
                seconds += float(value)
            elif name == "total_commands_processed":
                commands = int(value)
        return seconds, commands

    def server_s(self) -> float:
        """The server's processor seconds so far."""
        if self.server is None:
            return 0.0
        used = psutil.Process(self.server.pid).cpu_times()
        return float(used.user + used.system)

    def _start(self, name: str, words: list[str]) -> tuple[subprocess.Popen[bytes], Path]:
        self._starts += 1
        log = self.folder / f"{name}-{self._starts}.log"
        environment = os.environ | {"KIBITZ_VISIBILITY_S": str(VISIBILITY_S), "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as stream:
            process = subprocess.Popen(
                words, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
            )
        return process, log

    def _said(self, process: subprocess.Popen[bytes], log: Path, pattern: str) -> str:
        def found() -> str | None:
            text = log.read_text(encoding="utf-8", errors="replace")
            if process.poll() is not None:
                raise EnvironmentLackingError(f"The bench's {log.stem} ended at once: {text[-500:]}")
            match = re.search(pattern, text)
            return match[1] if match else None

        said: str = wait_for(found, pattern)
        return said

    # -- requests, as one user ---------------------------------------------------------------------------------------

    def connect(self) -> http.client.HTTPConnection:
        """A connection to the server, to be closed."""
        parts = urlsplit(self.url)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=DEADLINE_S)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request; the answer's JSON, None while nobody answers or the server is not ready.

        Raises:
            EnvironmentLackingError: it was refused.
        """
        with contextlib.closing(self.connect()) as connection:
            try:
                coded = None if body is None else json.dumps(body)
                connection.request(method, path, coded, {"Content-Type": "application/json"} if coded else {})
                answer = connection.getresponse()
                text = answer.read()
            except OSError:
                return None
        if answer.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise EnvironmentLackingError(f"The bench's server refused {method} {path}: {text[:300]!r}")
        return json.loads(text) if text else {}

    def submit(self, chunks: list[dict[str, Any]]) -> str:
        """A closed batch of these chunks."""
        made = wait_for(
            lambda: self.ask("POST", "/v1/batches", {"name": "bench", "chunks": chunks}), "a batch to be taken"
        )
        self.ask("POST", f"/v1/batches/{made['id']}/close")
        return str(made["id"])

    def done(self, batch: str, chunks: int) -> dict[str, Any] | None:
        """The batch once so many chunks are done, None before."""
        found: dict[str, Any] | None = self.ask("GET", f"/v1/batches/{batch}")
        return found if found and found["counts"]["done"] >= chunks else None

    def results(self, batch: str) -> Iterator[dict[str, Any]]:
        """The data of its `chunk` events."""
        after, more = 0, True
        while more:
            page = self.ask("GET", f"/v1/batches/{batch}/results?after={after}&limit=1000")
            yield from (found["data"] for found in page["results"] if found["event"] == "chunk")
            after, more = page["last_seq"] if not page["results"] else page["results"][-1]["seq"], page["more"]

    def listen(self, batch: str) -> int:
        """Read a finished batch's whole stream; how many events came."""
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", f"/v1/batches/{batch}/events")
            answer = connection.getresponse()
            return sum(line.startswith(b"id:") for line in answer)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The process and all it started, as a machine dies."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(DEADLINE_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
