"""A real server process for tests, its tokens, and clients that wait for conditions with deadlines."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from desktop_app.domain.served import Scope
from desktop_app.library.server_store import ServerStore
from desktop_app.server.security import digest_of, new_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0
_PAUSE_S = 0.02


def wait_for(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """Its first true value. Fails at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        pause.wait(_PAUSE_S)
    return found


@dataclass
class Served:
    """A server, running or not; its library and its fake workers' folder outlive it."""

    library: str
    folder: Path
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    real: bool = False
    process: subprocess.Popen[bytes] | None = None
    url: str = ""

    def start(self) -> None:
        """Start, and wait until it serves. What it says is in the files `out` and `log`."""
        out = self.folder / "out"
        with out.open("w") as said, self.log.open("a") as log:
            self.process = subprocess.Popen(self._command("serve", "--port", "0", *self.arguments), cwd=ROOT,
                                            env=self._environment(), stdout=said, stderr=log)  # fmt: skip

        def url() -> str:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            found = re.search(r"http://\S+\n", out.read_text())
            return found[0].strip() if found else ""

        self.url = wait_for(url, "the server to start")

    @property
    def log(self) -> Path:
        """What the server logged, JSON lines."""
        return self.folder / "log"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`kibitz` with these words, on this library, to its end."""
        return subprocess.run(
            self._command(*words), cwd=ROOT, env=self._environment(), text=True, capture_output=True,
            timeout=DEADLINE_S, check=False,
        )  # fmt: skip

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tests.server.launch", *words, "--library", self.library]

    def _environment(self) -> dict[str, str]:
        workers = {} if self.real else {"KIBITZ_TEST_CLUSTER": str(self.folder)}
        return os.environ | {"PYTHONPATH": str(ROOT), "KIBITZ_LOG": "json"} | workers | self.environment

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE_S)

    def stop(self) -> int:
        """Politely; returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)

    def token(self, user: str, *scopes: str, expires_at: float | None = None) -> str:
        """A new token of this user."""
        token = new_token()
        with ServerStore.open(self.library) as store:
            name = f"{user}-{len(store.users.tokens())}"
            wanted = [Scope(scope) for scope in scopes or ("analyse", "read")]
            store.users.create_token(name, user=user, scopes=wanted, digest=digest_of(token), expires_at=expires_at)
        return token

    def client(self, token: str | None) -> httpx.Client:
        """A client that carries this token; to be closed."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=DEADLINE_S)

    def hold(self, *, on: bool = True) -> None:
        """Let the fake workers answer nothing, or again."""
        (self.folder / "hold").touch() if on else (self.folder / "hold").unlink(missing_ok=True)

    def asked(self) -> list[str]:
        """Task ids and priorities that the fake workers were asked for, in order."""
        file = self.folder / "asked"
        return file.read_text().splitlines() if file.exists() else []


def chunk(key: str, /, **changes: Any) -> dict[str, Any]:
    """A sound chunk."""
    whole = {
        "key": key, "root_fen": "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", "moves": ["e2e4", "e7e5"],
        "chess960": False, "plies": [2, 1, 0], "warmup_ply": None, "limit_nodes": 1000, "hash_mb": 16,
    }  # fmt: skip
    return whole | changes


def batch_done(client: httpx.Client, batch_id: str) -> dict[str, Any]:
    """The batch, once it is over."""

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = client.get(f"/v1/batches/{batch_id}").json()
        return None if found["state"] in {"waiting", "running"} else found

    found: dict[str, Any] = wait_for(over, f"batch {batch_id}")
    return found


def results(client: httpx.Client, batch_id: str) -> list[dict[str, Any]]:
    """All stored events."""
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["seq"] if found else 0
        page = client.get(f"/v1/batches/{batch_id}/results", params={"after": after, "limit": 1000}).json()
        found += page["results"]
        if not page["more"]:
            return found


def events(response: httpx.Response) -> Iterator[tuple[int | None, str, dict[str, Any]]]:
    """Number, kind and data of each event of a stream, until it ends."""
    number: int | None = None
    kind = ""
    for line in response.iter_lines():
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: "):
            yield number, kind, json.loads(line[6:])
            number = None
