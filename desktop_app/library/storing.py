"""Storing games: each once, with its text, the names in it, and the account of its import, in one transaction a batch.

Any thread (never the GUI's: every call waits for the disk or hands over to the library's writer). `games.Games` builds
on it; imports call it through there.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from desktop_app.domain.game import GameId
from desktop_app.domain.rows import AddOutcome
from desktop_app.library.edits import aliases_among
from desktop_app.library.imports import count_games, record_problems
from desktop_app.library.name_search import KnownNames, add_names
from desktop_app.library.prepared import GAME_COLUMNS, PreparedGames, prepare
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
        self._expects_known = False

    def add(
        self, batch_id: BatchId | int | None, records: Sequence[GameRecord], problems: Sequence[Problem] = ()
    ) -> AddOutcome:
        """Store games that are new to the library, all of them or none, in one transaction.

        A game is known by `GameRecord.identity`: those stored before, and repetitions inside `records`, are duplicates
        and change nothing. The batch's counts grow in the same transaction, and `problems` are stored in it, so that
        an interrupted import still tells the truth.
        """
        prepared = PreparedGames()
        for record in records:
            prepared.append(prepare(record))
        return self.submit_prepared(batch_id, prepared, problems).result()

    def submit_prepared(
        self, batch_id: BatchId | int | None, prepared: PreparedGames, problems: Sequence[Problem] = ()
    ) -> Future[AddOutcome]:
        """`add` for games whose columns were worked out before (in a reading process), without waiting for the commit.

        `prepared` must not change any more.
        """
        names = self._names_known.unknown(prepared)

        def store(connection: Connection) -> AddOutcome:
            started = time.monotonic()
            outcome = self._add(connection, batch_id, prepared)
            add_names(connection, self._database.backend, names)
            if batch_id is not None:
                count_games(connection, batch_id, len(outcome.imported), len(outcome.duplicate_indexes))
                record_problems(connection, batch_id, problems)
            return replace(outcome, seconds=time.monotonic() - started)

        answer = self._database.submit(store)
        answer.add_done_callback(lambda done: None if done.exception() else self._names_known.remember(names))
        return answer

    def _add(self, connection: Connection, batch_id: int | None, prepared: PreparedGames) -> AddOutcome:
        """Store what is new. Runs on the writer.

        New games are mostly among new games, and known ones among known ones: as long as none was known, the unique
        index is left to find the first that is, which saves looking for each game twice.
        """
        identities = prepared.columns[_IDENTITY]
        aliases = aliases_among(connection, identities)
        if not (self._expects_known or aliases) and len(set(identities)) == len(identities):
            ids = _insert(connection, self._database.backend, batch_id, prepared)
            if ids is not None:
                return AddOutcome(tuple(ids), ())
        known = _known_identities(connection, identities) | aliases
        new = [not (one in known or known.add(one)) for one in identities]  # type: ignore[func-returns-value]  # None
        duplicates = tuple(index for index, is_new in enumerate(new) if not is_new)
        self._expects_known = bool(duplicates)
        ids = _insert(connection, self._database.backend, batch_id, _chosen(prepared, new) if duplicates else prepared)
        if ids is None:
            raise RuntimeError("games that were looked for and not found are there")  # the writer is alone
        return AddOutcome(tuple(ids), duplicates)


_IDENTITY = GAME_COLUMNS.index("identity")
_IDENTITIES_AT_ONCE = 500


def _known_identities(connection: Connection, identities: Sequence[bytes]) -> set[bytes]:
    known: set[bytes] = set()
    for start in range(0, len(identities), _IDENTITIES_AT_ONCE):
        some = identities[start : start + _IDENTITIES_AT_ONCE]
        known.update(connection.execute(select(game.c.identity).where(game.c.identity.in_(some))).scalars())
    return known


def _chosen(prepared: PreparedGames, wanted: Sequence[bool]) -> PreparedGames:
    return PreparedGames(
        [list(compress(column, wanted)) for column in prepared.columns],
        list(compress(prepared.headers, wanted)),
        list(compress(prepared.pgn, wanted)),
    )


def _insert(
    connection: Connection, backend: Backend, batch_id: int | None, games: PreparedGames
) -> list[GameId] | None:
    """Ids of the games, all stored; None where one of them is known, and none is stored."""
    if not len(games):
        return []
    batch = [None if batch_id is None else int(batch_id)] * len(games)
    ids = backend.insert_new(connection, game, ("batch_id", *GAME_COLUMNS), [batch, *games.columns])
    if ids is not None:
        backend.insert_columns(connection, game_text, ("game_id", "headers", "pgn"), [ids, games.headers, games.pgn])
    return None if ids is None else [GameId(game_id) for game_id in ids]
