"""The compose file's cluster as plain processes on loopback: its commands, its number of workers, real servers.

Each worker is a process group of its own, so that it can be killed as a machine dies: with its processes and engines.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.monitoring.pages import values

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests import brokers, postgres

ROOT = Path(__file__).parents[2]
DEADLINE_S = 90.0
VISIBILITY_S = "10"
"""After so long without a sign of life a worker's chunks are others'; 60 s in life, where nobody waits for it."""
SERVICES: dict[str, Any] = yaml.safe_load(
    (ROOT / "packaging" / "compose" / "compose.yaml").read_text(encoding="utf-8")
)["services"]


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Its first true value. Fails at the deadline."""
    deadline, pause = time.monotonic() + DEADLINE_S, threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        pause.wait(0.05)
    return found


@dataclass
class Part:
    """One started process: a server or a worker."""

    log: Path
    process: subprocess.Popen[bytes]

    def said(self) -> str:
        """All it printed and logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for_words(self, pattern: str) -> re.Match[str]:
        """Wait until it said this."""

        def found() -> re.Match[str] | None:
            match = re.search(pattern, self.said())
            assert match or self.process.poll() is None, self.said()
            return match

        match: re.Match[str] = wait_for(found, f"{pattern}\n{self.said()}")
        return match

    def kill(self) -> None:
        """As a machine dies: the process, its children and their engines at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(DEADLINE_S)

    def end(self) -> int:
        """Ask it to end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)


@dataclass
class Worker(Part):
    """A worker with its metrics page."""

    name: str
    url: str = ""

    def metrics(self) -> dict[str, float]:
        """What it tells Prometheus now."""
        with urllib.request.urlopen(self.url, timeout=30) as answer:  # noqa: S310 - our own page
            return values(answer.read())


@dataclass
class Topology:
    """Redis, PostgreSQL, server and workers."""

    folder: Path
    broker: brokers.Redis
    postgres: postgres.Server
    library: str
    server: Part | None = None
    url: str = ""
    workers: list[Worker] = field(default_factory=list)

    def start(self) -> None:
        """Everything that compose.yaml starts of ours; a token comes first, as docs/cluster.md says."""
        self.kibitz("token", "create", "first", "--user", "first", "--scope", "read")
        self.start_server()
        for _ in range(SERVICES["worker"]["deploy"]["replicas"]):
            self.start_worker()
        for worker in self.workers:
            self.ready(worker)

    def start_server(self, port: str = "0") -> None:
        """The server, by its command in compose.yaml, on loopback."""
        command = _replaced(SERVICES["server"]["command"], {"--host": "127.0.0.1", "--port": port})
        name = f"server-{len(list(self.folder.glob('server-*.log'))) + 1}"
        self.server = Part(*self._start(name, [*command, "--limit", "requests_per_s=1000"]))
        self.url = self.server.wait_for_words(r"Kibitz serves on (http://\S+)")[1].rstrip("/")

    def start_worker(self, environment: dict[str, str] | None = None) -> Worker:
        """One worker, by its command in compose.yaml; containers have host names, processes are named."""
        name = f"worker-{len(list(self.folder.glob('worker-*.log'))) + 1}"
        command = _replaced(SERVICES["worker"]["command"], {"--metrics": "127.0.0.1:0"})
        worker = Worker(*self._start(name, [*command, "--name", name], environment), name)
        self.workers.append(worker)
        return worker

    def ready(self, worker: Worker) -> None:
        """Wait until it takes chunks."""
        worker.wait_for_words("Ready:")
        worker.url = worker.wait_for_words(r"metrics at (http://127.0.0.1:\d+/metrics)")[1]

    def _start(
        self, name: str, command: list[str], environment: dict[str, str] | None = None
    ) -> tuple[Path, subprocess.Popen[bytes]]:
        path = self.folder / f"{name}.log"
        own = {
            "KIBITZ_BROKER": self.broker.url, "KIBITZ_LIBRARY": self.library, "KIBITZ_VISIBILITY_S": VISIBILITY_S,
            "KIBITZ_LOG": "json", "PYTHONUNBUFFERED": "1", "HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder),
        }  # fmt: skip
        words = [sys.executable, "-m", "desktop_app", *command[1:]]
        with path.open("ab") as log:
            process = subprocess.Popen(
                words, cwd=ROOT, env=os.environ | own | (environment or {}), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip
        return path, process

    def kibitz(self, *words: str) -> str:
        """A command of `kibitz` on the server's library, to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "desktop_app", *words], cwd=ROOT, env=os.environ | {"KIBITZ_LIBRARY": self.library},
            capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def metrics(self) -> dict[str, float]:
        """What the server tells Prometheus now (this machine needs no token)."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=30) as answer:  # noqa: S310 - our own page
            return values(answer.read())

    def stop(self) -> None:
        """All of it is gone after this."""
        for part in [*self.workers, self.server]:
            if part is not None:
                part.kill()


def _replaced(command: list[str], options: dict[str, str]) -> list[str]:
    """The command with other values of some options; each of them must be there."""
    found = list(command)
    for option, value in options.items():
        found[found.index(option) + 1] = value
    return found
