"""Classes of time controls, and names as people type them."""

from __future__ import annotations

import pytest

from desktop_app.domain.names import ascii_lower, fold
from desktop_app.domain.speed import Speed, speed_of


@pytest.mark.parametrize(
    ("control", "speed"),
    [
        ("15+0", Speed.ULTRABULLET),
        ("60+0", Speed.BULLET),
        ("120+1", Speed.BULLET),
        ("180", Speed.BLITZ),
        ("180+2", Speed.BLITZ),
        ("300+3", Speed.BLITZ),
        ("600+0", Speed.RAPID),
        ("1500", Speed.CLASSICAL),
        ("5400+30", Speed.CLASSICAL),
        ("40/7200:3600", Speed.CLASSICAL),
        ("1/86400", Speed.CORRESPONDENCE),
        ("1/259200", Speed.CORRESPONDENCE),
        ("0+0", None),
        ("-", None),
        ("?", None),
        ("", None),
        ("blitz", None),
    ],
)
def test_speed_of_a_time_control(control: str, speed: Speed | None) -> None:
    """Base time plus forty increments decides, as on Lichess; periods of hours for a move are correspondence."""
    assert speed_of(control) == speed


def test_names_fold_to_what_is_typed() -> None:
    """Case and accents go, also those Unicode does not take apart; SQL's lower case touches A to Z alone."""
    assert fold("MÜLLER, Øyvind") == "muller, oyvind"
    assert fold("Łukasz Straße \u2019Æ\u2019") == "lukasz strasse 'ae'"
    assert fold("Иванов") == "иванов"
    assert ascii_lower("MÜLLER") == "mÜller"
