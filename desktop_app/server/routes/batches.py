"""Batches and chunks: submitting, adding, closing, cancelling, retrying, looking (docs/server-api.md).

Bodies are read on the event loop and checked on a thread: ten thousand games take seconds. Two large ones at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from desktop_app.domain.served import BatchState, Json  # noqa: TC001 -- FastAPI reads annotations
from desktop_app.server.answers import batch_out, event_out, game_out
from desktop_app.server.reading import parse, read_batch, read_chunks
from desktop_app.server.schemas import BatchIn, ChunksIn, KeysIn, RetryIn

if TYPE_CHECKING:
    from desktop_app.domain.served import ServedBatch
    from desktop_app.server.security import Caller
    from desktop_app.server.state import ServerState

router = APIRouter(prefix="/v1/batches", tags=["batches"])

_CREATED, _OK = 201, 200
_LARGE = 256 * 1024
_large_bodies = anyio.CapacityLimiter(2)
"""Back-pressure: who comes third with a large body waits for one of the two that are being checked."""

_Limit = Annotated[int, Query(ge=1, le=1000)]
_After = Annotated[int, Query(ge=0, le=2**53)]


def _body(model: type[Any]) -> dict[str, Any]:
    """What the OpenAPI page says of a body that is read by hand; the schemas are added in `app`."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _state(request: Request) -> ServerState:
    found: ServerState = request.app.state.server
    return found


def _caller(request: Request) -> Caller:
    found: Caller = request.scope["state"]["caller"]
    return found


def _note(request: Request, public_id: str) -> None:
    """Name the batch in log and audit."""
    request.scope["state"]["batch"] = public_id[:200]


def _out(state: ServerState, batch: ServedBatch) -> Json:
    return batch_out(batch, state.store.batches.place_in_line(batch))


async def _checked(request: Request, run: Any) -> Any:
    body = await request.body()
    if len(body) < _LARGE:
        return await anyio.to_thread.run_sync(run, body)
    return await anyio.to_thread.run_sync(run, body, limiter=_large_bodies)


@router.post("", status_code=_CREATED, openapi_extra=_body(BatchIn))
async def submit(request: Request) -> Response:
    """Submit a batch."""
    state, caller = _state(request), _caller(request)

    def run(body: bytes) -> tuple[int, Json]:
        limits = state.settings.limits
        asked = read_batch(body, limits)
        batch, new = state.store.batches.submit(
            caller.user_id, asked.batch, limits=limits, chunks=asked.chunks, games=asked.games
        )
        _note(request, batch.public_id)
        state.changed([batch.id])
        answer = {
            **_out(state, batch),
            "games": batch.games_total,
            "chunks": len({chunk.key for chunk in asked.chunks}) if new else 0,
            "duplicates": len(asked.chunks) - len({chunk.key for chunk in asked.chunks}) if new else len(asked.chunks),
            "problems": asked.problems,
        }
        return (_CREATED if new else _OK), answer

    status, answer = await _checked(request, run)
    return JSONResponse(answer, status)


@router.post("/{batch_id}/chunks", openapi_extra=_body(ChunksIn))
async def add_chunks(request: Request, batch_id: str) -> Json:
    """Add chunks to an open batch."""
    state, caller = _state(request), _caller(request)
    _note(request, batch_id)

    def run(body: bytes) -> Json:
        chunks = read_chunks(parse(ChunksIn, body).chunks, state.settings.limits)
        batch, accepted, duplicates = state.store.batches.add(caller.user_id, batch_id, chunks)
        state.changed([batch.id])
        return {"accepted": accepted, "duplicates": duplicates}

    answer: Json = await _checked(request, run)
    return answer


@router.delete("/{batch_id}/chunks", openapi_extra=_body(KeysIn))
async def cancel_chunks(request: Request, batch_id: str) -> Json:
    """Cancel single chunks."""
    state, caller = _state(request), _caller(request)
    _note(request, batch_id)

    def run(body: bytes) -> Json:
        keys = parse(KeysIn, body).keys
        batch, tasks, cancelled = state.store.batches.cancel_chunks(caller.user_id, batch_id, keys)
        state.changed([batch.id])
        if tasks:
            state.tell_workers(lambda cluster: cluster.cancel(tasks))
        return {"cancelled": cancelled}

    answer: Json = await _checked(request, run)
    return answer


@router.post("/{batch_id}/close")
def close(request: Request, batch_id: str) -> Json:
    """Say that nothing more follows."""
    state = _state(request)
    _note(request, batch_id)
    batch = state.store.batches.close(_caller(request).user_id, batch_id)
    state.changed([batch.id])
    return _out(state, batch)


@router.post("/{batch_id}/cancel")
def cancel(request: Request, batch_id: str) -> Json:
    """Cancel whatever is not answered yet."""
    state = _state(request)
    _note(request, batch_id)
    batch, changed = state.store.batches.cancel(_caller(request).user_id, batch_id)
    if changed:
        state.changed([batch.id])
        state.dispatcher.tidy()
        state.tell_workers(lambda cluster: cluster.cancel_batch(batch.public_id))
    return _out(state, batch)


@router.post("/{batch_id}/retry", openapi_extra=_body(RetryIn))
async def retry(request: Request, batch_id: str) -> Json:
    """Queue again what failed."""
    state, caller = _state(request), _caller(request)
    _note(request, batch_id)

    def run(body: bytes) -> Json:
        wait = parse(RetryIn, body).wait
        batch = state.store.batches.retry(caller.user_id, batch_id, limits=state.settings.limits, wait=wait)
        state.changed([batch.id])
        return _out(state, batch)

    answer: Json = await _checked(request, run)
    return answer


@router.delete("/{batch_id}", status_code=204)
def forget(request: Request, batch_id: str) -> Response:
    """Forget a finished batch and its results."""
    state = _state(request)
    _note(request, batch_id)
    state.store.batches.forget(_caller(request).user_id, batch_id)
    state.dispatcher.tidy()
    return Response(status_code=204)


@router.get("")
def listed(
    request: Request,
    state: BatchState | None = None,
    limit: _Limit = 50,
    before: Annotated[str | None, Query(max_length=64)] = None,
) -> Json:
    """One's own batches, newest first."""
    server = _state(request)
    found = server.store.batches.page(_caller(request).user_id, state=state, limit=limit + 1, before=before)
    return {"batches": [_out(server, batch) for batch in found[:limit]], "more": len(found) > limit}


@router.get("/{batch_id}")
def status(request: Request, batch_id: str) -> Json:
    """How far a batch is."""
    state = _state(request)
    return _out(state, state.store.batches.get(_caller(request).user_id, batch_id))


@router.get("/{batch_id}/results")
def results(request: Request, batch_id: str, after: _After = 0, limit: _Limit = 200) -> Json:
    """The stored events of a batch, oldest first."""
    state = _state(request)
    batch = state.store.batches.get(_caller(request).user_id, batch_id)
    events = state.store.events.page(batch.id, after, limit + 1)
    return {
        "results": [event_out(event) for event in events[:limit]],
        "last_seq": batch.last_seq,
        "more": len(events) > limit,
        "state": batch.state.value,
    }


@router.get("/{batch_id}/games")
def games(request: Request, batch_id: str, after: _After = 0, limit: _Limit = 200) -> Json:
    """The games of a batch, by number."""
    state = _state(request)
    batch = state.store.batches.get(_caller(request).user_id, batch_id)
    found = state.store.batches.games(batch.id, after=after, limit=limit + 1)
    return {"games": [game_out(game) for game in found[:limit]], "more": len(found) > limit}
