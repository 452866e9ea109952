"""What is known of a position over many games: facts in, counts out. Plain values, any thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SEGMENT_GAMES = 4_096
"""So many ids share a segment of the position index; stored, never to be changed."""

PLY_BITS = 12
"""A place in a game is one number: its id, then so many bits of the ply."""
PLY_MASK = (1 << PLY_BITS) - 1


class GameSet:
    """A fixed set of game ids, however many: a byte for each id up to the highest. Any thread."""

    def __init__(self, ids: Sequence[int]) -> None:
        """`ids` in any order; worked through in steps, so that other threads get their turn."""
        self.size = len(ids)
        flags = bytearray()
        for start in range(0, len(ids), _STEP):
            some = ids[start : start + _STEP]
            if (lacking := max(some) + 1 - len(flags)) > 0:
                flags.extend(bytes(max(lacking, len(flags))))
            for game_id in some:
                flags[game_id] = 1
        self._flags = flags

    def __contains__(self, game_id: int) -> bool:
        return game_id < len(self._flags) and self._flags[game_id] == 1

    def kept(self, places: Iterable[int]) -> list[int]:
        """Those places in games (`PLY_BITS`) whose game is in the set."""
        flags, end = self._flags, len(self._flags) << PLY_BITS
        return [place for place in places if place < end and flags[place >> PLY_BITS]]


_STEP = 20_000


@dataclass(frozen=True, slots=True)
class IndexedGame:
    """What the position index and the explorer need of a game.

    Attributes:
        moves: packed as in `domain.moves`.
        result: as in `GameRow`.
        date: as in `GameRow`.
        elo: mean of the ratings known, None where neither is.
    """

    id: int
    variant: str
    start_fen: str | None
    moves: bytes
    result: str
    date: str
    elo: float | None


@dataclass(slots=True)
class MoveCount:
    """How one move did in the games that have a position; `add` and `merge` build it up.

    Attributes:
        games: games in which it was played there, each counted once.
        white_wins, draws, black_wins: of those; unfinished games are in `games` alone.
        elo_sum, elo_games: of the games whose ratings are known.
        last_played: the latest date, as written; "" where none is known.
        best_accuracy: the best of the player who made the move, of analysed games; None where none is known. Analysis
            changes it all the time, so it is never stored.
    """

    games: int = 0
    white_wins: int = 0
    draws: int = 0
    black_wins: int = 0
    elo_sum: float = 0.0
    elo_games: int = 0
    last_played: str = ""
    best_accuracy: float | None = None

    @property
    def average_elo(self) -> float | None:
        """Mean rating of the games whose ratings are known."""
        return self.elo_sum / self.elo_games if self.elo_games else None

    def add(self, game: IndexedGame) -> None:
        """Count one more game."""
        self.games += 1
        if game.result == "1-0":
            self.white_wins += 1
        elif game.result == "0-1":
            self.black_wins += 1
        elif game.result == "1/2-1/2":
            self.draws += 1
        if game.elo is not None:
            self.elo_sum += game.elo
            self.elo_games += 1
        self.last_played = max(self.last_played, game.date)

    def merge(self, other: MoveCount) -> None:
        """Add the counts of other games."""
        self.games += other.games
        self.white_wins += other.white_wins
        self.draws += other.draws
        self.black_wins += other.black_wins
        self.elo_sum += other.elo_sum
        self.elo_games += other.elo_games
        self.last_played = max(self.last_played, other.last_played)
        if other.best_accuracy is not None:
            self.best_accuracy = max(self.best_accuracy or 0.0, other.best_accuracy)


@dataclass(slots=True)
class PositionCount:
    """Counts of a position: games that have it, and its moves by their packed word. A game that ends there has none."""

    games: int = 0
    moves: dict[int, MoveCount] = field(default_factory=dict)

    def add(self, game: IndexedGame, plies: list[int]) -> None:
        """Count a game that has the position at these plies; a move it played there twice counts once."""
        self.games += 1
        words = {game.moves[2 * ply] | game.moves[2 * ply + 1] << 8 for ply in plies if 2 * ply + 1 < len(game.moves)}
        for word in words:
            self.moves.setdefault(word, MoveCount()).add(game)

    def merge(self, other: PositionCount) -> None:
        """Add the counts of other games."""
        self.games += other.games
        for word, count in other.moves.items():
            self.moves.setdefault(word, MoveCount()).merge(count)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the library the position index covers: `indexed` of `games` games."""

    games: int
    indexed: int

    @property
    def complete(self) -> bool:
        """Whether every game is covered."""
        return self.indexed >= self.games
