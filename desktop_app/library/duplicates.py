"""Duplicates of imports: which stored game each equals, what it carries beyond that, and taking that over.

Any thread (never the GUI's). Written by `services.duplicates` while an import runs and by `services.enrich_games`
later. An enrichment is one unit: what every game was before is kept, and put back unless it was changed again since.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from desktop_app.domain.bin import Duplicate, EnrichmentId, Gain, Moved
from desktop_app.domain.game import GameId, GameState
from desktop_app.library.backend import in_set
from desktop_app.library.evaluations import summary_columns
from desktop_app.library.jobs import live_among
from desktop_app.library.name_search import KINDS, Names, add_names
from desktop_app.library.prepared import GAME_COLUMNS, storable, unpack_headers, unpack_text
from desktop_app.library.tables import analysis, evaluation, game, game_text
from desktop_app.library.tables_bin import enriched_game, enrichment, import_duplicate
from desktop_app.library.tables_care import game_alias
from desktop_app.library.touched import mark_touched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from desktop_app.domain.rows import BatchId
    from desktop_app.library.database import Database
    from desktop_app.library.prepared import PreparedGame

_IDENTITIES_AT_ONCE = 500
_FROM_MOVES = ("ply_count", "moves", "partial", "not_judged", "eco", "opening", "opening_ply")
_FROM_TAGS = (
    "white", "black", "white_elo", "black_elo", "result", "date", "event", "site", "round", "time_control",
    "termination", "speed",
)  # fmt: skip
_VERDICTS = ("state", "error", "evaluated", *summary_columns(None))
_REMEMBERED = (*_FROM_MOVES, *_FROM_TAGS, *_VERDICTS)


@dataclass(frozen=True, slots=True)
class StoredBrief:
    """What a duplicate is compared with: `pgn` and `headers` as stored, compressed."""

    game_id: GameId
    ply_count: int
    partial: bool
    headers: bytes
    pgn: bytes

    def text(self) -> str:
        """The stored text."""
        return unpack_text(self.pgn)

    def tags(self) -> tuple[tuple[str, str], ...]:
        """The stored tags."""
        return unpack_headers(self.headers, self.text())


@dataclass(frozen=True, slots=True)
class NewDuplicate:
    """A duplicate to be listed; `pgn` is its compressed text where it carries more."""

    source: str
    game_index: int
    game_id: GameId
    gains: frozenset[Gain]
    pgn: bytes | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A duplicate that carries more, with its text."""

    id: int
    game_id: GameId
    text: str


@dataclass(frozen=True, slots=True)
class Enriched:
    """What a stored game becomes. `stood` is the text it was worked out from; `took` the duplicates it has it from."""

    game_id: GameId
    stood: str
    prepared: PreparedGame
    more_moves: bool
    took: tuple[int, ...]


