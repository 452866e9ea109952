"""The engine page: engines are looked at before they count, options and tables make another identity."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QSpinBox

from desktop_app import paths
from desktop_app.ui.windows.engine_options import EngineOptionsDialog
from tests.fakes.fake_uci import fake_engine
from tests.unit.services.file_server import FileServer
from tests.unit.services.test_engine_download import PROGRAM, sound_archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.ui.application import Application
    from desktop_app.ui.windows.engine_page import EnginePage

LONG_MS = 60_000
TABLE = b"\x71\xe8\x23\x5d and more"


@pytest.fixture
def page(qtbot: QtBot, open_app: Callable[..., Application], stockfish: str) -> EnginePage:
    """The page of a running window with this machine's Stockfish."""
    app = open_app()
    engine = app.bench.engine
    qtbot.waitUntil(lambda: engine.path == stockfish, timeout=LONG_MS)
    app.window.actions_by_name["engine"].trigger()
    page = app.window.engine_page
    assert page.isVisible()
    qtbot.waitUntil(lambda: stockfish in engine.reports and bool(page.offer.text.text()), timeout=LONG_MS)
    return page


def select(page: EnginePage, path: str) -> None:
    """Select an engine of the list."""
    for row in range(page.rows.rowCount()):
        if page.rows.item(row, 4).text() == path:
            page.table.selectRow(row)
            return
    raise AssertionError(f"{path} is not in the list")


def test_the_engine_in_use_is_shown_with_build_and_speed(qtbot: QtBot, page: EnginePage, stockfish: str) -> None:
    """Speed is measured when asked; the advice fits the build; the official build is blocked without a checksum."""
    assert page.rows.item(0, 4).text() == stockfish
    assert "Stockfish" in page.rows.item(0, 1).text()
    assert page.offer.advice.text()
    assert not page.offer.get_button.isEnabled()
    assert "Nobody has verified the checksum" in page.offer.text.text()
    select(page, stockfish)
    qtbot.mouseClick(page.measure_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.rows.item(0, 3).text().endswith("knps"), timeout=LONG_MS)
    assert not page.use_button.isEnabled()
    assert not page.remove_button.isEnabled()


def test_engines_are_added_when_they_play_and_told_when_not(
    qtbot: QtBot, page: EnginePage, stockfish: str, tmp_path: Path
) -> None:
    """A second engine joins the list and can be used and removed; one that lies is refused with a sentence."""
    engine = page._engine
    engine.add(fake_engine(tmp_path, "illegal_move"))
    qtbot.waitUntil(lambda: "illegal move" in page.note.text(), timeout=LONG_MS)
    other = fake_engine(tmp_path, "ok")
    engine.add(other)
    qtbot.waitUntil(lambda: page.rows.rowCount() == 2, timeout=LONG_MS)
    select(page, other)
    qtbot.mouseClick(page.use_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: engine.path == other, timeout=LONG_MS)
    select(page, other)
    assert not page.remove_button.isEnabled()
    engine.choose(stockfish)
    qtbot.waitUntil(lambda: engine.path == stockfish, timeout=LONG_MS)
    select(page, other)
    qtbot.mouseClick(page.remove_button, Qt.MouseButton.LeftButton)
    assert [entry.path for entry in engine.entries] == [stockfish]


def test_an_engine_that_fails_leaves_the_old_one_in_force(
    qtbot: QtBot, page: EnginePage, stockfish: str, tmp_path: Path
) -> None:
    """Choosing what is no engine says so; analysis goes on as before."""
    page._engine.choose(fake_engine(tmp_path, "illegal_move"))
    qtbot.waitUntil(lambda: "does not work" in page.note.text(), timeout=LONG_MS)
    assert page._engine.path == stockfish


def test_options_make_another_identity_and_reset_brings_the_first_back(
    qtbot: QtBot, page: EnginePage, stockfish: str
) -> None:
    """All options are offered but Kibitz's own; what is chosen is kept and used by the next analysis."""
    engine = page._engine
    plain = engine.identity
    select(page, stockfish)
    qtbot.mouseClick(page.options_button, Qt.MouseButton.LeftButton)
    dialog = page.window().findChild(EngineOptionsDialog)
    assert isinstance(dialog, EngineOptionsDialog)
    assert not {"Hash", "Threads", "MultiPV", "Ponder"} & set(dialog.fields)
    skill = dialog.fields["Skill Level"].widget
    assert isinstance(skill, QSpinBox)
    assert isinstance(dialog.fields["Use NNUE"].widget, QCheckBox)
    skill.setValue(3)
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: engine.identity != plain, timeout=LONG_MS)
    assert engine.identity is not None
    assert ("Skill Level", "3") in engine.identity.options
    qtbot.waitUntil(lambda: page.window().findChild(EngineOptionsDialog) is None, timeout=LONG_MS)
    select(page, stockfish)
    qtbot.mouseClick(page.options_button, Qt.MouseButton.LeftButton)
    again = page.window().findChild(EngineOptionsDialog)
    assert isinstance(again, EngineOptionsDialog)
    assert again.fields["Skill Level"].read() == "3"
    qtbot.mouseClick(again.reset_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(again.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: engine.identity == plain, timeout=LONG_MS)


def test_endgame_tables_are_looked_at_before_they_are_used(qtbot: QtBot, page: EnginePage, tmp_path: Path) -> None:
    """An empty folder is refused with a sentence; one with tables says how many and becomes part of the identity."""
    engine = page._engine
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.mkdir()
    full.mkdir()
    (full / "KQvK.rtbw").write_bytes(TABLE)
    engine.set_syzygy(str(empty))
    qtbot.waitUntil(lambda: "no Syzygy tables" in page.note.text(), timeout=LONG_MS)
    engine.set_syzygy(str(full))
    qtbot.waitUntil(lambda: "1 with 3 men" in page.tables.text(), timeout=LONG_MS)
    qtbot.waitUntil(lambda: engine.identity and dict(engine.identity.options).get("SyzygyPath"), timeout=LONG_MS)
    qtbot.mouseClick(page.no_tables_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: engine.identity and "SyzygyPath" not in dict(engine.identity.options), timeout=LONG_MS)


def test_the_official_build_is_downloaded_tried_and_used(qtbot: QtBot, page: EnginePage, tmp_path: Path) -> None:
    """From a list with a verified checksum: size before, progress, then in force and in the list."""
    engine = page._engine
    content = sound_archive()
    with FileServer(content) as server:
        shipped = json.loads(paths.resource("engines", "releases.json").read_text())
        for asset in shipped["releases"][0]["assets"]:
            asset.update(
                url=server.url,
                program=PROGRAM,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                verified_by="the tests",
                verified_on="2026-11-23",
            )
        shipped["updated"] = "2099-01-01"
        newer = tmp_path / "releases.json"
        newer.write_text(json.dumps(shipped))
        engine.refresh(str(newer))
        qtbot.waitUntil(page.offer.get_button.isEnabled, timeout=LONG_MS)
        assert "0.7 MB" in page.offer.text.text()
        with qtbot.waitSignal(engine.download_ended, timeout=LONG_MS) as ended:
            qtbot.mouseClick(page.offer.get_button, Qt.MouseButton.LeftButton)
    assert "installed and in use" in ended.args[0]
    qtbot.waitUntil(lambda: engine.path.startswith(str(paths.engines_dir())), timeout=LONG_MS)
    assert any(entry.path == engine.path for entry in engine.entries)
