"""Fuzzing as far as every test run has time for it, and what long runs once found (`make fuzz`, CONTRIBUTING.md)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app import paths
from tests.fuzz.fuzz_pgn import broken_alone
from tests.fuzz.mutations import case, real_games
from tests.unit.pgn.games import TORTURE

ROOT = Path(__file__).resolve().parents[3]
FOUND = sorted((ROOT / "tests" / "data" / "fuzz").glob("*.pgn"))
GAMES = [*real_games([paths.resource("samples.pgn")]), *(text.encode() for text in TORTURE.values())]
SECONDS = 4


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_all_promises_hold_for_damaged_files(seed: int) -> None:
    """No crash, receipts that add up, one result whatever the way, and exports that come back the same."""
    assert broken_alone(case(seed, GAMES)) == ""


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_once_stays_mended(path: Path) -> None:
    """Every finding of a long run is kept."""
    assert broken_alone(path.read_bytes()) == ""


def test_the_long_run_watches_its_cases_and_ends(tmp_path: Path) -> None:
    """It ends when its time is over, says how many cases it checked, and leaves no process."""
    command = [sys.executable, "-m", "tests.fuzz.fuzz_pgn", "--seconds", str(SECONDS), "--findings", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 findings" in done.stdout
    assert not list(tmp_path.iterdir())
