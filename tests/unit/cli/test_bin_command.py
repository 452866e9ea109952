"""`kibitz delete`, `kibitz bin`, `kibitz undo-import`: games go, come back, and go for good when that is said twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GAMES = "".join(
    f'[Event "A"]\n[White "White {number}"]\n[Black "Black"]\n[Result "1-0"]\n\n1. e4 e5 2. Nf3 1-0\n\n'
    for number in range(3)
)


@pytest.fixture
def kibitz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Run a command with --json on a library of three games; returns exit code and what was printed."""

    def run(*arguments: str) -> tuple[int, Any]:
        code = main([*arguments, "--json", "--library", str(tmp_path / "l.kibitz")], lambda _files, _library: 9)
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    (tmp_path / "g.pgn").write_text(GAMES)
    assert run("import", str(tmp_path / "g.pgn"))[0] == 0
    return run


def test_delete_and_restore(kibitz: Callable[..., tuple[int, Any]]) -> None:
    """What a filter names goes into the bin as one entry, is listed there, and comes back."""
    code, said = kibitz("delete", "--filter", 'white:"White 1" OR white:"White 2"')
    assert (code, said["deleted"]) == (0, 2)
    entry = str(said["entry"])
    assert kibitz("list")[1]["total"] == 1
    assert [one["games"] for one in kibitz("bin")[1]["entries"]] == [2]
    assert [game["white"] for game in kibitz("bin", "list", entry)[1]["list"]] == ["White 1", "White 2"]
    assert kibitz("bin", "restore", entry) == (0, {"restored": 2, "stayed": 0, "cancelled": False})
    assert [game["id"] for game in kibitz("list")[1]["games"]] == [1, 2, 3]


def test_undo_an_import(kibitz: Callable[..., tuple[int, Any]]) -> None:
    """The number in a receipt takes the whole import back."""
    code, said = kibitz("undo-import", "1")
    assert (code, said["deleted"]) == (0, 3)
    assert kibitz("list")[1]["total"] == 0
    assert kibitz("undo-import", "9")[0] == 1
    assert kibitz("bin", "restore", str(said["entry"]))[1]["restored"] == 3


def test_duplicates_enrich_when_asked(kibitz: Callable[..., tuple[int, Any]], tmp_path: Path) -> None:
    """A file with comments is imported over one without: offered without --enrich, taken over with it."""
    (tmp_path / "rich.pgn").write_text(GAMES.replace("1. e4 e5", "1. e4 { Best by test. } e5"))
    code, said = kibitz("import", str(tmp_path / "rich.pgn"))
    assert (code, said["duplicates"], said["enrichable"]) == (0, 3, 3)
    assert "enriched" not in said
    assert kibitz("import", "--enrich", str(tmp_path / "rich.pgn"))[1]["enriched"] == 3
    assert kibitz("show", "1")[1]["plies"][0]["comment"] == "Best by test."
    assert kibitz("import", "--enrich", str(tmp_path / "rich.pgn"))[1]["enriched"] == 0


def test_emptying_wants_a_yes(kibitz: Callable[..., tuple[int, Any]]) -> None:
    """Nothing is removed for good by a slip, and old entries can be chosen."""
    kibitz("delete", "--all")
    assert kibitz("bin", "empty")[0] == 2
    assert kibitz("bin", "empty", "--older-than", "1", "--yes") == (0, {"removed": 0})
    assert kibitz("bin", "restore")[0] == 2
    assert kibitz("bin", "empty", "--yes") == (0, {"removed": 3})
    assert kibitz("bin")[1] == {"games": 0, "entries": []}
