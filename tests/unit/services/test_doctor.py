"""The doctor: each check says what it found and what to do, and none raises."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from desktop_app.library.database import Database
from desktop_app.services import doctor

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
    assert list(found) == ["python", "engine", "database", "games", "import", "resources", "display"]
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
