"""The doctor: each check says what it found and what to do, and none raises."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.evaluation import EngineIdentity
from desktop_app.engine.builds import X86_BUILDS
from desktop_app.engine.processor import Processor
from desktop_app.library.database import Database
from desktop_app.services import doctor, engine_checks, engines
from desktop_app.services.engine_checks import EngineChecks
from desktop_app.services.engines import EngineReport, advise

if TYPE_CHECKING:
    from pathlib import Path


def test_a_library_to_be_made_is_fine(tmp_path: Path) -> None:
    """A path where a library can be made passes, and nothing is made."""
    path = tmp_path / "new" / "l.kibitz"
    check = doctor.check_database(str(path))
    assert check.ok
    assert not path.parent.exists()


def test_a_sound_library_passes(tmp_path: Path) -> None:
    """A library that opens, is sound and can be written passes with its figures."""
    path = tmp_path / "l.kibitz"
    Database.open(path).close()
    check = doctor.check_database(str(path))
    assert check.ok
    assert check.details is not None
    assert check.details["faults"] == []
    assert check.details["free_bytes"] > 0


@pytest.mark.expects_log
def test_every_failure_is_a_result(tmp_path: Path) -> None:
    """Broken library, missing engine, missing resources: all are told, with something to do."""
    broken = tmp_path / "l.kibitz"
    broken.write_bytes(b"not a library" * 1000)
    checks = doctor.examine(library=str(broken), engine=str(tmp_path / "no-engine"), resources=tmp_path / "none")
    found = {check.name: check for check in checks}
    assert list(found) == [
        "python",
        "engine",
        "processor",
        "tables",
        "database",
        "games",
        "import",
        "resources",
        "display",
    ]
    for name in ("engine", "database", "resources"):
        assert not found[name].ok
        assert found[name].needed
        assert found[name].text
        assert found[name].action
    assert found["python"].ok


def test_no_display_is_told_and_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without a display is no failure of the headless commands."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    check = doctor.check_display()
    assert not check.ok
    assert not check.needed
    assert check.action


def test_the_check_of_the_display_never_loads_qt_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Qt is tried in a process of its own."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    before = {name for name in sys.modules if name.startswith("PySide6")}
    check = doctor.check_display()
    assert {name for name in sys.modules if name.startswith("PySide6")} == before
    assert check.to_json()["name"] == "display"


def test_a_slow_build_is_told_with_what_to_do_and_never_with_invented_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's Stockfish on a newer processor: one sentence; nothing fails, since it works."""
    modern = Processor("linux", "x86-64", "A Processor", X86_BUILDS[3].needs)
    monkeypatch.setattr(engine_checks, "processor", lambda: modern)
    monkeypatch.setattr(engines, "processor", lambda: modern)
    monkeypatch.setattr(engines, "flags_of", lambda _said: frozenset({"SSE2"}))
    checks = EngineChecks(None)
    assert checks.check_engine().ok
    check = checks.check_processor()
    assert not check.ok
    assert not check.needed
    assert check.word == "slow"
    assert check.text.endswith("is built for old processors (SSE2); yours can run the AVX2 build.")
    assert "kibitz engine download" in check.action


def report(path: str, flags: frozenset[str], speed: int) -> EngineReport:
    """A measured engine."""
    return EngineReport(path, EngineIdentity("Stockfish 17", path), (), flags, speed)


def test_a_factor_is_given_where_both_builds_were_measured() -> None:
    """And the faster one is named by where it lies; noise is no factor."""
    modern = Processor("linux", "x86-64", "A Processor", X86_BUILDS[3].needs)
    slow = report("/slow", frozenset({"SSE2"}), 500_000)
    found = advise(slow, [slow, report("/fast", X86_BUILDS[3].needs, 1_150_000)], modern)
    assert "AVX2 build, about 2.3 times as fast." in found.text
    assert "/fast" in found.action
    assert "times" not in advise(slow, [report("/same", X86_BUILDS[3].needs, 510_000)], modern).text
    assert advise(report("/fast", X86_BUILDS[3].needs, 1), [], modern).better is None


def test_endgame_tables_are_checked_where_a_folder_is_chosen(tmp_path: Path) -> None:
    """None chosen is fine, an empty folder is not; neither fails the doctor."""
    assert EngineChecks(None).check_tables().ok
    check = EngineChecks(None, str(tmp_path)).check_tables()
    assert not check.ok
    assert not check.needed
    assert "no Syzygy tables" in check.text
    assert check.action
