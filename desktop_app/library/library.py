"""The library as the rest of Kibitz sees it: games, imports, evaluations and jobs of one open database.

Any thread but the GUI's: every call waits for the disk. Opened by `bootstrap` and `cli`, handed to services.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from desktop_app.library.bin import Bin
from desktop_app.library.comments import Comments
from desktop_app.library.database import CLOSE_BUDGET_S, Database
from desktop_app.library.duplicates import Duplicates
from desktop_app.library.edits import Edits
from desktop_app.library.enrichments import Enrichments
from desktop_app.library.evaluations import Evaluations
from desktop_app.library.games import Games
from desktop_app.library.gradings import Gradings
from desktop_app.library.holders import work_under_way
from desktop_app.library.imports import Imports
from desktop_app.library.indexes import Indexes
from desktop_app.library.jobs import Jobs
from desktop_app.library.leases import Lease
from desktop_app.library.marks import Marks
from desktop_app.library.opening_tree import OpeningTree
from desktop_app.library.people import People
from desktop_app.library.positions import Positions
from desktop_app.library.remote_origins import RemoteOrigins
from desktop_app.library.sets import Sets
from desktop_app.library.suggestions import Suggestions

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.domain.rows import BatchId

logger = logging.getLogger(__name__)


class Library:
    """One open library; also a context manager.

    Attributes:
        database: the connections; for checks and for closing order, not for SQL elsewhere.
        games, openings, imports, indexes, evaluations, gradings, jobs, marks, positions, remote_origins, sets, people,
            comments, suggestions, bin, duplicates, enrichments, edits: what it holds.
        lease: this process's sign of life, where several computers share the library.
        interrupted_imports: imports whose process was found dead when this was opened, as nobody had before.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.games = Games(database)
        self.openings = OpeningTree(database, self.games)
        self.imports = Imports(database)
        self.indexes = Indexes(database, self.games.identities)
        self.evaluations = Evaluations(database)
        self.gradings = Gradings(database)
        self.jobs = Jobs(database)
        self.marks = Marks(database)
        self.positions = Positions(database)
        self.remote_origins = RemoteOrigins(database)
        self.sets = Sets(database)
        self.people = People(database)
        self.comments = Comments(database)
        self.suggestions = Suggestions(database)
        self.bin = Bin(database)
        self.duplicates = Duplicates(database)
        self.enrichments = Enrichments(database)
        self.edits = Edits(database)
        self.lease = Lease(database)
        self.interrupted_imports: tuple[BatchId, ...] = ()

    @classmethod
    def open(cls, location: str | Path, *, create: bool = True, allow_read_only: bool = False) -> Self:
        """Open, create or upgrade the library at a path or URL; imports that died are marked interrupted.

        One that cannot be written is refused, or with `allow_read_only` opened as far as that goes (`read_only`).

        Raises LibraryError kinds with a sentence and an action; the file is then as it was.
        """
        library = cls(Database.open(location, create=create, allow_read_only=allow_read_only))
        if library.read_only:
            return library
        try:
            if library.database.backend.many_hosts:
                library.lease.start()
            library.interrupted_imports = library.imports.mark_interrupted()
            if library.interrupted_imports:
                logger.info("%d import(s) had been interrupted", len(library.interrupted_imports))
            if library.indexes.missing():
                library.indexes.restore()
            if interrupted := library.edits.mark_interrupted():
                logger.info("%d edit(s) had been interrupted", interrupted)
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

    @property
    def read_only(self) -> bool:
        """Whether it can only be read; whatever would write then raises LibraryReadOnlyError."""
        return self.database.read_only

    @property
    def remarks(self) -> list[str]:
        """What people should know about where it is, as sentences; mostly nothing."""
        return self.database.backend.remarks()

    def work_under_way(self) -> list[str]:
        """What living processes do in it, this one too: "process 12 on club-pc, importing twic.pgn since 14:03"."""
        many_hosts = self.database.backend.many_hosts
        with self.database.read() as connection:
            return work_under_way(lambda sql: connection.exec_driver_sql(sql).all(), many_hosts=many_hosts)

    def check(self) -> list[str]:
        """What is wrong with the file, an empty list when it is sound. Reads all of it."""
        return self.database.check()

    def close(self, *, budget_s: float = CLOSE_BUDGET_S) -> None:
        """Finish what is queued and close. Idempotent; later calls of anything else raise LibraryClosedError."""
        self.lease.stop()
        self.database.close(budget_s=budget_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
