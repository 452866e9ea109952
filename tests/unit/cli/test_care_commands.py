"""`edit`, `edits`, `undo-edit`, `merge-players`, `backup`, `compact` and `doctor --repair` as people type them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.cli.main import main
from desktop_app.domain.filters import GameQuery
from desktop_app.library.library import Library
from desktop_app.library.tables import game
from desktop_app.services.doctor import check_games
from tests.unit.library.records import make_record, make_records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A library of five games, two of them by one player under two names."""
    path = tmp_path / "games.kibitz"
    with Library.open(path) as library:
        library.games.add(None, make_records(3))
        library.games.add(None, [make_record("d2d4", White="Carlsen, M"), make_record("e2e4", White="Carlsen, Magnus")])
    return path


@pytest.fixture
def run(path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Run a command on it with --json; the exit code and what was printed, else the error."""

    def run_one(*argv: str) -> tuple[int, Any]:
        code = main([*argv, "--json", "--library", str(path)], lambda _files, _library: 99)
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return run_one


def test_edit_list_and_undo(run: Callable[..., tuple[int, Any]], path: Path) -> None:
    """An edit says what it changed, is listed, and is taken back by its number or as the newest."""
    code, done = run("edit", "--all", "--set", "Event=Open", "--remove", "Annotator")
    assert (code, done["changed"], done["edit"]["state"]) == (0, 5, "done")
    assert run("edit", "--game", "1", "--set", "Event=Closed")[1]["edit"]["title"] == "Event of 1 game"
    assert [edit["games"] for edit in run("edits")[1]] == [1, 5]
    assert run("undo-edit")[1]["changed"] == 1
    assert run("undo-edit", "1")[1] == {"edit": run("edits")[1][1], "changed": 5, "stayed": 0}
    code, said = run("undo-edit")
    assert code == 2
    assert "no edit to undo" in said
    with Library.open(path) as library:
        assert {row.event for row in library.games.page(GameQuery(), 0, 9)} == {"Club evening"}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("edit", "--all", "--set", "Result=2-0"), "one of 1-0"),
        (("edit", "--all", "--set", "Result"), "no TAG=VALUE"),
        (("edit", "--all"), "Nothing was said to change"),
        (("merge-players", "Carlsen, M"), "with --into"),
        (("backup", "restore"), "Name the backup"),
    ],
)
def test_wrong_usage_is_explained(run: Callable[..., tuple[int, Any]], argv: tuple[str, ...], said: str) -> None:
    """Exit code 2 and one line that says what is wrong."""
    code, error = run(*argv)
    assert code == 2
    assert said in error


def test_merging_players(run: Callable[..., tuple[int, Any]]) -> None:
    """Suggestions come with counts; merging writes one name into all games."""
    assert run("merge-players", "--suggest")[1][0][0]["games"] == 1
    code, done = run("merge-players", "Carlsen, M", "--into", "Carlsen, Magnus")
    assert (code, done["changed"]) == (0, 1)
    assert run("list", "--filter", 'white="Carlsen, Magnus"')[1]["total"] == 2


def test_backup_and_restore(run: Callable[..., tuple[int, Any]], path: Path) -> None:
    """A backup is made, listed, and put back by its name alone."""
    made = run("backup")[1]
    assert [one["path"] for one in run("backup", "list")[1]] == [made["path"]]
    run("edit", "--all", "--set", "Event=Later")
    code, done = run("backup", "restore", made["path"].rpartition("/")[2])
    assert code == 0
    assert done["kept_at"]
    with Library.open(path) as library:
        assert library.edits.history() == []


def test_compacting(run: Callable[..., tuple[int, Any]]) -> None:
    """The bytes before, after and won add up."""
    code, done = run("compact")
    assert code == 0
    assert done["bytes_won"] == max(0, done["bytes_before"] - done["bytes_after"])


def test_doctor_finds_and_mends(path: Path) -> None:
    """The check of the games names a fault and what to do; repairing mends it."""
    with Library.open(path) as library:
        library.database.write(lambda connection: connection.execute(game.update().values(state="queued")).rowcount)
    found = check_games(str(path))
    assert not found.ok
    assert "5 games are waiting" in found.text
    assert "kibitz doctor --repair" in found.action
    mended = check_games(str(path), repair=True)
    assert mended.ok
    assert "1 faults were mended" in mended.text
    assert check_games(str(path), full=True).ok
