"""Which openings the games of a query have: volumes A to E, codes below them, names below those, each with its games.

Any thread (never the GUI's: every call waits for the disk). Games are counted some thousands at a time, so that a count
that nobody wants any more stops soon. Called through `library.openings`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from desktop_app.domain.openings import OpeningCode, OpeningName, OpeningVolume
from desktop_app.errors import CancelledError
from desktop_app.library.backend import in_set
from desktop_app.library.tables import game

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_app.domain.filters import GameQuery
    from desktop_app.domain.game import GameId
    from desktop_app.library.database import Database
    from desktop_app.library.games import Games
    from desktop_app.ports import CancelToken, ProgressSink

_CHUNK = 20_000
"""Games of one count: some ten milliseconds."""


class OpeningTree:
    """The openings of one open library."""

    def __init__(self, database: Database, games: Games) -> None:
        self._database = database
        self._games = games

    def read(
        self, query: GameQuery, *, cancel: CancelToken | None = None, progress: ProgressSink | None = None
    ) -> tuple[OpeningVolume, ...]:
        """The openings of the games that match, by code and name; games without a code are not in it.

        Raises CancelledError.
        """
        # In the order in which they are stored: in any other, neighbours in it lie on pages far apart.
        ids = self._games.ids(replace(query, sort="id", descending=False), cancel)
        counts: Counter[tuple[str, str]] = Counter()
        for start in range(0, len(ids), _CHUNK):
            if cancel is not None and cancel.cancelled():
                raise CancelledError("Counting openings was stopped.")
            some = ids[start : start + _CHUNK]
            self._count(some, counts)
            if progress is not None:
                progress.progress(start + len(some), len(ids), "Counting openings")
        return _tree(counts)

    def _count(self, some: Sequence[GameId], counts: Counter[tuple[str, str]]) -> None:
        statement = (
            select(game.c.eco, game.c.opening, func.count())
            .where(in_set(game.c.id, some), game.c.eco > "")
            .group_by(game.c.eco, game.c.opening)
        )
        with self._database.read() as connection:
            for eco, opening, number in connection.execute(statement):
                counts[eco, opening] += number


def _tree(counts: Counter[tuple[str, str]]) -> tuple[OpeningVolume, ...]:
    codes = []
    for eco, some in groupby(sorted(counts), key=lambda key: key[0]):
        names = [OpeningName(name, counts[eco, name]) for _, name in some]
        by_games = tuple(sorted(names, key=lambda one: (-one.games, one.name)))
        codes.append(OpeningCode(eco, sum(one.games for one in names), by_games))
    volumes = []
    for letter, inside in groupby(codes, key=lambda code: code.eco[0]):
        some_codes = tuple(inside)
        volumes.append(OpeningVolume(letter, sum(one.games for one in some_codes), some_codes))
    return tuple(volumes)
