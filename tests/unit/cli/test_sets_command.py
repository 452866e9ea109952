"""`kibitz tag`, `collection`, `person`, and `list` with an order: what is put together is found together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from desktop_app.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAYERS = ("Carlsen, Magnus", "DrNykterstein", "So, W")
GAMES = "".join(
    f'[Event "A"]\n[White "{name}"]\n[Black "Black {number}"]\n[Result "1-0"]\n[WhiteElo "{2500 + number}"]\n\n'
    f"1. e4 {{ {'zugzwang' if number else ''} }} e5 2. Nf3 1-0\n\n"
    for number, name in enumerate(PLAYERS)
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


def _listed(kibitz: Callable[..., tuple[int, Any]], *arguments: str) -> list[int]:
    code, said = kibitz("list", *arguments)
    assert code == 0
    assert said["total"] == len(said["games"])
    return [game["id"] for game in said["games"]]


def test_tags(kibitz: Callable[..., tuple[int, Any]]) -> None:
    """Tags are made by putting them on games, listed with their counts, renamed, coloured and deleted."""
    assert kibitz("tag", "add", "to do", "--game", "1", "3", "--colour", "red") == (0, {"changed": 2})
    assert kibitz("tag", "add", "To Do", "--filter", "id:2..3") == (0, {"changed": 1})
    assert kibitz("tag", "remove", "to do", "--game", "3") == (0, {"changed": 1})
    assert _listed(kibitz, "--filter", 'tag:"TO DO"', "--sort", "white_elo", "--descending") == [2, 1]
    assert kibitz("tag", "rename", "to do", "done")[0] == kibitz("tag", "colour", "done", "--colour", "blue")[0] == 0
    (tag,) = kibitz("tag")[1]["tags"]
    assert (tag["name"], tag["colour"], tag["games"]) == ("done", "blue", 2)
    assert kibitz("tag", "delete", "done")[0] == 0
    assert kibitz("tag", "list")[1]["tags"] == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("tag add x", 2),
        ("tag add", 2),
        ("tag rename x", 1),
        ("tag remove nothing --all", 1),
        ("tag add x --all --colour pinkish", 2),
        ("tag paint x", 2),
        ("collection rename x y", 1),
        ("collection create x --filter elo:x", 2),
        ("collection create x --filter 1-0 --sort nonsense", 2),
        ("person join", 2),
        ("list --sort nonsense", 2),
        ("list --collection nothing", 1),
    ],
)
def test_mistakes_have_their_exit_codes(kibitz: Callable[..., tuple[int, Any]], line: str, code: int) -> None:
    """What cannot be understood ends with 2, what is not there with 1, and nothing is printed as if it were done."""
    assert kibitz(*line.split()) == (code, None)


def test_collections(kibitz: Callable[..., tuple[int, Any]]) -> None:
    """Collections keep their own order, stand in one another, and may be saved filters."""
    assert kibitz("collection", "create", "Repertoire")[0] == 0
    assert kibitz("collection", "create", "White", "--in", "repertoire")[0] == 0
    assert kibitz("collection", "add", "repertoire/white", "--game", "3", "1", "2") == (0, {"changed": 3})
    assert _listed(kibitz, "--collection", "White") == [3, 1, 2]
    assert kibitz("collection", "move", "white", "--game", "2", "--before", "1") == (0, {"moved": 1})
    assert _listed(kibitz, "--collection", "white") == [3, 2, 1]
    assert _listed(kibitz, "--collection", "white", "--descending") == [1, 2, 3]
    assert _listed(kibitz, "--collection", "white", "--sort", "white_elo", "--filter=-id:1") == [2, 3]
    assert kibitz("collection", "remove", "white", "--game", "2")[1] == {"changed": 1}
    smart = ("collection", "create", "Strong", "--filter", "elo>2500", "--sort", "white", "--descending")
    assert kibitz(*smart)[0] == 0
    assert _listed(kibitz, "--collection", "strong") == [3, 2]
    listed = [(one["name"], one["games"], one["filter"]) for one in kibitz("collection")[1]["collections"]]
    assert listed == [("Repertoire", 0, None), ("White", 2, None), ("Strong", 2, "elo>2500")]
    assert kibitz("collection", "add", "strong", "--all")[0] == 2
    assert kibitz("collection", "rename", "strong", "weak")[0] == kibitz("collection", "delete", "repertoire")[0] == 0
    assert [one["name"] for one in kibitz("collection", "list")[1]["collections"]] == ["weak"]


def test_people(kibitz: Callable[..., tuple[int, Any]]) -> None:
    """Names are joined and taken apart, and I am who I say."""
    assert kibitz("person", "join", "Carlsen, Magnus", "DrNykterstein")[0] == 0
    assert _listed(kibitz, "--filter", "nykterstein") == [1, 2]
    assert kibitz("person", "me")[1]["me"] is None
    assert kibitz("person", "me", "So, W")[1]["me"]["names"] == ["So, W"]
    assert _listed(kibitz, "--filter", "is:won") == [3]
    assert [one["name"] for one in kibitz("person")[1]["people"]] == ["So, W", "Carlsen, Magnus"]
    assert kibitz("person", "remove", "DrNykterstein")[0] == 0
    assert _listed(kibitz, "--filter", "nykterstein") == [2]
    assert kibitz("person", "suggest", "So, Wesley")[1]["groups"] == [[{"name": "So, W", "games": 1}]]


def test_comments_are_read_when_asked_for(kibitz: Callable[..., tuple[int, Any]]) -> None:
    """A filter that asks for comments finds all of them, also right after an import; exporting with it too."""
    assert _listed(kibitz, "--filter", "comment:zug") == [2, 3]


def test_the_same_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json each command says in words what it did."""
    library = str(tmp_path / "l.kibitz")
    (tmp_path / "g.pgn").write_text(GAMES)
    said = []
    for line in (
        ["import", str(tmp_path / "g.pgn")], ["tag"], ["tag", "add", "x", "--all"], ["tag"], ["collection"],
        ["collection", "create", "y", "--filter", "1-0"], ["collection"], ["person"], ["person", "me"],
        ["person", "suggest"],
    ):  # fmt: skip
        assert main([*line, "--library", library], lambda _files, _library: 9) == 0
        said.append(capsys.readouterr().out)
    assert "no tags" in said[1]
    assert "3 games" in said[2]
    assert "1-0" in said[6]
    assert "person me" in said[8]


def test_what_a_command_was_given_is_never_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new collection takes the games named with it, a colour may be named as one would, moving says that it did."""
    library = str(tmp_path / "l.kibitz")
    (tmp_path / "g.pgn").write_text(GAMES)

    def say(*arguments: str) -> str:
        assert main([*arguments, "--library", library], lambda _files, _library: 9) == 0
        return capsys.readouterr().out

    say("import", str(tmp_path / "g.pgn"))
    assert "with 2 games" in say("collection", "create", "some", "--game", "1", "3")
    assert "Moved 1 game" in say("collection", "move", "some", "--game", "3", "--before", "1")
    say("tag", "add", "x", "--all")
    assert "red" in say("tag", "colour", "x", "red")
    assert "red" in say("tag")
    assert "0 games" in say("person", "me", "Nobody")
    assert "'Nobody'" in say("merge-players", "Nobody", "--into", "Somebody")
