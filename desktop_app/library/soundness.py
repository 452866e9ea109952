"""Whether what the library holds fits together: counts, states, names, indexes; and mending what can be mended.

Any thread (never the GUI's). Each check is one query over indexes or a few columns; the texts themselves are read by
`services.check_library`. Repairs run in write transactions, a check at a time.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, exists, func, or_, select, update

from desktop_app.domain.care import Finding
from desktop_app.domain.game import GameState
from desktop_app.domain.names import fold
from desktop_app.domain.work import ItemState, JobState
from desktop_app.library.evaluations import summary_columns
from desktop_app.library.identities import has_index, require_index
from desktop_app.library.name_search import KINDS
from desktop_app.library.tables import (
    analysis,
    evaluation,
    game,
    game_text,
    import_batch,
    job,
    job_item,
    metadata,
    name_entry,
    position_block,
    position_segment,
    position_summary,
)
from desktop_app.library.tables_bin import bin_game
from desktop_app.library.tables_care import edit_game, game_alias
from desktop_app.library.tables_sets import collection_game, game_comment, game_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Connection, Select, Table

    from desktop_app.library.database import Database

_BUCKETS = 256
_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value, JobState.PAUSED.value)
_LIVE_ITEMS = (ItemState.QUEUED.value, ItemState.RUNNING.value)
_UNDER_WAY = (GameState.QUEUED.value, GameState.IN_PROGRESS.value)
_BELONGING = ((game_tag, "tags"), (collection_game, "places in collections"), (game_comment, "comments' words"),
              (edit_game, "edits"), (game_alias, "further identities"))  # fmt: skip
"""Tables that name games without a foreign key; what they say of games in the bin is right."""

_RESTORE = "Restore a backup (kibitz backup list), or import the games again."
_NAMES_AT_ONCE = 20_000


def check_counts(database: Database) -> list[Finding]:
    """Everything but the texts. Raises LibraryError kinds."""
    found: list[Finding] = []
    with database.read() as connection:
        for check in (_texts, _batches, _analyses, _unwatched, _names, _twins, _indexes, _positions, _strays):
            found += check(connection, database)
    if not database.read_only:
        said = database.write(lambda connection: database.backend.name_search_damage(connection, repair=False))
        if said:
            text = f"The search for parts of names is damaged: {said}."
            found.append(Finding("name_search", text, repairable=True))
    return found


def repair(database: Database, finding: Finding) -> bool:
    """Mend one finding. Returns False where there is no way; the finding's action then says what to do."""
    mend = _REPAIRS.get(finding.kind)
    if mend is None:
        return False
    database.write(lambda connection: mend(connection, database))
    return True


def _count(connection: Connection, statement: Select[Any]) -> int:
    return int(connection.execute(select(func.count()).select_from(statement.subquery())).scalar_one())


# -- checks --------------------------------------------------------------------------------------------------------


def _texts(connection: Connection, _database: Database) -> list[Finding]:
    missing = _count(connection, select(game.c.id).where(~exists().where(game_text.c.game_id == game.c.id)))
    if not missing:
        return []
    return [Finding("no_text", f"{_games(missing)} without text: there is nothing to show.", _RESTORE, missing)]


def _batches(connection: Connection, _database: Database) -> list[Finding]:
    batch = import_batch.c
    wrong = connection.execute(
        select(batch.id).where(batch.read != batch.imported + batch.duplicates + batch.rejected)
    ).scalars()
    there = select(game.c.batch_id, func.count().label("games")).group_by(game.c.batch_id).subquery()
    more = connection.execute(
        select(batch.id).join(there, there.c.batch_id == batch.id).where(there.c.games > batch.imported)
    ).scalars()
    ids = sorted({*wrong, *more})
    if not ids:
        return []
    listed = ", ".join(map(str, ids[:10]))
    return [Finding("batch_counts", f"The counts of imports do not add up: {listed}.", count=len(ids), repairable=True)]


def _analysed_badly() -> ColumnElement[bool]:
    whole = exists().where(analysis.c.id == game.c.analysis_id, analysis.c.game_id == game.c.id, analysis.c.complete)
    return and_(game.c.state == GameState.ANALYSED.value, ~whole)


