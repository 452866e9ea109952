"""The bin: games that were removed, whole, with everything that hangs on them, ready to come back under their ids.

Any thread (never the GUI's). Every method is one short transaction; `services.bin_games` calls them in turn, so that a
hundred thousand games neither block other writers nor are half gone when the process is killed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, func, insert, literal, null, select, update

from desktop_app.domain.bin import BinEntry, BinnedGame, BinReason, EntryId, Moved
from desktop_app.domain.game import GameId, GameState
from desktop_app.domain.rows import BatchId, BatchState
from desktop_app.errors import NotFoundError
from desktop_app.library.backend import in_set, integers
from desktop_app.library.edits import reopen
from desktop_app.library.evaluations import summary_columns
from desktop_app.library.identities import has_index, require_index
from desktop_app.library.jobs import refuse_live_items
from desktop_app.library.memberships import forget_games
from desktop_app.library.tables import analysis, evaluation, game, game_text, import_batch
from desktop_app.library.tables_bin import (
    ANALYSIS_COLUMNS,
    EVALUATION_COLUMNS,
    GAME_COLUMNS,
    TEXT_COLUMNS,
    bin_analysis,
    bin_entry,
    bin_evaluation,
    bin_game,
    bin_text,
)
from desktop_app.library.tables_care import game_alias
from desktop_app.library.touched import mark_touched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Table

    from desktop_app.domain.work import Owner
    from desktop_app.library.database import Database

_UNDERWAY = (GameState.QUEUED.value, GameState.IN_PROGRESS.value)
_TEXT = ("game_id", *TEXT_COLUMNS)
_SAME_ANALYSIS = ("game_id", "engine_id", "profile", "limit_nodes", "reproducible")


class Bin:
    """The bin of one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- removing --------------------------------------------------------------------------------------------------

    def open_entry(self, reason: BinReason, batch_id: BatchId | None = None) -> EntryId:
        """An entry to move games into; for an import, the one that a crash left unfinished."""

        def run(connection: Connection) -> EntryId:
            if batch_id is not None:
                mine = (bin_entry.c.batch_id == batch_id) & (bin_entry.c.reason == reason.value)
                found = connection.execute(select(bin_entry.c.id).where(mine)).scalar()
                if found is not None:
                    # What is moved into it now must not count as lying there since the first time.
                    again = update(bin_entry).where(bin_entry.c.id == found)
                    connection.execute(again.values(finished=False, made_at=time.time()))
                    return EntryId(found)
            state = select(import_batch.c.state).where(import_batch.c.id == batch_id).scalar_subquery()
            values = {"made_at": time.time(), "reason": reason.value, "batch_id": batch_id, "games": 0}
            statement = insert(bin_entry).values(**values, batch_state=state, finished=False).returning(bin_entry.c.id)
            return EntryId(connection.execute(statement).scalar_one())

        return self._database.write(run)

    def move(self, entry_id: EntryId, ids: Sequence[GameId], me: Owner) -> Moved:
        """Move these games into the bin; those that are gone are left out. Their unfinished job items go.

        Raises JobOwnedElsewhereError, and moves none, when a living process other than `me` analyses one of them;
        NotFoundError, and moves none, when somebody emptied the bin since the entry was opened.
        """

        def run(connection: Connection) -> Moved:
            refuse_live_items(connection, ids, me, self._database)
            if connection.execute(select(bin_entry.c.id).where(bin_entry.c.id == entry_id)).first() is None:
                raise NotFoundError(
                    "The bin was emptied while games were moved into it; the others are still in the library.",
                    action="Delete them again.",
                )
            found = [*integers(connection, select(game.c.id).where(in_set(game.c.id, ids)))]
            _copy_out(connection, entry_id, found)
            connection.execute(delete(game).where(in_set(game.c.id, found)))
            mark_touched(connection, found)
            _count(connection, entry_id, len(found))
            return Moved(tuple(GameId(one) for one in found), last_id=max(found, default=0))

        return self._database.write(run)

    def of_import(self, batch_id: BatchId, limit: int) -> list[GameId]:
        """Some games that an import brought and that are still there."""
        with self._database.read() as connection:
            statement = select(game.c.id).where(game.c.batch_id == batch_id).order_by(game.c.id).limit(limit)
            return [GameId(one) for one in integers(connection, statement)]

    def finish(self, entry_id: EntryId) -> None:
        """All games of an entry are moved; an entry that got none goes, and an import that is gone is marked undone."""

        def run(connection: Connection) -> None:
            mine = bin_entry.c.id == entry_id
            connection.execute(update(bin_entry).where(mine).values(finished=True))
            undone = select(bin_entry.c.batch_id).where(mine, bin_entry.c.reason == BinReason.IMPORT_UNDONE.value)
            state = BatchState.UNDONE.value
            connection.execute(update(import_batch).where(import_batch.c.id.in_(undone)).values(state=state))
            connection.execute(
                delete(bin_entry).where(mine, bin_entry.c.games == 0, bin_entry.c.reason == BinReason.DELETED.value)
            )

        self._database.write(run)

    def drop_if_empty(self, entry_id: EntryId) -> None:
        """Forget an entry that got no game: nothing was removed."""
        mine = (bin_entry.c.id == entry_id) & (bin_entry.c.games == 0)
        self._database.write(lambda connection: connection.execute(delete(bin_entry).where(mine)))

    # -- looking ---------------------------------------------------------------------------------------------------

    def entries(self) -> list[BinEntry]:
        """All deletions, newest first."""
        with self._database.read() as connection:
            return [_entry(row) for row in connection.execute(_entries().order_by(bin_entry.c.id.desc()))]

    def entry(self, entry_id: EntryId | int) -> BinEntry:
        """One deletion. Raises NotFoundError."""
        with self._database.read() as connection:
            found = connection.execute(_entries().where(bin_entry.c.id == int(entry_id))).first()
        if found is None:
            raise NotFoundError(f"There is no entry {entry_id} in the bin.", action="See `kibitz bin list`.")
        return _entry(found)

    def entry_of_import(self, batch_id: BatchId | int) -> BinEntry | None:
        """The entry that undoing this import made, None where it was not undone or the bin was emptied."""
        mine = (bin_entry.c.batch_id == int(batch_id)) & (bin_entry.c.reason == BinReason.IMPORT_UNDONE.value)
        with self._database.read() as connection:
            found = connection.execute(_entries().where(mine)).first()
        return None if found is None else _entry(found)

    def games(self, entry_id: EntryId, *, limit: int) -> list[BinnedGame]:
        """The first games of an entry, by their ids. While a big import runs, none is said to be there again."""
        columns = [bin_game.c[name] for name in ("id", "white", "black", "result", "date", "event", "ply_count")]
        with self._database.read() as connection:
            # Each would be looked for among all games.
            again = _again() if has_index(connection, self._database.backend) else null()
            statement = (
                select(*columns, again.label("again"))
                .where(bin_game.c.entry_id == entry_id)
                .order_by(bin_game.c.id)
                .limit(limit)
            )
            return [BinnedGame(**row._asdict()) for row in connection.execute(statement)]

    def count(self) -> int:
        """How many games are in the bin."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.coalesce(func.sum(bin_entry.c.games), 0))).scalar_one())

    # -- restoring -------------------------------------------------------------------------------------------------

    def put_back(self, entry_id: EntryId, *, after: int, limit: int, ids: Sequence[GameId] | None = None) -> Moved:
        """Put the next games of an entry back, in the order of their ids from above `after` on.

        A game that was imported again meanwhile stays in the bin. `last_id` is where to go on, 0 when all were seen.
        """

        def run(connection: Connection) -> Moved:
            require_index(connection, self._database.backend)
            mine = [bin_game.c.entry_id == entry_id, bin_game.c.id > after]
            if ids is not None:
                mine.append(in_set(bin_game.c.id, ids))
            seen = [*integers(connection, select(bin_game.c.id).where(*mine).order_by(bin_game.c.id).limit(limit))]
            mine = [in_set(bin_game.c.id, seen), _again().is_(None)]
            free = [*integers(connection, select(bin_game.c.id).where(*mine))]
            _copy_back(connection, free)
            connection.execute(delete(bin_game).where(in_set(bin_game.c.id, free)))
            reopen(connection, free)
            mark_touched(connection, free)
            _count(connection, entry_id, -len(free))
            return Moved(tuple(GameId(one) for one in free), len(seen) - len(free), max(seen, default=0))

        return self._database.write(run)

    def close_entry(self, entry_id: EntryId) -> bool:
        """After restoring: remove an entry that is empty, and give its import the state it had. False if games stay."""

        def run(connection: Connection) -> bool:
            mine = (bin_entry.c.id == entry_id) & (bin_entry.c.games == 0)
            found = connection.execute(select(bin_entry).where(mine)).first()
            if found is None:
                return False
            _forget_entry(connection, entry_id, restored=True)
            return True

        return self._database.write(run)

    # -- emptying --------------------------------------------------------------------------------------------------

    def destroy(self, entry_id: EntryId, limit: int) -> int:
        """Remove some games of an entry for good, and with the last of them the entry. Returns how many went."""

        def run(connection: Connection) -> int:
            statement = select(bin_game.c.id).where(bin_game.c.entry_id == entry_id).limit(limit)
            found = integers(connection, statement)
            connection.execute(delete(bin_game).where(in_set(bin_game.c.id, found)))
            forget_games(connection, found)
            _count(connection, entry_id, -len(found))
            if len(found) < limit:
                _forget_entry(connection, entry_id, restored=False)
            return len(found)

        return self._database.write(run)


def _again() -> Any:
    """The game in the library that a removed one would be a duplicate of, as imports see it; null for none."""
    same = select(game.c.id).where(game.c.identity == bin_game.c.identity)
    edited_since = (
        select(game.c.id)
        .join_from(game_alias, game, game.c.id == game_alias.c.game_id)
        .where(game_alias.c.identity == bin_game.c.identity)
    )
    edited_before = (
        select(game.c.id)
        .join_from(game_alias, game, game.c.identity == game_alias.c.identity)
        .where(game_alias.c.game_id == bin_game.c.id)
    )
    found = (
        statement.correlate(bin_game).limit(1).scalar_subquery() for statement in (same, edited_since, edited_before)
    )
    return func.coalesce(*found)


def _forget_entry(connection: Connection, entry_id: EntryId, *, restored: bool) -> None:
    found = connection.execute(select(bin_entry).where(bin_entry.c.id == entry_id)).first()
    if found is not None and restored and found.batch_id is not None:
        state = found.batch_state or BatchState.DONE.value
        connection.execute(
            update(import_batch)
            .where(import_batch.c.id == found.batch_id, import_batch.c.state == BatchState.UNDONE.value)
            .values(state=state)
        )
    connection.execute(delete(bin_entry).where(bin_entry.c.id == entry_id))


def _count(connection: Connection, entry_id: EntryId, games: int) -> None:
    connection.execute(update(bin_entry).where(bin_entry.c.id == entry_id).values(games=bin_entry.c.games + games))


def _copy_out(connection: Connection, entry_id: EntryId, ids: Sequence[int]) -> None:
    """Copy these games, their texts, analyses and evaluations into the bin's tables."""
    rest = GAME_COLUMNS[1:]
    chosen = select(game.c.id, literal(int(entry_id)), *(game.c[name] for name in rest)).where(in_set(game.c.id, ids))
    connection.execute(insert(bin_game).from_select(["id", "entry_id", *rest], chosen))
    underway = bin_game.c.state.in_(_UNDERWAY)
    connection.execute(
        update(bin_game)
        .where(in_set(bin_game.c.id, ids), underway)
        .values(state=GameState.UNANALYSED.value, **summary_columns(None))
    )
    _copy(connection, game_text, bin_text, names=_TEXT, chosen=in_set(game_text.c.game_id, ids))
    names = ("game_id", *ANALYSIS_COLUMNS)
    found = select(analysis.c.id, *(analysis.c[name] for name in names)).where(in_set(analysis.c.game_id, ids))
    connection.execute(insert(bin_analysis).from_select(["stored_id", *names], found))
    values = (
        select(bin_analysis.c.id, *(evaluation.c[name] for name in EVALUATION_COLUMNS))
        .join_from(bin_analysis, evaluation, evaluation.c.analysis_id == bin_analysis.c.stored_id)
        .where(in_set(bin_analysis.c.game_id, ids))
    )
    connection.execute(insert(bin_evaluation).from_select(["analysis_id", *EVALUATION_COLUMNS], values))


