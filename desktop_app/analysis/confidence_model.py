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
        -0.6495,
        -2.102,
        0.2739,
        0.6777,
        0.7683,
        0.6317,
        -2.03,
        -0.1162,
        0.6301,
        0.3112,
        1.49,
        -0.7032,
        -0.8618,
        1.171,
        -0.1428,
        0.2055,
    ),
    verdict=(
        -0.6795,
        -1.059,
        -0.3249,
        -0.112,
        0.936,
        0.9361,
        -2.269,
        -0.2135,
        0.6391,
        0.3361,
        1.481,
        -0.2129,
        -0.8292,
        0.9426,
        -0.02231,
        0.1984,
    ),
)
FIRST = Model(
    noise=(-2.54, -0.1147, 0.4183, 0.1679, -1.22),
    judged=(
        -0.6189,
        -1.359,
        0.2904,
        0.1341,
        0.5218,
        0.1952,
        -2.323,
        -0.006967,
        0.645,
        0.2537,
        0.7289,
        -0.1786,
        -0.5784,
        0.8812,
        0.1592,
        0.04609,
    ),
    verdict=(
        -0.6603,
        -0.3518,
        -0.352,
        -0.679,
        0.7647,
        0.4474,
        -2.47,
        -0.09419,
        0.6514,
        0.2438,
        0.07513,
        -0.03145,
        -0.5388,
        0.6333,
        0.1944,
        0.0513,
    ),
)
SECOND = Model(
    noise=(-2.205, -0.0938, 0.451, 0.271, -0.8326),
    judged=(
        -0.8308,
        -2.443,
        0.7252,
        0.7014,
        1.345,
        0.6335,
        -1.12,
        -0.0601,
        0.1222,
        0.2361,
        1.33,
        -1.017,
        -0.8396,
        1.166,
        -0.2674,
        0.1272,
    ),
    verdict=(
        -0.8276,
        -1.187,
        0.1082,
        -0.2185,
        1.617,
        0.7279,
        -1.457,
        -0.1142,
        0.1512,
        0.2615,
        2.79,
        0.02597,
        -0.7164,
        0.9336,
        -0.1314,
        0.1841,
    ),
)
