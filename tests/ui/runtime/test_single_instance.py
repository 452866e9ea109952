"""A second start hands its files to the first."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from desktop_app.ui.runtime.single_instance import FirstInstance, hand_over, server_name

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

_SECOND = """
import json, sys
from desktop_app.ui.runtime.single_instance import hand_over
sys.exit(0 if hand_over(sys.argv[1], json.loads(sys.argv[2])) else 1)
"""


def second_start(library: str, paths: list[str]) -> subprocess.Popen[bytes]:
    """Another process that hands over its paths; exit code 0 when they were taken."""
    return subprocess.Popen([sys.executable, "-c", _SECOND, library, json.dumps(paths)])


def test_without_a_first_instance_nobody_answers(tmp_path: Path) -> None:
    """The caller then becomes the first instance itself."""
    assert not hand_over(str(tmp_path / "a.kibitz"), ["x.pgn"])


def test_the_first_instance_receives_the_paths(qtbot: QtBot, tmp_path: Path) -> None:
    """Names with spaces, quotes and other scripts arrive unchanged, and the second start is told so."""
    library, paths = str(tmp_path / "a.kibitz"), ["/x/a b.pgn", '/x/"q".pgn', "/x/партии.pgn"]
    first = FirstInstance(library)
    with qtbot.waitSignal(first.paths_received, timeout=20_000) as caught:
        second = second_start(library, paths)
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=10_000)
    first.close()
    assert caught.args[0] == paths
    assert second.returncode == 0


def test_what_a_dead_instance_left_is_taken_over(qtbot: QtBot, tmp_path: Path) -> None:
    """A socket file without a listener does not keep us from listening."""
    library = str(tmp_path / "a.kibitz")
    dead = FirstInstance(library)
    alive = FirstInstance(library)
    dead.close()
    alive.close()
    again = FirstInstance(library)
    with qtbot.waitSignal(again.paths_received, timeout=20_000):
        second = second_start(library, [])
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=10_000)
    again.close()
    assert second.returncode == 0


def test_each_library_has_a_name_of_its_own() -> None:
    """Two libraries, two windows."""
    assert server_name("/a") != server_name("/b")
