"""The command line as product.md section 3 gives it: every flag, and one line for every mistake."""

from __future__ import annotations

import pytest

from desktop_app.cli.commands import COMMANDS
from desktop_app.cli.parser import parse
from desktop_app.errors import UsageError

CONTRACT = [
    "import a.pgn",
    "import a.pgn b.pgn - --json",
    "list",
    "list --filter white:anand --limit 5 --json",
    "analyse --all",
    "analyse --game 1 2 3 --profile quick --workers 2 --engine /opt/sf --json",
    "analyse --game 1 --game 2 --nodes 2000",
    "analyse --filter elo>2000 --profile deep",
    "show 7 --json",
    "export --all -o out.pgn",
    "export --game 1 2 -o out.pgn",
    "export --filter white:anand -o out.pgn",
    "doctor --json",
    "bench import --json",
    "bench ui",
]


@pytest.mark.parametrize("line", CONTRACT)
def test_every_form_of_the_contract_is_understood(line: str) -> None:
    """Each documented form parses, with `--library` before the command or anywhere after it."""
    words = line.split()
    for argv in (words, ["--library", "L", *words], [*words, "--library", "L"]):
        invocation = parse(argv, "1")
        assert invocation.command == words[0]
        assert invocation.arguments.library == ("L" if "--library" in argv else None)


WRONG = [
    "analyse",
    "analyse --all --game 1",
    "analyse --all --nodes 0",
    "analyse --all --nodes x",
    "analyse --all --profile endless",
    "analyse --all --profile quick --nodes 5",
    "analyse --all --workers 0",
    "import",
    "show",
    "show seven",
    "show 0",
    "export --all",
    "bench",
    "bench everything",
    "list --limit -1",
    "list --limit 9999999999999999999999",
    "improt games.pgn",
    "frobnicate",
    "--holograms",
]


@pytest.mark.parametrize("line", WRONG)
def test_mistakes_are_one_sentence_and_where_to_look(line: str) -> None:
    """Wrong usage raises UsageError with one line and the help to call."""
    with pytest.raises(UsageError, match=r"--help`\.$") as caught:
        parse(line.split(), "1")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_several_games_gather() -> None:
    """`--game` takes many ids, together or one by one."""
    assert parse(["analyse", "--game", "1", "2", "--game", "3"], "1").arguments.game == [1, 2, 3]


@pytest.mark.parametrize(("argv", "paths"), [([], []), (["a.pgn", "folder"], ["a.pgn", "folder"]), (["-"], ["-"])])
def test_anything_else_is_for_the_window(argv: list[str], paths: list[str]) -> None:
    """Words that are no command are files to import."""
    invocation = parse(argv, "1")
    assert invocation.command is None
    assert invocation.arguments.paths == paths


def test_the_window_takes_a_library_too() -> None:
    """`kibitz --library L game.pgn` opens the window on that library."""
    arguments = parse(["--library", "L", "game.pgn"], "1").arguments
    assert (arguments.library, arguments.paths) == ("L", ["game.pgn"])


@pytest.mark.parametrize("argv", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_ends_well(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every help page is printed and ends with exit code 0."""
    with pytest.raises(SystemExit) as caught:
        parse(argv, "1")
    assert caught.value.code == 0
    assert "--library" in capsys.readouterr().out
