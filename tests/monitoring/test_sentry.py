"""Reports to a Sentry of one's own: off by default, and without anybody's name."""

from __future__ import annotations

import gzip
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sentry_sdk", reason="the extra `sentry` is not installed")

from desktop_app.errors import EnvironmentLackingError
from desktop_app.worker.sentry import start_sentry

PROGRAM = """
import os
from desktop_app.worker.sentry import start_sentry
assert start_sentry(os.environ)
import logging, sentry_sdk

def analyse(white):
    raise ValueError(f'no move in [White "{white}"] of "Carlsen, Magnus" at redis://:secret@host/0')

try:
    analyse("Kasparov, Garry")
except ValueError:
    logging.getLogger("kibitz").exception("game of %s failed", "Kasparov, Garry")
sentry_sdk.flush(30)
"""


class _Sentry(http.server.BaseHTTPRequestHandler):
    """Takes what is sent to it."""

    taken: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.taken.append(body.decode())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silent."""


def test_an_error_is_reported_without_names() -> None:
    """What arrives at a real server tells the kind of error and the place, and no player, password or host."""
    handler = type("Handler", (_Sentry,), {"taken": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            environment = os.environ | {"KIBITZ_SENTRY_DSN": f"http://key@127.0.0.1:{server.server_port}/1"}
            subprocess.run(
                [sys.executable, "-c", PROGRAM], env=environment, cwd=Path(__file__).parents[2], timeout=100,
                check=True, capture_output=True,
            )  # fmt: skip
        finally:
            server.shutdown()
            thread.join()
    events = [json.loads(line) for text in handler.taken for line in text.splitlines() if '"exception"' in line]
    assert len(events) == 1
    said = json.dumps(events[0])
    assert "ValueError" in said
    assert "analyse" in said
    for name in ("Kasparov", "Carlsen", "secret", os.uname().nodename):
        assert name not in said


def test_nothing_is_loaded_or_sent_unless_an_address_is_set() -> None:
    """Without the variable the package is not even imported."""
    program = (
        "import os, sys; os.environ.pop('KIBITZ_SENTRY_DSN', None)\n"
        "from desktop_app.worker.sentry import start_sentry\n"
        "assert not start_sentry(os.environ); assert 'sentry_sdk' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], timeout=100, check=True)


def test_a_wrong_address_is_refused_with_a_sentence() -> None:
    """Starting says so, instead of reporting to nowhere."""
    with pytest.raises(EnvironmentLackingError, match="no Sentry address"):
        start_sentry({"KIBITZ_SENTRY_DSN": "not an address"})
