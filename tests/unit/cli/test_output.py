"""What commands print: widths, tables, numbers for people, one line for errors."""

from __future__ import annotations

import json

import pytest

from desktop_app.cli import output


def test_a_table_lines_up_whatever_the_script() -> None:
    """Columns line up with accents, wide characters and empty cells."""
    text = output.table(("id", "name"), [(1, "Ďuraš"), (20, "王皓"), (3, None)], right=frozenset({0}))
    assert text.splitlines() == ["id  name", " 1  Ďuraš", "20  王皓", " 3"]
    assert output.width("王皓") == 4
    assert output.width("e\u0301") == 1


def test_cells_stay_on_their_line() -> None:
    """Line breaks and escapes in a name cannot break the table or the terminal."""
    assert "\x1b" not in output.table(("name",), [("a\n\x1b[31mb",)])
    assert len(output.table(("name",), [("a\nb",)]).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "most", "short"), [("abcdef", 6, "abcdef"), ("abcdef", 4, "abc…"), ("王皓王", 4, "王…")]
)
def test_shortening_keeps_to_the_columns(text: str, most: int, short: str) -> None:
    """A cut text fits, ellipsis included."""
    assert output.shorten(text, most) == short
    assert output.width(short) <= most


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.4 s"), (5, "5 s"), (42.4, "42 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")]
)
def test_durations_for_people(seconds: float, text: str) -> None:
    """As precise as anybody cares."""
    assert output.duration(seconds) == text


def test_json_lines_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, in UTF-8, readable back."""
    output.print_json({"white": "Ďuraš\n王皓"}, indent=None)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"white": "Ďuraš\n王皓"}
    assert "Ď" in line


def test_errors_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the text holds, stderr gets one line."""
    output.complain("first\nsecond\x07\tthird")
    assert capsys.readouterr().err == "kibitz: first second third\n"


def test_no_progress_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Logs and pipes get no progress line."""
    line = output.ProgressLine()
    line.progress(1, 2, "half")
    line.clear()
    assert capsys.readouterr().err == ""
