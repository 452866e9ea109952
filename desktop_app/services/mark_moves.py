"""Looks for great, brilliant and only moves: an optional pass over analysed games with two lines a position.

Blocking; a command or an operation's thread, with one engine of its own. Only positions where a mark is possible are
searched, and none twice; each is stored at once. It writes no evaluation, no judgement and no count. Called by
`kibitz marks` and the window; `marks_of` by `services.show_game`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import chess

from desktop_app.analysis.overlay import TwoLines, candidates, mark_of
from desktop_app.domain.evaluation import Cp, Mate
from desktop_app.domain.game import GameState, Ply
from desktop_app.domain.judgement import MoveMark
from desktop_app.errors import CancelledError
from desktop_app.library.marks import StoredLines
from desktop_app.services.game_work import NothingToAnalyseError, main_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_app.analysis.review import Mainline
    from desktop_app.domain.evaluation import EngineIdentity, Evaluation
    from desktop_app.domain.game import GameId
    from desktop_app.library.library import Library
    from desktop_app.ports import CancelToken, ProgressSink

MARK_NODES = 200_000
"""Nodes for both lines of a position together; about what the standard profile gives a doubtful one."""

MARK_HASH_MB = 16
"""Hash of the engine that looks for marks, in MB: as one worker of a batch has."""

_LINES = 2


class LinesSearcher(Protocol):
    """An engine that can search several lines (`engine.session.EngineSession`)."""

    @property
    def identity(self) -> EngineIdentity:
        """Who it is."""

    def new_game(self) -> None:
        """Forget what was learnt."""

    def evaluate_lines(
        self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int, lines: int
    ) -> tuple[Evaluation, ...]:
        """The best lines of a position, best first."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What the pass did: games looked at, positions searched and found there already, marks by name."""

    games: int
    searched: int
    known: int
    marks: dict[str, int]


def mark_games(
    library: Library,
    game_ids: Sequence[GameId],
    searcher: LinesSearcher,
    *,
    nodes: int = MARK_NODES,
    progress: ProgressSink | None = None,
    cancel: CancelToken | None = None,
) -> Marked:
    """Search the second lines that marks of these games need; games that are not analysed are passed over.

    Raises CancelledError between positions: what was stored stays, and is not searched again.
    """
    done = Marked(0, 0, 0, dict.fromkeys((mark.value for mark in MoveMark), 0))
    for number, game_id in enumerate(game_ids):
        if progress is not None:
            progress.progress(number, len(game_ids), "Looking for great moves")
        stored = library.games.get(game_id)
        analysis = library.evaluations.of_game(game_id)
        if analysis is None or stored.row.state is not GameState.ANALYSED:
            continue
        try:
            line = main_line(stored.record)
        except NothingToAnalyseError:
            continue
        known = library.marks.of_game(game_id)
        wanted = candidates(line, analysis.evaluations)
        missing = [ply for ply in reversed(wanted) if ply not in known]
        if missing:
            searcher.new_game()
        for ply in missing:
            if cancel is not None and cancel.cancelled():
                raise CancelledError("Looking for great moves was stopped; it goes on where it was next time.")
            lines = _search(searcher, line, ply, nodes)
            library.marks.store(game_id, replace(searcher.identity, options=()), nodes, lines)
        marks = dict(done.marks)
        for mark in marks_of(line, library.marks.of_game(game_id)).values():
            marks[mark.value] += 1
        done = Marked(done.games + 1, done.searched + len(missing), done.known + len(wanted) - len(missing), marks)
    return done


def marks_of(line: Mainline, lines: Mapping[Ply, StoredLines]) -> dict[Ply, MoveMark]:
    """Marks by the ply of the move, from the second lines stored of its position."""
    if not lines:
        return {}
    found: dict[Ply, MoveMark] = {}
    board = chess.Board(line.root_fen, chess960=line.chess960)
    for index, uci in enumerate(line.moves):
        move = board.parse_uci(uci)
        two = lines.get(Ply(index))
        mark = two and mark_of(board, move, TwoLines(two.best, two.best_score, two.second, two.second_score))
        if mark:
            found[Ply(index + 1)] = mark
        board.push(move)
    return found


def _search(searcher: LinesSearcher, line: Mainline, ply: Ply, nodes: int) -> StoredLines:
    found = searcher.evaluate_lines(
        root_fen=line.root_fen, moves=line.moves[:ply], chess960=line.chess960, limit_nodes=nodes, lines=_LINES
    )
    best, second = found[0], found[1] if len(found) > 1 else None
    if best.best is None or not isinstance(best.score, Cp | Mate):
        raise ValueError(f"no line at ply {ply}")
    return StoredLines(
        ply, best.best, best.score, second.best if second else None, second.score if second else None,
        best.depth, best.nodes,
    )  # fmt: skip
