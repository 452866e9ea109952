"""Analysis > Judging: choosing a grading, thresholds of one's own, the preview on the board, and judging again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.evaluation import Cp, EngineIdentity, Evaluation
from desktop_app.domain.game import GameId, Ply
from desktop_app.domain.judgement import RULES_VERSION, Judgement
from desktop_app.domain.profile import AnalysisKey, SearchSpec
from desktop_app.domain.work import JobState
from desktop_app.library.evaluations import ChunkToStore, StoredPosition
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_text
from desktop_app.settings import SettingsStore
from desktop_app.ui.windows.judging_dialog import JudgingDialog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application

DEADLINE_MS = 60_000
KEY = AnalysisKey(EngineIdentity("Fake", "0", ()), SearchSpec.of_nodes(1000))


@pytest.fixture
def app(open_app: Callable[..., Application], games_text: str, tmp_path: Path) -> Application:
    """The application on four games, the third of them analysed: White's third move loses 17 points of win %."""
    with Library.open(tmp_path / "games.kibitz") as library:
        import_text(library, games_text, "club")
        job = library.jobs.create([GameId(3)], engine_path="/fake", spec=KEY.spec, workers=1)
        (item,) = library.jobs.items(job)
        cps = [15, 15, 15, 15, 15, -175, -175, -175, -175, -175, -175, -175, -175]
        stored = tuple(
            StoredPosition(Ply(ply), Evaluation(Cp(cp), 9, 900, "a2a3", ("a2a3",)), None) for ply, cp in enumerate(cps)
        )
        library.evaluations.store_chunk(
            ChunkToStore(item.id, GameId(3), KEY, stored, len(stored), summary=None, grading="lichess")
        )
        library.jobs.set_state(job, JobState.DONE)
    return open_app()


def _judged(app: Application) -> list[Judgement]:
    view = app.bench.cursor.view
    return [move.judgement for move in view.plies if move.judgement] if view else []


def _open(app: Application, qtbot: QtBot) -> JudgingDialog:
    def shown() -> bool:
        # The list opens its first game by itself, sooner or later: only then is another choice the last one.
        if app.bench.viewer.game_id is None:
            return False
        if app.bench.viewer.game_id != GameId(3):
            app.bench.viewer.preview(GameId(3))
        return _judged(app) == [Judgement.BLUNDER]

    qtbot.waitUntil(shown, timeout=DEADLINE_MS)
    app.window.actions_by_name["judging"].trigger()
    found = app.window.findChild(JudgingDialog)
    assert isinstance(found, JudgingDialog)
    return found


def test_a_grading_is_shown_on_the_board_before_it_is_put_in_force(app: Application, qtbot: QtBot) -> None:
    """Choosing shows, closing takes back; the button judges the library again, and the earlier one undoes it."""
    dialog = _open(app, qtbot)
    assert "1 blunder" in dialog.counts.text()
    assert not dialog.use_button.isEnabled()
    dialog.choice.setCurrentIndex(2)
    qtbot.waitUntil(lambda: _judged(app) == [Judgement.MISTAKE], timeout=DEADLINE_MS)
    assert "1 mistake, 0 blunders" in dialog.counts.text()
    assert "approximation" in dialog.meaning.text()
    assert app.bench.gradings.in_force.name == "lichess"
    dialog.close()
    qtbot.waitUntil(lambda: _judged(app) == [Judgement.BLUNDER], timeout=DEADLINE_MS)

    gradings = app.bench.desk.library.gradings
    for index, stamp, judgement in ((2, "strict-20", Judgement.MISTAKE), (0, "lichess", Judgement.BLUNDER)):
        dialog = _open(app, qtbot) if index == 2 else dialog
        dialog.choice.setCurrentIndex(index)
        dialog.use_button.click()
        qtbot.waitUntil(lambda stamp=stamp: gradings.counts() == {(stamp, RULES_VERSION): 1}, timeout=DEADLINE_MS)
        qtbot.waitUntil(lambda judgement=judgement: _judged(app) == [judgement], timeout=DEADLINE_MS)
        qtbot.waitUntil(lambda: not app.bench.gradings.running, timeout=DEADLINE_MS)


def test_thresholds_of_ones_own(app: Application, qtbot: QtBot, tmp_path: Path) -> None:
    """They are named, checked while they are typed, shown at once, kept in the settings, and can be removed."""
    dialog = _open(app, qtbot)
    dialog.choice.setCurrentIndex(dialog.choice.count() - 1)
    dialog.mistake.setValue(3)
    assert "must lose more" in dialog.problem.text()
    assert not dialog.use_button.isEnabled()
    dialog.name.setText("Coach")
    dialog.mistake.setValue(10)
    dialog.blunder.setValue(30)
    qtbot.waitUntil(lambda: _judged(app) == [Judgement.MISTAKE], timeout=DEADLINE_MS)
    dialog.use_button.click()

    def kept() -> str:
        return SettingsStore(tmp_path / "settings.json", {}).current.grading_in_force.stamp

    qtbot.waitUntil(lambda: kept() == "Coach 5/10/30", timeout=DEADLINE_MS)
    gradings = app.bench.desk.library.gradings
    qtbot.waitUntil(lambda: gradings.counts() == {("Coach 5/10/30", RULES_VERSION): 1}, timeout=DEADLINE_MS)
    assert dialog.remove_button.isVisibleTo(dialog)
    dialog.remove_button.click()
    qtbot.waitUntil(lambda: kept() == "lichess", timeout=DEADLINE_MS)
    qtbot.waitUntil(lambda: gradings.counts() == {("lichess", RULES_VERSION): 1}, timeout=DEADLINE_MS)
    assert SettingsStore(tmp_path / "settings.json", {}).current.own_gradings == ()
