"""The numbers behind `analysis.confidence`: fitted by packaging/fit_anytime.py, never edited by hand. Pure data.

Source: games of the committed reference (resources/reference), Stockfish 15.1, one thread, 16 MB hash; see
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
    noise=(-2.348, -0.1034, 0.4355, 0.2264, -1.004),
    judged=(
        -1.086,
        -1.651,
        0.3417,
        0.5037,
        0.8457,
        0.3816,
        -4.293,
        -1.138,
        1.354,
        0.3903,
        1.274,
        -0.8969,
        -0.3422,
        1.314,
        0.07239,
        -0.2089,
    ),
    verdict=(
        -1.292,
        -0.3816,
        -0.3321,
        -0.3754,
        1.188,
        0.4823,
        -5.18,
        -1.511,
        1.253,
        0.03803,
        1.477,
        -0.3108,
        -0.2797,
        1.034,
        0.1592,
        -0.1286,
    ),
)
FIRST = Model(
    noise=(-2.54, -0.1147, 0.4183, 0.1679, -1.22),
    judged=(
        -1.021,
        -1.174,
        0.4292,
        -0.17,
        1.313,
        -0.06986,
        -5.688,
        -1.519,
        -0.7948,
        0.1003,
        1.154,
        -0.538,
        -0.3409,
        1.436,
        0.1732,
        -0.09159,
    ),
    verdict=(
        -1.162,
        -0.103,
        -0.6756,
        -0.8693,
        1.409,
        0.3633,
        -6.813,
        -2.131,
        -0.8413,
        -0.2127,
        0.09154,
        0.1498,
        -0.2787,
        1.303,
        0.1526,
        -0.004909,
    ),
)
SECOND = Model(
    noise=(-2.205, -0.0938, 0.451, 0.271, -0.8326),
    judged=(
        -1.023,
        -2.11,
        0.5696,
        0.9091,
        0.654,
        0.4527,
        -2.811,
        -0.6728,
        1.824,
        0.527,
        0.49,
        -1.227,
        -0.4165,
        1.206,
        -0.09106,
        -0.1609,
    ),
    verdict=(
        -1.213,
        -0.3629,
        0.06698,
        -0.4441,
        1.139,
        0.2493,
        -3.396,
        -0.8479,
        1.793,
        0.1261,
        2.278,
        -0.5007,
        -0.3263,
        0.7973,
        0.1478,
        -0.1428,
    ),
)
