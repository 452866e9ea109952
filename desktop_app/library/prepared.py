"""A game as rows of the library: every column worked out, texts compressed, ready to be stored.

This is the costly half of storing. It needs no database (nothing here imports SQL), so that imports do it in their
reading processes and send rows, not objects, to the one that writes. Pure, any thread; called by `games` and by
`services.import_reading`.
"""

from __future__ import annotations

import json
import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import zstandard

from desktop_app.domain.game import GameState
from desktop_app.domain.speed import speed_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from desktop_app.domain.game import GameRecord

GAME_COLUMNS = (
    "identity",
    "white",
    "black",
    "white_elo",
    "black_elo",
    "result",
    "date",
    "event",
    "site",
    "round",
    "time_control",
    "termination",
    "eco",
    "opening",
    "opening_ply",
    "variant",
    "start_fen",
    "ply_count",
    "moves",
    "partial",
    "not_judged",
    "state",
    "speed",
)
"""Columns of `tables.game` in the order of `PreparedGame.columns`; `batch_id` is added by who stores."""

_RESULTS = frozenset({"1-0", "0-1", "1/2-1/2", "*"})
_HIGHEST_ELO = 4_999
_PLAIN_TAG = re.compile(r'^\[([A-Za-z0-9_]+) "([^"\\\n]*)"\]\n', re.MULTILINE)
_UNKNOWN = "?.- "
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_LEVEL = 3
# Checksums and sizes of a frame: SQLite keeps its own account of lengths, and kilobytes need no checksum of their own.
_packer = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)
_unpacker = zstandard.ZstdDecompressor()


class PreparedGame(NamedTuple):
    """What one game stores.

    Attributes:
        columns: values of `GAME_COLUMNS`.
        headers: JSON list of [tag, value], compressed; empty where the text's own tag section says exactly that.
        pgn: the game's own text, UTF-8, compressed.
    """

    columns: tuple[Any, ...]
    headers: bytes
    pgn: bytes

    @property
    def identity(self) -> bytes:
        """`GameRecord.identity`."""
        found: bytes = self.columns[0]
        return found


class PreparedGames:
    """Many games ready to be stored, column by column: what reading processes send and `submit_prepared` takes.

    Lists of values pickle, cross a pipe and are searched for names at a fraction of what as many rows would cost.
    Iterating gives the games one by one.

    Attributes:
        columns: one list for each of `GAME_COLUMNS`, all equally long.
        headers, pgn: as in PreparedGame.
    """

    __slots__ = ("columns", "headers", "pgn")

    def __init__(
        self, columns: Sequence[list[Any]] = (), headers: list[bytes] | None = None, pgn: list[bytes] | None = None
    ) -> None:
        self.columns = list(columns) or [[] for _ in GAME_COLUMNS]
        self.headers = [] if headers is None else headers
        self.pgn = [] if pgn is None else pgn

    def __len__(self) -> int:
        return len(self.pgn)

    def __iter__(self) -> Iterator[PreparedGame]:
        return map(PreparedGame, zip(*self.columns, strict=True), self.headers, self.pgn)

    def append(self, game: PreparedGame) -> None:
        """Add one game behind the others."""
        for column, value in zip(self.columns, game.columns, strict=True):
            column.append(value)
        self.headers.append(game.headers)
        self.pgn.append(game.pgn)

    def extend(self, others: PreparedGames) -> None:
        """Add other games behind these."""
        for column, values in zip(self.columns, others.columns, strict=True):
            column += values
        self.headers += others.headers
        self.pgn += others.pgn


def prepare(record: GameRecord, *, plain_tags: bool = False) -> PreparedGame:
    """Columns and compressed texts of one game.

    `plain_tags`: the caller knows that `record.pgn` begins with `record.headers`, one plain pair a line, nothing
    escaped (the fast reader takes no others); they are then not stored a second time.
    """
    tags = record.header_map
    opening = record.opening
    time_control = _tag(tags, "TimeControl", 32)
    columns = (
        record.identity(),
        _tag(tags, "White"),
        _tag(tags, "Black"),
        _elo(tags.get("WhiteElo", "")),
        _elo(tags.get("BlackElo", "")),
        _result(tags),
        _date(_tag(tags, "Date", 16)),
        _tag(tags, "Event"),
        _tag(tags, "Site"),
        _tag(tags, "Round", 32),
        time_control,
        _tag(tags, "Termination"),
        opening.eco if opening else _tag(tags, "ECO", 8),
        opening.name if opening else _tag(tags, "Opening"),
        int(opening.ply) if opening else None,
        _text(record.variant, 32),
        record.start_fen,
        record.ply_count,
        record.moves,
        record.partial and storable(record.partial),
        record.not_judged and storable(record.not_judged),
        GameState.UNANALYSED.value,
        _speed(time_control),
    )
    headers = b"" if plain_tags else pack_text(json.dumps(record.headers, separators=(",", ":")))
    return PreparedGame(columns, headers, pack_text(record.pgn))


def unpack_headers(packed: bytes, pgn: str) -> tuple[tuple[str, str], ...]:
    """The tags of a stored game whose text is `pgn`."""
    if packed:
        return tuple((name, value) for name, value in json.loads(unpack_text(packed)))
    return tuple(_PLAIN_TAG.findall(pgn, 0, pgn.index("\n\n") + 1))


def pack_text(text: str) -> bytes:
    """Compressed UTF-8; lone surrogates survive."""
    return _packer.compress(text.encode("utf-8", "surrogatepass"))


def unpack_text(packed: bytes) -> str:
    """What `pack_text` packed, or zlib as libraries of version 0.1 have it."""
    data = _unpacker.decompress(packed) if packed.startswith(_ZSTD_MAGIC) else zlib.decompress(packed)
    return data.decode("utf-8", "surrogatepass")


def storable(text: str) -> str:
    """A text as every database takes it: without NUL and stray surrogates (file names and broken tags have them)."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _tag(tags: dict[str, str], name: str, limit: int | None = None) -> str:
    """A tag as a column: empty where it is missing or unknown, as `GameRecord.header` has it."""
    value = tags.get(name, "")
    if not value.strip(_UNKNOWN) and value != "*":
        return ""
    return _text(value, limit)


def _text(value: str, limit: int | None = None) -> str:
    """A tag's value fit for a column: without NUL and stray surrogates, cut to the column's length."""
    value = storable(value)
    return value if limit is None else value[:limit]


@lru_cache(maxsize=4096)
def _speed(time_control: str) -> str:
    """The column `speed`. A million games have a few hundred time controls."""
    speed = speed_of(time_control)
    return speed.value if speed else ""


def _result(tags: dict[str, str]) -> str:
    value = tags.get("Result", "*")
    return value if value in _RESULTS else "*"


def _date(text: str) -> str:
    """A date as written, "" where not even the year is known, so that it never sorts or compares as one."""
    return text if text[:1].isdigit() else ""


def _elo(value: str) -> int | None:
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(_HIGHEST_ELO))):
        return None
    return int(value) if 0 < int(value) <= _HIGHEST_ELO else None
