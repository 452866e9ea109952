"""A game as rows of the library: every column worked out, texts compressed, ready to be stored.

This is the costly half of storing. It needs no database (nothing here imports SQL), so that imports do it in their
reading processes and send rows, not objects, to the one that writes. Pure, any thread; called by `games` and by
`services.import_reading`.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import zstandard

from desktop_app.domain.game import GameRecord, GameState, Opening, Ply, moves_identity, site_id, site_identity
from desktop_app.domain.speed import speed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from desktop_app.domain.plain_games import PlainGames

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
_LEVEL = 1
_MOST_WORKED = 50_000
_T = TypeVar("_T")

# What games have in common (packaging/train_text_dictionary.py). Libraries cannot be read without it: never change it.
_DICTIONARY = zstandard.ZstdCompressionDict(Path(__file__).with_name("text.zdict").read_bytes())
_DICTIONARY.precompute_compress(level=_LEVEL)


class _Codec(threading.local):
    """Packs and unpacks texts; one for each thread, as Zstandard wants it."""

    def __init__(self) -> None:
        self.packer = zstandard.ZstdCompressor(level=_LEVEL, dict_data=_DICTIONARY)
        self.unpackers = {
            0: zstandard.ZstdDecompressor(),
            _DICTIONARY.dict_id(): zstandard.ZstdDecompressor(dict_data=_DICTIONARY),
        }


_codec = _Codec()


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
            column.extend(values)
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


def prepare_plain(games: PlainGames) -> PreparedGames:
    """`prepare` for many plain games at once, column by column: the same values for a fifth of the work."""
    tags, count = games.tags, len(games.texts)
    openings = games.openings
    times = list(map(_TIMES.__getitem__, tags["TimeControl"]))
    columns: tuple[list[Any], ...] = (
        list(_plain_identities(games)),
        list(map(_NAMES.__getitem__, tags["White"])),
        list(map(_NAMES.__getitem__, tags["Black"])),
        list(map(_ELOS.__getitem__, tags["WhiteElo"])),
        list(map(_ELOS.__getitem__, tags["BlackElo"])),
        tags["Result"],
        list(map(_DATES.__getitem__, tags["Date"])),
        list(map(_NAMES.__getitem__, tags["Event"])),
        list(map(_known, tags["Site"])),
        list(map(_ROUNDS.__getitem__, tags["Round"])),
        times,
        list(map(_NAMES.__getitem__, tags["Termination"])),
        [found[0] if found else _known(code)[:8] for found, code in zip(openings, tags["ECO"], strict=True)],
        [found[1] if found else _known(name) for found, name in zip(openings, tags["Opening"], strict=True)],
        [found[2] if found else None for found in openings],
        ["chess"] * count,
        [None] * count,
        games.ply_counts,
        games.moves,
        [None] * count,
        games.not_judged,
        [GameState.UNANALYSED.value] * count,
        list(map(_speed, times)),
    )
    return PreparedGames(columns, [b""] * count, list(map(_codec.packer.compress, games.texts)))


def _plain_identities(games: PlainGames) -> Iterator[bytes]:
    """`GameRecord.identity` of each."""
    tags = games.tags
    sites = zip(tags["Site"], tags["Link"], strict=True)
    players = zip(map(_FOLDED.__getitem__, tags["White"]), map(_FOLDED.__getitem__, tags["Black"]), strict=True)
    for (site, link), pair, date, result, moves, text in zip(
        sites, players, tags["Date"], tags["Result"], games.moves, games.texts, strict=True
    ):
        # Other sites give no ids that we know.
        found = site_id({"Site": site, "Link": link}) if link or site[:4] == "http" else ""
        if found:
            yield site_identity(found)
        elif moves:
            yield moves_identity(pair, _known(date), result, moves)
        else:
            yield moves_identity(pair, _known(date), result, moves, text=hashlib.sha256(text).hexdigest())


def _known(value: str) -> str:
    """A tag's value, empty where it says that nothing is known; as `GameRecord.header` has it."""
    return "" if not value.strip(_UNKNOWN) and value != "*" else value


def unpack_headers(packed: bytes, pgn: str) -> tuple[tuple[str, str], ...]:
    """The tags of a stored game whose text is `pgn`."""
    if packed:
        return tuple((name, value) for name, value in json.loads(unpack_text(packed)))
    return tuple(_PLAIN_TAG.findall(pgn, 0, pgn.index("\n\n") + 1))


def pack_text(text: str) -> bytes:
    """Compressed UTF-8; lone surrogates survive."""
    return _codec.packer.compress(text.encode("utf-8", "surrogatepass"))


def unpack_text(packed: bytes) -> str:
    """What `pack_text` packed, with or without the dictionary, or zlib as libraries of version 0.1 have it."""
    if packed.startswith(_ZSTD_MAGIC):
        data = _codec.unpackers[zstandard.get_frame_parameters(packed).dict_id].decompress(packed)
    else:
        data = zlib.decompress(packed)
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


class _Worked(dict[str, _T]):
    """What was worked out of a text before: the same few names, dates and ratings stand in most games of a source."""

    def __init__(self, work: Callable[[str], _T]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, text: str) -> _T:
        if len(self) >= _MOST_WORKED:
            self.clear()
        found = self[text] = self._work(text)
        return found


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


_NAMES = _Worked(_known)
_FOLDED = _Worked(lambda name: _known(name).casefold())
_DATES = _Worked(lambda text: _date(_known(text)[:16]))
_ROUNDS = _Worked(lambda text: _known(text)[:32])
_TIMES = _Worked(lambda text: _known(text)[:32])
_ELOS = _Worked(_elo)


def record_of(row: Any) -> GameRecord:
    """The game that rows of `game` and `game_text` hold together, read back; `row` has their columns as attributes."""
    pgn = unpack_text(row.pgn)
    return GameRecord(
        headers=unpack_headers(row.headers, pgn),
        variant=row.variant,
        start_fen=row.start_fen,
        moves=row.moves,
        ply_count=row.ply_count,
        pgn=pgn,
        opening=None if row.opening_ply is None else Opening(row.eco, row.opening, Ply(row.opening_ply)),
        partial=row.partial,
        not_judged=row.not_judged,
    )
