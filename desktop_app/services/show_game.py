"""One game as the viewer and `kibitz show` present it, at any stage of analysis.

Blocking (one read of the library); any thread but the GUI's. What depends on the game alone is kept for the last few
games, so that reading an open game again after every chunk is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import chess

from desktop_app.analysis.judge import LABEL_NOT_EVALUATED
from desktop_app.analysis.review import Mainline, Review, review
from desktop_app.analysis.win_chances import win_percent
from desktop_app.domain.game import GameId, GameRecord, GameState, Ply
from desktop_app.domain.game_view import AnalysisView, GameView, LineView, PlyView
from desktop_app.domain.judgement import RULES_VERSION, Grading
from desktop_app.domain.moves import unpack_moves
from desktop_app.pgn.tree import UNKNOWN_VARIANT, PlyAnnotation, human_annotations, start_board
from desktop_app.services.game_work import NothingToAnalyseError, main_line
from desktop_app.services.mark_moves import marks_of
from desktop_app.services.show_standing import UNKNOWN, Standing, standings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.domain.evaluation import Evaluation
    from desktop_app.domain.judgement import MoveVerdict
    from desktop_app.domain.rows import GameRow
    from desktop_app.library.evaluations import GameAnalysis
    from desktop_app.library.library import Library

_GAMES_KEPT = 8
_LINES_KEPT = 4096


@dataclass(frozen=True, slots=True)
class _Move:
    """One move, whatever was analysed."""

    white: bool
    number: int
    san: str
    uci: str
    fen_before: str
    fen_after: str
    check: bool


@dataclass(frozen=True, slots=True)
class _Static:
    """What depends on the game alone. `line` is None where nothing is judged; `note` says which moves are missing."""

    start_fen: str
    chess960: bool
    moves: tuple[_Move, ...]
    annotations: tuple[PlyAnnotation, ...]
    line: Mainline | None
    note: str


def show_game(
    library: Library,
    game_id: GameId,
    *,
    news: Mapping[Ply, Evaluation] | None = None,
    grading: Grading | None = None,
    analysis_id: int | None = None,
) -> GameView:
    """Read one game with its evaluations, verdicts, lines and the human's annotations.

    Args:
        library: where it is.
        game_id: which.
        news: evaluations that are not stored yet, by ply; they fill holes and never replace what is stored.
        grading: by which rules it is judged; None for the one in force.
        analysis_id: which of its stored analyses; None for the one the game shows.

    Raises NotFoundError.
    """
    stored = library.games.get(game_id)
    analyses = library.evaluations.all_of_game(game_id)
    analysis = (
        library.evaluations.of_game(game_id) if analysis_id is None else library.evaluations.of_id(game_id, analysis_id)
    )
    static = _static(stored.record)
    grading = grading or library.gradings.in_force
    found = {**(news or {}), **(analysis.evaluations if analysis else {})}
    reviewed = review(static.line, found, grading=grading) if static.line and found else None
    record, row = stored.record, stored.row
    # A failed game never counts: its figures would look like a finished game's.
    counts = reviewed is not None and row.state is not GameState.FAILED
    plies = _plies(static, found, reviewed, _standings(static, found, analysis, grading))
    return GameView(
        id=game_id,
        headers=record.headers,
        white=row.white,
        black=row.black,
        white_elo=row.white_elo,
        black_elo=row.black_elo,
        result=row.result,
        variant=record.variant,
        chess960=static.chess960,
        start_fen=static.start_fen,
        state=row.state,
        error=row.error or "",
        not_judged=record.not_judged or "",
        partial=record.partial or "",
        moves_note=static.note or record.partial or "",
        opening=record.opening,
        root_comment=static.annotations[0].comment,
        root_variations_pgn=static.annotations[0].variations,
        plies=_marked(library, game_id, static, plies),
        analysis=_analysis(analysis, static, row, grading) if analysis else None,
        summary=reviewed.summary if reviewed and counts else None,
        analyses=analyses,
        analysis_id=analysis_id,
    )


def _marked(library: Library, game_id: GameId, static: _Static, plies: tuple[PlyView, ...]) -> tuple[PlyView, ...]:
    """The moves with great, brilliant and only ones marked, where second lines were searched."""
    marks = marks_of(static.line, library.marks.of_game(game_id)) if static.line else {}
    return tuple(replace(ply, mark=marks.get(ply.ply)) for ply in plies) if marks else plies


def _analysis(analysis: GameAnalysis, static: _Static, row: GameRow, grading: Grading) -> AnalysisView:
    root = analysis.evaluations.get(Ply(0))
    return AnalysisView(
        engine=analysis.engine,
        spec=analysis.spec,
        positions=len(analysis.evaluations),
        positions_total=static.line.positions if static.line else row.positions_total,
        nodes=sum(found.nodes_spent for found in analysis.evaluations.values()),
        nodes_each=analysis.nodes_each,
        complete=analysis.complete,
        root=root.score if root else None,
        root_best_uci=root.best if root else None,
        rules_version=RULES_VERSION,
        grading=grading.stamp,
    )


def _standings(
    static: _Static, found: Mapping[Ply, Evaluation], analysis: GameAnalysis | None, grading: Grading
) -> Mapping[Ply, Standing]:
    return standings(static.line, found, analysis, grading=grading) if static.line and found else {}


def _plies(
    static: _Static,
    found: Mapping[Ply, Evaluation],
    reviewed: Review | None,
    standing: Mapping[Ply, Standing],
) -> tuple[PlyView, ...]:
    verdicts = reviewed.verdicts if reviewed else ()
    return tuple(
        _ply_view(
            Ply(ply),
            move,
            static,
            before=found.get(Ply(ply - 1)),
            after=found.get(Ply(ply)),
            verdict=verdicts[ply - 1] if ply <= len(verdicts) else None,
            standing=standing.get(Ply(ply), UNKNOWN),
        )
        for ply, move in enumerate(static.moves, start=1)
    )


def _ply_view(
    ply: Ply,
    move: _Move,
    static: _Static,
    *,
    before: Evaluation | None,
    after: Evaluation | None,
    verdict: MoveVerdict | None,
    standing: Standing,
) -> PlyView:
    annotation = static.annotations[ply]
    judgement = verdict.judgement if verdict else None
    best = _line(move.fen_before, before.pv[:1] or (before.best,), static.chess960) if before and before.best else None
    line = _line(move.fen_after, after.pv, static.chess960) if after else _EMPTY
    return PlyView(
        ply=ply,
        white=move.white,
        move_number=move.number,
        san=move.san,
        uci=move.uci,
        fen_before=move.fen_before,
        fen_after=move.fen_after,
        check=move.check,
        clock_s=annotation.clock_s,
        score=after.score if after else None,
        depth=after.depth if after else None,
        nodes=after.nodes if after else None,
        pv_uci=line.ucis,
        pv_san=line.sans,
        best_uci=before.best if before else None,
        best_san=best.sans[0] if best and best.sans else None,
        judgement=judgement,
        label=verdict.label if verdict else LABEL_NOT_EVALUATED,
        move_accuracy=verdict.accuracy if verdict else None,
        win_loss=verdict.win_loss if verdict else None,
        white_win=win_percent(after.score) if after else None,
        better=_line_view(Ply(ply - 1), move.fen_before, before, static.chess960) if judgement else None,
        refutation=_line_view(ply, move.fen_after, after, static.chess960) if judgement else None,
        nags=annotation.nags,
        comment=annotation.comment,
        variations_pgn=annotation.variations,
        imported_eval=annotation.eval.score if annotation.eval else None,
        imported_depth=annotation.eval.depth if annotation.eval else None,
        phase=static.line.division.phase_of(ply) if static.line else "",
        confidence=standing.confidence,
        settled=standing.settled,
        doubt=standing.doubt,
        nodes_spent=after.nodes_spent if after else None,
        continuation=None if judgement else _line_view(ply, move.fen_after, after, static.chess960),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """Moves of a line in three forms."""

    ucis: tuple[str, ...]
    sans: tuple[str, ...]
    fens: tuple[str, ...]


_EMPTY = _Line((), (), ())


def _line_view(from_ply: Ply, fen: str, evaluation: Evaluation | None, chess960: bool) -> LineView | None:
    if evaluation is None or not evaluation.pv:
        return None
    line = _line(fen, evaluation.pv, chess960)
    if not line.ucis:
        return None  # stored for a position with another history: nothing of it can be played here
    return LineView(from_ply, line.ucis, line.sans, line.fens, evaluation.score)


@lru_cache(maxsize=_LINES_KEPT)
def _line(fen: str, ucis: tuple[str, ...], chess960: bool) -> _Line:
    """Play a line; it ends where a move is not legal (a stored line of a position with another history)."""
    board = chess.Board(fen, chess960=chess960)
    played: list[tuple[str, str, str]] = []
    for uci in ucis:
        try:
            move = board.parse_uci(uci)
        except ValueError:
            break
        played.append((uci, board.san_and_push(move), board.fen()))
    return _Line(*(tuple(part) for part in zip(*played, strict=True))) if played else _EMPTY


@lru_cache(maxsize=_GAMES_KEPT)
def _static(record: GameRecord) -> _Static:
    board = start_board(record)
    annotations = tuple(human_annotations(record))
    if board is None:
        variant = record.variant.removeprefix(UNKNOWN_VARIANT)
        note = f"Kibitz cannot replay the variant {variant}; the text is kept as it came."
        return _Static(record.start_fen or "", False, (), annotations, None, note)
    start_fen = board.fen()
    moves, note = _replay(board, record)
    return _Static(start_fen, board.chess960, moves, annotations, _mainline(record), note)


def _replay(board: chess.Board, record: GameRecord) -> tuple[tuple[_Move, ...], str]:
    moves: list[_Move] = []
    fen = board.fen()
    for ply, move in enumerate(unpack_moves(record.moves), start=1):
        white, number = board.turn, board.fullmove_number
        try:
            if move and not board.is_legal(move):
                return tuple(moves), f"ply {ply}: {move.uci()} is not legal here"
            uci, san = board.uci(move), board.san_and_push(move)
        except (ValueError, AssertionError) as error:
            return tuple(moves), f"ply {ply}: {error}"
        after = board.fen()
        moves.append(_Move(white, number, san, uci, fen, after, board.is_check()))
        fen = after
    return tuple(moves), ""


def _mainline(record: GameRecord) -> Mainline | None:
    try:
        return main_line(record)
    except NothingToAnalyseError:
        return None


# -- product.md section 3 ------------------------------------------------------------------------------------------
