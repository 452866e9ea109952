"""How names are looked for: without regard to case and accents. Pure, any thread."""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum

_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "\u0131": "i", "\u2019": "'"}
)
"""Letters that Unicode does not take apart, as people without them on the keyboard type them."""

_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class NameKind(IntEnum):
    """Which dictionary of names a text belongs to; stored."""

    PLAYER = 1
    EVENT = 2
    SITE = 3
    OPENING = 4
    TERMINATION = 5
    TIME_CONTROL = 6


def fold(text: str) -> str:
    """The text as it is searched: "MÜLLER, Øyvind" is "muller, oyvind"."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(char for char in apart if not unicodedata.combining(char))


def ascii_lower(text: str) -> str:
    """A to Z in lower case and nothing else: what SQL's `lower` does in a library of either database system."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words of a text as comments are searched by: folded, letters and digits only. "9. Nf3!? Müller's" has 4."""
    folded = fold(text)
    # Taken apart, letters of mathematics and the like turn out to be capitals.
    return _WORD.findall(folded if folded.isascii() and folded.islower() else fold(folded))
