"""One game as a viewer shows it: moves, scores, verdicts, lines, at any stage of analysis. Frozen values, any thread.

Made by `services.show_game`, read by the window's models and by `kibitz show`. Scores are White's side. What the human
wrote (comments, glyphs, variations, imported `[%eval]`) and what we found are kept apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop_app.domain.analyses import StoredAnalysis
    from desktop_app.domain.evaluation import EngineIdentity, Score
    from desktop_app.domain.game import GameId, GameState, Opening, Ply
    from desktop_app.domain.judgement import GameSummary, Judgement, MoveMark
    from desktop_app.domain.profile import SearchSpec


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the engine, or of the reader, playable: moves from a position of the game.

    Attributes:
        from_ply: the position it starts in (0 = start position).
        ucis, sans: its moves, in two notations, same length.
        fens: the position after each move.
        score: what the engine said of the starting position.
        explored: the reader plays these moves, no engine proposed them.
    """

    from_ply: Ply
    ucis: tuple[str, ...]
    sans: tuple[str, ...]
    fens: tuple[str, ...]
    score: Score | None
    explored: bool = False


@dataclass(frozen=True, slots=True)
class PlyView:
    """One move of the game.

    Attributes:
        ply: its number, from 1. `white` tells whether White played it; `move_number` is the number before the dot.
        fen_after: the position after it. `fen_before` the one it was played in.
        clock_s: the player's remaining time in seconds, None where the PGN has none.
        score, depth, nodes, pv: of the position *after* the move; None and empty while not evaluated. For a finished
            position the score is `Over`.
        best_uci, best_san: the engine's choice in the position *before* the move: what should have been played.
        judgement, label: our verdict; `label` is "", "best", "forced", "mate" or "not evaluated".
        move_accuracy: 0…100, None while an evaluation is missing; 100 for the mating move.
        win_loss: percentage points of win % the mover lost.
        white_win: win % of White after the move, 0…100, for the graph and the bar; None while not evaluated.
        better: the engine's line from the position before, for judged moves only.
        refutation: the engine's line from the position after, for judged moves only; `continuation`: the same for
            the others.
        nags, comment, variations_pgn: the human's own layer: glyph numbers, comment without `[%…]` commands,
            and variations as PGN text.
        imported_eval, imported_depth: what an imported `[%eval]` said of the position after the move, None without:
            evidence from another engine, shown apart and in no figure of ours.
        confidence: probability 0…1 that the verdict would stand against a ten times deeper search, None before it is
            judged.
        settled: the analysis is done, or the verdict sure already. `doubt`: "" or why it may still be wrong.
        nodes_spent: nodes of all searches of the position together; `nodes` are those of the deepest.
        mark: great, brilliant or only move, where that was looked for; beside the judgement and in no count.
        phase: "opening", "middlegame" or "endgame", "" where the variant has none.
    """

    ply: Ply
    white: bool
    move_number: int
    san: str
    uci: str
    fen_before: str
    fen_after: str
    check: bool
    clock_s: float | None
    score: Score | None
    depth: int | None
    nodes: int | None
    pv_uci: tuple[str, ...]
    pv_san: tuple[str, ...]
    best_uci: str | None
    best_san: str | None
    judgement: Judgement | None
    label: str
    move_accuracy: float | None
    win_loss: float | None
    white_win: float | None
    better: LineView | None
    refutation: LineView | None
    nags: tuple[int, ...]
    comment: str
    variations_pgn: tuple[str, ...]
    imported_eval: Score | None
    phase: str
    continuation: LineView | None = None
    confidence: float | None = None
    settled: bool = False
    doubt: str = ""
    nodes_spent: int | None = None
    imported_depth: int | None = None
    mark: MoveMark | None = None


@dataclass(frozen=True, slots=True)
class AnalysisView:
    """Who analysed the game, how deep, how far.

    Attributes:
        positions: evaluated so far; `positions_total` have to be (ply_count + 1, finished positions included).
        complete: every position with a legal move is evaluated and, of an anytime profile, its stopping rule is met.
        nodes_each: nodes asked for a position; of an anytime profile, what they took on average.
        root: score of the start position, None while it is not evaluated.
        nodes: nodes of all stored searches.
        rules_version, grading: what judged it.
    """

    engine: EngineIdentity
    spec: SearchSpec
    positions: int
    positions_total: int
    nodes: int
    complete: bool
    root: Score | None
    root_best_uci: str | None
    rules_version: int
    grading: str
    nodes_each: int = 0

    @property
    def provisional(self) -> bool:
        """Whether verdicts may still change: an anytime analysis that is not settled."""
        return self.spec.anytime and not self.complete


@dataclass(frozen=True, slots=True)
class GameView:
    """Everything the viewer needs of one game.

    Attributes:
        headers: tags in file order. `start_fen`: FEN of the start position, always given.
        moves_note: "" or why the moves shown are not all ("ply 31: illegal move Qxh9"; a variant we cannot replay).
        root_comment, root_variations_pgn: the human's words before the first move.
        analysis, summary: None while nothing is evaluated.
        analyses: every analysis stored of the game; several engines stand side by side.
        analysis_id: the one asked for; None shows the game's own.
    """

    id: GameId
    headers: tuple[tuple[str, str], ...]
    white: str
    black: str
    white_elo: int | None
    black_elo: int | None
    result: str
    variant: str
    chess960: bool
    start_fen: str
    state: GameState
    error: str
    not_judged: str
    partial: str
    moves_note: str
    opening: Opening | None
    root_comment: str
    root_variations_pgn: tuple[str, ...]
    plies: tuple[PlyView, ...]
    analysis: AnalysisView | None
    summary: GameSummary | None
    analyses: tuple[StoredAnalysis, ...] = ()
    analysis_id: int | None = None
