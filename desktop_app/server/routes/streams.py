"""The live events of a batch, as server-sent events that resume where they were."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import anyio.to_thread
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from desktop_app.server.events import EventStream
from desktop_app.server.refusals import ApiError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from desktop_app.server.security import Caller
    from desktop_app.server.state import ServerState

router = APIRouter(prefix="/v1/batches", tags=["events"])

_LONGEST_NUMBER = 16
_RETRY_S = 30


class _Streamed(Response):
    """Hands the connection to an EventStream."""

    def __init__(self, stream: EventStream) -> None:
        super().__init__()
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it."""
        await self._stream(scope, receive, send)


@router.get("/{batch_id}/events", response_class=Response)
async def events(
    request: Request,
    batch_id: str,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Follow a batch; everything after `Last-Event-ID` (or `after`) comes."""
    state: ServerState = request.app.state.server
    caller: Caller = request.scope["state"]["caller"]
    batch = await anyio.to_thread.run_sync(state.store.batches.get, caller.user_id, batch_id)
    if last_event_id is not None and last_event_id.isdecimal() and len(last_event_id) < _LONGEST_NUMBER:
        after = int(last_event_id)
    if not batch.active and after >= batch.last_seq:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    if state.hub.by_user.get(caller.user_id, 0) >= state.settings.limits.streams_per_user:
        raise ApiError(
            HTTPStatus.TOO_MANY_REQUESTS, "too_many_streams", "You listen to as many batches already as is allowed.",
            action="Close one of the event streams.", retry_after_s=_RETRY_S,
        )  # fmt: skip
    return _Streamed(
        EventStream(state.hub, state.store, batch, after=after, slow_s=state.settings.slow_s, metrics=state.metrics)
    )
