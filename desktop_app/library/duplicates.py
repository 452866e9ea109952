"""Duplicates of imports: which stored game each equals, and what it carries beyond that (`enrichments` takes it over).

Any thread (never the GUI's). Written by `services.duplicates` while an import runs, read by `services.enrich_games` and
`services.receipts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from desktop_app.domain.bin import Duplicate, EnrichmentId, Gain
from desktop_app.domain.game import GameId
from desktop_app.library.backend import in_set
from desktop_app.library.prepared import storable, unpack_headers, unpack_text
from desktop_app.library.tables import game, game_text
from desktop_app.library.tables_bin import enrichment, import_duplicate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from desktop_app.domain.rows import BatchId
    from desktop_app.library.database import Database


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


class Duplicates:
    """The duplicates of one open library's imports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- noticing --------------------------------------------------------------------------------------------------

    def stored(self, ids: Iterable[GameId]) -> dict[GameId, StoredBrief]:
        """Those of these games that are there, with their texts."""
        columns = (game.c.id, game.c.ply_count, game.c.partial, game_text.c.headers, game_text.c.pgn)
        statement = select(*columns).join_from(game, game_text).where(in_set(game.c.id, set(ids)))
        with self._database.read() as connection:
            return {GameId(row.id): _brief(row) for row in connection.execute(statement)}

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

    def refuse(self, ids: Iterable[int]) -> None:
        """These duplicates turned out to carry nothing that could be taken over: they are not offered again."""
        statement = update(import_duplicate).where(in_set(import_duplicate.c.id, ids)).values(gains="", pgn=None)
        self._database.write(lambda connection: connection.execute(statement))


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
