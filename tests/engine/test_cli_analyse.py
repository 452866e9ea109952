"""`kibitz analyse` with a real Stockfish, as scripts see it: JSON lines, interruption, resumption, failures."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.domain.game import GameId
from desktop_app.library.library import Library
from desktop_app.services.import_games import import_text
from desktop_app.services.show_game import show_game
from desktop_app.services.show_json import to_json

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

NODES = "2000"
SUMMARY = {
    "event",
    "games_done",
    "games_failed",
    "games_skipped",
    "positions",
    "positions_reused",
    "nodes",
    "warmup_nodes",
    "engine_seconds",
    "wall_seconds",
}

# Morphy - Duke of Brunswick and Count Isouard, Paris 1858: 33 plies, ends with mate.
OPERA = """[Event "Paris"]
[White "Morphy"]
[Black "Consultants {number}"]
[Result "1-0"]

1. e4 e5 2. Nf3 d6 3. d4 Bg4 4. dxe5 Bxf3 5. Qxf3 dxe5 6. Bc4 Nf6 7. Qb3 Qe7 8. Nc3 c6 9. Bg5 b5 10. Nxb5 cxb5
11. Bxb5+ Nbd7 12. O-O-O Rd8 13. Rxd7 Rxd7 14. Rd1 Qe6 15. Bxd7+ Nxd7 16. Qb8+ Nxb8 17. Rd8# 1-0

"""
PLIES = 33


def command(*arguments: str) -> list[str]:
    """The real program."""
    return [sys.executable, "-m", "desktop_app", *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, encoding="utf-8", timeout=100, check=False
    )


def events(text: str) -> list[dict[str, Any]]:
    """Its lines of JSON."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def library(tmp_path: Path) -> str:
    """A library of three copies of one game with different players, so that none is a duplicate."""
    path = str(tmp_path / "l.kibitz")
    with Library.open(path) as opened:
        import_text(opened, "".join(OPERA.format(number=number) for number in range(3)), workers=0)
    return path


def shown(library: str, game: int) -> dict[str, Any]:
    """What `show --json` prints of a game."""
    with Library.open(library) as opened:
        return to_json(show_game(opened, GameId(game)))


def test_json_lines_end_with_the_summary(library: str) -> None:
    """Every line is an object with an event; the last is the summary with all its figures; the games are analysed."""
    done = run("analyse", "--all", "--nodes", NODES, "--workers", "2", "--json", "--library", library)
    assert done.returncode == 0, done.stderr
    lines = events(done.stdout)
    assert {line["event"] for line in lines} == {"job", "game", "position", "summary"}
    summary = lines[-1]
    assert summary["event"] == "summary"
    assert summary.keys() >= SUMMARY
    # The start position and every ply but the last, which is mate and needs no search.
    assert (summary["games_done"], summary["positions"]) == (3, 3 * PLIES)
    game = shown(library, 1)
    assert game["state"] == "analysed"
    assert game["analysis"]["nodes"] == int(NODES)
    assert [ply["white_cp"] is None and ply["white_mate"] is None for ply in game["plies"]] == [False] * 32 + [True]
    assert game["summary"]["white"]["accuracy"] > game["summary"]["black"]["accuracy"]


def test_the_same_command_again_searches_nothing(library: str) -> None:
    """A second run finds all of it stored."""
    arguments = ("analyse", "--all", "--nodes", NODES, "--json", "--library", library)
    assert run(*arguments).returncode == 0
    again = events(run(*arguments).stdout)[-1]
    assert (again["positions"], again["nodes"]) == (0, 0)


@pytest.mark.parametrize("which", [("--all",), ("--filter", "state:unanalysed")], ids=["all", "by state"])
def test_ctrl_c_keeps_what_is_done_and_the_command_goes_on(library: str, which: tuple[str, ...]) -> None:
    """The first SIGINT ends with the summary and 130; the same command searches only what is missing."""
    arguments = ("analyse", *which, "--nodes", "20000", "--workers", "1", "--json", "--library", library)
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        seen = 0
        while seen < 12:
            seen += json.loads(process.stdout.readline())["event"] == "position"
        process.send_signal(signal.SIGINT)
        rest = events(process.stdout.read())
        said = process.stderr.read()
    assert process.returncode == 130
    assert said.count("\n") == 1
    first = rest[-1]
    assert first["event"] == "summary"
    assert 1 <= first["positions"] < 3 * PLIES
    second = run(*arguments)
    assert second.returncode == 0, second.stderr
    assert first["positions"] + events(second.stdout)[-1]["positions"] == 3 * PLIES
    assert {shown(library, game)["state"] for game in (1, 2, 3)} == {"analysed"}


def test_no_engine_is_three_and_says_how_to_get_one(library: str, tmp_path: Path) -> None:
    """A missing engine: exit code 3, one line, nothing changed."""
    done = run("analyse", "--all", "--engine", str(tmp_path / "none"), "--library", library)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert shown(library, 1)["state"] == "unanalysed"


def test_a_program_that_is_no_engine_is_refused(library: str, tmp_path: Path) -> None:
    """A wrong binary: exit code 3, one line that names it."""
    wrong = tmp_path / "wrong"
    wrong.write_text("#!/bin/sh\necho hello\n")
    wrong.chmod(0o755)
    done = run("analyse", "--all", "--engine", str(wrong), "--library", library)
    assert done.returncode == 3
    assert str(wrong) in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_game_matches(library: str) -> None:
    """Nothing to do is done at once."""
    done = run("analyse", "--filter", "white:nobody", "--json", "--library", library)
    assert done.returncode == 0
    assert events(done.stdout)[-1]["games_done"] == 0


def test_text_for_people(library: str) -> None:
    """Without --json: a line for each game and a sentence at the end."""
    done = run("analyse", "--game", "1", "--nodes", NODES, "--library", library)
    assert done.returncode == 0, done.stderr
    assert "Morphy - Consultants 0: White" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 game analysed; 33 positions")
