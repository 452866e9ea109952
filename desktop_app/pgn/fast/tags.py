"""The tag section of a plainly laid out game: where each value stands, with no object made for any of it.

`TagReader.read` answers only for one plain pair a line, every tag once; -1 for all the rest. Types in `tags.pxd`. One
thread at a time. Called by `runs`.
"""

from __future__ import annotations

NAMES = (
    "White",
    "Black",
    "WhiteElo",
    "BlackElo",
    "Result",
    "Date",
    "Event",
    "Site",
    "Round",
    "TimeControl",
    "Termination",
    "ECO",
    "Opening",
    "Link",
    "Variant",
    "FEN",
)
"""Tags whose values are noted, by their number; of the others it is only seen that none stands there twice."""

MOST_OTHERS = 64
_LONGEST = 16


def _marks(characters: str) -> list[int]:
    return [int(chr(code) in characters) for code in range(256)]


def _digest(name: str) -> int:
    digest = 0
    for character in name.encode():
        digest = digest * 33 + character
    return digest & 255


def _numbers() -> list[int]:
    """Number of the noted name with a digest (no two have the same), -1 where there is none."""
    numbers = [-1] * 256
    for number, name in enumerate(NAMES):
        numbers[_digest(name)] = number
    return numbers


# Of tag names, and of values that are what they look like: no quotes, escapes or controls, nothing like a comment's
# commands or HTML, which the careful reader looks for.
LETTERS = _marks("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
VALUES = [int(code >= 32 and chr(code) not in '"\\[]') for code in range(256)]
NUMBERS = _numbers()
LENGTHS = [len(name) for name in NAMES]
SPELT = [byte for name in NAMES for byte in name.encode().ljust(_LONGEST, b"\0")]


class TagReader:
    """Reads one tag section after the other; what the last one held stands in its attributes.

    Attributes:
        seen: a bit for each of `NAMES` that was there.
    """

    def __init__(self) -> None:
        self.seen = 0
        self._from = [0] * 16
        self._to = [0] * 16
        self._others = 0
        self._other_from = [0] * 64
        self._other_length = [0] * 64

    def read(self, data: bytes, start: int) -> int:
        """Read tags, one plain pair a line, then one blank line; returns where the movetext begins, or -1."""
        self.seen = 0
        self._others = 0
        place = start
        while data[place] == 91:  # [
            place = self._tag(data, place + 1)
            if place < 0:
                return -1
        place = line_end(data, place)
        if place < 0 or data[place] in (32, 9, 10, 13) or (self.seen == 0 and self._others == 0):
            return -1
        return place

    def begins(self, number: int) -> int:
        """Where the value of a tag that was seen begins."""
        return self._from[number]

    def ends(self, number: int) -> int:
        """Where it ends."""
        return self._to[number]

    def _tag(self, data: bytes, start: int) -> int:
        """Read the tag pair whose name begins here; returns where the next line begins, or -1."""
        digest = 0
        middle = start
        while LETTERS[data[middle]]:
            digest = (digest * 33 + data[middle]) & 255
            middle += 1
        if middle == start or data[middle] != 32 or data[middle + 1] != 34:
            return -1
        place = middle + 2
        while VALUES[data[place]]:
            place += 1
        if data[place] != 34 or data[place + 1] != 93:
            return -1
        number = _number(data, start, middle - start, NUMBERS[digest])
        noted = self._note(number, middle + 2, place) if number >= 0 else self._note_other(data, start, middle - start)
        return line_end(data, place + 2) if noted == 0 else -1

    def _note(self, number: int, begin: int, end: int) -> int:
        """Note where a tag's value stands; -1 where the tag was there before."""
        if self.seen >> number & 1:
            return -1
        self.seen |= 1 << number
        self._from[number] = begin
        self._to[number] = end
        return 0

    def _note_other(self, data: bytes, start: int, length: int) -> int:
        """The same for a name that is none of `NAMES`; -1 where there are absurdly many too."""
        if self._others == MOST_OTHERS:
            return -1
        for index in range(self._others):
            if self._other_length[index] == length and _same(data, self._other_from[index], start, length):
                return -1
        self._other_from[self._others] = start
        self._other_length[self._others] = length
        self._others += 1
        return 0


def line_end(data: bytes, place: int) -> int:
    """The place after the line break here, or -1."""
    if data[place] == 13:
        place += 1
    return place + 1 if data[place] == 10 else -1


def _number(data: bytes, start: int, length: int, likely: int) -> int:
    """`likely` if the name that begins here is that one of `NAMES`, else -1."""
    if likely < 0 or LENGTHS[likely] != length:
        return -1
    for index in range(length):
        if data[start + index] != SPELT[16 * likely + index]:
            return -1
    return likely


def _same(data: bytes, one: int, other: int, length: int) -> int:
    """Whether these bytes are equal."""
    for index in range(length):
        if data[one + index] != data[other + index]:
            return 0
    return 1
