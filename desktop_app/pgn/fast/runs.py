"""Runs of plainly laid out games, read one after the other into columns: nothing is made of a game but its values.

`RunReader.read` stops at the first game that is for the careful reader. Types in `runs.pxd`. One thread at a time.
Called by `blocks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.pgn.fast.scan import Scanner
from desktop_app.pgn.fast.tags import NAMES, TagReader

if TYPE_CHECKING:
    from collections.abc import Iterable

RESULT, VARIANT, FEN = NAMES.index("Result"), NAMES.index("Variant"), NAMES.index("FEN")
_SLOTS = 16384
_MOST_KEYS = 12000
_STANDARD = frozenset({"Standard", "standard", "Chess", "chess", ""})
_UNUSUAL_MARKS = ("\ufeff", "\x85", "\u2028", "\u2029")
_RESULTS = ("", "1-0", "0-1", "1/2-1/2", "*")
# The same as bytes, eight for each, and their lengths.
SPELT = [byte for result in _RESULTS for byte in result.encode().ljust(8, b"\0")]
LENGTHS = [len(result) for result in _RESULTS]


class RunReader:
    """Reads games that follow one another and are plain. `keys`: Polyglot keys of the positions that have a name.

    Raises ValueError for more keys than there is room for.

    Attributes:
        at: where the game begins that is being read, or that stopped the run.
        count: games read since `start`, the length of each of the lists.
        starts: where each game begins.
        tags: a list for each of `tags.NAMES`; an empty text where the tag is missing.
        moves: main lines, packed as `domain.moves` says.
        plies: their lengths.
        texts: the games' own texts, one line feed at the end of each and of every line.
        named: which of `keys` stands after the latest ply of those within `BOOK_PLIES`; -1 for none.
        named_plies: after how many plies.
    """

    def __init__(self, keys: Iterable[int]) -> None:
        self._scanner = Scanner()
        self._tags = TagReader()
        self._keys = [0] * 16384
        self._numbers = [-1] * 16384
        self._set_keys(list(keys))
        self.start(0)

    def start(self, place: int) -> None:
        """Begin anew, with empty lists."""
        self.at = place
        self.count = 0
        self.starts: list[int] = []
        self.tags: list[list[str]] = [[] for _ in NAMES]
        self.moves: list[bytes] = []
        self.plies: list[int] = []
        self.texts: list[bytes] = []
        self.named: list[int] = []
        self.named_plies: list[int] = []

    def read(self, data: bytes, end: int) -> None:
        """Read on from `at`, up to the first game that is not plain, or to `end`, where a zero byte must stand."""
        while self.at < end:
            after = self._game(data, self.at, end)
            if after < 0:
                return
            self.count += 1
            self.at = after

    def repair(self) -> None:
        """Forget what a game that failed in the middle left behind."""
        for values in (self.starts, *self.tags, self.moves, self.plies, self.texts, self.named, self.named_plies):
            del values[self.count :]  # type: ignore[attr-defined]  # lists of several kinds

    def _set_keys(self, keys: list[int]) -> None:
        if len(keys) > _MOST_KEYS:
            raise ValueError(f"{len(keys)} named positions are more than the table holds")
        for slot in range(_SLOTS):
            self._keys[slot] = 0
            self._numbers[slot] = -1
        for number in range(len(keys)):
            slot = keys[number] & (_SLOTS - 1)
            while self._numbers[slot] >= 0:
                slot = (slot + 1) & (_SLOTS - 1)
            self._keys[slot] = keys[number]
            self._numbers[slot] = number

    def _game(self, data: bytes, start: int, end: int) -> int:
        """Read the game that begins here; returns where the next begins, or -1."""
        body = self._tags.read(data, start)
        if body < 0:
            return -1
        after = self._scanner.read(data, body, end)
        if after < 0 or not self._agrees(data) or (self._scanner.plies == 0 and not self._says(data, body)):
            return -1  # without a move, there must be nothing but the result
        text = _own_text(data, start, after)
        if not text.isascii() and not has_plain_lines(text):
            return -1
        if self._tags.seen >> VARIANT & 1 and self._value(data, VARIANT) not in _STANDARD:
            return -1
        self.starts.append(start)
        self.texts.append(text)
        self.moves.append(self._scanner.moves())
        self.plies.append(self._scanner.plies)
        for number in range(16):
            self.tags[number].append(self._value(data, number))
        self._note_name()
        return after

    def _agrees(self, data: bytes) -> int:
        """Whether the Result tag says what stands at the end of the moves, and the game begins as usual."""
        if not self._tags.seen >> RESULT & 1 or self._tags.seen >> FEN & 1:
            return 0
        begin = self._tags.begins(RESULT)
        return self._tags.ends(RESULT) - begin == LENGTHS[self._scanner.result] and self._says(data, begin)

    def _says(self, data: bytes, place: int) -> int:
        """Whether the result of the game stands there."""
        result = self._scanner.result
        for index in range(LENGTHS[result]):
            if data[place + index] != SPELT[8 * result + index]:
                return 0
        return 1

    def _value(self, data: bytes, number: int) -> str:
        """The value of a tag, an empty text where it was not there."""
        if not self._tags.seen >> number & 1:
            return ""
        return data[self._tags.begins(number) : self._tags.ends(number)].decode("utf-8")

    def _note_name(self) -> None:
        """Note the deepest position that has a name."""
        for ply in range(self._scanner.noted(), 0, -1):
            key = self._scanner.key_after(ply)
            slot = key & (_SLOTS - 1)
            while self._numbers[slot] >= 0:
                if self._keys[slot] == key:
                    self.named.append(self._numbers[slot])
                    self.named_plies.append(ply)
                    return
                slot = (slot + 1) & (_SLOTS - 1)
        self.named.append(-1)
        self.named_plies.append(0)


def _own_text(data: bytes, start: int, after: int) -> bytes:
    """The text between two places, each line ended by a line feed, no blank line at the end."""
    stop = after
    while data[stop - 1] == 10 or data[stop - 1] == 13:
        if data[stop - 1] == 13 and data[stop] != 10:
            break
        stop -= 1
    if data[stop] == 10:
        stop += 1
    text = data[start:stop]
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    return text if stop > start and data[stop - 1] == 10 else text + b"\n"


def has_plain_lines(text: bytes) -> bool:
    """Whether a text beyond ASCII is UTF-8, with no mark of byte order in it and no line break of another kind."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(mark in decoded for mark in _UNUSUAL_MARKS)
