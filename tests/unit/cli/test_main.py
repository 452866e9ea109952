"""Every ending of a command: its exit code, and at most one line on stderr."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_app.cli import main as entry
from desktop_app.cli.commands import COMMANDS
from desktop_app.cli.main import main
from desktop_app.library.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable

GAME = '[Event "A"]\n[White "Anand"]\n[Black "Carlsen"]\n[Result "1-0"]\n\n1. e4 e5 2. Nf3 1-0\n'


def no_window(_files: list[str], _library: str | None) -> int:
    """Stand where the window would be opened; headless commands never come here."""
    pytest.fail("a headless command opened the window")


def empty_library(folder: Path) -> str:
    """A library without games."""
    with Library.open(folder / "l.kibitz") as library:
        return library.database.location


@pytest.fixture
def kibitz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run a command on a library of the test's own, in this process; returns exit code and output."""

    def run(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--library", str(tmp_path / "l.kibitz")], no_window)
        return code, capsys.readouterr().out

    return run


def test_paths_open_the_window() -> None:
    """What is no command goes to the window, with the library named."""
    opened: list[tuple[list[str], str | None]] = []

    def window(files: list[str], library: str | None) -> int:
        opened.append((files, library))
        return 0

    assert main(["--library", "L", "a.pgn"], window) == 0
    assert opened == [(["a.pgn"], "L")]


def test_wrong_usage_is_two(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage: exit code 2, one line, nothing on stdout."""
    assert main(["show"], no_window) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` says it and ends well."""
    assert main(["--version"], no_window) == 0
    assert capsys.readouterr().out.startswith("kibitz ")


def test_an_empty_library_lists_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new library has no games; JSON says so in its shape."""
    assert main(["list", "--json", "--library", empty_library(tmp_path)], no_window) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["total"], listed["games"]) == (0, [])
    assert listed["judged_otherwise"] == 0


NEED_A_LIBRARY = {
    "list": [],
    "analyse": ["--all"],
    "show": ["1"],
    "export": ["--all", "-o", "-"],
    "regrade": [],
    "delete": ["--all"],
    "bin": [],
    "imports": [],
    "undo-import": ["1"],
    "find-position": ["rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", "--indexed-only"],
    "edit": ["--all", "--set", "Event=Open"],
    "edits": [],
    "undo-edit": [],
    "merge-players": ["--suggest"],
    "backup": [],
    "compact": [],
    "tag": [],
    "collection": ["create", "Endings"],
    "person": [],
}


@pytest.mark.parametrize("command", NEED_A_LIBRARY)
def test_a_mistyped_library_is_not_made(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot do anything without games says that there is no library, what makes one, and leaves nothing there."""
    named = tmp_path / "my games" / "l.kibitz"
    assert main([command, *NEED_A_LIBRARY[command], "--library", str(named)], no_window) == 3
    assert capsys.readouterr().err == (
        f"kibitz: There is no library at {named}. Check the path, or import games into it with "
        f"`kibitz import PATH --library '{named}'`.\n"
    )
    assert not named.parent.exists()


def test_a_mistyped_library_in_the_environment_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variable is a way to name a library too; the one that nobody names is made where there is none."""
    monkeypatch.setenv("KIBITZ_LIBRARY", str(tmp_path / "l.kibitz"))
    assert main(["list"], no_window) == 3
    assert "Check KIBITZ_LIBRARY, or import games into it with `kibitz import PATH`." in capsys.readouterr().err
    assert not (tmp_path / "l.kibitz").exists()
    monkeypatch.delenv("KIBITZ_LIBRARY")
    assert main(["list"], no_window) == 0


def test_every_command_is_asked_about_a_mistyped_library() -> None:
    """A command that comes new is put among those that need a library, or here among those that do not."""
    makes_one = {"import", "serve", "token"}
    elsewhere = {"engine", "worker", "bench", "doctor", "marks"}  # no library; says so itself; needs an engine first
    assert set(NEED_A_LIBRARY) | makes_one | elsewhere == set(COMMANDS)


def test_a_missing_game_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asking for what is not there: exit code 1, one line."""
    assert main(["show", "99", "--library", empty_library(tmp_path)], no_window) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_bad_filter_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A filter that cannot be read: exit code 2, one line."""
    assert main(["list", "--filter", "holograms:yes", "--library", empty_library(tmp_path)], no_window) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_is_no_library_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another file in the library's place: exit code 3, one line, the file untouched."""
    file = tmp_path / "l.kibitz"
    file.write_text("dear diary" * 100)
    assert main(["list", "--library", str(file)], no_window) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert file.read_text() == "dear diary" * 100


def test_a_fault_of_ours_becomes_a_file_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback reaches the user only as a path."""

    def broken(_invocation: object) -> int:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(entry, "_run", broken)
    assert main(["list"], no_window) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "Traceback" not in line
    report = Path(line.rpartition("Details are in ")[2].rstrip("."))
    assert "ZeroDivisionError: of all things" in report.read_text()


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A command without a token of its own ends at once, with what shells expect."""

    def interrupted(_invocation: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_run", interrupted)
    assert main(["list"], no_window) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_a_reader_that_left_is_no_error(tmp_path: Path) -> None:
    """`kibitz list | head -0` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "desktop_app", "list", "--json", "--library", empty_library(tmp_path)],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_import_list_show_export_hang_together(tmp_path: Path, kibitz: Callable[..., tuple[int, str]]) -> None:
    """A game goes in, is listed, is shown and comes out again."""
    (tmp_path / "a.pgn").write_text(GAME)
    code, text = kibitz("import", str(tmp_path / "a.pgn"), "--json")
    receipt = json.loads(text)
    assert (code, receipt["read"], receipt["imported"], receipt["bytes_unaccounted"]) == (0, 1, 1, 0)
    (game,) = json.loads(kibitz("list", "--json")[1])["games"]
    assert (game["white"], game["state"], game["ply_count"]) == ("Anand", "unanalysed", 3)
    shown = json.loads(kibitz("show", str(game["id"]), "--json")[1])
    assert [ply["san"] for ply in shown["plies"]] == ["e4", "e5", "Nf3"]
    assert shown["analysis"] is None
    assert "Anand - Carlsen" in kibitz("show", str(game["id"]))[1]
    assert "Anand" in kibitz("list")[1]
    assert kibitz("export", "--all", "-o", str(tmp_path / "out.pgn"))[0] == 0
    assert "1. e4 e5 2. Nf3 1-0" in (tmp_path / "out.pgn").read_text()


def test_import_from_standard_input_and_rejects(
    monkeypatch: pytest.MonkeyPatch, kibitz: Callable[..., tuple[int, str]]
) -> None:
    """`-` reads standard input; text without any game is a problem and exit code 1."""

    def type_in(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    type_in(GAME)
    assert kibitz("import", "-")[0] == 0
    type_in(GAME)
    assert json.loads(kibitz("import", "-", "--json")[1])["duplicates"] == 1
    type_in(GAME + "\n" + GAME.replace("1. ", "1. Zz9 ", 1) + '\n[Event "x"]\n[FEN "none"]\n\n1. e4 *\n')
    assert "game 3:" in kibitz("import", "-")[1]
    type_in("no game at all\n")
    code, text = kibitz("import", "-", "--json")
    assert code == 1
    assert json.loads(text)["problems"][0]["game_index"] is None


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")  # noqa: PTH110
def test_output_without_room_or_without_a_stream_is_no_fault(tmp_path: Path) -> None:
    """A full disk behind stdout is said in one line; a closed stream swallows what goes there."""
    listed = f"{shlex.quote(sys.executable)} -m desktop_app list --json --library {empty_library(tmp_path)}"
    full = subprocess.run(f"{listed} > /dev/full", shell=True, capture_output=True, text=True, check=False)  # noqa: S602
    assert full.returncode == 3
    assert full.stderr.startswith("kibitz: There is no room left")
    assert full.stderr.count("\n") == 1
    closed = subprocess.run(f"{listed} >&- 2>&- <&-", shell=True, check=False)  # noqa: S602
    assert closed.returncode == 0


def test_numbers_no_library_can_hold_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """They are refused before anything is opened."""
    for words in (["show", "9" * 30], ["list", "--limit", "9" * 30], ["analyse", "--all", "--nodes", "9" * 30]):
        assert main(words, no_window) == 2
        assert capsys.readouterr().err.count("\n") == 1
