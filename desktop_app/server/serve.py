"""Runs the server: opens database and broker, listens, stops in order. Blocking; the main thread of `kibitz serve`."""

from __future__ import annotations

import errno
import logging
import socket
import time
from typing import TYPE_CHECKING

import uvicorn

from desktop_app.errors import EnvironmentLackingError
from desktop_app.library.server_store import ServerStore
from desktop_app.server.app import build
from desktop_app.server.connections import patient_protocol
from desktop_app.server.state import ServerState
from desktop_app.worker.client import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from desktop_app.server.settings import ServerSettings

logger = logging.getLogger(__name__)

_KEEP_ALIVE_S = 30
_GRACE_S = 10
_MOST_CONNECTIONS = 1000
_BACKLOG = 256
_MOST_HEAD_BYTES = 32 * 1024


class _Server(uvicorn.Server):
    """uvicorn's own, which ends the event streams before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config)
        self._state = state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- uvicorn's signature
        """A signal to stop; the second one waits for no request. uvicorn's own would end the process by the signal."""
        self._state.begin_stop()
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(settings: ServerSettings, listening: Callable[[str], None]) -> None:
    """Serve until a signal to stop comes. `listening(url)` is called once requests are answered.

    Raises UsageError, LibraryError kinds, BrokerUnavailableError and EnvironmentLackingError (no token yet, the port is
    in use), each with a sentence and an action.
    """
    with ServerStore.open(settings.library) as store, Cluster(settings.broker, queue=settings.queue) as cluster:
        if not settings.without_tokens and not _any_token(store):
            raise EnvironmentLackingError(
                "There is no token yet, so nobody could use the server.",
                action="Make one: kibitz token create NAME --user USER (or, for this machine alone: --without-tokens).",
            )
        cluster.ping()
        with _listen(settings.host, settings.port) as listener:
            state = ServerState(settings, store, cluster)
            server = _Server(_config(settings, state), state)
            host, port = listener.getsockname()[:2]
            listening(f"http://{f'[{host}]' if ':' in host else host}:{port}")
            server.run(sockets=[listener])


def _any_token(store: ServerStore) -> bool:
    now = time.time()
    return any(token.valid(now) for token in store.users.tokens())


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises EnvironmentLackingError where the port is in use or not ours to take."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        # Named as TCP, so that asyncio sends small answers at once instead of waiting 40 ms for more to say.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise EnvironmentLackingError(f"There is no address {host!r} to listen on: {error}.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        why = {
            errno.EADDRINUSE: "another program listens there",
            errno.EACCES: "this user may not listen there",
        }.get(error.errno or 0, str(error))
        raise EnvironmentLackingError(
            f"The server cannot listen on {host}, port {port}: {why}.", action="Choose another one with --port."
        ) from error
    return listener


def _config(settings: ServerSettings, state: ServerState) -> uvicorn.Config:
    return uvicorn.Config(
        build(state),
        http=patient_protocol(settings.slow_s),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
        limit_concurrency=_MOST_CONNECTIONS,
        backlog=_BACKLOG,
        h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
    )
