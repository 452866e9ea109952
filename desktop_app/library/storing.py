"""Storing games: each once, with its text, the names in it, and the account of its import, in one transaction a batch.

Any thread (never the GUI's: every call waits for the disk or hands over to the library's writer). `games.Games` builds
on it; imports call it through there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from desktop_app.domain.game import GameId
from desktop_app.domain.rows import AddOutcome
from desktop_app.library.imports import count_games, record_problems
from desktop_app.library.name_search import KnownNames, add_names
from desktop_app.library.prepared import GAME_COLUMNS, PreparedGame, prepare
from desktop_app.library.tables import game, game_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from desktop_app.domain.game import GameRecord
    from desktop_app.domain.receipt import Problem
    from desktop_app.domain.rows import BatchId
    from desktop_app.library.backend import Backend
    from desktop_app.library.database import Database


class GameWriter:
    """What puts games into one open library."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names_known = KnownNames()

    def add(
        self, batch_id: BatchId | int | None, records: Sequence[GameRecord], problems: Sequence[Problem] = ()
    ) -> AddOutcome:
        """Store games that are new to the library, all of them or none, in one transaction.

        A game is known by `GameRecord.identity`: those stored before, and repetitions inside `records`, are duplicates
        and change nothing. The batch's counts grow in the same transaction, and `problems` are stored in it, so that
        an interrupted import still tells the truth.
        """
        return self.submit_prepared(batch_id, [prepare(record) for record in records], problems).result()

    def submit_prepared(
        self, batch_id: BatchId | int | None, prepared: Sequence[PreparedGame], problems: Sequence[Problem] = ()
    ) -> Future[AddOutcome]:
        """`add` for games whose rows were worked out before (in a reading process), without waiting for the commit."""
        names = self._names_known.unknown(prepared)

        def store(connection: Connection) -> AddOutcome:
            outcome = _add(connection, self._database.backend, batch_id, prepared)
            add_names(connection, self._database.backend, names)
            if batch_id is not None:
                count_games(connection, batch_id, len(outcome.imported), len(outcome.duplicate_indexes))
                record_problems(connection, batch_id, problems)
            return outcome

        answer = self._database.submit(store)
        answer.add_done_callback(lambda done: None if done.exception() else self._names_known.remember(names))
        return answer


def _add(
    connection: Connection, backend: Backend, batch_id: int | None, prepared: Sequence[PreparedGame]
) -> AddOutcome:
    known = _known_identities(connection, [one.identity for one in prepared])
    fresh: list[PreparedGame] = []
    duplicates: list[int] = []
    for index, one in enumerate(prepared):
        if one.identity in known:
            duplicates.append(index)
        else:
            known.add(one.identity)
            fresh.append(one)
    ids = _insert(connection, backend, batch_id, fresh)
    return AddOutcome(tuple(ids), tuple(duplicates))


_IDENTITIES_AT_ONCE = 500


def _known_identities(connection: Connection, identities: Sequence[bytes]) -> set[bytes]:
    known: set[bytes] = set()
    for start in range(0, len(identities), _IDENTITIES_AT_ONCE):
        some = identities[start : start + _IDENTITIES_AT_ONCE]
        known.update(connection.execute(select(game.c.identity).where(game.c.identity.in_(some))).scalars())
    return known


def _insert(
    connection: Connection, backend: Backend, batch_id: int | None, fresh: Sequence[PreparedGame]
) -> list[GameId]:
    if not fresh:
        return []
    rows = [(batch_id, *one.columns) for one in fresh]
    ids = backend.insert_rows(connection, game, ("batch_id", *GAME_COLUMNS), rows)
    texts = [(game_id, one.headers, one.pgn) for game_id, one in zip(ids, fresh, strict=True)]
    backend.insert_rows(connection, game_text, ("game_id", "headers", "pgn"), texts)
    return [GameId(game_id) for game_id in ids]
