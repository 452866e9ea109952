"""The X server dies under the window: no fault of ours, nothing lost, and an exit code that says what happened."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from desktop_app import paths
from desktop_app.bench.data import sample_texts
from desktop_app.domain.filters import GameQuery
from desktop_app.library.library import Library
from tests.ui.windows.real_window import RealWindow, window_stands
from tests.ui.x_server import x_server

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 and its tools are Linux's"),
    pytest.mark.skipif(shutil.which("xdotool") is None, reason="no xdotool (packaging/system_packages.sh test)"),
    pytest.mark.slow,
]

GIVE_UP_S = 60


@pytest.mark.parametrize("leaving", [False, True], ids=["alone", "with SIGTERM"])
def test_a_lost_display_is_not_reported_as_a_fault(tmp_path: Path, *, leaving: bool) -> None:
    """Exit 3 with a sentence, or 0 where the session was ending anyway; no report is written, the library is closed."""
    games = tmp_path / "games.pgn"
    games.write_text(sample_texts()[0], encoding="utf-8")
    library = tmp_path / "games.kibitz"

    def imported() -> bool:
        if not (library.exists() and window_stands(server.display)):
            return False
        with Library.open(library) as opened:
            return opened.games.count(GameQuery()) == 1

    with x_server() as server:
        window = RealWindow(library, server.display, str(games))
        try:
            window.wait_until(imported, GIVE_UP_S, "the window with its game")
            if leaving:
                window.process.terminate()
            server.process.kill()
            code = window.wait(GIVE_UP_S)
        finally:
            if window.process.poll() is None:
                window.kill()
    said = library.with_suffix(".log").read_text(encoding="utf-8")
    assert code == (0 if leaving else 3), said
    assert "This is a fault" not in said
    assert leaving or "The display that Kibitz was on went away." in said
    left = [file.name for file in paths.log_dir().iterdir() if not file.name.startswith("kibitz.log")]
    assert left == []
    assert not library.with_name(f"{library.name}-wal").exists(), "the library was closed in order"
