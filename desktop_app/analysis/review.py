"""A game's evaluations -> verdicts and summary, at any stage. Pure; any thread.

`Mainline` walks a game once and keeps what judging, sharing and drawing need of its positions; `review` then costs
about a millisecond, so it is asked after every chunk. Called by `services.analyse_games` and `services.show_game`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.judge import judge_game
from desktop_app.analysis.phases import Division, divide
from desktop_app.analysis.position_key import PositionHistory
from desktop_app.analysis.summary import summarise
from desktop_app.domain.judgement import LICHESS, GameSummary, Grading, MoveVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.game import Ply, PositionKey

_STANDARD = chess.Board()
_MORE_THAN_ONE = 2


@dataclass(frozen=True, slots=True)
class Mainline:
    """A game's main line, walked.

    Attributes:
        root_fen, moves, chess960: as given.
        start_white: whether White moves first.
        standard_start: whether it starts from the standard initial position.
        other_spelling: ply of a castling move -> its other UCI spelling.
        legal_counts: number of legal moves by ply; 2 stands for any number above 1.
        keys: position key by ply, None where a position may not be shared.
        division: where its phases begin.
    """

    root_fen: str
    moves: tuple[str, ...]
    chess960: bool
    start_white: bool
    standard_start: bool
    other_spelling: Mapping[int, str]
    legal_counts: tuple[int, ...]
    keys: tuple[PositionKey | None, ...]
    division: Division

    @classmethod
    def walk(cls, root_fen: str, moves: Sequence[str], *, chess960: bool) -> Mainline:
        """Walk a game. Raises ValueError for a FEN that cannot be read or a move that is not legal."""
        board = chess.Board(root_fen, chess960=chess960)
        start_white = board.turn
        standard_start = board == _STANDARD
        found = _Found({}, [], [])
        division = divide(_positions(board, moves, found))
        return cls(
            root_fen=root_fen,
            moves=tuple(moves),
            chess960=chess960,
            start_white=start_white,
            standard_start=standard_start,
            other_spelling=found.other_spelling,
            legal_counts=tuple(found.legal_counts),
            keys=tuple(found.keys),
            division=division,
        )

    @property
    def positions(self) -> int:
        """Number of positions: plies and the start."""
        return len(self.moves) + 1


@dataclass(frozen=True, slots=True)
class _Found:
    """What the walk collects on its way."""

    other_spelling: dict[int, str]
    legal_counts: list[int]
    keys: list[PositionKey | None]


def _positions(board: chess.Board, moves: Sequence[str], found: _Found) -> Iterator[chess.Board]:
    """Each position in turn, on one board that moves on."""
    history = PositionHistory(board)
    for ply in range(len(moves) + 1):
        found.keys.append(history.key if history.shareable(board) else None)
        found.legal_counts.append(sum(1 for _ in islice(board.generate_legal_moves(), _MORE_THAN_ONE)))
        yield board
        if ply < len(moves):
            move = board.parse_uci(moves[ply])
            if not move:
                raise ValueError(f"null move at ply {ply + 1}")
            if board.is_castling(move) and not board.chess960:
                found.other_spelling[ply + 1] = board.uci(move, chess960=True)
            history.push(board, move)


@dataclass(frozen=True, slots=True)
class Review:
    """What is said about a game with the evaluations at hand."""

    verdicts: tuple[MoveVerdict, ...]
    summary: GameSummary


def review(line: Mainline, evaluations: Mapping[Ply, Evaluation], *, grading: Grading = LICHESS) -> Review:
    """Judge and summarise a game as far as it is evaluated; missing plies keep their places."""
    by_ply: list[Evaluation | None] = [None] * line.positions
    for ply, evaluation in evaluations.items():
        if ply < line.positions:
            by_ply[ply] = evaluation
    scores = [found.score if found else None for found in by_ply]
    verdicts = judge_game(
        scores=scores,
        best=[found.best if found else None for found in by_ply],
        moves=line.moves,
        start_white=line.start_white,
        standard_start=line.standard_start,
        other_spelling=line.other_spelling,
        legal_counts=line.legal_counts,
        grading=grading,
    )
    summary = summarise(
        scores=scores,
        verdicts=verdicts,
        division=line.division,
        start_white=line.start_white,
        standard_start=line.standard_start,
        grading=grading,
    )
    return Review(tuple(verdicts), summary)
