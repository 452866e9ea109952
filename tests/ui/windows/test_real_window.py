"""The real application in a real X window: a real drop from another process, and `kill -9` while it analyses."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from desktop_app.bench.data import sample_texts
from desktop_app.domain.filters import GameQuery
from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.profile import CHUNK_POSITIONS, SearchSpec
from desktop_app.domain.work import JobState
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_sources
from desktop_app.services.show_game import show_game
from desktop_app.services.show_json import to_json
from tests.ui.windows.real_window import ROOT, RealWindow, environment, evaluated, window_stands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 and its tools are Linux's"),
    pytest.mark.skipif(shutil.which("xdotool") is None, reason="no xdotool (packaging/system_packages.sh test)"),
]

NODES = 2000
WORKERS = 2
GAMES = 29
"""All the samples: enough that no machine is done before the last kill."""
KILLS = 5
SEED = 20261123


@pytest.fixture
def open_window(x_display: str) -> Iterator[Callable[..., RealWindow]]:
    """Start the application on a library; what a failing test leaves is killed."""
    opened: list[RealWindow] = []

    def open_one(library: Path, **more: str) -> RealWindow:
        opened.append(RealWindow(library, x_display, **more))
        return opened[-1]

    yield open_one
    for window in opened:
        if window.process.poll() is None:
            window.kill()


def _games(path: Path, count: int) -> Path:
    path.write_text("\n".join(sample_texts()[:count]), encoding="utf-8")
    return path


def _mouse(display: str, *words: object) -> None:
    subprocess.run(["xdotool", *map(str, words)], env=environment(display), check=True, timeout=20)


@pytest.mark.slow
def test_files_dragged_from_another_program_are_imported(
    x_display: str, open_window: Callable[..., RealWindow], tmp_path: Path
) -> None:
    """A file manager's drag ends over the window: XDND enter, drop, and the games are in the library."""
    first, second = _games(tmp_path / "first games.pgn", 3), tmp_path / "second.pgn"
    second.write_text(sample_texts()[5], encoding="utf-8")
    window = open_window(tmp_path / "drop.kibitz")
    source = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "fakes" / "drag_source.py"), "1450", "900", str(first), str(second)],
        env=environment(x_display),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert source.stdout is not None
        assert source.stdout.readline() == "ready\n"
        window.wait_until(lambda: window_stands(x_display), 30, "a window named Kibitz")
        pause = threading.Event()
        _mouse(x_display, "mousemove", 1500, 930, "mousedown", 1)
        for x, y in ((1480, 900), (1300, 800), (1000, 600), (800, 500), (700, 420), (680, 400), (676, 398)):
            pause.wait(0.15)
            _mouse(x_display, "mousemove", x, y)
        pause.wait(0.3)
        _mouse(x_display, "mouseup", 1)
        window.wait_until(lambda: _count(window.library) == 4, 30, "four games in the library")
        assert source.stdout.readline() == "dropped CopyAction\n"
    finally:
        source.terminate()
        source.communicate()
        assert window.close() == 0


def _count(location: Path) -> int:
    with Library.open(location) as library:
        return library.games.count(GameQuery())


class _Counted:
    """A library with a job, and an engine behind `tee`, so that every search ever asked for is counted."""

    def __init__(self, folder: Path, engine: Path, log: Path) -> None:
        folder.mkdir()
        self.location = folder / "games.kibitz"
        self.engine = engine
        self._log = log
        with Library.open(self.location) as library:
            import_sources(library, [_games(folder / "games.pgn", GAMES)], workers=1)
            ids = [GameId(number) for number in library.games.ids(GameQuery(sort="id"))]
            spec = SearchSpec.of_nodes(NODES)
            self.job_id = library.jobs.create(ids, engine_path=str(engine), spec=spec, workers=WORKERS)

    def searches(self) -> int:
        """How often an engine was told to go at the job's node count."""
        if not self._log.exists():
            return 0
        return self._log.read_text(encoding="utf-8").count(f"go nodes {NODES}\n")

    def forget_searches(self) -> None:
        """Count from 0 again."""
        self._log.unlink(missing_ok=True)

    def done(self) -> bool:
        """Whether the job has ended."""
        with Library.open(self.location) as library:
            return library.jobs.get(self.job_id).state is JobState.DONE

    def shown(self) -> list[dict[str, Any]]:
        """What `show --json` says of every game."""
        with Library.open(self.location) as library:
            ids = library.games.ids(GameQuery(sort="id"))
            return [to_json(show_game(library, GameId(number))) for number in ids]


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_window_killed_again_and_again_ends_like_an_undisturbed_one(
    open_window: Callable[..., RealWindow], stockfish: str, tmp_path: Path
) -> None:
    """Five times `kill -9` at a random moment: no engine stays, a restart resumes by itself, the end is the same."""
    log = tmp_path / "asked.txt"
    engine = tmp_path / "counted-stockfish"
    engine.write_text(f'#!/bin/sh\ntee -a "{log}" | "{stockfish}"\n', encoding="utf-8")
    engine.chmod(0o755)
    more = {"KIBITZ_ENGINE": str(engine)}

    calm = _Counted(tmp_path / "calm", engine, log)
    window = open_window(calm.location, **more)
    window.wait_until(calm.done, 120, "the undisturbed batch is done")
    assert window.close() == 0
    undisturbed = calm.searches()
    calm.forget_searches()

    killed = _Counted(tmp_path / "killed", engine, log)
    rng = random.Random(SEED)  # noqa: S311 - moments of killing
    pause = threading.Event()
    for _ in range(KILLS):
        window = open_window(killed.location, **more)
        before = evaluated(killed.location)
        window.wait_until(lambda before=before: evaluated(killed.location) > before, 60, "the job resumed by itself")
        pause.wait(rng.uniform(0.0, 0.4))
        assert not killed.done(), "done before it was killed: this test needs more games"
        left = window.kill()
        _gone, alive = psutil.wait_procs(left, timeout=5)
        assert not alive, f"processes survived kill -9: {alive}"
    window = open_window(killed.location, **more)
    window.wait_until(killed.done, 120, "the killed batch is done")
    assert window.close() == 0

    assert killed.shown() == calm.shown()
    assert {game["state"] for game in killed.shown()} == {GameState.ANALYSED.value}
    again = killed.searches() - undisturbed
    # A chunk is at most eight positions and one more to warm the hash.
    assert 0 <= again <= KILLS * WORKERS * (CHUNK_POSITIONS + 1), again
