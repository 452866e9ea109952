"""The HTTP client of an analysis server: one method a request, every wait with a deadline, every failure a sentence.

Blocking; any thread, one `ServerClient` for all of them. Called by `remote.link` and by the window's test button.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx

from desktop_app import __version__
from desktop_app.errors import (
    KibitzError,
    ServerBusyError,
    ServerIncompatibleError,
    ServerLiedError,
    ServerRefusedError,
    ServerUnreachableError,
    UsageError,
)
from desktop_app.remote.address import is_private, server_address
from desktop_app.remote.protocol import BatchInfo, ServerInfo, as_object, incomplete, read_batch, read_server
from desktop_app.remote.sse import EventReader, SentEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_app.domain.evaluation import EngineIdentity

Json = dict[str, Any]

ANSWER_S: Final = 20.0
SILENCE_S: Final = 45.0
"""A stream that says nothing for so long is dead: the server sends a comment every 15 s."""
MOST_ANSWER_BYTES: Final = 32 << 20
_NO_TOKEN = "Ask whoever runs the server for a token (`kibitz token create`), and put it in once more."  # noqa: S105 - words


class ServerClient:
    """One server, one token.

    The token goes nowhere but into the header; it is in no error and no log. Redirects are not followed: they would
    carry it elsewhere.
    """

    def __init__(self, url: str, token: str, *, answer_s: float = ANSWER_S, silence_s: float = SILENCE_S) -> None:
        """Nothing is connected yet.

        Raises UsageError for an address or a token that cannot be one, or where the token could be read on its way.
        """
        self.url = server_address(url)
        secret = token.strip()
        if secret and not (secret.isascii() and secret.isprintable() and " " not in secret and len(secret) <= 500):
            raise UsageError("The token has characters in it that no token has.", action=_NO_TOKEN)
        if secret and not is_private(self.url):
            raise UsageError(
                f"The token would travel to {self.url} for everybody on the way to read.",
                action="Use the server's https:// address.",
            )
        headers = {"User-Agent": f"kibitz/{__version__}", "Accept": "application/json"}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        self._silence_s = silence_s
        self._http = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=httpx.Timeout(answer_s, connect=min(answer_s, 10.0)),
            limits=httpx.Limits(max_connections=16, keepalive_expiry=15.0),
            follow_redirects=False,
        )

    def close(self) -> None:
        """Part with all connections; a stream that is being read ends. Idempotent, any thread."""
        self._http.close()

    def info(self) -> ServerInfo:
        """Version, engine, workers, limits. Raises ServerError kinds, also for another version of the protocol."""
        try:
            info = read_server(self._ask("GET", "/v1/server"))
        except ServerLiedError as error:
            raise ServerIncompatibleError(
                f"What answers at {self.url} is not a Kibitz analysis server.",
                action="Check the address with whoever gave it.",
            ) from error
        except KeyError as error:
            raise incomplete("itself") from error
        info.refuse_other_version()
        return info

    def open_batch(self, *, name: str, engine: EngineIdentity, idempotency_key: str) -> BatchInfo:
        """A batch of kind chunks for this engine, waiting in line where need be; with a known key that one again."""
        body = {
            "name": name,
            "priority": "batch",
            "wait": True,
            "engine": {"name": engine.name, "build": engine.build},
            "idempotency_key": idempotency_key,
            "chunks": [],
        }
        return self._batch(self._ask("POST", "/v1/batches", body))

    def batch(self, batch_id: str) -> BatchInfo:
        """How a batch stands."""
        return self._batch(self._ask("GET", f"/v1/batches/{batch_id}"))

    def add_chunks(self, batch_id: str, chunks: Sequence[Json]) -> int:
        """Hand chunks over; returns how many the server knew already, which are not searched again."""
        answer = self._ask("POST", f"/v1/batches/{batch_id}/chunks", {"chunks": list(chunks)})
        duplicates = answer.get("duplicates")
        return duplicates if isinstance(duplicates, int) else 0

    def drop_chunks(self, batch_id: str, keys: Sequence[str]) -> None:
        """Take chunks back; a running search stops."""
        self._ask("DELETE", f"/v1/batches/{batch_id}/chunks", {"keys": list(keys)})

    def close_batch(self, batch_id: str) -> None:
        """Nothing more follows."""
        self._ask("POST", f"/v1/batches/{batch_id}/close", {})

    def cancel_batch(self, batch_id: str) -> None:
        """Stop everything of it."""
        self._ask("POST", f"/v1/batches/{batch_id}/cancel", {})

    def results(self, batch_id: str, *, after: int, limit: int = 200) -> list[tuple[int, str, Json]]:
        """Durable events after a number, oldest first: (number, name, data)."""
        answer = self._ask("GET", f"/v1/batches/{batch_id}/results?after={after}&limit={limit}")
        try:
            return [(int(one["seq"]), str(one["event"]), dict(one["data"])) for one in answer["results"]]
        except (KeyError, TypeError, ValueError) as error:
            raise incomplete("results") from error

    def events(self, batch_id: str, *, after: int) -> Iterator[SentEvent]:
        """The batch's events after this number, as they come, comments too. Ends when the server ends the stream.

        Raises ServerUnreachableError when the connection breaks or the server falls silent.
        """
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after), "Cache-Control": "no-store"}
        timeout = httpx.Timeout(self._silence_s, connect=10.0)
        with (
            self._sentences(),
            self._http.stream("GET", f"/v1/batches/{batch_id}/events", headers=headers, timeout=timeout) as answer,
        ):
            if answer.status_code == httpx.codes.NO_CONTENT:
                return
            if answer.status_code != httpx.codes.OK:
                self._refuse(answer, _bounded(answer, 1 << 20))
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                raise ServerLiedError("The server answered something else than a stream of events.")
            yield from EventReader().events(answer.iter_bytes())

    # -- inside ----------------------------------------------------------------------------------------------------

    def _batch(self, answer: Json) -> BatchInfo:
        try:
            return read_batch(answer)
        except KeyError as error:
            raise incomplete("the batch") from error

    def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        with self._sentences(), self._http.stream(method, path, json=body) as answer:
            content = _bounded(answer, MOST_ANSWER_BYTES)
            if answer.is_success:
                return as_object(content) if content else {}
            self._refuse(answer, content)
        raise AssertionError  # `_refuse` has raised

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """What httpx raises, in words."""
        try:
            yield
        except KibitzError:
            raise
        except httpx.ConnectTimeout as error:
            raise self._unreachable("does not answer", error) from error
        except httpx.TimeoutException as error:
            raise self._unreachable("does not answer in time", error) from error
        except httpx.ConnectError as error:
            raise self._no_connection(error) from error
        except (httpx.TransportError, RuntimeError) as error:  # RuntimeError: closed while it was used
            raise self._unreachable("broke the connection off", error) from error
        except (httpx.InvalidURL, httpx.HTTPError) as error:
            raise self._unreachable("cannot be asked", error) from error

    def _no_connection(self, error: httpx.ConnectError) -> KibitzError:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        words = str(error)
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in words:
            return ServerUnreachableError(
                f"The certificate of {self.url} is not one this computer trusts.",
                action="Check the address; whoever runs the server can say whose certificate it has.",
            )
        if isinstance(cause, ssl.SSLError) or "SSL" in words:
            return ServerUnreachableError(
                f"There is no secure connection to {self.url}: {words[:200]}.",
                action="A server without TLS is typed with http://, and is used on this very machine only.",
            )
        if "Name or service" in words or "getaddrinfo" in words or "name resolution" in words:
            return ServerUnreachableError(
                f"There is no computer of the name in {self.url}, or there is no network.",
                action="Check the address and the network.",
            )
        return self._unreachable("cannot be reached", error)

    def _unreachable(self, what: str, error: Exception) -> ServerUnreachableError:
        detail = str(error)[:200]
        return ServerUnreachableError(
            f"The analysis server at {self.url} {what}{f' ({detail})' if detail else ''}.",
            action="Check that it runs, and the network.",
        )

    def _refuse(self, answer: httpx.Response, content: bytes) -> None:
        """Raise what a status of 300 or more means."""
        status = answer.status_code
        code, message, wait = _error_of(content)
        retry_after = _seconds(answer.headers.get("retry-after"), wait)
        if status in {429, 503} or (status in {502, 504} and not code):
            text = message or "The server is busy."
            raise ServerBusyError(text, retry_after_s=retry_after)
        if not code:
            raise ServerIncompatibleError(
                f"What answers at {self.url} is not a Kibitz analysis server (status {status}).",
                action="Check the address with whoever gave it.",
            )
        if status == httpx.codes.UNAUTHORIZED and "Authorization" not in self._http.headers:
            raise ServerRefusedError("The server asks for a token, and none is kept for it.", action=_NO_TOKEN)
        if status == httpx.codes.UNAUTHORIZED:
            raise ServerRefusedError("The server does not know this token, or it was revoked.", action=_NO_TOKEN)
        if status == httpx.codes.FORBIDDEN:
            raise ServerRefusedError("This token lacks the right to analyse.", action=_NO_TOKEN)
        if status >= 500:
            raise ServerBusyError(message or "The server has a fault.", retry_after_s=retry_after)
        raise RequestRefusedError(message or f"The server refuses this (status {status}).", code=code, status=status)


class RequestRefusedError(ServerRefusedError):
    """The server refuses one request; `code` is its name for the reason, `status` HTTP's."""

    def __init__(self, text: str, *, code: str, status: int) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


def _bounded(answer: httpx.Response, most: int) -> bytes:
    content = bytearray()
    for piece in answer.iter_bytes():
        content += piece
        if len(content) > most:
            raise ServerLiedError(f"The server's answer is longer than {most:,} bytes.")
    return bytes(content)


def _error_of(content: bytes) -> tuple[str, str, float | None]:
    """(code, message, seconds) of an error's body; empty where it is none of ours."""
    try:
        error = as_object(content)["error"]
        code, message, wait = error["code"], error["message"], error.get("retry_after_s")
    except (ServerLiedError, KeyError, TypeError, AttributeError):
        return "", "", None
    if not isinstance(code, str) or not isinstance(message, str):
        return "", "", None
    text = "".join(character if character.isprintable() else " " for character in message[:400])
    return code[:60], text, float(wait) if isinstance(wait, int | float) and not isinstance(wait, bool) else None


def _seconds(header: str | None, said: float | None) -> float:
    try:
        seconds = float(header) if header is not None else said
    except ValueError:
        seconds = said
    return min(3600.0, max(1.0, seconds if seconds is not None and seconds == seconds else 10.0))  # noqa: PLR0124 - NaN
