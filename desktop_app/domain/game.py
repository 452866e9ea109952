"""Games as Kibitz keeps them: identity, headers, moves, states."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

GameId = NewType("GameId", int)
"""Primary key of a game in one library."""

Ply = NewType("Ply", int)
"""Number of half-moves made; 0 is the start position."""

PositionKey = NewType("PositionKey", int)
"""Signed 64-bit digest of pieces, side to move, castling rights, legal en passant and variant."""


class GameState(StrEnum):
    """Where a game stands (product.md section 4). `failed` carries a reason and never counts in statistics."""

    UNANALYSED = "unanalysed"
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    ANALYSED = "analysed"
    FAILED = "failed"


CUT_SHORT = "the text ends without a result"
"""How `GameRecord.partial` ends for a game of a site whose text was cut between two moves: sites always write one."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A named line: ECO code, name, and the ply at which the deepest named position stands."""

    eco: str
    name: str
    ply: Ply


@dataclass(frozen=True, slots=True)
class GameRecord:
    """A game as the reader hands it to the library: everything that must survive storage.

    Attributes:
        headers: all tags in file order, as written (duplicates kept last-wins, repaired ones reported).
        variant: python-chess's UCI name ("chess", "chess960", "atomic", …) or "unknown:<tag>" for one it lacks.
        start_fen: FEN of a non-standard start, else None.
        moves: the main line, packed (see `domain.moves`).
        ply_count: number of half-moves in the main line.
        pgn: the game's own text, headers included, without anything Kibitz itself once wrote into it. Source of
            comments, glyphs, variations and clocks; parsed only when a game is opened or exported.
        opening: deepest named position, None where none is named.
        partial: None for a sound game, else why and where reading stopped ("ply 31: illegal move Qxh9").
        not_judged: None for a game we analyse, else why not (unknown variant, no moves).
    """

    headers: tuple[tuple[str, str], ...]
    variant: str
    start_fen: str | None
    moves: bytes
    ply_count: int
    pgn: str
    opening: Opening | None = None
    partial: str | None = None
    not_judged: str | None = None
    header_map: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "header_map", dict(self.headers))

    def header(self, name: str) -> str:
        """The tag's value, or an empty string where it is missing or unknown ("?", "????.??.??")."""
        value = self.header_map.get(name, "")
        return "" if value.strip("?.- ") == "" and value != "*" else value

    def identity(self) -> bytes:
        """16 bytes that tell this game from others; annotations are never part of it.

        The site's own id where a site gave one, else players, date, result, start position and moves. What is left
        of a broken game goes by its moves: the whole game, when it comes, is no duplicate of it. One that is merely
        cut short keeps its site's id: the whole game takes its place (`services.enrich_games`).
        """
        broken = self.partial is not None and not self.partial.endswith(CUT_SHORT)
        site = "" if broken else site_id(self.header_map)
        if site:
            return site_identity(site)
        return moves_identity(
            (self.header("White").casefold(), self.header("Black").casefold()),
            self.header("Date"),
            self.header_map.get("Result", "*"),
            self.moves,
            start=f"{self.variant}\0{self.start_fen or ''}",
            # A game none of whose moves we could read is known by its text alone.
            text="" if self.moves else hashlib.sha256(self.pgn.encode("utf-8", "surrogatepass")).hexdigest(),
        )


def site_identity(site: str) -> bytes:
    """`GameRecord.identity` of a game that its site gave an id (`site_id`)."""
    return hashlib.blake2b(f"site\0{site}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def moves_identity(
    players: tuple[str, str], date: str, result: str, moves: bytes, *, start: str = "chess\0", text: str = ""
) -> bytes:
    """`GameRecord.identity` of any other game.

    `players` are casefolded; `start` is variant and start FEN, `text` the digest of a text without readable moves.
    """
    known = f"moves\0{players[0]}\0{players[1]}\0{date}\0{result}\0{start}\0{moves.hex()}\0{text}"
    return hashlib.blake2b(known.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class GameLine:
    """What planning needs of a game: its start, its moves (packed, see `domain.moves`) and whether we judge it."""

    game_id: GameId
    variant: str
    start_fen: str | None
    moves: bytes
    ply_count: int
    not_judged: str | None


_LICHESS_PREFIXES = ("https://lichess.org/", "http://lichess.org/", "https://www.lichess.org/")
_LICHESS_GAME = re.compile(r"([A-Za-z0-9]{8})(?:[A-Za-z0-9]{4})?(?:/(?:white|black)?)?(?:[?#].*)?")
"""A game's id, the four letters a player's own link adds, the side it is seen from (lila conf/routes)."""
_LICHESS_PAGES = frozenset({"analysis", "practice", "training", "insights"})
"""Pages whose names could be ids. Broadcasts, studies and tournaments have more path than a game has."""
_CHESSCOM_GAME = re.compile(r"chess\.com/(?:.*/)?(?:game/(live|daily)/(\d+)|(live|daily)/game/(\d+))")
"""`/game/live/1` and the older `/live/game/1`, as the site's exports have them."""


def site_id(headers: dict[str, str]) -> str:
    """The id a site gave this game ("lichess:abcdefgh", "chess.com:live/123"), or an empty string.

    Lichess writes it into Site (or GameId), chess.com into Link. Studies and tournaments are no games' ids.
    """
    for prefix in _LICHESS_PREFIXES:
        for tag in ("Site", "Link"):
            value = headers.get(tag, "")
            if value.startswith(prefix):
                match = _LICHESS_GAME.fullmatch(value, len(prefix))
                if match and match.group(1).lower() not in _LICHESS_PAGES:
                    return f"lichess:{match.group(1)}"
    if match := _CHESSCOM_GAME.search(headers.get("Link", "")):
        return f"chess.com:{match.group(1) or match.group(3)}/{match.group(2) or match.group(4)}"
    return ""
