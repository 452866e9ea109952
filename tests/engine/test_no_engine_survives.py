"""However Kibitz ends, no engine stays behind: real processes, really killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from desktop_app.engine.launch import dies_with_us
from desktop_app.engine.session import EngineSession
from tests.fakes.fake_uci import fake_engine

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a POSIX idea"),
]

ROOT = Path(__file__).resolve().parents[2]
GRACE_S = 60.0

HOST = """
import multiprocessing, sys, threading
from desktop_app.engine.session import EngineSession

def worker(path, ready):
    session = EngineSession.open(path, hash_mb=16)
    print(session.pid, flush=True)
    ready.set()
    session.evaluate(root_fen="rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", moves=(), chess960=False,
                     limit_nodes=2_000_000_000)

def idle():
    threading.Event().wait()

def main(paths):
    for path in paths:
        ready = threading.Event()
        threading.Thread(target=worker, args=(path, ready), daemon=True).start()
        ready.wait()
    # A parsing process started while engines run must not keep their input open.
    child = multiprocessing.get_context("spawn").Process(target=idle, daemon=True)
    child.start()
    print("child", child.pid, flush=True)
    threading.Event().wait()

if __name__ == "__main__":
    main(sys.argv[1:])
"""


class Host:
    """A process that runs engines, as Kibitz does."""

    def __init__(self, folder: Path, *engines: str) -> None:
        script = folder / "host.py"
        script.write_text(HOST)
        self.process = subprocess.Popen(
            [sys.executable, str(script), *engines],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.engines = [int(self.process.stdout.readline()) for _ in engines]
        self.child = int(self.process.stdout.readline().removeprefix("child "))

    def end(self, number: int) -> None:
        """Send the host a signal and wait for its end."""
        self.process.send_signal(number)
        self.process.wait(GRACE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        if psutil.pid_exists(self.child):
            os.kill(self.child, signal.SIGKILL)


def running(pids: list[int]) -> list[int]:
    """Which of these still run."""
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def gone_in_time(pids: list[int]) -> bool:
    """Wait until none of them runs."""
    deadline, pause = time.monotonic() + GRACE_S, threading.Event()
    while running(pids) and time.monotonic() < deadline:
        pause.wait(0.02)
    return not running(pids)


def test_kill_9_leaves_no_searching_stockfish(tmp_path: Path, stockfish: str) -> None:
    """Two engines in the middle of endless searches, with a spawned child of the host alive at that moment."""
    host = Host(tmp_path, stockfish, stockfish)
    assert running(host.engines) == host.engines
    os.kill(host.process.pid, signal.SIGKILL)
    assert gone_in_time(host.engines)
    host.end(signal.SIGKILL)


def test_stockfish_ends_by_the_end_of_its_input_alone(tmp_path: Path, stockfish: str) -> None:
    """Where no parent-death signal exists: only our process holds the other end, although it has spawned a child."""
    tools = tmp_path / "tools"
    tools.mkdir()
    nice = shutil.which("nice")
    assert nice is not None
    (tools / "nice").symlink_to(nice)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tools))
        host = Host(tmp_path, stockfish)
    os.kill(host.process.pid, signal.SIGKILL)
    assert gone_in_time(host.engines)
    host.end(signal.SIGKILL)


@pytest.mark.skipif(not dies_with_us(), reason="this system has no parent-death signal")
def test_kill_9_leaves_no_engine_that_ignores_the_end_of_its_input(tmp_path: Path) -> None:
    """The parent-death signal ends what end-of-file does not, and only when the whole process ends."""
    host = Host(tmp_path, fake_engine(tmp_path, "ignore_eof"), fake_engine(tmp_path, "ignore_stop"))
    assert running(host.engines) == host.engines
    os.kill(host.process.pid, signal.SIGKILL)
    assert gone_in_time(host.engines)
    host.end(signal.SIGKILL)


def test_an_engine_outlives_the_thread_that_opened_it(stockfish: str) -> None:
    """Linux sends the parent-death signal when the starting *thread* ends; a pool's thread must not be that one."""
    opened: list[EngineSession] = []
    thread = threading.Thread(target=lambda: opened.append(EngineSession.open(stockfish, hash_mb=16)))
    thread.start()
    thread.join()
    (session,) = opened
    assert not threading.Event().wait(0.2)
    session.new_game()
    session.close()


def test_the_terminals_ctrl_c_does_not_reach_engines(tmp_path: Path, stockfish: str) -> None:
    """SIGINT to the foreground group ends the host alone at first; it then ends its engines in its own order."""
    host = Host(tmp_path, stockfish)
    assert os.getpgid(host.engines[0]) != os.getpgid(host.process.pid)
    os.killpg(os.getpgid(host.process.pid), signal.SIGINT)
    host.end(signal.SIGKILL)
    assert gone_in_time(host.engines)
