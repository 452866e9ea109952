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
from desktop_app.library.identities import Identities
from desktop_app.library.imports import count_games, record_problems
from desktop_app.library.name_search import KnownNames, add_names
from desktop_app.library.prepared import GAME_COLUMNS, PreparedGames, prepare
from desktop_app.library.tables import game, game_text

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from concurrent.futures import Future

    from desktop_app.domain.game import GameRecord
    from desktop_app.domain.receipt import Problem
    from desktop_app.domain.rows import BatchId
    from desktop_app.library.backend import Backend
    from desktop_app.library.database import Database
    from desktop_app.library.name_search import Names


class GameWriter:
    """What puts games into one open library.

    Attributes:
        identities: what its writer knows about games that are known.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.identities = Identities(database)
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
                count_games(connection, batch_id, len(outcome.imported), len(outcome.duplicates))
                record_problems(connection, batch_id, problems)
            return replace(outcome, seconds=time.monotonic() - started)

        answer = self._database.submit(store)
        answer.add_done_callback(lambda done: None if done.exception() else self._committed(names))
        return answer

    def _committed(self, names: Names) -> None:
        """On the writer, before anything else is stored."""
        self.identities.committed()
        self._names_known.remember(names)

    def _add(self, connection: Connection, batch_id: int | None, prepared: PreparedGames) -> AddOutcome:
        """Store what is new. Runs on the writer.

        New games are mostly among new games, and known ones among known ones: as long as none was known, the unique
        index is left to find the first that is, which saves looking for each game twice.
        """
        identities = prepared.columns[_IDENTITY]
        aliases = aliases_among(connection, identities)
        known = self._known_in_memory(connection, identities, aliases)
        if known is None:
            if not (self._expects_known or aliases) and len(set(identities)) == len(identities):
                ids = _insert(connection, self._database.backend, batch_id, prepared)
                if ids is not None:
                    return AddOutcome(tuple(ids), {})
            known = _known_by_index(connection, identities, aliases)
            self._expects_known = bool(known)
        chosen = _chosen(prepared, known) if known else prepared
        ids = _insert(connection, self._database.backend, batch_id, chosen)
        if ids is None:
            raise RuntimeError("games that were looked for and not found are there")  # the writer is alone
        return AddOutcome(tuple(ids), _with_own(known, chosen.columns[_IDENTITY], identities, ids))

    def _known_in_memory(
        self, connection: Connection, identities: Sequence[bytes], aliases: Mapping[bytes, GameId]
    ) -> dict[int, GameId | None] | None:
        """As `Identities.claim`, edited games included."""
        if not aliases:
            return self.identities.claim(connection, identities)
        others = [place for place, one in enumerate(identities) if one not in aliases]
        known = self.identities.claim(connection, [identities[place] for place in others])
        if known is None:
            return None
        edited = {place: aliases[one] for place, one in enumerate(identities) if one in aliases}
        return dict(sorted({**edited, **{others[place]: game_id for place, game_id in known.items()}}.items()))


_IDENTITY = GAME_COLUMNS.index("identity")
_IDENTITIES_AT_ONCE = 500


def _known_by_index(
    connection: Connection, identities: Sequence[bytes], aliases: Mapping[bytes, GameId]
) -> dict[int, GameId | None]:
    """Places of games that are known, and what each equals; None for one that comes earlier in this run."""
    stored: dict[bytes, GameId | None] = {}
    for start in range(0, len(identities), _IDENTITIES_AT_ONCE):
        some = identities[start : start + _IDENTITIES_AT_ONCE]
        rows = connection.execute(select(game.c.identity, game.c.id).where(game.c.identity.in_(some)))
        stored.update((row.identity, GameId(row.id)) for row in rows)
    stored.update((identity, game_id) for identity, game_id in aliases.items() if identity not in stored)
    known: dict[int, GameId | None] = {}
    for place, identity in enumerate(identities):
        if identity in stored:
            known[place] = stored[identity]
        else:
            stored[identity] = None
    return known


def _with_own(
    known: Mapping[int, GameId | None], new: Sequence[bytes], identities: Sequence[bytes], ids: Sequence[GameId]
) -> dict[int, GameId]:
    """What is known, with the ids that the new games of this run got, where later ones equal those."""
    own = dict(zip(new, ids, strict=True)) if None in known.values() else {}
    return {place: own[identities[place]] if game_id is None else game_id for place, game_id in known.items()}


def _chosen(prepared: PreparedGames, without: Container[int]) -> PreparedGames:
    wanted = [place not in without for place in range(len(prepared))]
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
