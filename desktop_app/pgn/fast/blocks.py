"""Games of one block of a source, read the fast way where that is exact, and the stretches that need the careful way.

A game is read here only when `pgn.splitter` would cut it at the same places and `pgn.reader` would make the same record
of it without any repair; tests compare the two over real, odd and mutated games. Runs in reading processes; pure.
Called by `services.import_reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_app.domain.game import GameRecord
from desktop_app.pgn.fast.scan import Scanner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from desktop_app.domain.game import Opening


_EVENT = b'[Event "'
_UNUSUAL_MARKS = ("\ufeff", "\x85", "\u2028", "\u2029")
_STANDARD = frozenset({"Standard", "standard", "Chess", "chess", ""})
_RESULTS = ("", "1-0", "0-1", "1/2-1/2", "*")


@dataclass(frozen=True, slots=True)
class FastGame:
    """A game read the fast way, and where it lies in the block."""

    record: GameRecord
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the block that the splitter and the careful reader must see."""

    start: int
    end: int


class FastReader:
    """Reads blocks. `name` names an opening by the Polyglot keys after the first plies."""

    def __init__(self, name: Callable[[list[int]], Opening | None]) -> None:
        self._name = name
        self._scanner = Scanner()

    def read(self, data: bytes) -> Iterator[FastGame | Stretch]:
        """The whole block in order, nothing left out. `data` begins where a game begins and ends where one ends."""
        ended = data + b"\0"  # what the scanner stops at
        place, end = 0, len(data)
        slow_from = -1
        if not data.startswith(_EVENT):  # what leads up to the first game belongs to it
            slow_from, place = 0, next_cut(data, next_cut(data, 0) + 1)
        while place < end:
            game = self._try(ended, place, end) if data.startswith(_EVENT, place) else None
            if game is None:
                slow_from = place if slow_from < 0 else slow_from
                place = next_cut(data, place + 1)
                continue
            if slow_from >= 0:
                yield Stretch(slow_from, game.start)
                slow_from = -1
            yield game
            place = game.end
        if slow_from >= 0:
            yield Stretch(slow_from, end)

    def _try(self, data: bytes, start: int, end: int) -> FastGame | None:
        try:
            return self._game(data, start, end)
        except Exception:  # noqa: BLE001  # a bug here must not cost the game: the careful reader takes it
            return None

    def _game(self, data: bytes, start: int, end: int) -> FastGame | None:
        """The game that begins here, or None where it is for the careful reader."""
        scanner = self._scanner
        body = scanner.head(data, start)
        if body < 0:
            return None
        after = scanner.read(data, body, end)
        if after < 0 or not scanner.plies:
            return None
        headers = scanner.tags
        text = data[start:after].decode()
        if not _is_plain(dict(headers), len(headers), _RESULTS[scanner.result]):
            return None
        if not text.isascii() and not _has_plain_lines(text):
            return None
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        record = GameRecord(
            headers=tuple(headers),
            variant="chess",
            start_fen=None,
            moves=scanner.moves(),
            ply_count=scanner.plies,
            pgn=text.strip("\n") + "\n",
            opening=self._name(scanner.keys()),
        )
        return FastGame(record, start, after)


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


def _is_plain(tags: dict[str, str], count: int, result: str) -> bool:
    """Whether the tags are each there once, of standard chess from the usual start, and agree with the result."""
    return (
        len(tags) == count
        and tags.get("Result") == result
        and "FEN" not in tags
        and tags.get("Variant", "") in _STANDARD
    )


def _has_plain_lines(text: str) -> bool:
    """Whether text beyond ASCII has no mark of byte order in it, and no line break of another kind."""
    return not any(mark in text for mark in _UNUSUAL_MARKS)
