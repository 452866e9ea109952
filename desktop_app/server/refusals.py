"""Errors as clients see them: one shape, a code, a sentence that says what to do. Any thread.

Called by `server.app`, `server.gate` and the routes.
"""

from __future__ import annotations

import json
import math
from http import HTTPStatus

from desktop_app.errors import BatchRefusedError, KibitzError, LibraryError, NotFoundError, UsageError
from desktop_app.worker.client import BrokerUnavailableError

STATUSES = {
    "too_many_batches": HTTPStatus.TOO_MANY_REQUESTS,
    "server_full": HTTPStatus.SERVICE_UNAVAILABLE,
    "idempotency_conflict": HTTPStatus.CONFLICT,
    "batch_closed": HTTPStatus.CONFLICT,
    "batch_finished": HTTPStatus.CONFLICT,
    "batch_active": HTTPStatus.CONFLICT,
}
_RETRY_S = 5


class ApiError(KibitzError):
    """A request that is refused.

    Attributes:
        status, code: as docs/server-api.md lists them.
        retry_after_s: when asking again may help, None where it never does.
    """

    def __init__(
        self, status: HTTPStatus, code: str, text: str, *, action: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(text, action=action)
        self.status = status
        self.code = code
        self.retry_after_s = None if retry_after_s is None else max(1, math.ceil(retry_after_s))

    def body(self) -> bytes:
        """The answer's body."""
        error: dict[str, object] = {"code": self.code, "message": str(self)}
        if self.retry_after_s is not None:
            error["retry_after_s"] = self.retry_after_s
        return json.dumps({"error": error}, ensure_ascii=False).encode()

    def headers(self) -> dict[str, str]:
        """Headers that belong to it."""
        found = {"Content-Type": "application/json"}
        if self.retry_after_s is not None:
            found["Retry-After"] = str(self.retry_after_s)
        if self.status == HTTPStatus.UNAUTHORIZED:
            found["WWW-Authenticate"] = 'Bearer realm="kibitz"'
        return found


def refusal_of(error: KibitzError) -> ApiError:
    """What a known failure is to a client. Faults of ours stay what they are and are no KibitzErrors."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, BatchRefusedError):
        status = STATUSES[error.code]
        return ApiError(status, error.code, error.text, action=error.action, retry_after_s=error.retry_after_s)
    if isinstance(error, NotFoundError):
        return ApiError(HTTPStatus.NOT_FOUND, "not_found", error.text, action=error.action)
    if isinstance(error, UsageError):
        return invalid(str(error))
    for kind, text in _UNAVAILABLE:
        if isinstance(error, kind):
            return unavailable(text)
    return unavailable("The server cannot do this right now.")


_UNAVAILABLE: tuple[tuple[type[KibitzError], str], ...] = (
    (LibraryError, "The server's database cannot be used right now."),
    (BrokerUnavailableError, "The server cannot reach its workers right now."),
)


def unavailable(text: str) -> ApiError:
    """Something the server needs is gone; what it is exactly is for the log, not for clients."""
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", text, action="Nothing is lost; try again soon.",
        retry_after_s=_RETRY_S,
    )  # fmt: skip


def invalid(text: str) -> ApiError:
    """The request is well-formed and cannot be meant."""
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", text)
