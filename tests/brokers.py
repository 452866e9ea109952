"""Redis and RabbitMQ servers of the tests' own: Debian's packages, on loopback, in folders that go with them.

Both can be killed and started again on the same port with what they had stored. They run as whoever runs the tests.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE_S = 90
_RABBITMQ = Path("/usr/lib/rabbitmq/bin")


def missing(name: str) -> NoReturn:
    """Skip, loudly; in CI fail, for there everything has to be installed."""
    text = f"NO {name.upper()} IS INSTALLED: workers are not tested with it (apt install {name}-server)"
    if os.environ.get("CI") and sys.platform == "linux":
        pytest.fail(text)
    pytest.skip(text)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Broker:
    """A running server. `url` is what Kibitz is given."""

    def __init__(self, prefix: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"kibitz-{prefix}-"))
        self.port = free_port()
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> tuple[list[str], dict[str, str]]:
        """The server's command line and environment."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether the server takes work."""
        return _listens(self.port)

    def start(self) -> None:
        """Start, and wait until it answers."""
        words, environment = self.command()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                words, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        deadline, pause = time.monotonic() + DEADLINE_S, threading.Event()
        while not self.answers():
            said = (self.folder / "log").read_text(errors="replace")[-3000:]
            assert self._process.poll() is None, f"the broker ended at once:\n{said}"
            assert time.monotonic() < deadline, f"the broker does not answer:\n{said}"
            pause.wait(0.05)

    def kill(self) -> None:
        """Kill -9 of the server and everything it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(DEADLINE_S)
            self._process = None

    def remove(self) -> None:
        """Stop for good, and take the folder away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


_B = TypeVar("_B", bound=Broker)


class Redis(Broker):
    """Redis that writes everything down at once, so that it may be killed."""

    def __init__(self) -> None:
        super().__init__("redis")
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Append-only file, synced with each command."""
        program = shutil.which("redis-server") or "/usr/bin/redis-server"
        options = {
            "port": str(self.port), "bind": "127.0.0.1", "dir": str(self.folder), "save": "",
            "appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction",
        }  # fmt: skip
        return [program, *(word for name, value in options.items() for word in (f"--{name}", value))], dict(os.environ)

    def run(self, *words: str) -> str:
        """One command, sent by hand; what comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as connection:
            coded = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            connection.sendall(f"*{len(words)}\r\n{''.join(coded)}".encode())
            return connection.recv(65536).decode()

    def answers(self) -> bool:
        """Whether it is there and has read its file."""
        return super().answers() and self.run("PING").startswith("+PONG")

    def flush(self) -> None:
        """Forget everything."""
        self.run("FLUSHALL")


class RabbitMq(Broker):
    """RabbitMQ with a name, a cookie, a port mapper and folders of its own."""

    def __init__(self) -> None:
        super().__init__("rabbitmq")
        self._distribution, self._mapper = free_port(), free_port()
        self._epmd: subprocess.Popen[bytes] | None = None
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\nloopback_users.guest = true\nlog.console = true\n"
            "log.console.level = warning\ndisk_free_limit.absolute = 1MB\n"
        )
        (self.folder / "plugins").write_text("[].\n")

    def command(self) -> tuple[list[str], dict[str, str]]:
        """Everything that would otherwise be the system's."""
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"kibitz{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none",
            "ERL_EPMD_PORT": str(self._mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        return [str(_RABBITMQ / "rabbitmq-server")], environment

    def answers(self) -> bool:
        """Whether it greets a client; it listens before it is ready."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
        return False

    def start(self) -> None:
        """With a port mapper of our own: the one that Erlang starts is a daemon that nobody ends."""
        if self._epmd is None:
            words, environment = ["epmd", "-port", str(self._mapper), "-address", "127.0.0.1"], self.command()[1]
            with (self.folder / "log").open("ab") as log:
                self._epmd = subprocess.Popen(
                    words, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
            deadline, pause = time.monotonic() + DEADLINE_S, threading.Event()
            while not _listens(self._mapper):
                assert time.monotonic() < deadline, "the port mapper does not answer"
                pause.wait(0.05)
        super().start()

    def remove(self) -> None:
        """The port mapper, too."""
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait(DEADLINE_S)
            self._epmd = None
        super().remove()


@contextlib.contextmanager
def redis() -> Iterator[Redis | None]:
    """A running Redis; None where it is not installed."""
    yield from _serve(Redis if shutil.which("redis-server") else None)


@contextlib.contextmanager
def rabbitmq() -> Iterator[RabbitMq | None]:
    """A running RabbitMQ, which takes some seconds to start; None where it is not installed."""
    yield from _serve(RabbitMq if (_RABBITMQ / "rabbitmq-server").exists() else None)


def _serve(make: Callable[[], _B] | None) -> Iterator[_B | None]:
    if make is None:
        yield None
        return
    broker = make()
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()
