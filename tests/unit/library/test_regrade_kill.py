"""`kibitz regrade` killed in the middle: the next run ends with what an undisturbed one says."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from desktop_app.domain.filters import GameQuery
from desktop_app.domain.judgement import RULES_VERSION, STRICT_20
from desktop_app.library.library import Library
from tests.unit.library.processes import run_script, script
from tests.unit.library.test_gradings import analysed

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_app.domain.rows import GameRow

GAMES = 40
_RUN = """
import sys
from desktop_app.cli.main import main
from desktop_app.library.gradings import Gradings
from desktop_app.services import rejudge_games

rejudge_games.SEGMENT_GAMES = 4
store, stored = Gradings.store, []

def stopping(self, *arguments):
    done = store(self, *arguments)
    stored.append(done)
    if sys.argv[2] == "stop" and len(stored) == 3:
        print("stored", flush=True)
        sys.stdin.read()  # until it is killed
    return done

Gradings.store = stopping
sys.exit(main(["regrade", "--grading", "strict-20", "--library", sys.argv[1]], lambda *_: 1))
"""


def _rows(location: Path) -> list[GameRow]:
    with Library.open(str(location)) as library:
        assert library.check() == []
        assert library.gradings.counts() == {(STRICT_20.stamp, RULES_VERSION): GAMES}
        return [library.games.rows([game])[0] for game in library.games.ids(GameQuery(sort="id"))]


def test_a_killed_regrade_goes_on(tmp_path: Path) -> None:
    """After kill -9 between two segments some games are judged anew, some not; repeating the command does the rest."""
    killed, undisturbed = tmp_path / "killed.kibitz", tmp_path / "undisturbed.kibitz"
    with Library.open(str(killed)) as library:
        analysed(library, GAMES)
    shutil.copy(killed, undisturbed)
    with script(_RUN, killed, "stop") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stored\n"
        process.kill()
        process.wait(60)
    with Library.open(str(killed)) as library:
        assert library.gradings.stale(STRICT_20) == GAMES - 12
    run_script(_RUN, killed, "run")
    run_script(_RUN, undisturbed, "run")
    assert _rows(killed) == _rows(undisturbed)
