"""Games for benches: multiples of the sample games with other players and dates, so that none is a duplicate.

Called by the benches only; any thread.
"""

from __future__ import annotations

import random
import re
import string
from typing import TYPE_CHECKING

from desktop_app import paths

if TYPE_CHECKING:
    from pathlib import Path

_TAG = re.compile(
    r'^\[(White|Black|Date|Round|Site|Event|(White|Black)Elo|TimeControl|Termination) "[^"]*"\]\n', re.MULTILINE
)
_SPLIT = re.compile(r"\n(?=\[Event )")
_ID_DIGITS = string.ascii_letters + string.digits
_ID_LENGTH = 8


def sample_texts() -> list[str]:
    """The PGN text of each sample game."""
    text = paths.resource("samples.pgn").read_text(encoding="utf-8")
    return [game.strip() + "\n" for game in _SPLIT.split(text) if game.strip()]


def write_multiples(out: Path, games: int, *, seed: int = 20261123, evaluated: bool = False) -> int:
    """Write `games` games made from the samples into `out`; returns the size in bytes.

    Moves are real; players, date and round are drawn from a seeded generator so that nearly every game is a new one.
    Rounds repeat: Scid has room for 262 144 different ones and imports nothing of a file with more.
    With `evaluated`, games are laid out as Lichess exports them: its tags, an address of their own that tells them
    apart, and `[%eval]` and `[%clk]` with each move.
    """
    bodies = [_TAG.sub("", text) for text in sample_texts()]
    draw = random.Random(seed)  # noqa: S311 - bench data, not a secret
    if evaluated:
        bodies = [_with_comments(body, draw) for body in bodies]
    size = 0
    with out.open("w", encoding="utf-8") as stream:
        for index in range(games):
            white, black = draw.randrange(5000), draw.randrange(5000)
            date = f"{1990 + index % 35}.{1 + index % 12:02}.{1 + index % 28:02}"
            if evaluated:
                head = _online_tags(index, date, (f"Player{white}", f"player_{black}"), draw)
            else:
                head = (
                    f'[Event "Bench open {index % 97}"]\n[Site "?"]\n[Date "{date}"]\n[Round "{index % 999}"]\n'
                    f'[White "Player {white}, A"]\n[Black "Player {black}, B"]\n'
                )
            size += stream.write(head + bodies[index % len(bodies)] + "\n")
    return size


def _online_tags(index: int, date: str, players: tuple[str, str], draw: random.Random) -> str:
    """All tags but the result; the address ends with the game's number, in letters and digits as Lichess writes ids."""
    number = ""
    for place in range(_ID_LENGTH):
        number += _ID_DIGITS[index // len(_ID_DIGITS) ** place % len(_ID_DIGITS)]
    minutes, seconds = index // 60 % 1440, index % 60
    return (
        f'[Event "Rated Rapid game"]\n[Site "https://lichess.org/{number}"]\n[Date "{date}"]\n[Round "-"]\n'
        f'[White "{players[0]}"]\n[Black "{players[1]}"]\n'
        f'[UTCDate "{date}"]\n[UTCTime "{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"]\n'
        f'[WhiteElo "{draw.randrange(800, 2700)}"]\n[BlackElo "{draw.randrange(800, 2700)}"]\n'
        f'[WhiteRatingDiff "+{draw.randrange(12)}"]\n[BlackRatingDiff "-{draw.randrange(12)}"]\n'
        f'[TimeControl "600+0"]\n[Termination "Normal"]\n'
    )


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
