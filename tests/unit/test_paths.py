"""Paths: per-user folders, the library's location, resources in source tree and frozen build."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from desktop_app import paths


def test_the_library_is_what_was_named_then_the_variable_then_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--library` wins over `KIBITZ_LIBRARY`, which wins over the per-user folder."""
    assert paths.library_location() == str(paths.default_library())
    monkeypatch.setenv("KIBITZ_LIBRARY", "/somewhere/mine.kibitz")
    assert paths.library_location() == "/somewhere/mine.kibitz"
    assert paths.library_location("other.kibitz") == "other.kibitz"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="XDG folders are Linux's")
def test_folders_follow_the_environment() -> None:
    """All folders are the user's own, and asking makes none of them."""
    for folder in (paths.data_dir(), paths.config_dir(), paths.cache_dir(), paths.log_dir()):
        assert folder.is_relative_to(Path.home())
        assert not folder.exists()


def test_resources_are_found_in_the_source_tree() -> None:
    """The folder of resources is the checkout's own."""
    assert paths.resources_dir().is_dir()
    assert paths.resource("icons", "x.svg") == paths.resources_dir() / "icons" / "x.svg"


def test_resources_are_found_in_a_frozen_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A frozen build has them in its bundle."""
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.resources_dir() == tmp_path / "resources"
