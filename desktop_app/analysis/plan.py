"""A game -> the chunks in which its positions are searched. Pure; any thread; called by `services.analyse_games`.

The rules, and why:

- Last ply first, as Lichess's fishnet does: the hash then already knows what follows when a position is searched.
- Chunk borders are a function of the game alone: plies N..0 are cut into groups of `CHUNK_POSITIONS` from the end. What
  is known already never moves a border, so a reproducible run searches the same chunks whatever was interrupted.
- Every chunk starts on an empty hash and so first searches its later neighbour only to warm it (fishnet's overlap).
  fishnet also searches the last position of a game twice; we do not, since nothing follows there that could help it.
- Anytime profiles search in rounds (`plan_round`): the first of all positions, later ones of few, in the same order.
- Chunks are stored whole. The reproducible mode therefore skips complete chunks and searches any other in whole;
  outside it, single known plies (found in other games) are left out of their chunk.
- Positions that the rules end (checkmate, stalemate, insufficient material, 75 moves, fivefold repetition) are facts:
  they are listed apart and never sent to an engine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.position_key import PositionHistory
from desktop_app.domain.evaluation import Evaluation, Over
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import CHUNK_POSITIONS, SearchSpec
from desktop_app.domain.work import Chunk, JobItemId

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIVEFOLD = 5
_SEVENTY_FIVE_MOVES = 150
LEAST_WORTH_WARMING = 3
"""Outside the reproducible mode, fewer plies than this are searched cold: the warm-up would cost as much as they do."""

IMPOSSIBLE_START = (
    chess.STATUS_NO_WHITE_KING
    | chess.STATUS_NO_BLACK_KING
    | chess.STATUS_TOO_MANY_KINGS
    | chess.STATUS_TOO_MANY_WHITE_PAWNS
    | chess.STATUS_TOO_MANY_BLACK_PAWNS
    | chess.STATUS_PAWNS_ON_BACKRANK
    | chess.STATUS_TOO_MANY_WHITE_PIECES
    | chess.STATUS_TOO_MANY_BLACK_PIECES
    | chess.STATUS_OPPOSITE_CHECK
    | chess.STATUS_EMPTY
)
"""Start positions that make engines crash; the other complaints of `chess.Board.status` are harmless to them."""


@dataclass(frozen=True, slots=True)
class GamePlan:
    """What is left to do for one game.

    Attributes:
        chunks: searches to make, last plies first.
        over: positions finished on the board with their evaluations; all of them, whatever is known already.
        positions_total: positions of the game, finished ones included: the number of plies plus one.
        not_judged: None, or why an engine cannot analyse this game; then there are no chunks and no `over`.
        root_fen, moves: the game as engines are told it, for `plan_round`.
    """

    chunks: tuple[Chunk, ...]
    over: tuple[tuple[Ply, Evaluation], ...]
    positions_total: int
    not_judged: str | None = None
    root_fen: str = ""
    moves: tuple[str, ...] = ()

    @property
    def positions_to_search(self) -> int:
        """How many positions the chunks store."""
        return sum(len(chunk.plies) for chunk in self.chunks)


class _UnsearchableError(Exception):
    """Internal: the game has something in it that no engine can be told."""


def plan_game(
    *,
    item_id: JobItemId,
    game_id: GameId,
    root_fen: str,
    moves: Sequence[str],
    chess960: bool,
    spec: SearchSpec,
    known: frozenset[Ply] = frozenset(),
) -> GamePlan:
    """Plan the searches of one game.

    Args:
        item_id: the job item the chunks belong to.
        game_id: the game they belong to.
        root_fen: start position of the game.
        moves: its main line in UCI notation; castling may be written either way.
        chess960: whether castling follows Chess960.
        spec: what to ask of the engine.
        known: plies whose evaluations are stored already, or will be taken from other games.
    """
    total = len(moves) + 1
    try:
        start, line, over = _walk(root_fen, moves, chess960=chess960)
    except _UnsearchableError as error:
        return GamePlan((), (), total, not_judged=str(error))
    finished = frozenset(ply for ply, _ in over)
    chunks = []
    for high in range(len(moves), -1, -CHUNK_POSITIONS):
        whole = [Ply(ply) for ply in range(high, max(-1, high - CHUNK_POSITIONS), -1) if ply not in finished]
        wanted = _still_wanted(whole, known, reproducible=spec.reproducible)
        if not wanted:
            continue
        warmup = _warmup(wanted, last=len(moves), finished=finished, reproducible=spec.reproducible)
        reach = wanted[0] if warmup is None else warmup
        chunks.append(Chunk(item_id, game_id, start, tuple(line[:reach]), chess960, tuple(wanted), warmup, spec))
    return GamePlan(tuple(chunks), over, total, root_fen=start, moves=tuple(line))


def plan_round(whole: Chunk, plies: Sequence[Ply], limit_nodes: int, *, size: int = CHUNK_POSITIONS) -> list[Chunk]:
    """Cut one round of an anytime analysis into chunks. None warms its hash: no position is searched twice as deep.

    Args:
        whole: a chunk that names item, game, spec, and the game as a whole; its plies are passed over.
        plies: what to search, last first.
        limit_nodes: nodes a position.
        size: most positions of a chunk; smaller ones share a round among more workers.
    """
    parts = [tuple(plies[start : start + size]) for start in range(0, len(plies), size)]
    return [
        replace(whole, moves=whole.moves[: part[0]], plies=part, warmup_ply=None, limit_nodes=limit_nodes, attempt=1)
        for part in parts
    ]


def _still_wanted(whole: list[Ply], known: frozenset[Ply], *, reproducible: bool) -> list[Ply]:
    missing = [ply for ply in whole if ply not in known]
    return whole if missing and reproducible else missing


def _warmup(wanted: list[Ply], *, last: int, finished: frozenset[Ply], reproducible: bool) -> Ply | None:
    neighbour = Ply(wanted[0] + 1)
    if neighbour > last or neighbour in finished:
        return None
    if not reproducible and len(wanted) < LEAST_WORTH_WARMING:
        return None
    return neighbour


def _walk(
    root_fen: str, moves: Sequence[str], *, chess960: bool
) -> tuple[str, list[str], tuple[tuple[Ply, Evaluation], ...]]:
    """Play the game through: the start as an engine shall be told it, the moves normalised, the finished positions."""
    try:
        board = chess.Board(root_fen, chess960=chess960)
    except ValueError as error:
        raise _UnsearchableError(f"the start position cannot be read: {error}") from error
    if board.status() & IMPOSSIBLE_START:
        raise _UnsearchableError("the start position is impossible, no engine can search it")
    start, line, over = board.fen(), [], []
    history = PositionHistory(board)
    outcome = _outcome(board, history.occurrences)
    if outcome:
        over.append((Ply(0), _finished(outcome)))
    for ply, uci in enumerate(moves, start=1):
        move = _parse(board, uci, ply)
        line.append(board.uci(move))
        history.push(board, move)
        outcome = _outcome(board, history.occurrences)
        if outcome:
            over.append((Ply(ply), _finished(outcome)))
    return start, line, tuple(over)


def _parse(board: chess.Board, uci: str, ply: int) -> chess.Move:
    try:
        move = board.parse_uci(uci)
    except ValueError as error:
        raise _UnsearchableError(f"move {uci} at ply {ply} is not legal, no engine can search it") from error
    if not move:
        raise _UnsearchableError(f"there is a null move at ply {ply}, no engine can search it")
    return move


def _outcome(board: chess.Board, occurrences: int) -> Over | None:
    """How the rules end the game in this position; None while it goes on. Claimable draws do not end it."""
    if not any(board.generate_legal_moves()):
        return Over(not board.turn if board.is_check() else None)
    if board.halfmove_clock >= _SEVENTY_FIVE_MOVES or occurrences >= _FIVEFOLD or board.is_insufficient_material():
        return Over(None)
    return None


def _finished(outcome: Over) -> Evaluation:
    return Evaluation(score=outcome, depth=0, nodes=0, best=None, pv=())
