"""`kibitz engine` as people type it, with real engines that play and fakes that do not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app import paths
from desktop_app.cli.main import main
from desktop_app.engine.discovery import find_engine
from desktop_app.settings import SettingsStore
from tests.fakes.fake_uci import fake_engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.engine
TABLE = b"\x71\xe8\x23\x5d and more"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Run it with --json; the exit code and what was printed, else the error."""

    def run_one(*argv: str) -> tuple[int, Any]:
        code = main(["engine", *argv, "--json"], lambda _files, _library: 99)
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return run_one


def test_engines_are_listed_added_chosen_and_removed(run: Callable[..., tuple[int, Any]], tmp_path: Path) -> None:
    """The one found is in the list though nobody put it there; removing the one in use goes back to it."""
    stockfish = find_engine(None)
    code, data = run()
    assert code == 0
    (only,) = data["engines"]
    assert (only["path"], only["in_use"]) == (stockfish, True)
    assert only["nodes_per_second"] > 0
    other = fake_engine(tmp_path, "ok")
    assert run("add", other)[1]["name"] == "Fake 1.0"
    assert [one["in_use"] for one in run()[1]["engines"]] == [True, False]
    assert run("use", other)[0] == 0
    assert {one["path"]: one["in_use"] for one in run()[1]["engines"]} == {other: True}
    assert run("remove", other)[0] == 0
    assert SettingsStore(paths.settings_file()).current.engine_path is None
    code, said = run("remove", other)
    assert code == 2
    assert "not in the list" in said


def test_what_does_not_play_is_refused(run: Callable[..., tuple[int, Any]], tmp_path: Path) -> None:
    """The environment lacks an engine then: exit code 3, a sentence, and the list as it was."""
    code, said = run("add", fake_engine(tmp_path, "illegal_move"))
    assert code == 3
    assert "illegal move" in said
    assert SettingsStore(paths.settings_file()).current.engines == ()


def test_options_and_tables_are_checked_before_they_are_kept(
    run: Callable[..., tuple[int, Any]], tmp_path: Path
) -> None:
    """By what the engine offers; they show in its identity."""
    code, said = run("set", "--option", "Skill Level=99")
    assert (code, "between 0 and 20" in said) == (2, True)
    assert run("set", "--option", "Hash=64")[0] == 2
    assert run("set", "--option", "No such=1")[0] == 2
    assert run("set", "--syzygy", str(tmp_path))[0] == 2
    assert run("set")[0] == 2
    (tmp_path / "KQvK.rtbw").write_bytes(TABLE)
    assert run("set", "--option", "skill level=5", "--syzygy", str(tmp_path))[0] == 0
    options = run()[1]["engines"][0]["options"]
    assert options["Skill Level"] == "5"
    assert options["SyzygyPath"].startswith("1 tables ")
    assert run("set", "--reset", "--syzygy", "none")[0] == 0
    assert "Skill Level" not in run()[1]["engines"][0]["options"]


def test_a_download_without_a_verified_checksum_is_blocked(run: Callable[..., tuple[int, Any]]) -> None:
    """With the address, and what to do instead; nothing is asked of the network."""
    code, said = run("download")
    assert code == 3
    assert "checksum" in said or "no official build" in said


def test_a_list_of_releases_is_taken_over(run: Callable[..., tuple[int, Any]], tmp_path: Path) -> None:
    """From a file; a broken one is refused."""
    newer = tmp_path / "releases.json"
    newer.write_text(paths.resource("engines", "releases.json").read_text())
    assert run("releases", str(newer))[1]["builds"] > 10
    newer.write_text("{}")
    assert run("releases", str(newer))[0] == 3
    assert run("releases")[0] == 2
