"""Enrichments: what stored games take over from duplicates of an import, as one unit that can be taken back.

Any thread (never the GUI's). Called by `services.enrich_games`. What every game was before is kept, and put back unless
it was changed again since, wherever the game is by then: in the library or in the bin.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from desktop_app.domain.bin import EnrichmentId, Moved
from desktop_app.domain.game import GameId, GameState
from desktop_app.library.backend import in_set
from desktop_app.library.evaluations import summary_columns
from desktop_app.library.jobs import live_among
from desktop_app.library.name_search import KINDS, Names, add_names
from desktop_app.library.prepared import GAME_COLUMNS, unpack_text
from desktop_app.library.tables import analysis, evaluation, game, game_text
from desktop_app.library.tables_bin import (
    bin_analysis,
    bin_evaluation,
    bin_game,
    bin_text,
    enriched_game,
    enrichment,
    import_duplicate,
)
from desktop_app.library.touched import mark_touched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table

    from desktop_app.domain.rows import BatchId
    from desktop_app.library.database import Database
    from desktop_app.library.prepared import PreparedGame

_FROM_MOVES = ("ply_count", "moves", "partial", "not_judged", "eco", "opening", "opening_ply")
_FROM_TAGS = (
    "white", "black", "white_elo", "black_elo", "result", "date", "event", "site", "round", "time_control",
    "termination", "speed",
)  # fmt: skip
_VERDICTS = ("state", "error", "evaluated", *summary_columns(None))
_REMEMBERED = (*_FROM_MOVES, *_FROM_TAGS, *_VERDICTS)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a game's rows stand."""

    game: Table
    text: Table
    analysis: Table
    evaluation: Table


_HERE = _Place(game, game_text, analysis, evaluation)
_BIN = _Place(bin_game, bin_text, bin_analysis, bin_evaluation)


@dataclass(frozen=True, slots=True)
class Enriched:
    """What a stored game becomes. `stood` is the text it was worked out from; `took` the duplicates it has it from."""

    game_id: GameId
    stood: str
    prepared: PreparedGame
    more_moves: bool
    took: tuple[int, ...]


