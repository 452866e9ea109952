"""Brings a library's schema up to date: creates a new one, upgrades an old one, refuses a newer one.

Runs on the thread that opens the database, before its writer starts. The version check costs one query; Alembic (a
second to import) is loaded only when there is something to upgrade.
"""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.errors import KibitzError, LibraryError, LibraryTooNewError
from desktop_app.library.backend import APPLICATION_ID, driver_connection
from desktop_app.library.faults import known_errors, not_a_library, read_only, writable
from desktop_app.library.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from desktop_app.library.backend import SqliteBackend

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
_SQLITE_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Schema:
    """Which schema this program speaks.

    Attributes:
        head: number of the newest migration, four digits.
        versions: folders that hold the numbered migrations.
    """

    head: str
    versions: tuple[Path, ...]


CURRENT = Schema(head="0001", versions=(MIGRATIONS / "versions",))


def prepare(backend: SqliteBackend, schema: Schema = CURRENT, *, create: bool = True) -> None:
    """Make sure that a library of exactly this schema stands at the backend's path.

    Raises LibraryError kinds: too new, corrupt or of another program, read-only, full, locked, missing with
    `create` off. Whatever fails, the file is as it was before; an upgrade leaves a backup beside it in any case.
    """
    path = backend.path
    with known_errors(path):
        if path.is_dir():
            raise LibraryError(
                f"{path} is a folder, and a library is a file.",
                action=f"Name a file in it, such as {path / 'my.kibitz'}.",
            )
        if not path.exists() or path.stat().st_size == 0:
            if not create:
                raise LibraryError(f"There is no library at {path}.", action="Check the path given with --library.")
            _create(backend, schema)
        _check_file(path)
        version = _installed_version(backend)
        if int(version) > int(schema.head):
            raise LibraryTooNewError(
                f"The library {path} was written by a newer Kibitz (schema {version}, this one reads {schema.head}).",
                action="Update Kibitz, or choose another library with --library; nothing was changed.",
            )
        if version != schema.head:
            _upgrade(backend, schema)


def _check_file(path: Path) -> None:
    _check_writable(path)
    with path.open("rb") as file:
        if file.read(len(_SQLITE_MAGIC)) != _SQLITE_MAGIC:
            raise not_a_library(path)


def _check_writable(path: Path) -> None:
    if not writable(path.parent) or (path.exists() and not writable(path)):
        raise read_only(path)


def _installed_version(backend: SqliteBackend) -> str:
    connection = backend.connect_raw()
    try:
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        if application_id != APPLICATION_ID:
            raise not_a_library(backend.path, why="it is another program's database")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            raise not_a_library(backend.path, why="its version is missing") from error
        raise
    finally:
        connection.close()
    if row is None or not str(row[0]).isdigit():
        raise not_a_library(backend.path, why="its version cannot be read")
    return str(row[0])


def _create(backend: SqliteBackend, schema: Schema) -> None:
    """Create the newest schema in one transaction; a process that comes second finds it done.

    A crash in the middle leaves at most an empty file, which the next opening takes as new.
    """
    path = backend.path
    path.parent.mkdir(parents=True, exist_ok=True)
    _check_writable(path)
    existed = path.exists()
    engine = backend.plain_engine(create=True)
    try:
        with engine.connect() as connection, connection.begin():
            if connection.exec_driver_sql("PRAGMA application_id").scalar_one() != APPLICATION_ID:
                metadata.create_all(connection, checkfirst=False)
                connection.exec_driver_sql(
                    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
                )
                connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (CURRENT.head,))
                _sign(connection, CURRENT.head)
    except BaseException:
        if not existed and path.exists() and path.stat().st_size == 0:
            path.unlink()
        raise
    finally:
        engine.dispose()
    if schema.head != CURRENT.head:
        logger.debug("created %s at %s, to be upgraded to %s", path, CURRENT.head, schema.head)


def _upgrade(backend: SqliteBackend, schema: Schema) -> None:
    """Back up, then run all missing migrations in one transaction."""
    engine = backend.plain_engine()
    try:
        with engine.connect() as connection:
            # Tables are rebuilt under a new name; references are checked as a whole before the commit instead.
            driver_connection(connection).execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                version = str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
                if version == schema.head:
                    return  # another process was faster
                backup = _back_up(backend, version)
                _migrate(connection, backend.path, schema, backup)
    finally:
        engine.dispose()
    logger.info("upgraded %s from schema %s to %s; backup %s", backend.path, version, schema.head, backup.name)


def _back_up(backend: SqliteBackend, version: str) -> Path:
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
    target = backend.path.with_name(f"{backend.path.name}.schema-{version}-{stamp}.backup")
    backend.back_up(target)
    return target


def _migrate(connection: Connection, path: Path, schema: Schema, backup: Path) -> None:
    try:
        with known_errors(path):
            run_migrations(connection, schema)
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise ValueError("references between tables do not hold after the upgrade")  # noqa: TRY301 -- one exit
            _sign(connection, schema.head)
    except KibitzError:
        raise
    except Exception as error:
        raise LibraryError(
            f"The library {path} could not be upgraded ({error}); it is as it was, with a backup at {backup}.",
            action="Go on with the Kibitz that wrote it, and report this with the log.",
        ) from error


def run_migrations(connection: Connection, schema: Schema) -> None:
    """Run the missing migrations in the transaction that `connection` has open."""
    from alembic import command  # noqa: PLC0415 -- a second to import, needed once per release
    from alembic.config import Config  # noqa: PLC0415 -- the same

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(folder) for folder in schema.versions).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, schema.head)


def _sign(connection: Connection, version: str) -> None:
    """Mark the file as a Kibitz library of this version, for other tools and for our own check."""
    connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version={int(version)}")
