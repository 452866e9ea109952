"""The library as the rest of Kibitz sees it: games, imports, evaluations and jobs of one open database.

Any thread but the GUI's: every call waits for the disk. Opened by `bootstrap` and `cli`, handed to services.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from desktop_app.library.database import CLOSE_BUDGET_S, Database
from desktop_app.library.evaluations import Evaluations
from desktop_app.library.games import Games
from desktop_app.library.imports import Imports
from desktop_app.library.jobs import Jobs
from desktop_app.library.positions import Positions
from desktop_app.library.sets import Sets

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)


class Library:
    """One open library; also a context manager.

    Attributes:
        database: the connections; for checks and for closing order, not for SQL elsewhere.
        games, imports, evaluations, jobs, positions, sets: what it holds.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.games = Games(database)
        self.imports = Imports(database)
        self.evaluations = Evaluations(database)
        self.jobs = Jobs(database)
        self.positions = Positions(database)
        self.sets = Sets(database)

    @classmethod
    def open(cls, location: str | Path, *, create: bool = True) -> Self:
        """Open, create or upgrade the library at a path or URL; imports that died are marked interrupted.

        Raises LibraryError kinds with a sentence and an action; the file is then as it was.
        """
        library = cls(Database.open(location, create=create))
        try:
            if interrupted := library.imports.mark_interrupted():
                logger.info("%d import(s) had been interrupted", interrupted)
        except BaseException:
            library.close()
            raise
        return library

    @property
    def location(self) -> str:
        """Where it is, as a text for people; without passwords."""
        return self.database.location

    @property
    def path(self) -> Path | None:
        """The library's file; None where a server keeps it."""
        return self.database.path

    def check(self) -> list[str]:
        """What is wrong with the file, an empty list when it is sound. Reads all of it."""
        return self.database.check()

    def close(self, *, budget_s: float = CLOSE_BUDGET_S) -> None:
        """Finish what is queued and close. Idempotent; later calls of anything else raise LibraryClosedError."""
        self.database.close(budget_s=budget_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