def _analyses(connection: Connection, _database: Database) -> list[Finding]:
    wrong = _count(connection, select(game.c.id).where(_analysed_badly()))
    found = []
    if wrong:
        text = f"{_games(wrong)} called analysed without a complete analysis."
        found.append(Finding("analysed_badly", text, count=wrong, repairable=True))
    complete = select(analysis.c.id, game.c.ply_count).join(game).where(analysis.c.complete).subquery()
    # A finished last position needs no evaluation, so that one less than all is complete too.
    stored = select(evaluation.c.analysis_id, func.count().label("plies")).group_by(evaluation.c.analysis_id).subquery()
    holes = _count(
        connection,
        select(complete.c.id)
        .join(stored, stored.c.analysis_id == complete.c.id, isouter=True)
        .where(func.coalesce(stored.c.plies, 0) < complete.c.ply_count),
    )
    if holes:
        text = f"{holes:,} analyses called complete have holes."
        found.append(Finding("holes", text, count=holes, repairable=True))
    return found


def _is_unwatched() -> ColumnElement[bool]:
    waiting = exists().where(
        job_item.c.game_id == game.c.id,
        job_item.c.state.in_(_LIVE_ITEMS),
        job.c.id == job_item.c.job_id,
        job.c.state.in_(_UNFINISHED),
    )
    return and_(game.c.state.in_(_UNDER_WAY), ~waiting)


def _unwatched(connection: Connection, _database: Database) -> list[Finding]:
    waiting = _count(connection, select(game.c.id).where(_is_unwatched()))
    if not waiting:
        return []
    text = f"{_games(waiting)} waiting for an analysis that nobody has queued."
    return [Finding("unwatched", text, count=waiting, repairable=True)]


def _missing_names(column: str) -> Select[Any]:
    key = func.lower(game.c[column])
    known = exists().where(name_entry.c.kind == int(KINDS[column]), name_entry.c.name == key)
    wanted = select(key.label("name")).distinct().where(game.c[column] != "", ~known)
    return wanted.where(~key.startswith("http")) if column == "site" else wanted


def _names(connection: Connection, _database: Database) -> list[Finding]:
    missing = sum(_count(connection, _missing_names(column)) for column in KINDS)
    if not missing:
        return []
    text = f"{missing:,} names are not in the dictionary, so that searching does not find their games."
    return [Finding("names", text, count=missing, repairable=True)]


def _later_twins() -> Select[Any]:
    """Games whose identity an earlier one has."""
    first = select(func.min(game.c.id).label("id"), game.c.identity).group_by(game.c.identity)
    several = first.having(func.count() > 1).subquery()
    statement = select(game.c.id, game.c.identity).join(several, several.c.identity == game.c.identity)
    return statement.where(game.c.id != several.c.id)


def _twins(connection: Connection, database: Database) -> list[Finding]:
    """Only without the unique index, and with a fault, can there be any; they would keep it from being built."""
    twins = 0 if has_index(connection, database.backend) else _count(connection, _later_twins())
    if not twins:
        return []
    text = f"{twins:,} games stand for the same as others; mended, all are kept, as different ones."
    return [Finding("twins", text, count=twins, repairable=True)]


def _missing_indexes(connection: Connection, database: Database) -> list[Any]:
    there = database.backend.index_names(connection)
    return [index for table in metadata.sorted_tables for index in table.indexes if index.name not in there]


def _indexes(connection: Connection, database: Database) -> list[Finding]:
    missing = _missing_indexes(connection, database)
    if not missing:
        return []
    text = f"{len(missing)} indexes are missing, so that finding is slow: {missing[0].name}."
    return [Finding("indexes", text, count=len(missing), repairable=True)]


def _stray_segments(connection: Connection) -> set[int]:
    known = set(connection.execute(select(position_segment.c.id)).scalars())
    first = connection.execute(select((position_block.c.id / _BUCKETS).label("segment")).distinct()).scalars()
    counted = connection.execute(select(position_summary.c.segment).distinct()).scalars()
    return {int(segment) for segment in (*first, *counted)} - known


