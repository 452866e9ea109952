"""What every request passes before a route sees it. ASGI, on the event loop.

In this order: is it clean HTTP (one length, one token, one host), a known caller with the scope for it, not too often,
and a body that is JSON, not too large and not too slow. Bodies are counted as they come, whatever their header says.
Every answer gets a request id and security headers, and every change is put into the audit log. Called by uvicorn.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from desktop_app.domain.served import AuditEntry, Scope
from desktop_app.errors import KibitzError
from desktop_app.server.refusals import ApiError, refusal_of
from desktop_app.server.security import Buckets, Caller, authenticate, bearer
from desktop_app.server.settings import LOCAL_USER, is_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Send
    from starlette.types import Scope as AsgiScope

    from desktop_app.server.state import ServerState

logger = logging.getLogger(__name__)

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json"})
METRICS = "/metrics"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_ONCE = (b"authorization", b"content-length", b"content-type", b"host", b"transfer-encoding", b"last-event-id")
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_POLICY = b"default-src 'none'; frame-ancestors 'none'"
_DOCS_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_FORWARDED = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-real-ip", b"via"})
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE"})
_CHANGING = frozenset({"POST", "DELETE"})
_LOCAL_SCOPES = frozenset(Scope)
_WRONG_TOKENS_PER_S = 5
_MOST_HEADER_BYTES = 32 * 1024


@dataclass(slots=True)
class _Seen:
    """What is known of one request by its end."""

    request_id: str
    address: str
    caller: Caller | None = None
    status: int = 0
    code: str = "ok"
    began: float = 0.0
    body_over: bool = False


class Gate:
    """The outermost application; wraps the routes."""

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self._app = app
        self._state = state
        self._callers = Buckets(state.settings.limits.requests_per_s)
        self._strangers = Buckets(_WRONG_TOKENS_PER_S)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass on what is none (start and end of the server)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        seen = _Seen(_request_id(scope), (scope.get("client") or ("?", 0))[0], began=time.monotonic())
        scope.setdefault("state", {})["request_id"] = seen.request_id
        teller = self._teller(scope, seen, send)
        try:
            await self._admit(scope, seen)
            scope["state"]["caller"] = seen.caller
            await self._app(scope, self._bounded(scope, receive, seen), teller)
        except KibitzError as error:
            await self._refuse(refusal_of(error), seen, teller)
        finally:
            self._note(scope, seen)

    # -- admitting -------------------------------------------------------------------------------------------------

    async def _admit(self, scope: AsgiScope, seen: _Seen) -> None:
        headers = _clean_headers(scope)
        if scope["method"] not in _METHODS:
            raise ApiError(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", f"{scope['method']} is not for this.")
        if self._state.stopping:
            raise ApiError(
                HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "The server is being stopped.",
                action="Try again soon.", retry_after_s=5,
            )  # fmt: skip
        path = scope["path"]
        # What a proxy on this machine passes on is not from this machine, whether the proxy is trusted or not.
        local = is_loopback(seen.address) and not headers.keys() & _FORWARDED
        if path in OPEN_PATHS or (path == METRICS and local):
            return
        seen.caller = await self._caller(headers, seen)
        needed = scope_for(scope["method"], path)
        if not seen.caller.may(needed):
            raise ApiError(
                HTTPStatus.FORBIDDEN, "forbidden", f"This token does not have the scope {needed.value!r}.",
                action="Ask whoever runs the server for one that has it.",
            )  # fmt: skip
        wait = self._callers.wait_s(f"{seen.caller.token_id}")
        if wait:
            raise _too_often(wait)
        self._check_body(scope, headers)

    async def _caller(self, headers: dict[bytes, bytes], seen: _Seen) -> Caller:
        if self._state.settings.without_tokens:
            if not _is_local_host(headers.get(b"host", b"")):
                # Any page in a browser could reach us under a name of its own that it points at this machine.
                raise ApiError(HTTPStatus.FORBIDDEN, "forbidden", "Without tokens only this machine's own name serves.")
            return Caller(self._state.local_user, LOCAL_USER, LOCAL_USER, 0, _LOCAL_SCOPES)
        token = bearer(headers.get(b"authorization", b"").decode("latin-1"))
        caller = None
        if token is not None:
            caller = await anyio.to_thread.run_sync(authenticate, self._state.store.users, token)
        if caller is None:
            wait = self._strangers.wait_s(seen.address)
            if wait:
                raise _too_often(wait)
            raise ApiError(
                HTTPStatus.UNAUTHORIZED, "unauthorized", "A valid token is needed: Authorization: Bearer kbz_…",
                action="Ask whoever runs the server for one.",
            )  # fmt: skip
        return caller

    def _check_body(self, scope: AsgiScope, headers: dict[bytes, bytes]) -> None:
        if scope["method"] not in _CHANGING:
            return
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._state.settings.limits.request_bytes:
            raise self._too_large()
        has_body = b"transfer-encoding" in headers or length.strip(b"0")
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if has_body and kind != b"application/json":
            raise ApiError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "The body must be JSON.",
                action="Send Content-Type: application/json.",
            )  # fmt: skip

    def _too_large(self) -> ApiError:
        limit = self._state.settings.limits.request_bytes
        return ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"A request may have at most {limit} bytes here.",
            action="Send it in several parts.",
        )  # fmt: skip

    # -- while it is served ----------------------------------------------------------------------------------------

    def _bounded(self, scope: AsgiScope, receive: Receive, seen: _Seen) -> Receive:
        """`receive` that counts bytes and seconds of the body; a sender that is too slow or too long is refused."""
        settings = self._state.settings
        taken = 0
        until = time.monotonic() + settings.slow_s

        async def bounded() -> Message:
            nonlocal taken, until
            if seen.body_over or scope["method"] not in _CHANGING:
                return await receive()
            try:
                async with asyncio.timeout(max(0.0, until - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                raise ApiError(
                    HTTPStatus.REQUEST_TIMEOUT, "too_slow", "The request came too slowly.", action="Send it again."
                ) from None
            if message["type"] == "http.request":
                size = len(message.get("body", b""))
                taken += size
                until += size / settings.body_bytes_per_s
                seen.body_over = not message.get("more_body", False)
                if taken > settings.limits.request_bytes:
                    raise self._too_large()
            return message

        return bounded

    def _teller(self, scope: AsgiScope, seen: _Seen, send: Send) -> Send:
        policy = _DOCS_POLICY if scope["path"] == "/docs" else _POLICY
        added = [(b"x-request-id", seen.request_id.encode()), (b"content-security-policy", policy), *_SECURITY]

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in added if pair[0] not in own)]
                if not seen.body_over and scope["method"] in _CHANGING and seen.status >= HTTPStatus.BAD_REQUEST:
                    # What is left of the body is not waited for; the next request could not be told from it.
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        return tell

    async def _refuse(self, refusal: ApiError, seen: _Seen, send: Callable[[Message], Awaitable[None]]) -> None:
        if seen.status:
            return  # the answer has begun: nothing more can be said in it
        seen.code = refusal.code
        headers = [(name.lower().encode(), value.encode()) for name, value in refusal.headers().items()]
        body = refusal.body()
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": int(refusal.status), "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _note(self, scope: AsgiScope, seen: _Seen) -> None:
        took_ms = (time.monotonic() - seen.began) * 1000
        path = scope["path"][:200]
        code = scope["state"].get("code", seen.code)
        user = seen.caller.user if seen.caller else "-"
        self._state.observe(scope, seen.status, took_ms / 1000)
        logger.info(
            "%s %s %d %s", scope["method"], ascii(path)[1:-1], seen.status, code,
            extra={
                "request_id": seen.request_id, "user": user, "address": seen.address, "took_ms": round(took_ms, 1),
                "batch": scope["state"].get("batch"),
            },
        )  # fmt: skip
        refused = seen.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        admin = path.startswith("/v1/admin")
        if (seen.caller and (scope["method"] in _CHANGING or admin)) or refused:
            self._state.audit(
                AuditEntry(
                    at=time.time(), user=user, token=seen.caller.token if seen.caller else "-",
                    action=f"{scope['method']} {_action(path)}", target=scope["state"].get("batch") or "",
                    address=seen.address, outcome="ok" if seen.status < HTTPStatus.BAD_REQUEST else code,
                    request_id=seen.request_id,
                )
            )  # fmt: skip


def scope_for(method: str, path: str) -> Scope:
    """What a token must allow for this."""
    if path.startswith("/v1/admin") or path == METRICS:
        return Scope.ADMIN
    return Scope.ANALYSE if method in _CHANGING else Scope.READ


def _clean_headers(scope: AsgiScope) -> dict[bytes, bytes]:
    """Headers by name; a request that two servers could read differently is refused."""
    found: dict[bytes, bytes] = {}
    if sum(len(name) + len(value) for name, value in scope["headers"]) > _MOST_HEADER_BYTES:
        raise ApiError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too_large", "The headers are longer than any request needs."
        )
    for name, value in scope["headers"]:
        if name in found and name in _ONCE:
            raise _bad(f"The header {name.decode('latin-1')} is there twice.")
        found[name] = value
    if b"content-length" in found and b"transfer-encoding" in found:
        raise _bad("Content-Length and Transfer-Encoding are both there.")
    if "\0" in scope["path"]:
        raise _bad("The path is none.")
    return found


def _bad(text: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, "bad_request", text)


def _too_often(wait_s: float) -> ApiError:
    return ApiError(
        HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", "These are more requests than the server takes.",
        action="Wait, and ask less often.", retry_after_s=wait_s,
    )  # fmt: skip


def _request_id(scope: AsgiScope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return uuid.uuid4().hex


def _action(path: str) -> str:
    """The path without ids: what was done, not to which batch."""
    parts: list[Any] = path.strip("/").split("/")
    return "/".join("*" if re.fullmatch(r"[0-9a-f]{32}", part) else part for part in parts)[:50]


def _is_local_host(host: bytes) -> bool:
    name = host.decode("latin-1")
    bare = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return is_loopback(bare)
