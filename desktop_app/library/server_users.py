"""Users and tokens of the analysis server, and its audit log. Blocking; any thread but an event loop's.

A token is kept as its SHA-256 alone: with 256 random bits there is nothing to guess, so a slow hash or a salt would add
time and no safety, and the digest can be looked up. Called by `server.security` and `kibitz token`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from desktop_app.domain.served import AuditEntry, Scope, StoredToken
from desktop_app.errors import NotFoundError, UsageError
from desktop_app.library.tables_server import server_audit, server_token, server_user

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

    from desktop_app.library.database import Database

_TOKENS = select(server_token, server_user.c.name.label("user_name")).join(
    server_user, server_user.c.id == server_token.c.user_id
)


class ServerUsers:
    """Who may ask the server for something."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_token(
        self, name: str, *, user: str, scopes: Iterable[Scope], digest: bytes, expires_at: float | None
    ) -> None:
        """Store a token; the user is made where there is none of this name. Raises UsageError for a name in use."""
        values = {
            "name": name,
            "digest": digest,
            "scopes": ",".join(sorted(scope.value for scope in scopes)),
            "created_at": time.time(),
            "expires_at": expires_at,
        }

        def run(connection: Connection) -> None:
            taken = connection.execute(select(server_token.c.id).where(server_token.c.name == name)).first()
            if taken:
                raise UsageError(
                    f"There is a token {name!r} already.", action="Choose another name, or revoke that one."
                )
            connection.execute(insert(server_token), {**values, "user_id": user_id(connection, user)})

        self._database.write(run)

    def user(self, name: str) -> int:
        """The number of the user of this name, who is made where there is none."""
        return self._database.write(lambda connection: user_id(connection, name))

    def tokens(self) -> list[StoredToken]:
        """All tokens, revoked ones too, oldest first."""
        with self._database.read() as connection:
            return [_token(row) for row in connection.execute(_TOKENS.order_by(server_token.c.id))]

    def find(self, digest: bytes) -> StoredToken | None:
        """The token with this digest, valid or not."""
        with self._database.read() as connection:
            row = connection.execute(_TOKENS.where(server_token.c.digest == digest)).one_or_none()
        return None if row is None else _token(row)

    def revoke(self, name: str) -> None:
        """The token opens nothing any more. Idempotent. Raises NotFoundError."""

        def run(connection: Connection) -> None:
            found = connection.execute(select(server_token.c.id).where(server_token.c.name == name)).first()
            if found is None:
                raise NotFoundError(f"There is no token {name!r}.", action="See `kibitz token list`.")
            unrevoked = update(server_token).where(server_token.c.name == name, server_token.c.revoked_at.is_(None))
            connection.execute(unrevoked.values(revoked_at=time.time()))

        self._database.write(run)

    def note_use(self, token_id: int, at: float) -> None:
        """Remember when a token was last used."""
        statement = update(server_token).where(server_token.c.id == token_id).values(last_used_at=at)
        self._database.write(lambda connection: connection.execute(statement))

    # -- audit -----------------------------------------------------------------------------------------------------

    def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Add to the audit log."""
        rows = [
            {
                "at": entry.at,
                "user_name": entry.user[:64],
                "token_name": entry.token[:64],
                "action": entry.action[:64],
                "target": entry.target[:200],
                "address": entry.address[:64],
                "outcome": entry.outcome[:64],
                "request_id": entry.request_id[:64],
            }
            for entry in entries
        ]
        if rows:
            self._database.write(lambda connection: connection.execute(insert(server_audit), rows))

    def audit(self, *, after: int, limit: int, user: str | None = None) -> list[AuditEntry]:
        """Entries of the audit log with numbers above `after`, oldest first."""
        statement = select(server_audit).where(server_audit.c.id > after).order_by(server_audit.c.id).limit(limit)
        if user is not None:
            statement = statement.where(server_audit.c.user_name == user)
        with self._database.read() as connection:
            return [
                AuditEntry(
                    row.at, row.user_name, row.token_name, row.action, row.target, row.address, row.outcome,
                    row.request_id, row.id,
                )
                for row in connection.execute(statement)
            ]  # fmt: skip


def user_id(connection: Connection, name: str) -> int:
    """The number of a user, made where there is none; inside a write transaction."""
    found = connection.execute(select(server_user.c.id).where(server_user.c.name == name)).scalar()
    if found is None:
        values = {"name": name, "created_at": time.time()}
        found = connection.execute(insert(server_user).values(values).returning(server_user.c.id)).scalar_one()
    return int(found)


def _token(row: Row[Any]) -> StoredToken:
    return StoredToken(
        id=row.id,
        user_id=row.user_id,
        user=row.user_name,
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes.split(",") if scope),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        digest=bytes(row.digest),
    )
