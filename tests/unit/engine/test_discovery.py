"""Finding an engine and refusing what is none, with words the user can act on."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from desktop_app.engine import discovery
from desktop_app.engine.discovery import find_engine, how_to_install, identify, install_command
from desktop_app.engine.session import Deadlines
from desktop_app.errors import EngineNotFoundError, EngineUnusableError
from tests.fakes.fake_uci import fake_engine

if TYPE_CHECKING:
    from pathlib import Path

QUICK = Deadlines(handshake_s=0.5, ready_s=0.5, search_s=0.5, quit_s=0.3)


def test_the_users_choice_is_never_passed_over(tmp_path: Path) -> None:
    """An override that is missing is an error, even where another engine could be found."""
    with pytest.raises(EngineNotFoundError, match="There is no engine at") as caught:
        find_engine(str(tmp_path / "nothing"))
    assert caught.value.action
    assert caught.value.exit_code == 3


def test_the_users_choice_may_be_a_name_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--engine stockfish` means what the shell would run."""
    engine = fake_engine(tmp_path, "ok")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_engine(os.path.basename(engine)) == engine  # noqa: PTH119


def test_path_is_searched_before_the_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user's shell finds wins."""
    engine = fake_engine(tmp_path, "ok")
    os.rename(engine, tmp_path / "stockfish")  # noqa: PTH104
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_engine() == str(tmp_path / "stockfish")


def test_the_usual_places_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's /usr/games is on few users' PATH; what cannot run there is passed over."""
    (tmp_path / "first").write_text("a text")
    engine = fake_engine(tmp_path, "ok")
    monkeypatch.setenv("PATH", "")
    places = (str(tmp_path / "none"), str(tmp_path / "first"), engine)
    monkeypatch.setattr(discovery, "_USUAL_PLACES", {"linux": places, sys.platform: places})
    assert find_engine() == engine


def test_no_engine_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence holds the command for this system, and the website for all others."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(discovery, "_USUAL_PLACES", {"linux": ()})
    with pytest.raises(EngineNotFoundError, match="No chess engine was found") as caught:
        find_engine()
    assert caught.value.action == how_to_install()
    assert install_command() in caught.value.action
    assert "stockfishchess.org" in caught.value.action


@pytest.mark.parametrize(
    ("names", "command"),
    [
        (["ubuntu", "debian"], "sudo apt install stockfish"),
        (["linuxmint", "ubuntu", "debian"], "sudo apt install stockfish"),
        (["fedora"], "sudo dnf install stockfish"),
        (["manjaro", "arch"], "sudo pacman -S stockfish"),
        (["darwin"], "brew install stockfish"),
        (["win32"], "winget install stockfish"),
        (["plan9"], ""),
    ],
)
def test_the_install_command_fits_the_system(names: list[str], command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Derivatives take the command of the family they belong to."""
    monkeypatch.setattr(discovery, "_system_names", lambda: names)
    assert install_command() == command
    assert command in how_to_install()


@pytest.mark.parametrize("program", ["true", "cat", "sh"])
def test_a_program_that_is_no_engine_is_refused(program: str) -> None:
    """It ended, echoed or kept silent: in each case a sentence, within the deadline, and no process left."""
    path = shutil.which(program)
    assert path is not None
    with pytest.raises(EngineUnusableError, match="does not work as a UCI chess engine") as caught:
        identify(path, deadlines=QUICK)
    assert "Choose another program" in caught.value.action


def test_files_that_are_no_programs_are_refused(tmp_path: Path) -> None:
    """A text, a folder, and a program without permission are told apart before anything is started."""
    text = tmp_path / "notes.txt"
    text.write_text("not a program")
    with pytest.raises(EngineUnusableError, match="may not be run"):
        identify(str(text))
    text.chmod(0o755)
    with pytest.raises(EngineUnusableError, match="is not a program"):
        identify(str(text))
    with pytest.raises(EngineUnusableError, match="is not a program file"):
        identify(str(tmp_path))
    with pytest.raises(EngineNotFoundError):
        identify(str(tmp_path / "missing"))


def test_a_script_whose_interpreter_is_missing_is_refused(tmp_path: Path) -> None:
    """The system can start nothing; that is a sentence too."""
    script = tmp_path / "engine"
    script.write_text("#!/nowhere/interpreter\n")
    script.chmod(0o755)
    with pytest.raises(EngineUnusableError, match="does not work as a UCI chess engine"):
        identify(str(script), deadlines=QUICK)


@pytest.mark.parametrize("mode", ["not_uci", "deaf", "hang_handshake", "echo"])
def test_a_program_that_does_not_finish_the_handshake_is_refused(tmp_path: Path, mode: str) -> None:
    """It talks, repeats or keeps silent: before any game is touched, and within the deadline."""
    with pytest.raises(EngineUnusableError):
        identify(fake_engine(tmp_path, mode), deadlines=QUICK)


@pytest.mark.parametrize("mode", ["hang", "illegal_move", "crash_at", "no_score"])
def test_the_handshake_is_all_that_is_asked_for(tmp_path: Path, mode: str) -> None:
    """An engine that misbehaves when it searches is found out then: its games fail with the reason, not the command."""
    assert identify(fake_engine(tmp_path, mode)).name == "Fake 1.0"


def test_the_build_changes_with_the_file(tmp_path: Path) -> None:
    """Two builds never share evaluations; the hash size is part of the identity."""
    engine = fake_engine(tmp_path, "ok")
    first = identify(engine)
    assert identify(engine) == first
    assert identify(engine, hash_mb=64) != first
    with open(engine, "a") as file:  # noqa: PTH123
        file.write("# another build\n")
    assert identify(engine).build != first.build
