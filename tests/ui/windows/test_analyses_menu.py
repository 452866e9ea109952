"""A game analysed by several engines: a small menu shows which there are, and the viewer shows the one chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QMenu

from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.profile import AnalysisKey, SearchSpec
from desktop_app.domain.work import JobState
from desktop_app.library.chunk_store import ChunkToStore
from desktop_app.library.evaluation_rows import StoredPosition
from desktop_app.library.library import Library
from tests.unit.library.records import make_records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

LONG_MS = 60_000


def analyse(library: Library, game_id: GameId, name: str, white_cp: int) -> None:
    """Store a complete analysis in which every position has this score."""
    spec = SearchSpec.of_nodes(1000)
    job = library.jobs.create([game_id], engine_path="/fake", spec=spec, workers=1)
    (item,) = library.jobs.items(job)
    plies = library.games.get(game_id).record.ply_count
    stored = tuple(
        StoredPosition(Ply(ply), Evaluation(Cp(white_cp), 1, 1000, "a1a1", ()), None) for ply in range(plies + 1)
    )
    key = AnalysisKey(EngineIdentity(name, "build"), spec)
    library.evaluations.store_chunk(ChunkToStore(item.id, game_id, key, stored, len(stored), None, "lichess"))
    library.jobs.set_state(job, JobState.DONE)


def test_the_analysis_of_another_engine_can_be_shown(
    qtbot: QtBot, open_app: Callable[..., Application], tmp_path: Path
) -> None:
    """The last one is the game's own; the other is shown until another game is, and can be left again."""
    game_id = GameId(1)
    with Library.open(tmp_path / "games.kibitz") as library:
        library.games.add(library.imports.begin("test"), make_records(1))
        analyse(library, game_id, "First engine", 10)
        analyse(library, game_id, "Second engine", 90)
    app = open_app()
    cursor = app.bench.cursor
    app.bench.viewer.preview(game_id)

    def first_score() -> object:
        return cursor.view.plies[0].score if cursor.view else None

    def choose(words: str) -> None:
        app.window.actions_by_name["analyses"].trigger()
        qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu), timeout=LONG_MS)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        assert [action.text().partition(" · ")[0] for action in menu.actions()] == ["Second engine", "First engine"]
        next(action for action in menu.actions() if words in action.text()).trigger()
        menu.close()

    qtbot.waitUntil(lambda: first_score() == Cp(90), timeout=LONG_MS)
    choose("First")
    qtbot.waitUntil(lambda: first_score() == Cp(10), timeout=LONG_MS)
    choose("Second")
    qtbot.waitUntil(lambda: first_score() == Cp(90), timeout=LONG_MS)
