"""Headless batches that are killed, interrupted or started twice: nothing is lost, nothing is searched again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.profile import CHUNK_POSITIONS
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources
from desktop_app.services.show_game import show_game
from desktop_app.services.show_json import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

ROOT = Path(__file__).resolve().parents[2]
NODES = "2000"
LONG_NODES = "1000000"
"""So many that a batch outlives whatever is done beside it."""
WORKERS = 2
GAMES = 10
KILLED_GAMES = 29
"""Some 1500 positions: several times what is searched before all kills together."""
KILLS = 5
MOST_POSITIONS = 40
"""A run is killed after at most so many: by what it did, not by the clock, so that no machine is too quick for it."""
DEADLINE_S = 120.0
SEED = 20261123


Event = dict[str, Any]
"""A line that `analyse --json` printed."""


class Run:
    """One `kibitz analyse` process; its events are collected while it runs."""

    def __init__(self, location: Path, stockfish: str, nodes: str = NODES, *, profile: str = "") -> None:
        depth = ["--profile", profile] if profile else ["--nodes", nodes]
        command = [sys.executable, "-m", "desktop_app", "analyse", "--all", *depth, "--json"]
        command += ["--workers", str(WORKERS), "--library", str(location), "--engine", stockfish]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        self.events: list[Event] = []
        self.errors = ""
        self._heard = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                break  # the line it was writing when it was killed
            with self._heard:
                self.events.append(event)
                self._heard.notify_all()
        self.process.stdout.read()
        with self._heard:
            self._ended = True
            self._heard.notify_all()

    @property
    def searched(self) -> list[Event]:
        """What its workers said they had searched. Finished positions are told as well, but the board decides them."""
        return [event for event in self.events if event["event"] == "position" and event["worker"] >= 0]

    def wait_for_positions(self, count: int) -> None:
        """Wait until it has searched so many."""
        with self._heard:
            assert self._heard.wait_for(lambda: self._ended or len(self.searched) >= count, DEADLINE_S)
        assert len(self.searched) >= count, "it ended before"

    def wait_for(self, wanted: Callable[[Event], bool], count: int) -> None:
        """Wait until it has told of so many events of a kind."""
        with self._heard:
            assert self._heard.wait_for(lambda: self._ended or sum(map(wanted, self.events)) >= count, DEADLINE_S)
        assert sum(map(wanted, self.events)) >= count, "it ended before"

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.kill()

    def finish(self) -> int:
        """Wait for its end; returns the exit code. Safe to repeat."""
        try:
            code = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(DEADLINE_S)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        if self.process.stderr.closed:
            return code
        self.errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return code


@pytest.fixture
def location(tmp_path: Path) -> Path:
    """A library with some sample games."""
    return new_library(tmp_path / "killed.kibitz")


def new_library(location: Path, games_wanted: int = GAMES) -> Path:
    """Import the first sample games into a new library."""
    games = (ROOT / "resources" / "samples.pgn").read_text(encoding="utf-8").split("\n\n[Event ")[:games_wanted]
    source = location.with_suffix(".pgn")
    source.write_text("\n\n[Event ".join(games) + "\n", encoding="utf-8")
    with Library.open(location) as library:
        import_sources(library, [source])
    return location


def shown(location: Path) -> list[dict[str, Any]]:
    """What `show --json` says of every game."""
    with Library.open(location) as library:
        return [to_json(show_game(library, GameId(game))) for game in library.games.ids(GameQuery(sort="id"))]


def stored(location: Path) -> set[tuple[int, int]]:
    """Game and ply of every position whose search the library holds."""
    root_scores = ("white_cp", "white_mate")
    found: set[tuple[int, int]] = set()
    for game in shown(location):
        if game["analysis"]:
            plies = {ply["ply"] for ply in game["plies"] if ply["nodes"]}
            if any(game["analysis"]["root"][score] is not None for score in root_scores):
                plies.add(0)
            found |= {(game["id"], ply) for ply in plies}
    return found


@pytest.fixture
def started(location: Path, stockfish: str) -> Iterator[Run]:
    """A batch that has searched its first position, and has more to do than any test waits for."""
    run = Run(location, stockfish, LONG_NODES)
    run.wait_for_positions(1)
    yield run
    run.kill()
    run.finish()


@pytest.mark.slow
def test_a_batch_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path: Path, stockfish: str) -> None:
    """After each kill -9 at most a chunk a worker is searched again, and the end is the same to the last digit."""
    calm, killed = (new_library(tmp_path / f"{name}.kibitz", KILLED_GAMES) for name in ("calm", "killed"))
    undisturbed = Run(calm, stockfish)
    assert undisturbed.finish() == 0, undisturbed.errors
    expected = shown(calm)
    assert {game["state"] for game in expected} == {GameState.ANALYSED.value}
    rng = random.Random(SEED)  # noqa: S311 - moments of killing
    wanted, before, searched = stored(calm), set[tuple[int, int]](), 0
    for _ in range(KILLS):
        run = Run(killed, stockfish)
        run.wait_for_positions(rng.randint(1, MOST_POSITIONS))
        assert run.process.poll() is None, "done before it was killed: this test needs more games"
        run.kill()
        run.finish()
        now = stored(killed)
        lost = Counter(event["worker"] for event in run.searched if (event["game"], event["ply"]) not in now)
        assert all(count <= CHUNK_POSITIONS for count in lost.values()), f"lost by each worker: {lost}"
        assert set(lost) <= set(range(WORKERS))
        again = [event for event in run.searched if (event["game"], event["ply"]) in before]
        assert not again, "searched what was stored"
        before, searched = now, searched + len(run.searched)
    last = Run(killed, stockfish)
    assert last.finish() == 0, last.errors
    summary = last.events[-1]
    assert summary["event"] == "summary"
    assert summary["positions"] == len(wanted - before)
    assert searched + len(last.searched) <= len(wanted) + KILLS * WORKERS * CHUNK_POSITIONS
    assert shown(killed) == expected


def test_an_interrupted_batch_ends_in_order_and_goes_on(tmp_path: Path, stockfish: str) -> None:
    """SIGINT stops it with a summary, no engine left and nothing half done; the same command finishes the job."""
    location = new_library(tmp_path / "interrupted.kibitz", KILLED_GAMES)
    started = Run(location, stockfish)
    started.wait_for_positions(1)
    engines = psutil.Process(started.process.pid).children(recursive=True)
    started.process.send_signal(signal.SIGINT)
    assert started.finish() == 130, f"done before it was interrupted: {started.errors}"
    assert started.events[-1]["event"] == "summary"
    assert not [engine for engine in psutil.wait_procs(engines, timeout=DEADLINE_S)[1] if engine.is_running()]
    before = stored(location)
    again = Run(location, stockfish)
    assert again.finish() == 0, again.errors
    assert again.events[-1]["positions"] == len(stored(location) - before)
    assert {game["state"] for game in shown(location)} == {GameState.ANALYSED.value}
    with Library.open(location) as library:
        assert not library.jobs.unfinished()


def test_a_second_process_is_refused_while_the_first_lives(location: Path, stockfish: str, started: Run) -> None:
    """It ends with exit code 3 and names the process that runs the job."""
    second = Run(location, stockfish)
    assert second.finish() == 3
    assert str(started.process.pid) in second.errors
    assert len(second.errors.strip().splitlines()) == 1
