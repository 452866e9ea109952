"""Games for benches: multiples of the sample games with other players and dates, so that none is a duplicate.

Called by the benches only; any thread.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from desktop_app import paths

if TYPE_CHECKING:
    from pathlib import Path

_TAG = re.compile(r'^\[(White|Black|Date|Round|Site|Event) "[^"]*"\]\n', re.MULTILINE)
_SPLIT = re.compile(r"\n(?=\[Event )")


def sample_texts() -> list[str]:
    """The PGN text of each sample game."""
    text = paths.resource("samples.pgn").read_text(encoding="utf-8")
    return [game.strip() + "\n" for game in _SPLIT.split(text) if game.strip()]


def write_multiples(out: Path, games: int, *, seed: int = 20261123, evaluated: bool = False) -> int:
    """Write `games` games made from the samples into `out`; returns the size in bytes.

    Moves are real; players, date and round are drawn from a seeded generator so that nearly every game is a new one.
    Rounds repeat: Scid has room for 262 144 different ones and imports nothing of a file with more.
    With `evaluated`, each move carries `[%eval]` and `[%clk]` as a Lichess export has them.
    """
    bodies = [_TAG.sub("", text) for text in sample_texts()]
    draw = random.Random(seed)  # noqa: S311 - bench data, not a secret
    if evaluated:
        bodies = [_with_comments(body, draw) for body in bodies]
    size = 0
    with out.open("w", encoding="utf-8") as stream:
        for index in range(games):
            white, black = draw.randrange(5000), draw.randrange(5000)
            head = (
                f'[Event "Bench open {index % 97}"]\n[Site "?"]\n'
                f'[Date "{1990 + index % 35}.{1 + index % 12:02}.{1 + index % 28:02}"]\n[Round "{index % 999}"]\n'
                f'[White "Player {white}, A"]\n[Black "Player {black}, B"]\n'
            )
            size += stream.write(head + bodies[index % len(bodies)] + "\n")
    return size


def _with_comments(body: str, draw: random.Random) -> str:
    head, _, moves = body.partition("\n\n")
    out: list[str] = []
    seconds = 600
    for token in moves.split():
        out.append(token)
        if token[0].isalpha():
            seconds = max(1, seconds - draw.randrange(9))
            clock = f"0:{seconds // 60:02}:{seconds % 60:02}"
            out.append(f"{{ [%eval {draw.uniform(-3, 3):.2f}] [%clk {clock}] }}")
    return f"{head}\n\n{' '.join(out)}\n"