def _positions(connection: Connection, _database: Database) -> list[Finding]:
    strays = _stray_segments(connection)
    if not strays:
        return []
    text = f"{len(strays):,} parts of the position index belong to nothing."
    return [Finding("position_strays", text, count=len(strays), repairable=True)]


def _is_stray(table: Table) -> ColumnElement[bool]:
    there = exists().where(game.c.id == table.c.game_id)
    binned = exists().where(bin_game.c.id == table.c.game_id)
    return ~or_(there, binned)


def _strays(connection: Connection, _database: Database) -> list[Finding]:
    found = []
    for table, what in _BELONGING:
        count = _count(connection, select(table.c.game_id).where(_is_stray(table)))
        if count:
            text = f"{count:,} {what} are of games that are gone."
            found.append(Finding("strays", text, count=count, repairable=True))
    return found


# -- repairs -------------------------------------------------------------------------------------------------------


def _repair_batches(connection: Connection, _database: Database) -> None:
    batch = import_batch.c
    there = select(func.count()).where(game.c.batch_id == batch.id).correlate(import_batch).scalar_subquery()
    few = update(import_batch).where(batch.imported < there)
    connection.execute(few.values(imported=there))
    connection.execute(update(import_batch).values(read=batch.imported + batch.duplicates + batch.rejected))


def _repair_analysed(connection: Connection, _database: Database) -> None:
    values = {"state": GameState.UNANALYSED.value, "error": None, **summary_columns(None)}
    connection.execute(update(game).where(_analysed_badly()).values(values))


def _repair_holes(connection: Connection, database: Database) -> None:
    stored = select(func.count()).where(evaluation.c.analysis_id == analysis.c.id).correlate(analysis).scalar_subquery()
    plies = select(game.c.ply_count).where(game.c.id == analysis.c.game_id).correlate(analysis).scalar_subquery()
    connection.execute(update(analysis).where(analysis.c.complete, stored < plies).values(complete=False))
    _repair_analysed(connection, database)


def _repair_unwatched(connection: Connection, _database: Database) -> None:
    values = {"state": GameState.UNANALYSED.value, **summary_columns(None)}
    connection.execute(update(game).where(_is_unwatched()).values(values))


def _repair_names(connection: Connection, database: Database) -> None:
    for column, kind in KINDS.items():
        names = connection.execute(_missing_names(column)).scalars().all()
        for start in range(0, len(names), _NAMES_AT_ONCE):
            some = names[start : start + _NAMES_AT_ONCE]
            database.backend.insert_names(connection, [(int(kind), name, fold(name)) for name in some])


def _repair_twins(connection: Connection, _database: Database) -> None:
    for game_id, identity in connection.execute(_later_twins()).all():
        other = hashlib.blake2b(identity + str(game_id).encode(), digest_size=len(identity)).digest()
        connection.execute(update(game).where(game.c.id == game_id).values(identity=other))


def _repair_indexes(connection: Connection, database: Database) -> None:
    require_index(connection, database.backend)
    for index in _missing_indexes(connection, database):
        index.create(connection)


def _repair_positions(connection: Connection, _database: Database) -> None:
    for segment in sorted(_stray_segments(connection)):
        first = segment * _BUCKETS
        blocks = position_block.c.id
        connection.execute(delete(position_block).where(blocks >= first, blocks < first + _BUCKETS))
        connection.execute(delete(position_summary).where(position_summary.c.segment == segment))


def _repair_strays(connection: Connection, _database: Database) -> None:
    for table, _ in _BELONGING:
        connection.execute(delete(table).where(_is_stray(table)))


def _repair_search(connection: Connection, database: Database) -> None:
    database.backend.name_search_damage(connection, repair=True)


_REPAIRS: dict[str, Callable[[Connection, Database], None]] = {
    "batch_counts": _repair_batches,
    "analysed_badly": _repair_analysed,
    "holes": _repair_holes,
    "unwatched": _repair_unwatched,
    "names": _repair_names,
    "twins": _repair_twins,
    "indexes": _repair_indexes,
    "position_strays": _repair_positions,
    "strays": _repair_strays,
    "name_search": _repair_search,
}
"""How each kind of finding is mended."""


def _games(count: int) -> str:
    return f"{count:,} game{' is' if count == 1 else 's are'}"
