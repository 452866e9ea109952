"""Starting engines: what surrounds them, not what they say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from desktop_app.engine import launch as launching
from desktop_app.engine.launch import launch
from desktop_app.errors import EngineCrashedError
from tests.fakes.fake_uci import fake_engine

if TYPE_CHECKING:
    from pathlib import Path


def test_a_frozen_build_gives_engines_the_original_library_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyInstaller puts its own libraries in front; an engine loaded with those may crash."""
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle")
    assert launching._environment()["LD_LIBRARY_PATH"] == "/bundle"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "LD_LIBRARY_PATH" not in launching._environment()
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/user")
    assert launching._environment()["LD_LIBRARY_PATH"] == "/user"


def test_a_tool_without_the_option_we_need_is_not_used(tmp_path: Path) -> None:
    """BusyBox has a `setpriv` that knows no parent-death signal; a missing tool is no error either."""
    refusing = tmp_path / "setpriv"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    assert not launching._works([str(refusing), "--pdeathsig", "KILL"])
    assert not launching._works([str(tmp_path / "missing")])


def test_without_any_tool_engines_still_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Niceness and the parent-death signal are a comfort, not a condition."""
    monkeypatch.setattr(launching, "_prefix", tuple)
    process = launch(fake_engine(tmp_path, "ok"))
    process.write("uci\n")
    assert b"Fake" in process.read()
    assert process.reap() == 0


def test_killing_is_safe_at_any_time(tmp_path: Path) -> None:
    """Twice, after the process ended by itself, and after it was reaped."""
    process = launch(fake_engine(tmp_path, "ok"))
    process.close_input()
    assert process.read() == b""
    process.kill()
    process.kill()
    assert process.reap() in {0, -9}
    process.kill()


def test_a_start_the_system_refuses_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of processes or memory: one attempt failed, with the system's own words."""

    def refuse(path: str) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable", path)

    monkeypatch.setattr(launching, "_popen", refuse)
    with pytest.raises(EngineCrashedError, match="could not be started: Resource temporarily unavailable"):
        launch(fake_engine(tmp_path, "ok"))
