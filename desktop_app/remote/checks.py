"""Is an answer to a chunk possible at all? Cheap checks made on every remote evaluation; no engine. Pure; any thread.

Checked: exactly the plies asked for, by the engine asked for; the moves are legal where they are said to be played; no
position is said to be finished that is not, or the other way round; as many nodes as were asked for and no more than a
search overshoots by; a depth. A mate short enough to be kept whole is played out: where its line does not end in mate
in the number of moves claimed, the answer is odd. Whether the scores are right is `remote.spot_checks`' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import chess

from desktop_app.domain.evaluation import PV_PLIES, Mate, Over
from desktop_app.errors import ServerIncompatibleError, ServerLiedError
from desktop_app.remote.protocol import limit_of

if TYPE_CHECKING:
    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.domain.work import Chunk
    from desktop_app.remote.protocol import ChunkAnswer

NODES_BEYOND = 100_000
"""How far a search may run past its limit: Stockfish looks every 1024 nodes at most, slow engines each few hundredths
of a second. Generous, since it only bounds nonsense."""


def check_answer(chunk: Chunk, answer: ChunkAnswer, engine: EngineIdentity) -> bool:
    """Raise ServerLiedError, or ServerIncompatibleError for another engine's answer, with a sentence.

    Returns:
        Whether something is odd: possible, but worth being searched again.
    """
    if answer.engine != engine:
        raise ServerIncompatibleError(
            f"The server searched with {_named(answer.engine)}, this analysis is made with {_named(engine)}.",
            action="Results of two engines are never mixed: choose the server only, or this computer only.",
        )
    if tuple(ply for ply, _ in answer.evaluations) != tuple(chunk.plies):
        raise ServerLiedError("The server answered other positions than it was asked for.")
    board = chess.Board(chunk.root_fen, chess960=chunk.chess960)
    odd = False
    for ply, evaluation in sorted(answer.evaluations, key=lambda pair: pair[0]):
        for uci in chunk.moves[len(board.move_stack) : ply]:
            board.push(board.parse_uci(uci))
        odd |= check_evaluation(board, evaluation, limit_nodes=limit_of(chunk))
    return odd


def check_evaluation(board: chess.Board, evaluation: Evaluation, *, limit_nodes: int) -> bool:
    """The same for one position; `board` is left as it was."""
    where = f"after {len(board.move_stack)} plies"
    if isinstance(evaluation.score, Over) or evaluation.best is None:
        raise ServerLiedError(f"The server says that the game is over {where}, which it is not.")
    if not evaluation.pv or evaluation.pv[0] != evaluation.best:
        raise ServerLiedError(f"The server's best move {where} is not the first of its line.")
    if evaluation.depth < 1 or not 1 <= evaluation.nodes <= limit_nodes + NODES_BEYOND:
        raise ServerLiedError(f"The server cannot have searched {evaluation.nodes:,} nodes {where}.")
    played = board.copy(stack=False)
    for uci in evaluation.pv:
        try:
            move = played.parse_uci(uci)
        except ValueError as error:
            raise ServerLiedError(f"The server's line {where} has an illegal move, {uci}.") from error
        played.push(move)
    match evaluation.score:
        case Mate(white_mate):
            mover_mates = (white_mate > 0) == (board.turn == chess.WHITE)
            return not _mates(played, evaluation, 2 * abs(white_mate) - mover_mates)
        case _:
            return played.is_checkmate()


def _mates(played: chess.Board, evaluation: Evaluation, plies: int) -> bool:
    """Whether the line, where it is long enough to be played out, mates in so many plies.

    Engines cut lines short now and then, and print one that is too long once in a blue moon: odd, not impossible.
    """
    given = len(evaluation.pv)
    if given < plies:
        return plies > PV_PLIES and not played.is_game_over()
    return given == plies and played.is_checkmate()


def _named(engine: EngineIdentity) -> str:
    options = ", ".join(f"{name} {value}" for name, value in engine.options)
    return f"{engine.name} (build {engine.build[:8]}{f', {options}' if options else ''})"
