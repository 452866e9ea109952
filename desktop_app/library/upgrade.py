"""Brings a library's schema up to date: creates a new one, upgrades an old one, refuses a newer one.

Runs on the thread that opens the database, before its writer starts. The version check costs one query; Alembic (a
second to import) is loaded only when there is something to upgrade.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from desktop_app.errors import KibitzError, LibraryError, LibraryReadOnlyError, LibraryTooNewError
from desktop_app.library import tables_bin, tables_care, tables_evidence, tables_server, tables_sets
from desktop_app.library.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from desktop_app.library.backend import Backend

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
PARTS = (tables_bin, tables_care, tables_evidence, tables_server, tables_sets)
"""Modules that add tables to `tables.metadata`: creating a library needs them loaded."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Which schema this program speaks.

    Attributes:
        head: number of the newest migration, four digits.
        versions: folders that hold the numbered migrations.
    """

    head: str
    versions: tuple[Path, ...]


CURRENT = Schema(head="0010", versions=(MIGRATIONS / "versions",))


def prepare(backend: Backend, schema: Schema = CURRENT, *, create: bool = True) -> None:
    """Make sure that a library of exactly this schema stands at the backend's place.

    Raises LibraryError kinds: too new, corrupt or of another program, read-only, full, locked, missing with
    `create` off. Whatever fails, the library is as it was before; an upgrade leaves a backup beside a file in any case.
    """
    with backend.known_errors():
        if backend.is_new():
            if not create:
                raise backend.missing()
            _create(backend)
        version = backend.installed_version()
        if int(version) > int(schema.head):
            raise LibraryTooNewError(
                f"The library {backend.location} was written by a newer Kibitz "
                f"(schema {version}, this one reads {schema.head}).",
                action="Update Kibitz, or choose another library with --library; nothing was changed.",
            )
        if version != schema.head and backend.read_only:
            raise LibraryReadOnlyError(
                f"The library {backend.location} was written by an older Kibitz (schema {version}) and must be brought "
                "up to date before it can be opened, but it is read-only for you.",
                action="Copy it to a folder of your own and open it there.",
            )
        if version != schema.head:
            _upgrade(backend, schema)


def _create(backend: Backend) -> None:
    """Create the newest schema in one transaction; a process that comes second finds it done."""
    with backend.creating() as connection:
        if not backend.is_signed(connection):
            metadata.create_all(connection, checkfirst=False)
            backend.create_text_search(connection)
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
            connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": CURRENT.head})
            backend.sign(connection, CURRENT.head)


def _upgrade(backend: Backend, schema: Schema) -> None:
    """Back up, then run all missing migrations in one transaction."""
    engine = backend.upgrade_engine()
    try:
        with engine.connect() as connection:
            backend.before_upgrade(connection)
            with connection.begin():
                version = str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
                if version == schema.head:
                    return  # another process was faster
                backup = backend.back_up(f"schema-{version}")
                _migrate(connection, backend, schema, backup)
    finally:
        engine.dispose()
    logger.info("upgraded %s from schema %s to %s; backup %s", backend.location, version, schema.head, backup)


def _migrate(connection: Connection, backend: Backend, schema: Schema, backup: Path | None) -> None:
    try:
        with backend.known_errors():
            run_migrations(connection, schema)
            if backend.broken_references(connection):
                raise ValueError("references between tables do not hold after the upgrade")  # noqa: TRY301 -- one exit
            backend.sign(connection, schema.head)
    except KibitzError:
        raise
    except Exception as error:
        kept = f", with a backup at {backup}" if backup else ""
        raise LibraryError(
            f"The library {backend.location} could not be upgraded ({error}); it is as it was{kept}.",
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
