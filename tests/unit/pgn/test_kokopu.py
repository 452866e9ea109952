"""Our reading of kokopu's own test files beside the reading its authors expect; differences are listed.

The explanations are in docs/pgn-reading.md, under the same names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.moves import unpack_moves
from desktop_app.pgn.blocks import Block
from desktop_app.pgn.reader import Reading, read_game
from desktop_app.pgn.splitter import RawGame
from desktop_app.pgn.tree import start_board

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.domain.game import GameRecord

pytestmark = pytest.mark.corpus

FOLDER = "pgn_edge/kokopu/test/resources/pgns"
RESULTS = {"White wins": "1-0", "Black wins": "0-1", "Draw": "1/2-1/2", "Line": "*"}
TAGS = ("White", "Black", "Event", "Site", "ECO", "Annotator")

EXPLAINED_READINGS = {
    "optional-kings/0.txt": "variants without kings are kept as text",
    "optional-kings/1.txt": "variants without kings are kept as text",
    "optional-kings/2.txt": "variants without kings are kept as text",
}
"""Where kokopu reads more than we do. Each has its line in docs/pgn-reading.md."""


@dataclass
class Expected:
    """What kokopu expects of one game."""

    tags: dict[str, str] = field(default_factory=dict)
    moves: list[str] = field(default_factory=list)
    result: str = "*"


def expected_reading(text: str) -> Expected:
    """Parse an N.txt: tags, the main line in SAN, the result."""
    found = Expected()
    for line in text.splitlines():
        if tag := re.match(r"(\w+) = \{(.*)\}$", line):
            found.tags[tag.group(1)] = tag.group(2)
        elif move := re.match(r"\[\d+[wb]\]\s+\(\d+[wb]\) (\S+)", line):
            found.moves.append(move.group(1))
        elif result := re.match(r"\{(White wins|Black wins|Draw|Line)\}", line):
            found.result = RESULTS[result.group(1)]
    return found


def sans(record: GameRecord) -> list[str]:
    """The main line in SAN."""
    board = start_board(record)
    assert board is not None
    found = []
    for move in unpack_moves(record.moves):
        found.append(board.san(move) if move else "--")
        board.push(move)
    return found


def tags_of(record: GameRecord) -> dict[str, str]:
    """The tags kokopu shows, in its notation: no unknown values, dates with dashes, rounds split at the dot."""
    found = {name: record.header(name) for name in TAGS if record.header(name)}
    if date := record.header("Date"):
        found["Date"] = date.replace(".", "-").replace("??", "**")
    if number := record.header("Round"):
        found |= dict(zip(("Round", "SubRound"), number.split("."), strict=False))
    return found


def readings(corpus: Path, name: str) -> list[Reading]:
    """Our readings of one of kokopu's databases."""
    data = (corpus / FOLDER / name / "database.pgn").read_bytes()
    pieces = Block(0, 0, 1, data).split()
    return [read_game(piece) for piece in pieces if isinstance(piece, RawGame)]


def our_index(name: str, index: int) -> int:
    """Which of our games is kokopu's: in one file, tags after moves begin a game of their own with us."""
    return index + (name == "syntactic-error-1" and index > 15)


def test_games_read_as_kokopu_expects(corpus: Path) -> None:
    """Tags, main line and result of every N.txt are ours too, but for the listed differences."""
    different = set()
    for path in sorted((corpus / FOLDER).glob("*/*.txt")):
        name = f"{path.parent.name}/{path.name}"
        expected = expected_reading(path.read_text(encoding="utf-8"))
        record = readings(corpus, path.parent.name)[our_index(path.parent.name, int(path.stem))].record
        assert record is not None, name
        ours = tags_of(record)
        wanted = {key: value for key, value in expected.tags.items() if key != "Variant"}
        assert ours == wanted, name
        assert record.header_map["Result"] == expected.result, name
        if record.variant.startswith("unknown:") or sans(record) != expected.moves:
            different.add(name)
    assert different == set(EXPLAINED_READINGS)


def test_text_kokopu_refuses_is_reported(corpus: Path) -> None:
    """For every N.err there is a problem of ours about that game: rejected, or mended in words."""
    silent = []
    checked = 0
    for path in sorted((corpus / FOLDER).glob("*/*.err")):
        ours = readings(corpus, path.parent.name)
        checked += 1
        index = our_index(path.parent.name, int(path.stem))
        if path.parent.name == "syntactic-error-3":
            assert not ours  # text without any game: reported for the source as a whole
        elif ours[index].problem is None:
            silent.append(f"{path.parent.name}/{path.name}")
    assert checked > 20
    assert silent == []
