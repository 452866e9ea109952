"""An X server of the tests' own, for windows that are driven from outside."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class XServer:
    """A running server. `display` is its name (":99")."""

    process: subprocess.Popen[bytes]
    display: str


@contextmanager
def x_server() -> Iterator[XServer]:
    """Start an X server on a free display; it ends with the context. Skips the test where none is installed."""
    reading, writing = os.pipe()
    command = [
        "Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24",
        "-ac", "-nolisten", "tcp", "-noreset",
    ]  # fmt: skip
    try:
        server = subprocess.Popen(
            command, pass_fds=(writing,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError:
        os.close(reading)
        os.close(writing)
        pytest.skip("Xvfb is not installed (packaging/system_packages.sh test installs it)")
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb ended before it had a display"
        yield XServer(server, f":{number}")
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
