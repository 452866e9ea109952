"""Edits of games' tags: made in steps, remembered with what was before, undone in steps.

Any thread (never the GUI's). What a game becomes is worked out by the caller's function (`services.edit_games`), inside
the write transaction that stores it, so that nothing comes in between. A game's `identity` stays that of the source it
came from: importing that again finds it. What it would be known by now is put beside it (`game_alias`), so that its
export is found too.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from desktop_app.domain.edits import Edit, EditId, EditKind, EditState
from desktop_app.domain.game import GameId, GameRecord
from desktop_app.domain.names import ascii_lower
from desktop_app.domain.work import Owner
from desktop_app.errors import NotFoundError
from desktop_app.library.backend import in_set, in_texts
from desktop_app.library.identities import require_index
from desktop_app.library.leases import is_running
from desktop_app.library.name_search import KINDS, Names, add_names
from desktop_app.library.owners import this_owner
from desktop_app.library.positions import mark_stale
from desktop_app.library.prepared import GAME_COLUMNS, pack_text, prepare, record_of, storable, unpack_text
from desktop_app.library.tables import game, game_text
from desktop_app.library.tables_care import edit, edit_game, game_alias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from desktop_app.library.database import Database

_EDITABLE = (
    "white", "black", "white_elo", "black_elo", "result", "date", "event", "site", "round", "time_control",
    "termination", "speed", "eco", "opening",
)  # fmt: skip
"""Columns of `game` that come from tags."""

_COUNTED_IN_POSITIONS = ("result", "date", "white_elo", "black_elo")
"""What the position index keeps counts by."""

_COLUMNS = tuple(game.c[name] for name in _EDITABLE)
_ADDRESS = "http"
_IDENTITIES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class EditableGame:
    """A game as an edit finds it. `eco` and `opening` are what the list shows."""

    id: GameId
    record: GameRecord
    eco: str
    opening: str


@dataclass(frozen=True, slots=True)
class EditedGame:
    """What a game becomes: its record with other tags, what the list shows as opening, and what undoing needs."""

    record: GameRecord
    eco: str | None
    opening: str | None
    before: dict[str, Any]


class Edits:
    """The edits of one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- making ----------------------------------------------------------------------------------------------------

    def begin(self, kind: EditKind, title: str, detail: dict[str, Any]) -> EditId:
        """Note that this process starts an edit. Raises LibraryReadOnlyError."""
        owner = this_owner()
        row = {
            "kind": kind.value,
            "title": storable(title),
            "made_at": time.time(),
            "state": EditState.RUNNING.value,
            "detail": json.dumps(detail),
            "owner_host": owner.host,
            "owner_pid": owner.pid,
            "owner_started": owner.started,
        }

        def store(connection: Connection) -> EditId:
            return EditId(connection.execute(insert(edit).returning(edit.c.id), row).scalar_one())

        return self._database.write(store)

    def change(
        self, edit_id: EditId, ids: Sequence[GameId], change: Callable[[EditableGame], EditedGame | None]
    ) -> list[GameId]:
        """Change these games, in one transaction; those for which `change` gives None stay. Returns the changed."""

        def run(connection: Connection) -> list[GameId]:
            edited = [(found, new) for found in _read(connection, ids) if (new := change(found)) is not None]
            if edited:
                rows = [
                    {"edit_id": edit_id, "game_id": found.id, "before": pack_text(json.dumps(new.before))}
                    for found, new in edited
                ]
                connection.execute(insert(edit_game), rows)
                count = update(edit).where(edit.c.id == edit_id).values(games=edit.c.games + len(rows))
                connection.execute(count)
                self._store(connection, edited)
            return [found.id for found, _ in edited]

        return self._database.write(run)

    def finish(self, edit_id: EditId) -> Edit | None:
        """The edit is made; one that changed nothing is forgotten, and None."""

        def run(connection: Connection) -> bool:
            games = connection.execute(select(edit.c.games).where(edit.c.id == edit_id)).scalar_one()
            if not games:
                connection.execute(delete(edit).where(edit.c.id == edit_id))
                return False
            _set_state(connection, edit_id, EditState.DONE)
            return True

        return self.get(edit_id) if self._database.write(run) else None

    # -- undoing ---------------------------------------------------------------------------------------------------

    def undo(
        self,
        edit_id: EditId,
        after: int,
        limit: int,
        restore: Callable[[EditableGame, dict[str, Any]], EditedGame | None],
    ) -> tuple[list[GameId], int, int]:
        """Change up to `limit` games with ids above `after` back, in one transaction, and forget what they were.

        Returns the changed ones, how many of the others stay since they were changed again later, and the last id
        looked at, 0 for none. Games that are gone, or in the bin, keep what is remembered of them.
        """
        statement = (
            select(edit_game.c.game_id, edit_game.c.before)
            .where(edit_game.c.edit_id == edit_id, edit_game.c.game_id > after)
            .order_by(edit_game.c.game_id)
            .limit(limit)
        )

        def run(connection: Connection) -> tuple[list[GameId], int, int]:
            before = {row.game_id: json.loads(unpack_text(row.before)) for row in connection.execute(statement)}
            found = _read(connection, list(before))
            restored = [(one, new) for one in found if (new := restore(one, before[one.id])) is not None]
            ids = [one.id for one, _ in restored]
            if restored:
                mine = (edit_game.c.edit_id == edit_id) & in_set(edit_game.c.game_id, ids)
                connection.execute(delete(edit_game).where(mine))
                connection.execute(update(edit).where(edit.c.id == edit_id).values(games=edit.c.games - len(ids)))
                self._store(connection, restored)
            return ids, len(found) - len(ids), max(before, default=0)

        return self._database.write(run)

    def mark_undone(self, edit_id: EditId) -> None:
        """All that could be changed back is."""
        self._database.write(lambda connection: _set_state(connection, edit_id, EditState.UNDONE))

    # -- reading ---------------------------------------------------------------------------------------------------

    def history(self, limit: int | None = None) -> list[Edit]:
        """All edits, newest first."""
        with self._database.read() as connection:
            return [_edit(row) for row in connection.execute(select(edit).order_by(edit.c.id.desc()).limit(limit))]

    def get(self, edit_id: EditId | int) -> Edit:
        """One edit. Raises NotFoundError."""
        with self._database.read() as connection:
            row = connection.execute(select(edit).where(edit.c.id == int(edit_id))).first()
        if row is None:
            raise NotFoundError(f"There is no edit {edit_id} in this library.", action="`kibitz edits` lists them.")
        return _edit(row)

    def tags(self, ids: Sequence[GameId]) -> dict[GameId, dict[str, str]]:
        """The tags of these games, for a form."""
        with self._database.read() as connection:
            return {found.id: dict(found.record.headers) for found in _read(connection, ids)}

    def games_of_players(self, names: Sequence[str]) -> list[GameId]:
        """Games in which one of these plays, without regard to case, oldest first."""
        keys = [ascii_lower(storable(name)) for name in names]
        found: set[int] = set()
        with self._database.read() as connection:
            for column in (game.c.white, game.c.black):
                found.update(connection.execute(select(game.c.id).where(in_texts(func.lower(column), keys))).scalars())
        return [GameId(number) for number in sorted(found)]

    def mark_interrupted(self) -> int:
        """Mark running edits whose process is dead; returns how many. Called when a library opens for writing."""
        running = select(edit).where(edit.c.state == EditState.RUNNING.value)
        with self._database.read() as connection:
            rows = connection.execute(running).all()
        dead = [
            EditId(row.id)
            for row in rows
            if not is_running(self._database, Owner(row.owner_host, row.owner_pid, row.owner_started))
        ]

        def run(connection: Connection) -> None:
            for edit_id in dead:
                _set_state(connection, edit_id, EditState.INTERRUPTED)

        if dead:
            self._database.write(run)
        return len(dead)

    # -- storing ---------------------------------------------------------------------------------------------------

    def _store(self, connection: Connection, edited: Sequence[tuple[EditableGame, EditedGame]]) -> None:
        """Columns, texts, names and further identities of changed games, inside the caller's transaction."""
        rows, texts, aliases = [], [], []
        for found, new in edited:
            prepared = prepare(new.record)
            columns = dict(zip(GAME_COLUMNS, prepared.columns, strict=True))
            values = {name: columns[name] for name in _EDITABLE}
            values |= {name: shown for name, shown in (("eco", new.eco), ("opening", new.opening)) if shown is not None}
            rows.append({f"new_{name}": value for name, value in values.items()} | {"changed": int(found.id)})
            texts.append({"changed": int(found.id), "new_headers": prepared.headers, "new_pgn": prepared.pgn})
            aliases.append({"game_id": int(found.id), "identity": prepared.identity})
        self._mark_counted(connection, rows)
        values = {name: bindparam(f"new_{name}") for name in _EDITABLE}
        connection.execute(update(game).where(game.c.id == bindparam("changed")).values(values), rows)
        values = {"headers": bindparam("new_headers"), "pgn": bindparam("new_pgn")}
        connection.execute(update(game_text).where(game_text.c.game_id == bindparam("changed")).values(values), texts)
        add_names(connection, self._database.backend, _names(rows))
        require_index(connection, self._database.backend)
        _put_aliases(connection, aliases)

    def _mark_counted(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """The position index is built anew where it counts what changed."""
        columns = [game.c[name] for name in _COUNTED_IN_POSITIONS]
        ids = [row["changed"] for row in rows]
        old = {
            row[0]: tuple(row[1:])
            for row in connection.execute(select(game.c.id, *columns).where(in_set(game.c.id, ids)))
        }
        changed = [
            row["changed"]
            for row in rows
            if old[row["changed"]] != tuple(row[f"new_{name}"] for name in _COUNTED_IN_POSITIONS)
        ]
        if changed:
            mark_stale(connection, changed)


def aliases_among(connection: Connection, identities: Sequence[bytes]) -> dict[bytes, GameId]:
    """Which of these identities stored games have since they were edited; costs nothing while no game was."""
    if connection.execute(select(game_alias.c.game_id).limit(1)).first() is None:
        return {}
    found: dict[bytes, GameId] = {}
    for start in range(0, len(identities), _IDENTITIES_AT_ONCE):
        some = identities[start : start + _IDENTITIES_AT_ONCE]
        statement = select(game_alias.c.identity, game.c.id).join(game, game.c.id == game_alias.c.game_id)
        rows = connection.execute(statement.where(game_alias.c.identity.in_(some)))
        found.update((row.identity, GameId(row.id)) for row in rows)
    return found


def reopen(connection: Connection, ids: Sequence[int]) -> None:
    """These games came back from the bin: edits of theirs that were undone meanwhile can be undone for them too."""
    theirs = select(edit_game.c.edit_id).where(in_set(edit_game.c.game_id, ids))
    undone = edit.c.id.in_(theirs) & (edit.c.state == EditState.UNDONE.value)
    connection.execute(update(edit).where(undone).values(state=EditState.DONE.value))


def _set_state(connection: Connection, edit_id: EditId, state: EditState) -> None:
    values = {"state": state.value, "owner_host": None, "owner_pid": None, "owner_started": None}
    connection.execute(update(edit).where(edit.c.id == edit_id).values(values))


def _read(connection: Connection, ids: Sequence[int]) -> list[EditableGame]:
    """These games that are there, in this order."""
    statement = (
        select(
            game.c.id, game.c.variant, game.c.start_fen, game.c.moves, game.c.ply_count, game.c.partial,
            game.c.not_judged, game.c.opening_ply, game.c.eco, game.c.opening, game_text.c.headers, game_text.c.pgn,
        )
        .join_from(game, game_text)
        .where(in_set(game.c.id, ids))
    )  # fmt: skip
    found = {row.id: _editable(row) for row in connection.execute(statement)}
    return [found[game_id] for game_id in ids if game_id in found]


def _editable(row: Any) -> EditableGame:
    return EditableGame(GameId(row.id), record_of(row), row.eco, row.opening)


def _names(rows: Sequence[dict[str, Any]]) -> Names:
    """The names in these games, for the dictionary; addresses of sites are not looked up there."""
    found: Names = {}
    for column, kind in KINDS.items():
        texts = {row[f"new_{column}"] for row in rows}
        found.setdefault(kind, set()).update(text for text in texts if text and not _is_address(column, text))
    return found


def _is_address(column: str, text: str) -> bool:
    return column == "site" and text.lower().startswith(_ADDRESS)


def _put_aliases(connection: Connection, aliases: Sequence[dict[str, Any]]) -> None:
    """Remember by which identities these games would be known now, where those are not their own or another's.

    Games in the bin are not found by theirs, so that one they share goes to the game that is there.
    """
    ids = [row["game_id"] for row in aliases]
    connection.execute(delete(game_alias).where(in_set(game_alias.c.game_id, ids)))
    wanted = {row["identity"]: row for row in aliases}
    shared = game_alias.c.identity.in_(list(wanted))
    connection.execute(delete(game_alias).where(shared, game_alias.c.game_id.not_in(select(game.c.id))))
    taken = set(connection.execute(select(game.c.identity).where(game.c.identity.in_(list(wanted)))).scalars())
    taken |= set(connection.execute(select(game_alias.c.identity).where(shared)).scalars())
    if fresh := [row for identity, row in wanted.items() if identity not in taken]:
        connection.execute(insert(game_alias), fresh)


def _edit(row: Any) -> Edit:
    return Edit(
        EditId(row.id),
        EditKind(row.kind),
        row.title,
        row.made_at,
        EditState(row.state),
        json.loads(row.detail),
        row.games,
    )
