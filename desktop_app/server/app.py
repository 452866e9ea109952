"""The web application: routes behind the gate, errors in one shape, the OpenAPI schema. Made by `server.serve`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.responses import Response

from desktop_app import __version__
from desktop_app.errors import KibitzError
from desktop_app.server.gate import Gate
from desktop_app.server.refusals import ApiError, invalid, refusal_of
from desktop_app.server.routes import batches, service, streams
from desktop_app.server.schemas import BatchIn, ChunksIn, KeysIn, RetryIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desktop_app.server.state import ServerState

THREADS = 16
"""Requests that may use the database at once, and so its connections for reading; others wait (docs/server.md)."""

_CODES = {HTTPStatus.NOT_FOUND: "not_found", HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed"}


def build(state: ServerState) -> Gate:
    """The whole application for this state."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        state.start()
        try:
            yield
        finally:
            await state.hub.finish()
            await anyio.to_thread.run_sync(state.stop)

    app = FastAPI(
        title="Kibitz analysis server",
        version=__version__,
        description="Submit games or chunks, follow them, fetch verdicts. docs/server-api.md says it in words.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.server = state
    for module in (streams, batches, service):
        app.include_router(module.router)
    app.add_exception_handler(KibitzError, _known)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(HTTPException, _http)
    app.openapi = lambda: _schema(app)  # type: ignore[method-assign]  # FastAPI's own way of adding to it
    return Gate(app, state)


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, KibitzError)  # noqa: S101 -- it was registered for these
    return _answer(request, refusal_of(error))


async def _bad_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 -- the same
    first = error.errors()[0]
    return _answer(request, invalid(f"{'.'.join(str(part) for part in first['loc'])[:200]}: {first['msg']}."))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- the same
    status = HTTPStatus(error.status_code)
    code = _CODES.get(status, "bad_request")
    return _answer(request, ApiError(status, code, f"{status.phrase}.", action="See docs/server-api.md."))


def _answer(request: Request, refusal: ApiError) -> Response:
    request.scope["state"]["code"] = refusal.code
    return Response(refusal.body(), refusal.status, refusal.headers())


def _schema(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        models: list[Any] = [(model, "validation") for model in (BatchIn, ChunksIn, KeysIn, RetryIn)]
        _, shapes = models_json_schema(models, ref_template="#/components/schemas/{model}")
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {}).update(shapes["$defs"])
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"token": []}]
        app.openapi_schema = schema
    return app.openapi_schema
