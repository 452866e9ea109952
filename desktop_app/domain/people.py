"""People with several names: "Carlsen, Magnus", "Carlsen,M", "magnus carlsen" and a nickname are one player.

Pure, any thread. The library keeps who has which names; `alike` says which names may be one person's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NewType

from desktop_app.domain.names import fold

PersonId = NewType("PersonId", int)
"""Primary key of a person."""

_TITLES = frozenset({"gm", "im", "fm", "cm", "wgm", "wim", "wfm", "wcm", "nm", "dr", "prof", "jr", "sr"})
_PART = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Person:
    """A player known by several names.

    Attributes:
        name: the one they are shown by.
        names: all of them as they were given, `name` first.
        is_me: whoever keeps the library.
    """

    id: PersonId
    name: str
    names: tuple[str, ...]
    is_me: bool


@dataclass(frozen=True, slots=True)
class NameCount:
    """A player's name as games have it, and in how many games."""

    name: str
    games: int


@dataclass(frozen=True, slots=True)
class NameParts:
    """A name taken apart, folded. A name without a comma may be either way round."""

    surname: str
    given: tuple[str, ...]


def name_parts(name: str) -> NameParts | None:
    """Surname and given names; None for what is no such name ("anon_100", "NN", one word)."""
    before, comma, behind = fold(name).partition(",")
    if any(letter.isdigit() for letter in before + behind):
        return None
    if comma:
        surname, given = _words(before), _words(behind)
    else:
        words = _words(before)
        surname, given = words[-1:], words[:-1]
        if len(words) > 1 and len(words[-1]) == 1:  # "Carlsen M"
            surname, given = words[:1], words[1:]
    if not surname or not given or len("".join(surname)) < 2:
        return None
    return NameParts("".join(surname), tuple(given))


def alike(one: NameParts, other: NameParts) -> bool:
    """Whether both may be names of one person: same surname, and given names of which one set abbreviates the other."""
    if one.surname != other.surname:
        return False
    return all(
        first.startswith(second) or second.startswith(first)
        for first, second in zip(one.given, other.given, strict=False)
    )


def _words(text: str) -> list[str]:
    return [word for word in _PART.findall(text) if word not in _TITLES]
