"""`kibitz analyse --server` against the real thing: Redis, `kibitz serve`, `kibitz worker`, Stockfish."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.library.library import Library
from tests import brokers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
DEADLINE_S = 180
"""A killed server's lease on feeding the workers has to run out first: half a minute even on a quiet machine."""
GAMES = ["--game", "1", "2", "5"]


class Cluster:
    """One broker, one server, one worker; a token and a library with the sample games."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.folder, self._broker = folder, broker
        self.library = folder / "games.kibitz"
        self.url = ""
        self._parts: dict[str, subprocess.Popen[bytes]] = {}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`kibitz` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "desktop_app", *words], cwd=ROOT, env=self._environment(), text=True,
            capture_output=True, timeout=DEADLINE_S, check=False,
        )  # fmt: skip

    def popen(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """`kibitz` in the background; what it says is in a file of this name."""
        with (self.folder / name).open("wb") as said:
            part = subprocess.Popen(
                [sys.executable, "-m", "desktop_app", *words], cwd=ROOT, env=self._environment(), stdout=said,
                stderr=said, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self._parts[name] = part
        return part

    def _environment(self) -> dict[str, str]:
        return os.environ | {"HOME": str(self.folder), "KIBITZ_BROKER": self._broker, "PYTHONUNBUFFERED": "1"}

    def start(self) -> None:
        """Everything, and wait until a worker has told its engine."""
        made = self.command("token", "create", "test", "--user", "test", "--scope", "analyse", "--scope", "read",
                            "--library", str(self.folder / "server.kibitz"), "--json")  # fmt: skip
        (self.folder / "token").write_text(json.loads(made.stdout)["token"])
        assert self.command("import", "resources/samples.pgn", "--library", str(self.library)).returncode == 0
        self.start_server("0")
        self.popen("worker", "worker", "--broker", self._broker, "--processes", "1", "--name", "one")
        wait_for(lambda: "Ready:" in self.said("worker"))

    def start_server(self, port: str) -> None:
        """On this port of loopback."""
        self.popen("server", "serve", "--port", port, "--library", str(self.folder / "server.kibitz"))
        found = wait_for(lambda: re.search(r"Kibitz serves on (http://\S+)", self.said("server")))
        self.url = found[1].rstrip("/")

    def said(self, name: str) -> str:
        """By this part."""
        return (self.folder / name).read_text(errors="replace")

    def kill(self, name: str) -> None:
        """As a power cut would."""
        self._parts[name].kill()
        self._parts[name].wait(DEADLINE_S)

    def stop(self) -> None:
        """All of it."""
        for part in reversed(self._parts.values()):
            if part.poll() is None:
                part.terminate()
            try:
                part.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                part.kill()
                part.wait(DEADLINE_S)

    def analyse(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """Games on the server, news as JSON lines."""
        return self.popen(name, "analyse", *GAMES, *words, "--library", str(self.library), "--server", self.url,
                          "--token-file", str(self.folder / "token"), "--json")  # fmt: skip


def wait_for(condition: Callable[[], Any]) -> Any:
    """Its first true value."""
    deadline = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.05)
    return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One for the tests of this file."""
    with brokers.redis() as broker:
        if broker is None:
            brokers.missing("redis")
        made = Cluster(tmp_path_factory.mktemp("cluster"), broker.url)
        try:
            made.start()
            yield made
        finally:
            made.stop()


@pytest.fixture(autouse=True)
def _no_leaked_processes() -> None:
    """The cluster outlasts single tests; its fixture ends it."""


def evaluations(cluster: Cluster) -> dict[int, list[tuple[int, object, int]]]:
    """What is stored of the games: ply, score, nodes."""
    with Library.open(cluster.library) as library:
        found = {}
        for game in (1, 2, 5):
            one = library.evaluations.of_game(game)  # type: ignore[arg-type]
            assert one is not None
            assert one.complete
            found[game] = [(ply, item.score, item.nodes) for ply, item in one.evaluations.items()]
        return found


def test_a_job_on_a_server_that_is_killed_and_restarted(cluster: Cluster) -> None:
    """It waits and goes on by itself, and every evaluation is what this computer's engine says, to the last node."""
    run = cluster.analyse("first", "--nodes", "40000")
    wait_for(lambda: '"position"' in cluster.said("first") or run.poll() is not None)
    cluster.kill("server")
    cluster.start_server(cluster.url.rpartition(":")[2])
    assert run.wait(DEADLINE_S) == 0, cluster.said("first")
    remote = evaluations(cluster)
    again = cluster.folder / "here.kibitz"
    assert cluster.command("import", "resources/samples.pgn", "--library", str(again)).returncode == 0
    here = cluster.command("analyse", *GAMES, "--nodes", "40000", "--library", str(again), "--workers", "1")
    assert here.returncode == 0, here.stderr
    cluster.library, there = again, cluster.library
    assert evaluations(cluster) == remote
    cluster.library = there


def test_both_finish_an_anytime_job(cluster: Cluster) -> None:
    """One engine here and the server's worker on the same games: all complete."""
    run = cluster.analyse("both", "--profile", "quick", "--workers", "1")
    assert run.wait(DEADLINE_S) == 0, cluster.said("both")
    assert all(evaluations(cluster).values())
