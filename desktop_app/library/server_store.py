"""The analysis server's half of an open library: users, batches, work, events. Any thread but an event loop's.

Blocking. Opened by `server.serve` and `kibitz token`. Several servers may have the same PostgreSQL library open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from desktop_app.library.database import CLOSE_BUDGET_S, Database
from desktop_app.library.server_batches import ServerBatches
from desktop_app.library.server_care import ServerCare
from desktop_app.library.server_events import ServerEvents
from desktop_app.library.server_users import ServerUsers
from desktop_app.library.server_work import ServerWork

if TYPE_CHECKING:
    from pathlib import Path


class ServerStore:
    """What the server keeps; also a context manager."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.users = ServerUsers(database)
        self.batches = ServerBatches(database)
        self.care = ServerCare(database)
        self.work = ServerWork(database)
        self.events = ServerEvents(database)

    @classmethod
    def open(cls, location: str | Path, *, create: bool = True) -> Self:
        """Open, create or upgrade the library at a path or URL. Raises LibraryError kinds."""
        return cls(Database.open(location, create=create))

    @property
    def location(self) -> str:
        """Where it is, for people; without passwords."""
        return self.database.location

    def check(self) -> str:
        """Ask the database for its schema's number. Raises LibraryError where it cannot be reached."""
        with self.database.read() as connection:
            return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())

    def close(self, *, budget_s: float = CLOSE_BUDGET_S) -> None:
        """Finish what is queued and close. Idempotent."""
        self.database.close(budget_s=budget_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
