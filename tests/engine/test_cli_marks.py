"""`kibitz marks` with a real Stockfish: marks beside verdicts, none searched twice, exported only when asked for."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.domain.game import GameId
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_text
from tests.engine.test_cli_analyse import OPERA, command, run, shown

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

MARKS = {"only", "great", "brilliant"}


@pytest.fixture
def library(tmp_path: Path) -> str:
    """One analysed game: Morphy gives a knight, a rook and his queen, each time the best move."""
    path = str(tmp_path / "l.kibitz")
    with Library.open(path) as opened:
        import_text(opened, OPERA.format(number=1), workers=0)
    done = run("analyse", "--all", "--nodes", "20000", "--library", path)
    assert done.returncode == 0, done.stderr
    return path


def marked(library: str, *more: str) -> dict[str, Any]:
    """What the command says."""
    done = run("marks", "--all", "--json", "--library", library, *more)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_marks_stand_beside_verdicts_that_stay_as_they_were(library: str, tmp_path: Path) -> None:
    """The queen sacrifice that mates is marked; no figure of the analysis changes; nothing is searched twice."""
    before = shown(library, 1)
    first = marked(library, "--nodes", "50000")
    assert (first["games"], first["known"]) == (1, 0)
    assert first["searched"] > 0
    after = shown(library, 1)
    marks = {ply["ply"]: ply["marks"] for ply in after["plies"] if ply["marks"]}
    assert marks[31] == ["brilliant"], marks
    assert {mark for some in marks.values() for mark in some} <= MARKS
    assert sum(first["marks"].values()) == len(marks)
    assert not any(ply["judgement"] for ply in after["plies"] if ply["marks"])
    for ply in after["plies"]:
        ply["marks"] = []
    assert after == before
    again = marked(library, "--nodes", "50000")
    assert (again["searched"], again["known"], again["marks"]) == (0, first["searched"], first["marks"])
    texts = {}
    for more in ((), ("--marks",)):
        out = tmp_path / "out.pgn"
        assert run("export", "--all", "-o", str(out), "--library", library, *more).returncode == 0
        texts[more] = " ".join(out.read_text(encoding="utf-8").split())
        out.unlink()
    assert "Qb8+ $3" in texts[("--marks",)]
    assert "$3" not in texts[()]


def test_ctrl_c_keeps_what_was_found_and_the_command_goes_on(library: str) -> None:
    """Interrupted between two positions it says so with 130; the next run searches the rest only."""
    everything = marked(library, "--nodes", "1000")["searched"]
    with Library.open(library) as opened:
        again = import_text(opened, OPERA.format(number=2), workers=0)
    assert again.imported == 1
    assert run("analyse", "--all", "--nodes", "20000", "--library", library).returncode == 0
    with (
        Library.open(library) as opened,
        subprocess.Popen(
            command("marks", "--all", "--nodes", "400000", "--library", library),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process,
    ):  # fmt: skip
        deadline = time.monotonic() + 100
        while not opened.marks.of_game(GameId(2)):
            assert time.monotonic() < deadline
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=100)
    assert process.returncode == 130
    rest = marked(library, "--nodes", "1000")
    assert rest["games"] == 2
    assert 0 < rest["searched"] < everything
    assert rest["searched"] + rest["known"] == 2 * everything


def test_games_that_are_not_analysed_are_passed_over(tmp_path: Path) -> None:
    """Nothing is searched, and the summary says of how many games it is."""
    path = str(tmp_path / "l.kibitz")
    with Library.open(path) as opened:
        import_text(opened, OPERA.format(number=1), workers=0)
    done = run("marks", "--all", "--library", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 analysed games")
