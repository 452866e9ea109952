"""Several engines side by side: every analysis of a game is kept, listed, and can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.analyses import by_engine
from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import AnalysisKey, SearchSpec
from desktop_app.library.chunk_store import ChunkToStore
from desktop_app.library.evaluation_rows import StoredPosition
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from desktop_app.library.library import Library

PLAIN = EngineIdentity("Stockfish 15.1", "af67", (("Hash", "16"), ("Threads", "1")))
WEAK = EngineIdentity("Stockfish 15.1", "af67", (("Hash", "16"), ("Skill Level", "5"), ("Threads", "1")))
OTHER = EngineIdentity("Crafty 25", "0ff1", (("SyzygyPath", "35 tables 95a54df5"),))


def analyse(library: Library, engine: EngineIdentity, white_cp: int, positions: int = 7) -> None:
    """Store what this engine found of the first game; less than seven positions leave it unfinished."""
    spec = SearchSpec.of_nodes(1000)
    job = library.jobs.create([GameId(1)], engine_path="/fake", spec=spec, workers=1)
    (item,) = library.jobs.items(job)
    stored = tuple(
        StoredPosition(Ply(ply), Evaluation(Cp(white_cp), 1, 1000, "a1a1", ()), None) for ply in range(positions)
    )
    library.evaluations.store_chunk(
        ChunkToStore(item.id, GameId(1), AnalysisKey(engine, spec), stored, 7, None, "lichess")
    )


def test_engines_and_options_stand_side_by_side(library: Library) -> None:
    """Nothing of one overwrites the other; the game shows the last complete one, and each can be asked for."""
    library.games.add(library.imports.begin("test"), make_records(2))
    assert library.evaluations.all_of_game(GameId(1)) == ()
    for engine, white_cp, positions in ((PLAIN, 10, 7), (WEAK, 20, 7), (OTHER, 30, 3)):
        analyse(library, engine, white_cp, positions)
    found = library.evaluations.all_of_game(GameId(1))
    assert [one.engine for one in found] == [PLAIN, WEAK, OTHER]
    assert [(one.complete, one.positions, one.shown) for one in found] == [
        (True, 7, False),
        (True, 7, True),
        (False, 3, False),
    ]
    for one, white_cp in zip(found, (10, 20, 30), strict=True):
        read = library.evaluations.of_id(GameId(1), one.id)
        assert read is not None
        assert read.engine == one.engine
        assert read.evaluations[Ply(0)].score == Cp(white_cp)
        assert library.evaluations.of_id(GameId(2), one.id) is None
    assert found[1].title == "Stockfish 15.1 · Skill Level 5 · 1,000 nodes"
    assert found[2].title == "Crafty 25 · 35 tables for endgames · 1,000 nodes · not finished"
    chosen = [by_engine(found, words) for words in ("stockfish", "crafty", "0ff", "af67", "gnu", "")]
    assert [one and one.engine for one in chosen] == [WEAK, OTHER, OTHER, WEAK, None, None]
