"""Gives back the room that removed games left: SQLite's and PostgreSQL's own rebuilding of their files.

Runs on the library's writer thread, outside of any transaction (`Database.compact`). A process that is killed in the
middle leaves the library as it was: both systems write a copy first.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from desktop_app.errors import CancelledError, DiskFullError
from desktop_app.library.file_systems import free_bytes
from desktop_app.library.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Told = Callable[[int, int], bool]

_STEPS_BETWEEN_QUESTIONS = 200_000
_SPARE_SHARE = 1.1
_MEGABYTE = 1 << 20


def sqlite_sizes(driver: sqlite3.Connection) -> tuple[int, int]:
    """Bytes of the file, and of what is stored in it."""
    page, pages, free = (
        int(driver.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_size", "page_count", "freelist_count")
    )
    return page * pages, page * (pages - free)


def compact_sqlite(driver: sqlite3.Connection, path: Path, told: Told) -> None:
    """Rebuild the file. `told(done, total)` is asked now and then; True stops it, and nothing has changed.

    SQLite writes the new file twice, once beside the old one and once into its log. Raises DiskFullError where there is
    no room for that, before anything is done, and CancelledError.
    """
    _, used = sqlite_sizes(driver)
    needed = int(2 * used * _SPARE_SHARE)
    if (free := free_bytes(path)) < needed:
        raise DiskFullError(
            f"Compacting the library {path} needs {needed // _MEGABYTE:,} MB of room while it works, and "
            f"{free // _MEGABYTE:,} MB are free.",
            action="Free some space on this disk, then try again.",
        )
    log, stopped = path.with_name(f"{path.name}-wal"), False

    def ask() -> bool:
        nonlocal stopped
        written = log.stat().st_size if log.exists() else 0
        stopped = told(min(written, used), used)
        return stopped

    # The copy must not be kept in memory, and not on a small /tmp either.
    driver.execute("PRAGMA temp_store=FILE")
    driver.execute(f"PRAGMA temp_store_directory='{str(path.parent).replace(chr(39), chr(39) * 2)}'")
    driver.set_progress_handler(ask, _STEPS_BETWEEN_QUESTIONS)
    try:
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        driver.execute("VACUUM")
        driver.set_progress_handler(None, 0)
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_INTERRUPT and stopped:
            raise CancelledError("Compacting was stopped; the library is as it was.") from error
        raise
    finally:
        driver.set_progress_handler(None, 0)
        driver.execute("PRAGMA temp_store_directory=''")
        driver.execute("PRAGMA temp_store=MEMORY")


def compact_postgres(driver: Any, lock: int, told: Told) -> None:
    """Rebuild table after table, holding the library's write lock; stopping keeps the tables that are done."""
    tables = [table.name for table in metadata.sorted_tables]
    before = driver.autocommit
    driver.rollback()
    driver.autocommit = True
    try:
        driver.execute(f"SELECT pg_advisory_lock({lock})")
        for done, name in enumerate(tables):
            if told(done, len(tables)):
                raise CancelledError("Compacting was stopped; the tables that were done stay so.")
            driver.execute(f'VACUUM (FULL, ANALYZE) "{name}"')
    finally:
        driver.execute(f"SELECT pg_advisory_unlock({lock})")
        driver.autocommit = before
