"""A real HTTP server on loopback that serves one file, well or badly, for tests of downloads."""

from __future__ import annotations

import http.server
import re
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_RANGE = re.compile(r"bytes=(\d+)-")


class FileServer:
    """Serves `content` under every path.

    Attributes:
        content: may be changed between requests.
        etag: None for a server that gives no validator.
        ranges: whether it understands Range.
        break_after: ends each answer after so many bytes of the body; None to send all.
        broken_answers: how many more answers are broken that way; -1 for all.
        redirect: where to send everybody instead.
        status: answered instead of the file, when it is not 200.
        length: announced instead of the true one.
        asked: the Range header of every request, "" where there was none.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.etag: str | None = '"one"'
        self.ranges = True
        self.break_after: int | None = None
        self.broken_answers = -1
        self.redirect = ""
        self.status = 200
        self.length: int | None = None
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that hangs up is what some tests are about."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Where the file is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/sf/engine.tar"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """One request. The connection is closed after it, so that no thread waits for the next."""
        asked = request.headers.get("Range", "")
        self.asked.append(asked)
        request.close_connection = True
        if self.redirect or self.status != 200:
            request.send_response(302 if self.redirect else self.status)
            if self.redirect:
                request.send_header("Location", self.redirect)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        found = _RANGE.match(asked) if self.ranges else None
        if found and request.headers.get("If-Range") != self.etag:
            found = None
        start = int(found[1]) if found else 0
        if found and start >= len(self.content):
            request.send_error(416)
            return
        body = self.content[start:]
        request.send_response(206 if found else 200)
        if found:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        if self.etag:
            request.send_header("ETag", self.etag)
        request.send_header("Content-Length", str(len(body) if self.length is None else self.length))
        request.end_headers()
        if self.break_after is not None and self.broken_answers:
            self.broken_answers -= 1
            body = body[: self.break_after]
        request.wfile.write(body)
