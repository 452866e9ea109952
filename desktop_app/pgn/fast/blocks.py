"""Games of one block of a source, read the fast way where that is exact, and the stretches that need the careful way.

A game is read here only when `pgn.splitter` would cut it at the same places and `pgn.reader` would make the same record
of it without any repair; tests compare the two over real, odd and mutated games. Runs in reading processes; pure.
Called by `services.import_reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.domain.plain_games import NOT_JUDGED_NO_MOVES, PlainGames
from desktop_app.pgn.fast.runs import RunReader
from desktop_app.pgn.fast.tags import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_EVENT = b'[Event "'


@dataclass(frozen=True, slots=True)
class Run:
    """Games read the fast way, one right behind the other.

    Attributes:
        starts: where in the block each game begins.
        end: where the last of them ends.
    """

    games: PlainGames
    starts: list[int]
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the block that the splitter and the careful reader must see."""

    start: int
    end: int


class FastReader:
    """Reads blocks. `named` has code and name of openings by the Polyglot keys of their positions."""

    def __init__(self, named: Mapping[int, tuple[str, str]]) -> None:
        self._names = list(named.values())
        self._runs = RunReader(named)

    def read(self, data: bytes) -> Iterator[Run | Stretch]:
        """The whole block in order, nothing left out. `data` begins where a game begins and ends where one ends."""
        place, end = 0, len(data)
        slow_from = -1
        if not data.startswith(_EVENT):  # what leads up to the first game belongs to it
            slow_from, place = 0, next_cut(data, next_cut(data, 0) + 1)
        ended = data + b"\0"  # what the scanner stops at
        while place < end:
            run = self._read_run(ended, place, end) if data.startswith(_EVENT, place) else None
            if run is None:
                slow_from = place if slow_from < 0 else slow_from
                place = next_cut(data, place + 1)
                continue
            if slow_from >= 0:
                yield Stretch(slow_from, place)
                slow_from = -1
            yield run
            place = run.end
            if place < end:  # what ended the run is no plain game
                slow_from, place = place, next_cut(data, place + 1)
        if slow_from >= 0:
            yield Stretch(slow_from, end)

    def _read_run(self, data: bytes, start: int, end: int) -> Run | None:
        """The games from here on, up to one for the careful reader; None where it is the first."""
        runs = self._runs
        runs.start(start)
        try:
            self._fill(data, end)
        except Exception:  # noqa: BLE001  # a bug here must not cost the game: the careful reader takes it
            runs.repair()
        if not runs.count:
            return None
        openings = [
            None if number < 0 else (*self._names[number], ply)
            for number, ply in zip(runs.named, runs.named_plies, strict=True)
        ]
        games = PlainGames(
            tags=dict(zip(NAMES, runs.tags, strict=True)),
            moves=runs.moves,
            ply_counts=runs.plies,
            not_judged=[None if plies else NOT_JUDGED_NO_MOVES for plies in runs.plies],
            texts=runs.texts,
            openings=openings,
        )
        return Run(games, runs.starts, runs.at)

    def _fill(self, data: bytes, end: int) -> None:
        self._runs.read(data, end)


def next_cut(data: bytes, place: int) -> int:
    """The next place, from `place` on, where a game starts whatever came before it (see `pgn.blocks`); else the end."""
    while (place := data.find(_EVENT, place)) >= 0:
        if data[place - 1] in b"\r\n":
            line_end = place - 2 if data[place - 2 : place] == b"\r\n" else place - 1
            line_start = max(data.rfind(b"\n", 0, line_end), data.rfind(b"\r", 0, line_end)) + 1
            if line_start > 0 and data[line_start : line_start + 1] != b"[":
                return place
        place += 1
    return len(data)