class Duplicates:
    """The duplicates of one open library's imports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- noticing --------------------------------------------------------------------------------------------------

    def stored(self, identities: Sequence[bytes]) -> dict[bytes, StoredBrief]:
        """The games that are known by these identities, with their texts."""
        found: dict[bytes, StoredBrief] = {}
        columns = (game.c.id, game.c.ply_count, game.c.partial, game_text.c.headers, game_text.c.pgn)
        direct = select(game.c.identity, *columns).join_from(game, game_text)
        edited = (
            select(game_alias.c.identity, *columns)
            .join_from(game_alias, game, game.c.id == game_alias.c.game_id)
            .join(game_text)
        )
        with self._database.read() as connection:
            for start in range(0, len(identities), _IDENTITIES_AT_ONCE):
                some = identities[start : start + _IDENTITIES_AT_ONCE]
                for row in connection.execute(direct.where(game.c.identity.in_(some))):
                    found[row.identity] = _brief(row)
                missing = [one for one in some if one not in found]
                for row in connection.execute(edited.where(game_alias.c.identity.in_(missing))) if missing else ():
                    found[row.identity] = _brief(row)
        return found

    def add(self, batch_id: BatchId, found: Sequence[NewDuplicate]) -> None:
        """List duplicates of an import."""
        rows = [
            {
                "batch_id": int(batch_id),
                "source": storable(one.source),
                "game_index": one.game_index,
                "game_id": int(one.game_id),
                "gains": " ".join(gain.value for gain in Gain if gain in one.gains),
                "pgn": one.pgn,
            }
            for one in found
        ]
        if rows:
            self._database.write(lambda connection: connection.execute(insert(import_duplicate), rows))

    # -- reading ---------------------------------------------------------------------------------------------------

    def listed(self, batch_id: BatchId | int, *, limit: int) -> list[Duplicate]:
        """The duplicates of an import that are listed, those that carry more first."""
        carries = (import_duplicate.c.gains != "").desc()
        statement = (
            select(import_duplicate, game.c.white, game.c.black)
            .join_from(import_duplicate, game, game.c.id == import_duplicate.c.game_id, isouter=True)
            .where(import_duplicate.c.batch_id == int(batch_id))
            .order_by(carries, import_duplicate.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_duplicate(row) for row in connection.execute(statement)]

    def count_enrichable(self, batch_id: BatchId | int) -> int:
        """How many stored games duplicates of an import could still enrich."""
        statement = select(func.count(import_duplicate.c.game_id.distinct())).join_from(
            import_duplicate, game, game.c.id == import_duplicate.c.game_id
        )
        with self._database.read() as connection:
            return int(connection.execute(statement.where(*_waiting(batch_id))).scalar_one())

    def candidates(
        self, batch_id: BatchId | int, *, after: int, limit: int, moves_only: bool = False
    ) -> list[Candidate]:
        """The next games, by id from above `after` on, that duplicates could enrich; all duplicates of each."""
        mine = _waiting(batch_id)
        if moves_only:
            mine.append(import_duplicate.c.gains.contains(Gain.MOVES.value))
        games = (
            select(import_duplicate.c.game_id)
            .where(*mine, import_duplicate.c.game_id > after)
            .distinct()
            .order_by(import_duplicate.c.game_id)
            .limit(limit)
        )
        statement = (
            select(import_duplicate.c.id, import_duplicate.c.game_id, import_duplicate.c.pgn)
            .where(*mine, import_duplicate.c.game_id.in_(games))
            .order_by(import_duplicate.c.game_id, import_duplicate.c.id)
        )
        with self._database.read() as connection:
            return [
                Candidate(row.id, GameId(row.game_id), unpack_text(row.pgn)) for row in connection.execute(statement)
            ]

    def enrichments(self, batch_id: BatchId | int) -> list[EnrichmentId]:
        """Enrichments from an import that are in force, newest first."""
        statement = select(enrichment.c.id).where(enrichment.c.batch_id == int(batch_id), enrichment.c.games > 0)
        with self._database.read() as connection:
            return [
                EnrichmentId(one) for one in connection.execute(statement.order_by(enrichment.c.id.desc())).scalars()
            ]

    # -- enriching -------------------------------------------------------------------------------------------------

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
            rows = _current(connection, [one.game_id for one in enriched])
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
        texts, names = [], Names()
        for one in done:
            columns = dict(zip(GAME_COLUMNS, one.prepared.columns, strict=True))
            values = {name: columns[name] for name in (*_FROM_TAGS, *(_FROM_MOVES if one.more_moves else ()))}
            if one.more_moves:
                # Positions of the beginning stay evaluated, and are not searched again; the game as a whole is not.
                values |= {"state": GameState.UNANALYSED.value, "error": None, **summary_columns(None)}
                mine = analysis.c.game_id == int(one.game_id)
                connection.execute(update(analysis).where(mine).values(complete=False))
            connection.execute(update(game).where(game.c.id == int(one.game_id)).values(values))
            texts.append({"changed": int(one.game_id), "headers_": one.prepared.headers, "pgn_": one.prepared.pgn})
            for column, kind in KINDS.items():
                if (name := columns[column]) and not (column == "site" and name.lower().startswith("http")):
                    names.setdefault(kind, set()).add(name)
        _write_texts(connection, texts)
        add_names(connection, self._database.backend, names)
        mark_touched(connection, [int(one.game_id) for one in done])

    def finish(self, enrichment_id: EnrichmentId) -> int:
        """All is done; returns how many games were enriched. An enrichment of none is forgotten."""

        def run(connection: Connection) -> int:
            mine = enrichment.c.id == enrichment_id
            games = int(connection.execute(select(enrichment.c.games).where(mine)).scalar_one())
            if not games:
                connection.execute(delete(enrichment).where(mine))
            return games

        return self._database.write(run)

    def refuse(self, ids: Iterable[int]) -> None:
        """These duplicates turned out to carry nothing that could be taken over: they are not offered again."""
        statement = update(import_duplicate).where(in_set(import_duplicate.c.id, ids)).values(gains="", pgn=None)
        self._database.write(lambda connection: connection.execute(statement))

    # -- undoing ---------------------------------------------------------------------------------------------------

    def undo(self, enrichment_id: EnrichmentId, *, after: int, limit: int) -> Moved:
        """Give the next games back what they were; one that was changed again since stays, and so does one in the bin.

        `last_id` is where to go on, 0 when all were seen.
        """
        statement = (
            select(enriched_game)
            .where(enriched_game.c.enrichment_id == enrichment_id, enriched_game.c.game_id > after)
            .order_by(enriched_game.c.game_id)
            .limit(limit)
        )

        def run(connection: Connection) -> Moved:
            kept = connection.execute(statement).all()
            rows = _current(connection, [row.game_id for row in kept])
            back = [row for row in kept if row.game_id in rows and _digest(rows[row.game_id]) == row.written]
            for row in back:
                _give_back(connection, row)
            _write_texts(
                connection, [{"changed": row.game_id, "headers_": row.headers, "pgn_": row.pgn} for row in back]
            )
            ids = [row.game_id for row in back]
            mine = (enriched_game.c.enrichment_id == enrichment_id) & in_set(enriched_game.c.game_id, ids)
            connection.execute(delete(enriched_game).where(mine))
            again = (import_duplicate.c.enrichment_id == enrichment_id) & in_set(import_duplicate.c.game_id, ids)
            connection.execute(update(import_duplicate).where(again).values(enrichment_id=None))
            _count(connection, enrichment_id, -len(ids))
            mark_touched(connection, ids)
            last = max((row.game_id for row in kept), default=0)
            return Moved(tuple(GameId(one) for one in ids), len(kept) - len(ids), last)

        return self._database.write(run)


def _waiting(batch_id: BatchId | int) -> list[Any]:
    """Duplicates of an import that carry more and were not taken over."""
    found = import_duplicate.c
    return [found.batch_id == int(batch_id), found.pgn.is_not(None), found.enrichment_id.is_(None)]


def _brief(row: Any) -> StoredBrief:
    return StoredBrief(GameId(row.id), row.ply_count, row.partial is not None, row.headers, row.pgn)


def _duplicate(row: Any) -> Duplicate:
    return Duplicate(
        id=row.id,
        source=row.source,
        game_index=row.game_index,
        line=row.line,
        game_id=GameId(row.game_id),
        gains=frozenset(Gain(word) for word in row.gains.split()),
        enriched=row.enrichment_id is not None,
        title="" if row.white is None else f"{row.white or '?'} - {row.black or '?'}",
    )


def _current(connection: Connection, ids: Sequence[int]) -> dict[int, Any]:
    columns = (game.c.id, *(game.c[name] for name in _REMEMBERED), game_text.c.headers, game_text.c.pgn)
    statement = select(*columns).join_from(game, game_text).where(in_set(game.c.id, ids))
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


def _give_back(connection: Connection, kept: Any) -> None:
    """The columns of one game as they were."""
    values = json.loads(kept.before)
    if "moves" in values:
        values["moves"] = base64.b64decode(values["moves"])
        # What was evaluated beyond the end that the game has again belongs to no position of it.
        mine = select(analysis.c.id).where(analysis.c.game_id == kept.game_id)
        beyond = evaluation.c.analysis_id.in_(mine) & (evaluation.c.ply > values["ply_count"])
        connection.execute(delete(evaluation).where(beyond))
        analysed = values["state"] == GameState.ANALYSED.value
        connection.execute(update(analysis).where(analysis.c.game_id == kept.game_id).values(complete=analysed))
    connection.execute(update(game).where(game.c.id == kept.game_id).values(values))


def _write_texts(connection: Connection, texts: Sequence[dict[str, Any]]) -> None:
    values: dict[str, Any] = {"headers": bindparam("headers_"), "pgn": bindparam("pgn_")}
    if texts:
        connection.execute(update(game_text).where(game_text.c.game_id == bindparam("changed")).values(values), texts)


def _digest(stored: Any) -> bytes:
    return hashlib.blake2b(stored.pgn + stored.headers, digest_size=16).digest()


def _count(connection: Connection, enrichment_id: EnrichmentId, games: int) -> None:
    mine = enrichment.c.id == enrichment_id
    connection.execute(update(enrichment).where(mine).values(games=enrichment.c.games + games))
