"""UCI options: read as declared, accepted as the engine would, and part of the identity where they change results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_app.domain.engine_setup import EngineSetup
from desktop_app.engine.options import UciOption, read_option, settle
from desktop_app.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

OFFERED = {
    option.name.lower(): option
    for option in (
        UciOption("Threads", "spin", "1", 1, 8),
        UciOption("Hash", "spin", "16", 1, 1024),
        UciOption("Skill Level", "spin", "20", 0, 20),
        UciOption("Use NNUE", "check", "true"),
        UciOption("Style", "combo", "Normal", choices=("Solid", "Normal", "Very Risky")),
        UciOption("Learn", "button"),
        UciOption("EvalFile", "string", "nn.nnue"),
        UciOption("Move Overhead", "spin", "10", 0, 5000),
        UciOption("MultiPV", "spin", "1", 1, 500),
        UciOption("SyzygyPath", "string"),
    )
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("option name Hash type spin default 16 min 1 max 33554432", UciOption("Hash", "spin", "16", 1, 33554432)),
        ("option name Use NNUE type check default true", UciOption("Use NNUE", "check", "true")),
        ("option name Clear Hash type button", UciOption("Clear Hash", "button")),
        ("option name SyzygyPath type string default <empty>", UciOption("SyzygyPath", "string")),
        ("option name Debug Log File type string default ", UciOption("Debug Log File", "string")),
        (
            "option name Style type combo default Normal var Solid var Normal var Very Risky",
            UciOption("Style", "combo", "Normal", choices=("Solid", "Normal", "Very Risky")),
        ),
        ("option name Contempt type spin default -5 min -100 max 100", UciOption("Contempt", "spin", "-5", -100, 100)),
    ],
)
def test_every_type_is_read(line: str, expected: UciOption) -> None:
    """The five types, with names and values of several words."""
    assert read_option(line) == expected


@pytest.mark.parametrize("line", ["option", "option name X", "option name X type slider default 1", "id name X"])
def test_what_is_no_option_is_none(line: str) -> None:
    """A line that cannot be read costs that option, nothing else."""
    assert read_option(line) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("skill level", "21"),
        ("skill level", "many"),
        ("use nnue", "perhaps"),
        ("style", "Wild"),
        ("evalfile", "a\nquit"),
    ],
)
def test_values_an_engine_would_not_take_are_refused(name: str, value: str) -> None:
    """With a sentence that says what it takes; nothing can be smuggled into the conversation."""
    with pytest.raises(UsageError, match=OFFERED[name].name):
        OFFERED[name].accepted(value)


def test_what_changes_results_becomes_part_of_the_identity() -> None:
    """Values in the engine's spelling; defaults, harmless and unknown options do not make another engine."""
    setup = EngineSetup(
        options=(
            ("skill level", "5"),
            ("style", "very risky"),
            ("Use NNUE", "true"),
            ("Move Overhead", "50"),
            ("Learn", "true"),
            ("Gone", "1"),
            ("MultiPV", "4"),
        )
    )
    settled = settle(OFFERED, setup, hash_mb=64)
    assert settled.identity == (
        ("Hash", "64"),
        ("Learn", "true"),
        ("Skill Level", "5"),
        ("Style", "Very Risky"),
        ("Threads", "1"),
    )
    assert settled.commands.splitlines() == [
        "setoption name Threads value 1",
        "setoption name Hash value 64",
        "setoption name Skill Level value 5",
        "setoption name Style value Very Risky",
        "setoption name Move Overhead value 50",
        "setoption name Learn",
    ]


def test_a_net_counts_by_its_content(tmp_path: Path) -> None:
    """The same net in two places is one setting, two nets under one name are two."""
    first, second = tmp_path / "a.nnue", tmp_path / "b.nnue"
    first.write_bytes(b"net")
    second.write_bytes(b"net")
    found = [settle(OFFERED, EngineSetup((("EvalFile", str(path)),)), hash_mb=16).identity for path in (first, second)]
    assert found[0] == found[1]
    assert str(tmp_path) not in str(found)


def test_tables_count_by_which_there_are(tmp_path: Path) -> None:
    """The folder is told to the engine; the identity holds a digest of the tables, and nothing without any."""
    assert settle(OFFERED, EngineSetup(syzygy=str(tmp_path)), hash_mb=16).identity == (("Hash", "16"), ("Threads", "1"))
    folders = []
    for name in ("here", "there"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "KQvK.rtbw").write_bytes(b"\x71\xe8\x23\x5d rest")
        (folder / "KQvK.rtbz").write_bytes(b"rest")
        folders.append(folder)
    here, there = (settle(OFFERED, EngineSetup(syzygy=str(folder)), hash_mb=16) for folder in folders)
    assert f"setoption name SyzygyPath value {folders[0]}" in here.commands
    assert here.identity == there.identity
    assert any(name == "SyzygyPath" and value.startswith("1 tables ") for name, value in here.identity)
