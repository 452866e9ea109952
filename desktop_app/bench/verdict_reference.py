"""The committed deep reference: CC0 games with 3 M-node evaluations, made by packaging/make_reference.py.

Pure reading; called by the benches and by packaging/fit_anytime.py on the main thread.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import chess
import chess.pgn

from desktop_app import paths
from desktop_app.analysis.review import Mainline, review
from desktop_app.domain.evaluation import Cp, Evaluation, Mate, Over
from desktop_app.domain.game import Ply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_app.domain.judgement import Judgement


@dataclass(frozen=True, slots=True)
class ReferenceGame:
    """One game of the reference.

    Attributes:
        site: its address at Lichess, which names it.
        line: its main line, walked.
        deep: the deep evaluations by ply, finished positions included.
        rating: mean of both players' ratings.
        first_half: whether the weights `confidence_model.FIRST` were fitted on it, not `SECOND`.
    """

    site: str
    line: Mainline
    deep: dict[Ply, Evaluation]
    rating: int
    first_half: bool

    def severities(self, evaluations: Mapping[Ply, Evaluation]) -> tuple[int, ...]:
        """0 not judged, 1 inaccuracy, 2 mistake, 3 blunder, for every move, by these evaluations."""
        return tuple(severity(verdict.judgement) for verdict in review(self.line, evaluations).verdicts)

    def pgn(self) -> str:
        """The game as PGN, with nothing but its address and moves."""
        game = chess.pgn.Game()
        game.headers["Site"] = self.site
        game.headers["White"], game.headers["Black"] = "White", self.site.rpartition("/")[2]
        game.add_line(chess.Move.from_uci(uci) for uci in self.line.moves)
        return str(game)


def severity(judgement: Judgement | None) -> int:
    """0 not judged, 1 inaccuracy, 2 mistake, 3 blunder."""
    return 0 if judgement is None else ("inaccuracy", "mistake", "blunder").index(judgement.value) + 1


def read_reference() -> tuple[dict[str, Any], list[ReferenceGame]]:
    """How the reference was made, and its games in the order of their addresses; every second one is the first half."""
    lines = paths.resource("reference", "lichess-2021-10.jsonl").read_text(encoding="utf-8").splitlines()
    rows = sorted(map(json.loads, lines[1:]), key=lambda row: str(row["site"]))
    return json.loads(lines[0]), [_game(row, first_half=number % 2 == 0) for number, row in enumerate(rows)]


def over_at(line: Mainline, ply: Ply) -> Evaluation:
    """The evaluation of a position that is known to be finished."""
    board = chess.Board(line.root_fen, chess960=line.chess960)
    for uci in line.moves[:ply]:
        board.push_uci(uci)
    return Evaluation(Over(not board.turn if board.is_checkmate() else None), 0, 0, None, ())


def _game(row: dict[str, Any], *, first_half: bool) -> ReferenceGame:
    line = Mainline.walk(chess.STARTING_FEN, row["moves"].split(), chess960=False)
    deep = {Ply(ply): _evaluation(line, Ply(ply), found) for ply, found in enumerate(row["positions"])}
    return ReferenceGame(row["site"], line, deep, (row["white_elo"] + row["black_elo"]) // 2, first_half)


def _evaluation(line: Mainline, ply: Ply, found: list[Any] | None) -> Evaluation:
    if found is None:
        return over_at(line, ply)
    cp, mate, best, depth, nodes = found
    return Evaluation(Mate(mate) if cp is None else Cp(cp), depth, nodes, best, (best,))
