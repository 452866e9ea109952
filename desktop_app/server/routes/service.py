"""The server itself: what it is, whether it lives and is ready, its metrics, and what admins may see."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import HTMLResponse, JSONResponse

from desktop_app.domain.served import Json  # noqa: TC001 -- FastAPI reads annotations
from desktop_app.errors import KibitzError
from desktop_app.server.answers import server_out
from desktop_app.server.dispatcher import LEASE
from desktop_app.server.metrics import CONTENT_TYPE
from desktop_app.server.openapi_page import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.server.state import ServerState

router = APIRouter()


def _state(request: Request) -> ServerState:
    found: ServerState = request.app.state.server
    return found


@router.get("/v1/server", tags=["server"])
def about(request: Request) -> Json:
    """The server, its workers and its limits."""
    state = _state(request)
    return server_out(state.watch.seen, state.store.batches.live(), state.settings.limits)


@router.get("/healthz", tags=["server"])
async def healthz() -> Json:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", tags=["server"])
def readyz(request: Request) -> Response:
    """Whether everything that is needed is there."""
    state = _state(request)
    checks = {
        "database": _check(state.store.check),
        "schema": _check(state.store.check),
        "broker": _check(state.cluster.ping),
        "dispatcher": _check(lambda: None if state.store.work.held(LEASE) else _nobody()),
    }
    ready = all(check == "ok" for check in checks.values()) and not state.stopping
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"status": "ok" if ready else "not ready", "checks": checks}, int(status))


@router.get("/metrics", tags=["server"], response_class=Response)
def metrics(request: Request) -> Response:
    """For Prometheus."""
    return Response(_state(request).metrics.page(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """The interface as a page that loads nothing from elsewhere."""
    return HTMLResponse(page(request.app.openapi()))


@router.get("/v1/admin/dead-letters", tags=["admin"])
def dead_letters(request: Request) -> Json:
    """Chunks that the workers gave up."""
    letters = _state(request).cluster.dead_letters()
    return {
        "dead_letters": [
            {
                "id": letter.id,
                "task_id": letter.id,
                "batch": letter.batch,
                "reason": letter.reason,
                "attempts": letter.attempts,
                "at": letter.died_at,
                "worker": letter.worker,
                "replayable": letter.replayable,
            }
            for letter in letters
        ]
    }


@router.post("/v1/admin/dead-letters/{letter_id}/replay", tags=["admin"])
def replay(request: Request, letter_id: str) -> Json:
    """Submit a dead letter again."""
    _state(request).cluster.replay(letter_id)
    return {"replayed": True}


@router.get("/v1/admin/audit", tags=["admin"])
def audit(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    user: Annotated[str | None, Query(max_length=64)] = None,
) -> Json:
    """Who did what, oldest first."""
    found = _state(request).store.users.audit(after=after, limit=limit + 1, user=user)
    return {"entries": [asdict(entry) for entry in found[:limit]], "more": len(found) > limit}


def _check(run: Callable[[], object]) -> str:
    try:
        run()
    except KibitzError:
        return "failing"
    return "ok"


def _nobody() -> None:
    raise KibitzError("No process feeds the workers.")
