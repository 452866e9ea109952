"""`kibitz imports`: what an import did can be read again, and what it left out can be mended and imported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from desktop_app.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GOOD = '[White "Anderssen"]\n[Black "Kieseritzky"]\n[Result "1-0"]\n\n1. e4 e5 2. f4 exf4 1-0\n\n'
BAD = '[White "Nobody"]\n[Result "*"]\n\n1. Qh5 *\n\n'


def run(*arguments: str) -> int:
    """One command line; no window may open."""

    def window(_paths: Sequence[str], _library: str | None) -> int:
        raise AssertionError("a window opened")

    return main(list(arguments), window)


@pytest.fixture
def library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A library with one import: a good game, and one whose first move is illegal."""
    source, location = tmp_path / "games.pgn", str(tmp_path / "a.kibitz")
    source.write_text(GOOD + BAD, encoding="utf-8")
    assert run("import", str(source), "--library", location) == 1
    capsys.readouterr()
    return location


def test_imports_are_listed_and_told_again(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The list and one receipt hold the same counts as the import itself told."""
    assert run("imports", "--library", library, "--json") == 0
    listed = json.loads(capsys.readouterr().out)["imports"]
    assert [(one["read"], one["imported"], one["rejected"]) for one in listed] == [(2, 1, 1)]
    number = str(listed[0]["id"])
    assert run("imports", number, "--library", library, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [problem["kind"] for problem in told["problems"]] == ["rejected"]
    assert run("imports", number, "--library", library) == 0
    text = capsys.readouterr().out
    assert "rejected: " in text
    assert "--rejected-text" in text


def test_rejected_text_can_be_mended_and_imported(
    library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text comes out as PGN: with its fault mended, the same importer takes it."""
    assert run("imports", "1", "--rejected-text", "--library", library) == 0
    mended = tmp_path / "mended.pgn"
    mended.write_text(capsys.readouterr().out.replace("1. Qh5", "1. e4"), encoding="utf-8")
    assert run("import", str(mended), "--library", library, "--json") == 0
    assert json.loads(capsys.readouterr().out)["imported"] == 1


@pytest.mark.parametrize("arguments", [("--rejected-text",), ("7",), ("7", "--rejected-text")])
def test_what_is_not_there_is_said(
    library: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on stderr that says what is wrong."""
    assert run("imports", *arguments, "--library", library) != 0
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
