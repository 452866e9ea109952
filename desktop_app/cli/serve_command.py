"""`kibitz serve`: the analysis server in front of the workers; `kibitz token`: who may use it."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from desktop_app import log, paths
from desktop_app.cli import output
from desktop_app.errors import EnvironmentLackingError, UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from desktop_app.domain.served import StoredToken
    from desktop_app.server.settings import ServerSettings

_DAY_S = 86_400
_LONGEST_NAME = 64


def run_serve(arguments: Namespace) -> int:
    """Serve until a signal to stop comes."""
    _need_extra()
    from desktop_app.server.serve import serve
    from desktop_app.worker.sentry import start_sentry

    settings = _settings(arguments)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(log.JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    start_sentry(os.environ)
    try:
        serve(settings, lambda url: print(f"Kibitz serves on {url}", flush=True))
    finally:
        root.removeHandler(handler)
    return 0


def _settings(arguments: Namespace) -> ServerSettings:
    from desktop_app.domain.served import Limits
    from desktop_app.server.settings import BROKER_VARIABLE, DEFAULT_BROKER, DEFAULT_PORT, PREFIX, with_limits
    from desktop_app.server.settings import ServerSettings as Settings

    def value(name: str, default: str) -> str:
        typed = getattr(arguments, name)
        return str(typed) if typed is not None else os.environ.get(PREFIX + name.upper(), default)

    port = value("port", str(DEFAULT_PORT))
    if not port.isdecimal():
        raise UsageError(f"port must be a whole number, not {port!r}.")
    return Settings(
        library=paths.library_location(arguments.library),
        broker=arguments.broker or os.environ.get(BROKER_VARIABLE, DEFAULT_BROKER),
        queue=value("queue", "chunks"),
        host=value("host", "127.0.0.1"),
        port=int(port),
        trusted_proxies=tuple(value("trusted_proxies", "").replace(",", " ").split()),
        without_tokens=arguments.without_tokens,
        slow_s=float(_whole("SLOW_S", 20)),
        resubmit_s=float(_whole("RESUBMIT_S", 600)),
        limits=with_limits(Limits(), os.environ, arguments.limit or ()),
    )


def _whole(name: str, default: int) -> int:
    """A whole number above zero from the environment."""
    from desktop_app.server.settings import PREFIX

    value = os.environ.get(PREFIX + name, str(default))
    if not value.isdecimal() or int(value) < 1:
        raise UsageError(f"{PREFIX}{name} must be a whole number above zero, not {value!r}.")
    return int(value)


def run_token(arguments: Namespace) -> int:
    """Make, list or revoke a token."""
    _need_extra()
    from desktop_app.library.server_store import ServerStore

    create = arguments.action == "create"
    with ServerStore.open(paths.library_location(arguments.library), create=create) as store:
        if create:
            return _create(store, arguments)
        if arguments.action == "revoke":
            store.users.revoke(_name(arguments.name, "The token to revoke"))
            print(f"The token {arguments.name} opens nothing any more.")
            return 0
        _list(store.users.tokens(), as_json=arguments.json)
    return 0


def _create(store: Any, arguments: Namespace) -> int:
    from desktop_app.domain.served import Scope
    from desktop_app.server.security import digest_of, new_token

    name, user = _name(arguments.name, "The token"), _name(arguments.user, "--user")
    scopes = [Scope(scope) for scope in arguments.scope or ("analyse", "read")]
    token = new_token()
    expires = None if arguments.days is None else time.time() + arguments.days * _DAY_S
    store.users.create_token(name, user=user, scopes=scopes, digest=digest_of(token), expires_at=expires)
    if arguments.json:
        output.print_json({"name": name, "user": user, "scopes": sorted(scopes), "expires_at": expires, "token": token})
    else:
        print(f"{token}\n\nThis is the only time it is shown: keep it like a password.")
    return 0


def _list(tokens: list[StoredToken], *, as_json: bool) -> None:
    if as_json:
        output.print_json(
            [
                {
                    "name": token.name,
                    "user": token.user,
                    "scopes": sorted(token.scopes),
                    "created_at": token.created_at,
                    "expires_at": token.expires_at,
                    "revoked_at": token.revoked_at,
                    "last_used_at": token.last_used_at,
                }
                for token in tokens
            ]
        )
        return
    now = time.time()
    rows = [
        (token.name, token.user, " ".join(sorted(token.scopes)), _state(token, now), _day(token.last_used_at))
        for token in tokens
    ]
    print(output.table(("token", "user", "scopes", "state", "last used"), rows))


def _state(token: StoredToken, now: float) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if not token.valid(now):
        return "expired"
    return "valid" if token.expires_at is None else f"until {_day(token.expires_at)}"


def _day(at: float | None) -> str:
    return "never" if at is None else time.strftime("%Y-%m-%d", time.gmtime(at))


def _name(name: str | None, what: str) -> str:
    if not name or not name.isprintable() or len(name) > _LONGEST_NAME or name != name.strip():
        raise UsageError(f"{what} needs a name of 1 to {_LONGEST_NAME} characters.")
    return name


def _need_extra() -> None:
    """Say which package is missing before anything is opened."""
    for package in ("celery", "fastapi", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise EnvironmentLackingError(
                f"The analysis server needs the Python package {package}.",
                action='Install it: pip install "kibitz[server]".',
            )
