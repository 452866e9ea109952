"""What a tree of openings consists of: volumes of the Encyclopaedia of Chess Openings, codes, names. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpeningName:
    """A named opening within a code, and how many games have it."""

    name: str
    games: int


@dataclass(frozen=True, slots=True)
class OpeningCode:
    """An ECO code ("B90"), its games, and the names they have, those with most games first."""

    eco: str
    games: int
    names: tuple[OpeningName, ...]


@dataclass(frozen=True, slots=True)
class OpeningVolume:
    """A letter from A to E, its games, and its codes in order."""

    letter: str
    games: int
    codes: tuple[OpeningCode, ...]
