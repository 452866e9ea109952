"""Train the dictionary that stored games are compressed with: packaging/train_text_dictionary.py OUT PGN...

Run once, on games of the Lichess database (CC0), as they are and laid out as other sources do. The result is
`desktop_app/library/text.zdict`, which every library needs for as long as it is read: a better one gets a number and a
file of its own. Names, events and addresses are taken out first, so that no player is in it.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import zstandard

DICTIONARY_ID = 40_001
"""Two bytes in every text, from the range that is free for private use."""
SIZE = 32 * 1024
_GAME = re.compile(r"\n(?=\[Event )")
_NAMING = re.compile(r'^\[(White|Black|Event|Site|Date|UTCDate|UTCTime|Round|Link|GameId) "[^"]*"', re.MULTILINE)
_COMMENT = re.compile(r" ?\{[^}]*\}(?: \d+\.\.\.)?| [?!]+")
_CLOCK = re.compile(r"\{ (?:\[%eval [^]]*\] )?\[%clk (\d+:\d+:\d+)\] \}")
_OTHER_SITE = (
    '[Event "Live Chess"]\n[Site "Chess.com"]\n[Date "2021.10.01"]\n[Round "-"]\n[White ""]\n[Black ""]\n'
    '[Result "1-0"]\n[CurrentPosition "7r/8/4k3/8/2R2p1p/8/PPP2PPP/2K5 w - -"]\n[Timezone "UTC"]\n[ECO "B01"]\n'
    '[ECOUrl "https://www.chess.com/openings/Scandinavian-Defense"]\n[UTCDate "2021.10.01"]\n[UTCTime "08:39:36"]\n'
    '[WhiteElo "1512"]\n[BlackElo "1498"]\n[TimeControl "600"]\n[Termination " won by resignation"]\n'
    '[StartTime "08:39:36"]\n[EndDate "2021.10.01"]\n[EndTime "08:41:48"]\n[Link "https://www.chess.com/game/live/"]\n'
)


def layouts(text: str) -> tuple[str, ...]:
    """A game as Lichess writes it, as a tournament's file has it, and as another site does."""
    head, _, moves = _NAMING.sub(r'[\1 ""', text).strip().partition("\n\n")
    bare = textwrap.fill(_COMMENT.sub("", moves), 79)
    tags = re.findall(r'^\[(?:WhiteElo|BlackElo|Result|ECO) ".*', head, re.MULTILINE)
    named = [f'[{name} ""]' for name in ("Event", "Site", "Date", "Round", "White", "Black")]
    clocks = _CLOCK.sub(r"{[%clk \1.9]}", moves)
    return (f"{head}\n\n{moves}\n", "\n".join((*named, *tags, "", bare, "")), f"{_OTHER_SITE}\n{clocks}\n")


def main(out: str, *sources: str) -> None:
    """Write the dictionary."""
    texts = [text for source in sources for text in _GAME.split(Path(source).read_text(encoding="utf-8"))]
    samples = [layout.encode() for text in texts for layout in layouts(text)]
    Path(out).write_bytes(zstandard.train_dictionary(SIZE, samples, dict_id=DICTIONARY_ID, level=1).as_bytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
