"""A second start hands its files to the first."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from desktop_app.ui.runtime.single_instance import FirstInstance, hand_over, server_name

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot


def test_without_a_first_instance_nobody_answers(tmp_path: Path) -> None:
    """The caller then becomes the first instance itself."""
    assert not hand_over(str(tmp_path / "a.kibitz"), ["x.pgn"])


def test_the_first_instance_receives_the_paths(qtbot: QtBot, tmp_path: Path) -> None:
    """Names with spaces, quotes and other scripts arrive unchanged, and the second start is told so."""
    library, paths = str(tmp_path / "a.kibitz"), ["/x/a b.pgn", '/x/"q".pgn', "/x/партии.pgn"]
    first, answers = FirstInstance(library), []
    sender = threading.Thread(target=lambda: answers.append(hand_over(library, paths)))
    with qtbot.waitSignal(first.paths_received, timeout=5000) as caught:
        sender.start()
    qtbot.waitUntil(lambda: bool(answers), timeout=5000)
    sender.join()
    first.close()
    assert caught.args[0] == paths
    assert answers == [True]


def test_what_a_dead_instance_left_is_taken_over(qtbot: QtBot, tmp_path: Path) -> None:
    """A socket file without a listener does not keep us from listening."""
    library = str(tmp_path / "a.kibitz")
    dead = FirstInstance(library)
    alive = FirstInstance(library)
    dead.close()
    alive.close()
    again = FirstInstance(library)
    answers: list[bool] = []
    sender = threading.Thread(target=lambda: answers.append(hand_over(library, [])))
    with qtbot.waitSignal(again.paths_received, timeout=5000):
        sender.start()
    qtbot.waitUntil(lambda: bool(answers), timeout=5000)
    sender.join()
    again.close()
    assert answers == [True]


def test_each_library_has_a_name_of_its_own() -> None:
    """Two libraries, two windows."""
    assert server_name("/a") != server_name("/b")