def _copy_back(connection: Connection, ids: Sequence[int]) -> None:
    """Copy these games back; analyses get new ids, since theirs may be another's by now."""
    _copy(connection, bin_game, game, names=GAME_COLUMNS, chosen=in_set(bin_game.c.id, ids))
    _copy(connection, bin_text, game_text, names=_TEXT, chosen=in_set(bin_text.c.game_id, ids))
    chosen = in_set(bin_analysis.c.game_id, ids)
    _copy(connection, bin_analysis, analysis, names=("game_id", *ANALYSIS_COLUMNS), chosen=chosen)
    same = and_(*(analysis.c[name] == bin_analysis.c[name] for name in _SAME_ANALYSIS))
    values = (
        select(analysis.c.id, *(bin_evaluation.c[name] for name in EVALUATION_COLUMNS))
        .join_from(bin_analysis, analysis, same)
        .join(bin_evaluation, bin_evaluation.c.analysis_id == bin_analysis.c.id)
        .where(chosen)
    )
    connection.execute(insert(evaluation).from_select(["analysis_id", *EVALUATION_COLUMNS], values))
    shown = (
        select(analysis.c.id)
        .join_from(bin_analysis, analysis, same)
        .where(bin_analysis.c.game_id == game.c.id, bin_analysis.c.stored_id == game.c.analysis_id)
        .scalar_subquery()
    )
    connection.execute(
        update(game).where(in_set(game.c.id, ids), game.c.analysis_id.is_not(None)).values(analysis_id=shown)
    )


def _copy(
    connection: Connection, source: Table, target: Table, *, names: Sequence[str], chosen: ColumnElement[bool]
) -> None:
    rows = select(*(source.c[name] for name in names)).where(chosen)
    connection.execute(insert(target).from_select(list(names), rows))


def _entries() -> Any:
    first = (
        select(bin_game.c.white + " - " + bin_game.c.black)
        .where(bin_game.c.entry_id == bin_entry.c.id)
        .order_by(bin_game.c.id)
        .limit(1)
        .scalar_subquery()
    )
    undone = bin_entry.c.reason == BinReason.IMPORT_UNDONE.value
    return select(
        bin_entry.c.id,
        bin_entry.c.made_at,
        bin_entry.c.reason,
        bin_entry.c.batch_id,
        case((undone, import_batch.c.source), else_="").label("source"),
        bin_entry.c.games,
        bin_entry.c.finished,
        func.coalesce(first, "").label("title"),
    ).join_from(bin_entry, import_batch, import_batch.c.id == bin_entry.c.batch_id, isouter=True)


def _entry(row: Any) -> BinEntry:
    values = row._asdict()
    return BinEntry(**{**values, "reason": BinReason(row.reason), "source": row.source or ""})
