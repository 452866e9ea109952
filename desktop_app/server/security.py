"""Who asks: tokens, scopes, and how often. Any thread; the buckets belong to the event loop.

A token is `kbz_` and 256 random bits; the database has its SHA-256 alone. A slow password hash would add nothing to 256
bits that nobody can guess, and would let anybody keep the server busy by sending wrong ones. Called by `server.gate`
and `kibitz token`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.domain.served import Scope, StoredToken

if TYPE_CHECKING:
    from desktop_app.library.server_users import ServerUsers

PREFIX = "kbz_"
_TOKEN = re.compile(r"kbz_[A-Za-z0-9_-]{43}")
_BEARER = re.compile(r"[Bb]earer ([\x21-\x7e]+)")
_USE_NOTED_EVERY_S = 60.0
_MOST_BUCKETS = 10_000
_BURST = 4
"""So many times the average may come at once."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `token` is its name, `token_id` 0 where the server asks for none."""

    user_id: int
    user: str
    token: str
    token_id: int
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether the token allows this; `analyse` includes `read`."""
        return scope in self.scopes or (scope is Scope.READ and Scope.ANALYSE in self.scopes)


def new_token() -> str:
    """A token that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


def bearer(header: str) -> str | None:
    """The token in an Authorization header; None for anything else."""
    found = _BEARER.fullmatch(header)
    return found[1] if found and _TOKEN.fullmatch(found[1]) else None


def authenticate(users: ServerUsers, token: str) -> Caller | None:
    """Whose token this is; None for one that opens nothing. Blocking.

    The digest is looked up, so how long it takes tells nothing of any stored token; the comparison of what was found
    takes the same time for every digest.
    """
    digest = digest_of(token)
    found = users.find(digest)
    now = time.time()
    if not hmac.compare_digest(digest, found.digest if found else bytes(32)) or found is None or not found.valid(now):
        return None
    _note_use(users, found, now)
    return Caller(found.user_id, found.user, found.name, found.id, found.scopes)


def _note_use(users: ServerUsers, token: StoredToken, now: float) -> None:
    if token.last_used_at is None or now - token.last_used_at > _USE_NOTED_EVERY_S:
        users.note_use(token.id, now)


class Buckets:
    """How often each caller asks: a bucket of tokens each, refilled steadily. For the event loop alone."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._levels: dict[str, tuple[float, float]] = {}

    def wait_s(self, name: str, now: float | None = None) -> float:
        """Take one from the caller's bucket: 0 where there was one, else the seconds until there is."""
        at = time.monotonic() if now is None else now
        full = self._per_second * _BURST
        level, since = self._levels.get(name, (full, at))
        level = min(full, level + (at - since) * self._per_second)
        if level < 1:
            self._levels[name] = (level, at)
            return (1 - level) / self._per_second
        if len(self._levels) > _MOST_BUCKETS:
            self._levels.clear()  # full again for all: harmless, and a flood of addresses takes no memory
        self._levels[name] = (level - 1, at)
        return 0.0
