"""Second lines in the library, and the pass that looks for marks: apart from analyses, never searched twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.evaluation import Cp, Evaluation
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.moves import unpack_moves
from desktop_app.domain.profile import AnalysisKey, SearchSpec
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.pgn.writer import strip_machine_layer
from desktop_app.services.export_games import export_games
from desktop_app.services.mark_moves import mark_games
from desktop_app.services.show_game import show_game
from desktop_app.services.show_json import to_json
from tests.fakes.fake_evaluator import FAKE_ENGINE
from tests.unit.library.records import make_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from desktop_app.domain.evaluation import EngineIdentity
    from desktop_app.library.library import Library

KEY = AnalysisKey(FAKE_ENGINE, SearchSpec.of_nodes(1000))
SWINGS = (15, 15, 15, 15, 300, 300)


class TwoLinesEngine:
    """Says that the move played is much better than any other."""

    identity: EngineIdentity = FAKE_ENGINE

    def __init__(self, moves: Sequence[str]) -> None:
        self.moves, self.asked = moves, 0

    def new_game(self) -> None:
        """Nothing to forget."""

    def evaluate_lines(
        self, *, root_fen: str, moves: Sequence[str], chess960: bool, limit_nodes: int, lines: int
    ) -> tuple[Evaluation, ...]:
        """Two lines."""
        assert (root_fen[:4], chess960, lines) == ("rnbq", False, 2)
        self.asked += 1
        best = Evaluation(Cp(300), 9, limit_nodes, self.moves[len(moves)], ())
        return best, Evaluation(Cp(0), 9, limit_nodes, "a2a3", ())


def _exported(library: Library, game: GameId, folder: Path, *, marks: bool) -> str:
    export_games(library, [game], folder / "out.pgn", marks=marks)
    return (folder / "out.pgn").read_text(encoding="utf-8")


def test_marks_stand_beside_the_verdicts(library: Library, tmp_path: Path) -> None:
    """They are searched once, stored apart, shown with the move, exported on demand, and change no figure."""
    library.games.add(library.imports.begin("test"), [make_record()])
    game = GameId(1)
    moves = [move.uci() for move in unpack_moves(library.games.get(game).record.moves)]
    job = library.jobs.create([game], engine_path="/fake", spec=KEY.spec, workers=1)
    (item,) = library.jobs.items(job)
    stored = tuple(
        StoredPosition(Ply(ply), Evaluation(Cp(cp), 1, 1, moves[ply] if ply < 5 else "a7a6", ()), None)
        for ply, cp in enumerate(SWINGS)
    )
    chunk = ChunkToStore(item.id, game, KEY, stored, len(stored), summary=None, grading="lichess")
    library.evaluations.store_chunk(chunk)
    before = to_json(show_game(library, game))
    assert [ply["marks"] for ply in before["plies"]] == [[]] * 5

    engine = TwoLinesEngine(moves)
    done = mark_games(library, [game], engine)
    assert (done.games, done.searched, done.known, done.marks) == (1, 1, 0, {"only": 0, "great": 1, "brilliant": 0})
    after = to_json(show_game(library, game))
    assert [ply["marks"] for ply in after["plies"]] == [[], [], [], [], ["great"]]
    assert after["summary"] == before["summary"]
    assert [ply["judgement"] for ply in after["plies"]] == [ply["judgement"] for ply in before["plies"]]

    [plain, marked] = [_exported(library, game, tmp_path, marks=marks) for marks in (False, True)]
    assert "great" not in plain
    assert "Bb5 $1 { [%eval 3.00,1] [%kibitz eval great nag=1] }" in " ".join(marked.split())
    assert strip_machine_layer(marked) == strip_machine_layer(plain)
    assert strip_machine_layer(marked, keep_scores=False).strip() == library.games.get(game).record.pgn.strip()

    again = mark_games(library, [game], engine)
    assert (again.searched, again.known, engine.asked) == (0, 1, 1)
    lines = library.marks.of_game(game)[Ply(4)]
    assert (lines.best, lines.best_score, lines.second, lines.second_score) == ("f1b5", Cp(300), "a2a3", Cp(0))


def test_a_game_that_is_not_analysed_is_passed_over(library: Library) -> None:
    """There is nothing to choose candidates by."""
    library.games.add(library.imports.begin("test"), [make_record()])
    assert mark_games(library, [GameId(1)], TwoLinesEngine(())).games == 0
