"""How fast a game was played, from its time control as PGN writes it. Pure, any thread."""

from __future__ import annotations

import re
from enum import StrEnum


class Speed(StrEnum):
    """Classes of time controls, from the fastest; Lichess's limits (lila, chess.Speed)."""

    ULTRABULLET = "ultrabullet"
    BULLET = "bullet"
    BLITZ = "blitz"
    RAPID = "rapid"
    CLASSICAL = "classical"
    CORRESPONDENCE = "correspondence"


_MOVES_OF_A_GAME = 40
"""Increments count for so many moves (Lichess)."""

_LIMITS_S = ((30, Speed.ULTRABULLET), (180, Speed.BULLET), (480, Speed.BLITZ), (1500, Speed.RAPID))
_A_MOVE_BY_POST_S = 6 * 3600
_PERIOD = re.compile(r"(?:(\d{1,6})/)?(\d{1,7})(?:\.\d+)?(?:\+(\d{1,5})(?:\.\d+)?)?")


def speed_of(time_control: str) -> Speed | None:
    """The class of a TimeControl tag ("300+3", "40/7200:3600", "1/86400"); None where it does not say.

    Of several periods the first counts, spread over 40 moves; a period of hours for one move is correspondence.
    """
    match = _PERIOD.match(time_control.strip())
    if match is None:
        return None
    moves, base, increment = (int(part) if part else 0 for part in match.groups())
    if moves and base >= moves * _A_MOVE_BY_POST_S:
        return Speed.CORRESPONDENCE
    if moves:
        base = base * _MOVES_OF_A_GAME // moves
    estimate = base + _MOVES_OF_A_GAME * increment
    if estimate <= 0:
        return None
    return next((speed for limit, speed in _LIMITS_S if estimate < limit), Speed.CLASSICAL)