class Enrichments:
    """The enrichments of one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, batch_id: BatchId) -> EnrichmentId:
        """An enrichment to put games into."""
        values = {"batch_id": int(batch_id), "made_at": time.time(), "games": 0}
        statement = insert(enrichment).values(values).returning(enrichment.c.id)
        return self._database.write(lambda connection: EnrichmentId(connection.execute(statement).scalar_one()))

    def enrich(self, enrichment_id: EnrichmentId, enriched: Sequence[Enriched]) -> list[GameId]:
        """Store what these games become, in one transaction; those that changed in between stay as they are.

        So do those that would get more moves and were put into the queue in between.
        """

        def run(connection: Connection) -> list[GameId]:
            rows = _current(connection, _HERE, [one.game_id for one in enriched])
            live = live_among(connection, [one.game_id for one in enriched if one.more_moves])
            same = (one for one in enriched if one.game_id in rows and unpack_text(rows[one.game_id].pgn) == one.stood)
            done = [one for one in same if one.game_id not in live]
            if not done:
                return []
            connection.execute(insert(enriched_game), [_before(enrichment_id, rows[one.game_id], one) for one in done])
            self._store(connection, done)
            took = [number for one in done for number in one.took]
            connection.execute(
                update(import_duplicate).where(in_set(import_duplicate.c.id, took)).values(enrichment_id=enrichment_id)
            )
            _count(connection, enrichment_id, len(done))
            return [one.game_id for one in done]

        return self._database.write(run)

    def _store(self, connection: Connection, done: Sequence[Enriched]) -> None:
        changes, names = dict[int, dict[str, Any]](), Names()
        for one in done:
            columns = dict(zip(GAME_COLUMNS, one.prepared.columns, strict=True))
            values = {name: columns[name] for name in (*_FROM_TAGS, *(_FROM_MOVES if one.more_moves else ()))}
            if one.more_moves:
                # Positions of the beginning stay evaluated, and are not searched again; the game as a whole is not.
                values |= {"state": GameState.UNANALYSED.value, "error": None, **summary_columns(None)}
            changes[one.game_id] = values
            for column, kind in KINDS.items():
                if (name := columns[column]) and not (column == "site" and name.lower().startswith("http")):
                    names.setdefault(kind, set()).add(name)
        longer = in_set(analysis.c.game_id, [one.game_id for one in done if one.more_moves])
        connection.execute(update(analysis).where(longer).values(complete=False))
        _write_columns(connection, _HERE, changes)
        _write_texts(connection, _HERE, [(one.game_id, one.prepared.headers, one.prepared.pgn) for one in done])
        add_names(connection, self._database.backend, names)
        mark_touched(connection, list(changes))

    def finish(self, enrichment_id: EnrichmentId) -> int:
        """All is done; returns how many games were enriched. An enrichment of none is forgotten."""

        def run(connection: Connection) -> int:
            mine = enrichment.c.id == enrichment_id
            games = int(connection.execute(select(enrichment.c.games).where(mine)).scalar_one())
            if not games:
                connection.execute(delete(enrichment).where(mine))
            return games

        return self._database.write(run)

    # -- undoing ---------------------------------------------------------------------------------------------------

    def undo(self, enrichment_id: EnrichmentId, *, after: int, limit: int) -> Moved:
        """Give the next games back what they were, in the bin too; one that was changed again since stays.

        `games` of the answer are those in the library, `in_bin` says how many others. `last_id` is where to go on, 0
        when all were seen.
        """
        statement = (
            select(enriched_game)
            .where(enriched_game.c.enrichment_id == enrichment_id, enriched_game.c.game_id > after)
            .order_by(enriched_game.c.game_id)
            .limit(limit)
        )

        def run(connection: Connection) -> Moved:
            kept = connection.execute(statement).all()
            here, binned = (_give_back(connection, place, kept) for place in (_HERE, _BIN))
            ids = [*here, *binned]
            mine = (enriched_game.c.enrichment_id == enrichment_id) & in_set(enriched_game.c.game_id, ids)
            connection.execute(delete(enriched_game).where(mine))
            again = (import_duplicate.c.enrichment_id == enrichment_id) & in_set(import_duplicate.c.game_id, ids)
            connection.execute(update(import_duplicate).where(again).values(enrichment_id=None))
            _count(connection, enrichment_id, -len(ids))
            mark_touched(connection, here)
            last = max((row.game_id for row in kept), default=0)
            return Moved(tuple(here), len(kept) - len(ids), last, in_bin=len(binned))

        return self._database.write(run)


def _current(connection: Connection, place: _Place, ids: Sequence[int]) -> dict[int, Any]:
    columns = (place.game.c.id, *(place.game.c[name] for name in _REMEMBERED), place.text.c.headers, place.text.c.pgn)
    statement = select(*columns).join_from(place.game, place.text).where(in_set(place.game.c.id, ids))
    return {row.id: row for row in connection.execute(statement)}


def _before(enrichment_id: EnrichmentId, row: Any, one: Enriched) -> dict[str, Any]:
    names = _REMEMBERED if one.more_moves else _FROM_TAGS
    values = {name: getattr(row, name) for name in names}
    if "moves" in values:
        values["moves"] = base64.b64encode(values["moves"]).decode("ascii")
    return {
        "enrichment_id": enrichment_id,
        "game_id": row.id,
        "before": json.dumps(values),
        "headers": row.headers,
        "pgn": row.pgn,
        "written": _digest(one.prepared),
    }


def _give_back(connection: Connection, place: _Place, kept: Sequence[Any]) -> list[GameId]:
    """Make those of these games that stand in this place, and still are what was written, what they were."""
    rows = _current(connection, place, [row.game_id for row in kept])
    back = [row for row in kept if row.game_id in rows and _digest(rows[row.game_id]) == row.written]
    changes = {row.game_id: json.loads(row.before) for row in back}
    for game_id, values in changes.items():
        if "moves" in values:
            values["moves"] = base64.b64decode(values["moves"])
            _shorten(connection, place, game_id, values)
    _write_columns(connection, place, changes)
    _write_texts(connection, place, [(row.game_id, row.headers, row.pgn) for row in back])
    return [GameId(game_id) for game_id in changes]


def _shorten(connection: Connection, place: _Place, game_id: int, values: dict[str, Any]) -> None:
    """What was evaluated beyond the end that the game has again belongs to no position of it."""
    mine = place.analysis.c.game_id == game_id
    theirs = place.evaluation.c.analysis_id.in_(select(place.analysis.c.id).where(mine))
    connection.execute(delete(place.evaluation).where(theirs, place.evaluation.c.ply > values["ply_count"]))
    analysed = values["state"] == GameState.ANALYSED.value
    connection.execute(update(place.analysis).where(mine).values(complete=analysed))


def _write_columns(connection: Connection, place: _Place, changes: dict[int, dict[str, Any]]) -> None:
    """Give these games these columns; games with the same columns to be changed go together."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for game_id, values in changes.items():
        row = {f"new_{name}": value for name, value in values.items()} | {"changed": int(game_id)}
        groups.setdefault(tuple(values), []).append(row)
    for names, rows in groups.items():
        values = {name: bindparam(f"new_{name}") for name in names}
        connection.execute(update(place.game).where(place.game.c.id == bindparam("changed")).values(values), rows)


def _write_texts(connection: Connection, place: _Place, texts: Sequence[tuple[int, bytes, bytes]]) -> None:
    rows = [{"changed": int(game_id), "headers_": headers, "pgn_": pgn} for game_id, headers, pgn in texts]
    values: dict[str, Any] = {"headers": bindparam("headers_"), "pgn": bindparam("pgn_")}
    if rows:
        connection.execute(update(place.text).where(place.text.c.game_id == bindparam("changed")).values(values), rows)


def _digest(stored: Any) -> bytes:
    return hashlib.blake2b(stored.pgn + stored.headers, digest_size=16).digest()


def _count(connection: Connection, enrichment_id: EnrichmentId, games: int) -> None:
    mine = enrichment.c.id == enrichment_id
    connection.execute(update(enrichment).where(mine).values(games=enrichment.c.games + games))
