"""The numbers behind `analysis.confidence`: fitted by packaging/fit_anytime.py, never edited by hand. Pure data.

Source: games of the committed reference (tests/data/reference), Stockfish 15.1, one thread, 16 MB hash; see
docs/decisions/0020. `FIRST` and `SECOND` are fitted on one half of the games each: with them the bench judges the other
half, so that nothing is measured on what it was fitted to. `ALL` is in use.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """Fitted weights.

    Attributes:
        noise: of the features of `confidence._noise`: logarithm of the change of winning chances with more nodes.
        judged: of `confidence.features`: log odds that "judged or not" changes.
        verdict: the same for the whole verdict (which judgement).
    """

    noise: tuple[float, ...]
    judged: tuple[float, ...]
    verdict: tuple[float, ...]


ALL = Model(
    noise=(-2.243, -0.1021, 0.4122, 0.2735, -0.8252),
    judged=(
        -0.4362,
        -2.178,
        0.505,
        0.5472,
        0.6055,
        0.6198,
        -2.068,
        -0.267,
        0.6034,
        0.405,
        1.641,
        -0.6502,
        -0.7739,
        1.093,
        -0.1325,
        0.1655,
    ),
    verdict=(
        -0.4662,
        -1.221,
        -0.2647,
        -0.1272,
        0.6454,
        1.106,
        -2.297,
        -0.3876,
        0.5871,
        0.4074,
        1.179,
        -0.3789,
        -0.8699,
        0.9453,
        -0.03127,
        0.1938,
    ),
)
FIRST = Model(
    noise=(-2.437, -0.1145, 0.4381, 0.201, -1.062),
    judged=(
        -0.5399,
        -1.699,
        0.1941,
        0.3018,
        0.296,
        0.6537,
        -1.775,
        0.9936,
        1.028,
        0.4729,
        0.462,
        0.055,
        -0.3661,
        0.8279,
        0.1542,
        -0.09059,
    ),
    verdict=(
        -0.5082,
        -0.826,
        -0.3989,
        -0.5158,
        0.4439,
        0.9749,
        -1.939,
        0.8177,
        1.031,
        0.5273,
        0.385,
        0.3284,
        -0.3414,
        0.6067,
        0.1732,
        0.04413,
    ),
)
SECOND = Model(
    noise=(-2.01, -0.08879, 0.3769, 0.3643, -0.5238),
    judged=(
        -0.5019,
        -2.342,
        0.5642,
        0.656,
        0.9068,
        0.6195,
        -1.847,
        -0.5909,
        -0.1438,
        0.1438,
        2.083,
        -0.9032,
        -0.7836,
        0.9962,
        -0.2517,
        0.1563,
    ),
    verdict=(
        -0.5368,
        -1.192,
        -0.04127,
        -0.1604,
        1.089,
        0.8661,
        -2.185,
        -0.7015,
        -0.1934,
        0.1425,
        1.952,
        -0.6029,
        -0.951,
        0.8736,
        -0.1501,
        0.1994,
    ),
)
