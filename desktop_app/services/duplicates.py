"""What an import notices of games that were there already: where they stand, and what they carry beyond the stored.

Runs on the import's thread after each commit, and costs nothing where nothing is a duplicate. A text that equals the
stored one byte for byte (most of them, when a file is imported again) is not even unpacked. Called by
`services.import_games`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.domain.bin import Gain
from desktop_app.domain.receipt import ProblemKind
from desktop_app.library.duplicates import NewDuplicate
from desktop_app.library.prepared import GAME_COLUMNS, unpack_headers, unpack_text
from desktop_app.pgn.merge import carries, new_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_app.domain.game import GameId
    from desktop_app.domain.receipt import Problem
    from desktop_app.domain.rows import BatchId
    from desktop_app.library.duplicates import StoredBrief
    from desktop_app.library.library import Library
    from desktop_app.library.prepared import PreparedGame, PreparedGames

MOST_LISTED = 5_000
"""Duplicates of one import that are listed one by one; the others are counted."""

MOST_RICHER = 100_000
"""Duplicates of one import whose richer text is kept aside; more are offered when the rest is imported again."""

_TEXTS_OF_A_GAME = 5
"""Richer texts of one stored game that are kept aside in one import: the sixth hardly says what five did not."""

_PARTIAL, _PLIES = GAME_COLUMNS.index("partial"), GAME_COLUMNS.index("ply_count")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run of prepared games begins and comes from.

    Attributes:
        start: its first game's index among those of the commit.
        source, first_game: the file, and the number in it of the block's first game.
        left_out: games of the block that were rejected, numbered in the block, ascending.
    """

    start: int
    source: str
    first_game: int
    left_out: tuple[int, ...]


class DuplicateNotes:
    """Notes duplicates of one import.

    Attributes:
        longer: how many partial games the library had whose whole has come now.
    """

    def __init__(self, library: Library, batch_id: BatchId) -> None:
        self._duplicates, self._batch_id = library.duplicates, batch_id
        self._places: list[Places] = []
        self._listed = self._richer = 0
        self._texts: Counter[int] = Counter()
        self.longer = 0

    @property
    def enrichable(self) -> int:
        """How many stored games duplicates could enrich now; asks the library where there may be any."""
        return self._duplicates.count_enrichable(self._batch_id) if self._richer or self.longer else 0

    def block(self, start: int, source: str, first_game: int, problems: Sequence[Problem]) -> None:
        """A block's games are about to be put behind the `start` games that wait for the next commit."""
        rejected = ProblemKind.REJECTED
        out = sorted(one.game_index for one in problems if one.kind is rejected and one.game_index is not None)
        self._places.append(Places(start, source, first_game, tuple(out)))

    def take(self) -> list[Places]:
        """Where the games come from that are handed over now."""
        taken, self._places = self._places, []
        return taken

    def note(self, prepared: PreparedGames, duplicates: Mapping[int, GameId], places: Sequence[Places]) -> None:
        """Games were committed; those at these indexes were duplicates of these stored ones."""
        if not duplicates:
            return
        stored = self._duplicates.stored(duplicates.values())
        found = []
        for index, game in enumerate(prepared):
            if index not in duplicates:
                continue
            brief = stored.get(duplicates[index])
            if brief is None:
                continue  # it went to the bin in the same moment
            gains = gains_of(game, brief)
            if one := self._kept(brief.game_id, gains):
                source, number = _place(index, places)
                found.append(NewDuplicate(source, number, brief.game_id, gains, game.pgn if one > 1 else None))
        self._duplicates.add(self._batch_id, found)

    def _kept(self, game_id: GameId, gains: frozenset[Gain]) -> int:
        """0 for a duplicate that is only counted, 1 for one that is listed, 2 for one whose text is kept."""
        if gains and self._texts[game_id] < _TEXTS_OF_A_GAME and (Gain.MOVES in gains or self._richer < MOST_RICHER):
            self._texts[game_id] += 1
            self._richer += 1
            self.longer += Gain.MOVES in gains
            return 2
        if self._listed < MOST_LISTED:
            self._listed += 1
            return 1
        return 0


def gains_of(game: PreparedGame, stored: StoredBrief) -> frozenset[Gain]:
    """What a duplicate carries beyond the stored game."""
    if game.pgn == stored.pgn and game.headers == stored.headers:
        return frozenset()
    text, than = unpack_text(game.pgn), stored.text()
    if text == than:
        return frozenset()
    found = set(carries(text, than))
    whole = stored.partial and game.columns[_PARTIAL] is None
    if whole or (stored.partial and game.columns[_PLIES] > stored.ply_count):
        found.add(Gain.MOVES)
    elif game.columns[_PARTIAL] is not None:
        return frozenset()  # a beginning adds nothing that its tail would not contradict
    if new_tags(unpack_headers(game.headers, text), stored.tags()):
        found.add(Gain.TAGS)
    return frozenset(found)


def _place(index: int, places: Sequence[Places]) -> tuple[str, int]:
    """The source of a prepared game, and its number in it."""
    here = next(place for place in reversed(places) if place.start <= index)
    number = index - here.start
    for out in here.left_out:
        number += out <= number
    return here.source, here.first_game + number
