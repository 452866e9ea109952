"""What whoever runs the server chose: from arguments, else the environment, else defaults. Any thread.

A server has no settings file: it is configured where it is started (service unit, compose file). Secrets come from the
environment alone, since arguments can be seen by every user of the machine. Called by `cli.serve_command`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

from desktop_app.domain.served import Limits
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_BROKER = "redis://127.0.0.1:6379/0"
DEFAULT_PORT = 8642
PREFIX = "KIBITZ_SERVER_"
BROKER_VARIABLE = "KIBITZ_BROKER"
MOST_PORTS = 65_535
LOCAL_USER = "local"
"""Whose batches they are where the server asks for no tokens."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Everything a server is started with, valid by construction (UsageError otherwise).

    Attributes:
        library: path or URL of the database.
        broker: URL of the workers' broker.
        queue: name of the workers' queue.
        host, port: where to listen; port 0 takes a free one.
        trusted_proxies: addresses whose X-Forwarded-For and -Proto are believed; nobody's else.
        without_tokens: ask for no tokens; for loopback alone, all requests are one user's.
        slow_s: longest that a client may take to send a request's head, and to take what it is sent.
        body_bytes_per_s: slowest that a body may come, after `slow_s`.
        resubmit_s: a chunk without an answer is asked for again after so long.
        limits: how much is taken.
    """

    library: str
    broker: str = DEFAULT_BROKER
    queue: str = "chunks"
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    trusted_proxies: tuple[str, ...] = ()
    without_tokens: bool = False
    slow_s: float = 20.0
    body_bytes_per_s: int = 32 * 1024
    resubmit_s: float = 600.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= MOST_PORTS:
            raise UsageError(f"port must be between 0 and {MOST_PORTS}, not {self.port}.")
        for name in self.trusted_proxies:
            try:
                ipaddress.ip_network(name, strict=False)
            except ValueError as error:
                raise UsageError(f"A trusted proxy must be an IP address or network, not {name!r}.") from error
        if self.without_tokens and not self.loopback:
            raise UsageError(
                f"Without tokens the server listens on this machine alone, not on {self.host}.",
                action="Make a token (`kibitz token create`) and leave --without-tokens out.",
            )
        for limit in fields(self.limits):
            if getattr(self.limits, limit.name) < 1:
                raise UsageError(f"The limit {limit.name} must be at least 1.")

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether this name or address means this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def with_limits(limits: Limits, environment: Mapping[str, str], arguments: Iterable[str]) -> Limits:
    """Limits with `KIBITZ_SERVER_NAME` from the environment and `name=value` arguments put over them.

    Raises UsageError.
    """
    names = {limit.name for limit in fields(Limits)}
    asked = {name: environment[variable] for name in names if (variable := PREFIX + name.upper()) in environment}
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name not in names:
            raise UsageError(f"There is no limit {name!r}.", action=f"Limits are {', '.join(sorted(names))}.")
        asked[name] = value
    for name, value in asked.items():
        if not value.isdecimal():
            raise UsageError(f"The limit {name} must be a whole number, not {value!r}.")
        limits = replace(limits, **{name: int(value)})
    return limits
