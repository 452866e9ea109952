"""Start engine processes so that none outlives Kibitz, none slows the desktop, and none hears the terminal's Ctrl+C.

- Every engine is started from ONE thread that lives as long as the process ("kibitz-spawner"): Linux sends the
  parent-death signal when the *thread* that started the child ends, so a pool's thread would take its engine along.
- Linux: `nice -n 10 setpriv --pdeathsig KILL -- engine`; each replaces itself by the next, so the pid is the engine's.
  No `preexec_fn`: it runs Python between fork and exec, which can deadlock in a process with threads.
- macOS: nice, and the engine reads end-of-file on its input when Kibitz dies. Windows: a job object that ends its
  members when its last handle closes, priority below normal, no console window.
- Own process group, so that a wrapper script's children are killed with it. Pipes are not inheritable, so no other
  child of Kibitz keeps an engine's input open.

Called by `engine.session`, on any thread.
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from typing import Any

from desktop_app.engine.binary import check_program
from desktop_app.errors import EngineCrashedError

if sys.platform == "win32":
    from desktop_app.engine.windows_job import END_WITH_US

NICENESS = 10
READ_BYTES = 65536
_PROBE_TIMEOUT_S = 5.0


class EngineProcess:
    """A running engine and its two pipes. `kill` is safe from any thread, the rest belongs to the session's thread."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        assert popen.stdin is not None  # noqa: S101 - both are pipes; tells the type checker
        assert popen.stdout is not None  # noqa: S101
        self._popen = popen
        self._stdin = popen.stdin
        self._stdout = popen.stdout
        self._lock = threading.Lock()
        self._reaped = False
        self.pid = popen.pid

    def read(self) -> bytes:
        """Block until the engine says something; empty at the end of its output."""
        return os.read(self._stdout.fileno(), READ_BYTES)

    def write(self, text: str) -> None:
        """Write all of `text`.

        Raises:
            OSError: the engine no longer reads.
        """
        data = memoryview(text.encode())
        while data:
            data = data[os.write(self._stdin.fileno(), data) :]

    def kill(self) -> None:
        """End the engine and its whole process group at once. Does nothing once it was reaped."""
        with self._lock:
            # Until we reap it the pid stays its own, even when it has ended already: no stranger can be hit.
            if self._reaped:
                return
            if sys.platform == "win32":
                self._popen.kill()
            else:
                try:
                    os.killpg(self.pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    self._popen.kill()

    def close_input(self) -> None:
        """Let the engine read end-of-file."""
        with contextlib.suppress(OSError):  # it was broken already
            self._stdin.close()

    def reap(self) -> int:
        """Wait for the process to end and return its exit code (negative: the signal). Guard it with a deadline."""
        self.close_input()
        if hasattr(os, "waitid"):  # not on macOS before Python 3.13
            # Blocks without reaping, so that `kill` stays safe while we wait.
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        else:
            self._popen.wait()
        with self._lock:
            code = self._popen.wait()
            self._reaped = True
        self._stdout.close()
        return code


def launch(path: str) -> EngineProcess:
    """Start the engine at `path`.

    Raises:
        EngineNotFoundError, EngineUnusableError: there is no such program.
        EngineCrashedError: the system would not start it.
    """
    check_program(path)
    try:
        return EngineProcess(_SPAWNER.popen(os.path.abspath(path)))  # noqa: PTH100 - resolve() would follow links
    except OSError as error:
        raise EngineCrashedError(f"The engine {path} could not be started: {error.strerror or error}.") from error


class _Spawner:
    """The one thread that starts processes; a daemon, so it ends with the process and never before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._requests: queue.SimpleQueue[tuple[str, Future[subprocess.Popen[bytes]]]] = queue.SimpleQueue()

    def popen(self, path: str) -> subprocess.Popen[bytes]:
        """Start `path` on the spawner's thread and wait for it."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="kibitz-spawner", daemon=True)
                self._thread.start()
        answer: Future[subprocess.Popen[bytes]] = Future()
        self._requests.put((path, answer))
        return answer.result()

    def _run(self) -> None:
        while True:
            path, answer = self._requests.get()
            try:
                answer.set_result(_popen(path))
            except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that asked
                answer.set_exception(error)


_SPAWNER = _Spawner()


def _popen(path: str) -> subprocess.Popen[bytes]:
    popen = subprocess.Popen(
        [*_prefix(), path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=_environment(),
        **_platform_arguments(),
    )
    if sys.platform == "win32":
        END_WITH_US.add(popen)
    return popen


def _platform_arguments() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW}
    return {"process_group": 0}


@functools.cache
def _prefix() -> tuple[str, ...]:
    """What stands before the engine on its command line; only what this system has."""
    if sys.platform == "win32":
        return ()
    words: list[str] = []
    nice = shutil.which("nice")
    if nice:
        words += [nice, "-n", str(NICENESS)]
    setpriv = shutil.which("setpriv")
    if setpriv and _works([setpriv, "--pdeathsig", "KILL", "--", shutil.which("true") or "true"]):
        words += [setpriv, "--pdeathsig", "KILL", "--"]
    return tuple(words)


def _works(command: list[str]) -> bool:
    """Whether the command succeeds: BusyBox has a `setpriv` too, without the option we need."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def dies_with_us() -> bool:
    """Whether this system ends an engine that ignores the end of its input when Kibitz is killed."""
    return sys.platform == "win32" or "--pdeathsig" in _prefix()


def _environment() -> dict[str, str]:
    """Our environment, with the library path that was there before a frozen build put its own in front."""
    environment = dict(os.environ)
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        if getattr(sys, "frozen", False):
            original = environment.pop(f"{name}_ORIG", None)
            environment.pop(name, None)
            if original:
                environment[name] = original
    return environment
