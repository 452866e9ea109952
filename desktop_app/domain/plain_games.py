"""Many plainly laid out games, value by value: what the fast reader makes and the library prepares for storing.

A game here is of standard chess from the usual start, sound, with or without moves, each of its tags there once.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_JUDGED_NO_MOVES = "no moves"
"""Why a game without moves is not judged, however it was read."""


@dataclass(slots=True)
class PlainGames:
    """Games that follow one another in a source; all lists are equally long.

    Attributes:
        tags: for each tag that the library has a column for, and Link, its values as written, "" where it is missing.
        moves: main lines, packed as `domain.moves` says.
        ply_counts: their lengths.
        not_judged: why a game is not judged (it has no moves), else None.
        texts: the games' own texts, UTF-8; each begins with all of the game's tags, one plain pair a line.
        openings: ECO code, name and ply of the deepest named position, None where none is named.
    """

    tags: dict[str, list[str]]
    moves: list[bytes]
    ply_counts: list[int]
    not_judged: list[str | None]
    texts: list[bytes]
    openings: list[tuple[str, str, int] | None]
