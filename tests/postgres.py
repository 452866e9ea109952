"""A PostgreSQL server of the tests' own: Debian's package, on loopback, in a folder that goes with it.

The server runs as user `postgres` where the tests run as root (it refuses root), else as whoever runs them. Each test
gets a database of its own, copied from a template.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE_S = 60
_SETTINGS = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=32MB"
)


def programs() -> Path | None:
    """The folder of the newest installed server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


class Server:
    """A running server. `database` makes a new, empty database; `url` names one."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        """What Kibitz opens."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as the server's owner."""
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(*command: str) -> None:
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    # Output goes to a file: the server keeps what it inherits, and a pipe would never end.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [*as_postgres, *command], check=False, cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            timeout=DEADLINE_S,
        )  # fmt: skip
        said.seek(0)
        assert done.returncode == 0, said.read().decode(errors="replace")


def serve() -> Iterator[Server]:
    """Start a server, give it out, stop it and remove its folder."""
    bin_ = programs()
    if bin_ is None:
        pytest.skip(
            "NO POSTGRESQL SERVER IS INSTALLED: libraries in PostgreSQL are not tested (apt install postgresql)"
        )
    folder = Path(tempfile.mkdtemp(prefix="kibitz-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", _free_port()
    try:
        _run(str(bin_ / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 {_SETTINGS}"
        control = (str(bin_ / "pg_ctl"), "-D", str(data), "-w")
        _run(*control, "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield Server(port)
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
